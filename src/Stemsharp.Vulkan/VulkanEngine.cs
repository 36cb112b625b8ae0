using Stemsharp.Graph;
using Stemsharp.Inference;
using Stemsharp.Signal;
using Stemsharp.Vulkan.Device;
using Stemsharp.Vulkan.Planning;

namespace Stemsharp.Vulkan;

/// <summary>
/// The GPU engine: pieces of sound in, stems' sound out, everything between on the device. It leases batches of piece
/// buffers, runs them in the order in which they are handed in, and completes them in that order.
/// </summary>
internal sealed class VulkanEngine : IDisposable
{
    // Batches in flight: while one computes, the one before is read and the next is written.
    private const int Batches = 2;

    private readonly VulkanInstance _instance;
    private readonly GpuDevice _device;
    private readonly PipelineSet _pipelines;
    private readonly GpuSession _session;
    private readonly DeviceCache? _cache;

    private VulkanEngine(VulkanInstance instance, GpuInfo info, Graph.Graph graph, IWeightSource weights, TransformDefinition transform, VulkanOptions options)
    {
        _instance = instance;
        _device = new GpuDevice(instance, info);
        try
        {
            GpuTraits traits = GpuTraits.Of(info);
            if (!options.UseMatrices)
            {
                traits = traits with { Matrix = null };
            }

            traits = options.Traits?.Invoke(traits) ?? traits;
            Precision = options.Precision == GpuPrecision.Mixed && !info.HasHalfStorage ? GpuPrecision.Single : options.Precision;
            _cache = options.CacheFolder == null ? null : new DeviceCache(options.CacheFolder, info);
            _pipelines = new PipelineSet(_device, _cache?.ReadPipelines());
            if (Precision == GpuPrecision.Mixed && traits.Matrix != null && !AreMatricesRight(traits))
            {
                traits = traits with { Matrix = null };
            }

            UsesMatrices = Precision == GpuPrecision.Mixed && traits.Matrix != null;
            Shape = GpuPlanBuilder.ShapeOf(graph);
            Plan = GpuPlanBuilder.Compile(graph, weights, transform, traits, Precision);
            MaxPieces = FittingPieces(options);
            TileTuner tuner = new(Plan, traits, MaxPieces);
            bool tuned = !options.Tune || info.IsSoftware || info.TimestampPeriod == 0 || tuner.Apply(_cache?.ReadTiles() ?? []);
            Task compiling = Task.Run(() => _pipelines.Prepare(tuned ? Plan.Kernels : Plan.Kernels.Concat(tuner.Kernels())));
            try
            {
                _session = new GpuSession(_device, _pipelines, Plan, weights, MaxPieces, Batches, options);
            }
            finally
            {
                compiling.GetAwaiter().GetResult();
            }

            if (!tuned)
            {
                _cache?.WriteTiles(tuner.Choose(_session.Measure, options.TuningReport));
            }

            _cache?.WritePipelines(_pipelines);
        }
        catch
        {
            _session?.Dispose();
            _pipelines?.Dispose();
            _device.Dispose();
            throw;
        }
    }

    public GpuPlan Plan { get; }

    public GpuInfo Device => _device.Info;

    /// <summary>What runs: where a device cannot store halves, mixed becomes single.</summary>
    public GpuPrecision Precision { get; }

    /// <summary>Whether products run on cooperative matrices; not where the device has them and they gave something else than they should.</summary>
    public bool UsesMatrices { get; }

    public SegmentShape Shape { get; }

    /// <summary>Pieces of a batch at most.</summary>
    public int MaxPieces { get; }

    /// <summary>Device memory that it holds, in bytes.</summary>
    public long DeviceBytes => _session.DeviceBytes;

    public string Description => $"vulkan ({Device.Name}, {(Precision == GpuPrecision.Single ? "fp32" : UsesMatrices ? "mixed on matrices" : "mixed")}, {MaxPieces} {(MaxPieces == 1 ? "piece" : "pieces")} at a time)";

    /// <summary>What the validation layer said.</summary>
    public IReadOnlyList<string> Messages => _instance.Messages;

    /// <summary>Time of each step in the last batch that was waited for, in seconds; empty without profiling.</summary>
    public IReadOnlyList<double> StepSeconds => _session.StepSeconds;

    /// <summary>Opens a network on a device.</summary>
    /// <param name="graph">Inputs spectrogram and waveform, outputs spectrograms and waveforms.</param>
    /// <param name="weights">Its trained tensors; read here, not kept.</param>
    /// <param name="transform">The transform around it.</param>
    /// <param name="options">Device, precision and limits.</param>
    /// <exception cref="VulkanException">There is no such device, it cannot run the network, or has too little memory.</exception>
    public static VulkanEngine Open(Graph.Graph graph, IWeightSource weights, TransformDefinition transform, VulkanOptions options)
    {
        VulkanInstance instance = VulkanInstance.TryGet(out string? reason, options.Validate) ?? throw new VulkanException(VulkanFailure.Refused, reason!);
        return new VulkanEngine(instance, DeviceChoice.Choose(instance.Devices(), options.Device, options.AllowSoftware), graph, weights, transform, options);
    }

    /// <summary>A batch's buffers; waits for none, there are two in all.</summary>
    public GpuBatch Lease() => _session.Lease();

    /// <summary>Hands in a batch.</summary>
    /// <param name="batch">A leased batch whose first pieces are filled.</param>
    /// <param name="pieces">How many, 1 … <see cref="MaxPieces"/>.</param>
    /// <param name="stems">The wanted stems, ascending.</param>
    public void Start(GpuBatch batch, int pieces, ReadOnlySpan<int> stems)
    {
        int mask = 0;
        foreach (int stem in stems)
        {
            mask |= ((1 << Shape.Channels) - 1) << (stem * Shape.Channels);
        }

        _session.Start(batch, pieces, mask);
    }

    /// <summary>Waits for a batch; its outputs are then there until it is returned or started again.</summary>
    public void Finish(GpuBatch batch, CancellationToken cancellationToken = default) => _session.Finish(batch, cancellationToken);

    /// <summary>Gives a batch back.</summary>
    public void Return(GpuBatch batch) => _session.Return(batch);

    public void Dispose()
    {
        _session.Dispose();
        _pipelines.Dispose();
        _device.Dispose();
    }

    // Tried once for a device and driver, where there is a place to keep what came out.
    private bool AreMatricesRight(GpuTraits traits)
    {
        bool? known = _cache?.ReadMatrices();
        if (known == null)
        {
            known = MatrixTrial.Passes(_device, _pipelines, traits);
            _cache?.WriteMatrices(known.Value);
        }

        return known.Value;
    }

    private int FittingPieces(VulkanOptions options)
    {
        long limit = Math.Min(options.MaxMemory ?? long.MaxValue, _device.FreeMemory() / 10 * 9);
        for (int pieces = Math.Max(1, options.Pieces); pieces >= 1; pieces--)
        {
            // Kernels address the arena by a 32-bit number of halves.
            long arena = 4L * (ArenaPlanner.Reserved + (long)pieces * Plan.PieceFloats);
            if (GpuSession.Bytes(Plan, pieces, Batches) <= limit && arena < int.MaxValue * 2L && arena <= _device.Info.MaxAllocation)
            {
                return pieces;
            }
        }

        throw new VulkanException(
            VulkanFailure.OutOfMemory,
            $"One piece at a time needs {GpuSession.Bytes(Plan, 1, Batches) / 1e6:F0} MB of the GPU's memory, and {limit / 1e6:F0} MB may be used. Allow more with --max-memory, close other programs that use the GPU, or take another engine.");
    }
}
