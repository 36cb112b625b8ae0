using Stemsharp.Inference;
using Stemsharp.Vulkan.Device;
using Stemsharp.Vulkan.Planning;

namespace Stemsharp.Vulkan;

/// <summary>The GPU engine: pieces of sound in, stems' sound out, everything between on the device, several pieces in a run.</summary>
internal sealed class VulkanEngine : IProfiledEngine
{
    private readonly Network _network;
    private readonly VulkanOptions _options;
    private readonly GpuDevice _device;
    private readonly PipelineSet _pipelines;
    private readonly DeviceCache? _cache;
    private readonly GpuTraits _traits;
    private readonly GpuWeights _weights;
    private readonly List<PieceBuffer> _pieces = [];
    private readonly Stack<PieceBuffer> _free = [];
    private GpuSession? _session;
    private RunQueue? _queue;
    private GpuPlan? _plan;
    private int _samples;
    private bool _isDisposed;

    /// <summary>Opens a device for a network.</summary>
    /// <param name="instance">The connection to the drivers.</param>
    /// <param name="info">The device.</param>
    /// <param name="network">The network; its weights are read when pieces of a length are prepared.</param>
    /// <param name="options">Precision and limits.</param>
    /// <exception cref="VulkanException">The device cannot be used.</exception>
    public VulkanEngine(VulkanInstance instance, GpuInfo info, Network network, VulkanOptions options)
    {
        _network = network;
        _options = options;
        _device = new GpuDevice(instance, info);
        try
        {
            _cache = options.CacheFolder == null ? null : new DeviceCache(options.CacheFolder, info);
            _pipelines = new PipelineSet(_device, _cache?.ReadPipelines());
            _weights = new GpuWeights(_device, new WeightStore(), options.PartLimit);
            EnginePrecision precision = PrecisionOn(info, options.Precision);
            _traits = TraitsOf(info, options);
            if (precision == EnginePrecision.Mixed && _traits.Matrix != null && !AreMatricesRight())
            {
                _traits = _traits with { Matrix = null };
            }

            Identity = new EngineIdentity(VulkanBackend.BackendName, $"{info.Index} {info.Name}", precision);
        }
        catch
        {
            _pipelines?.Dispose();
            _device.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public EngineIdentity Identity { get; }

    /// <inheritdoc/>
    public string Description => VulkanBackend.Describe(_device.Info, Identity.Precision);

    /// <inheritdoc/>
    public int PiecesPerRun { get; private set; } = 1;

    /// <inheritdoc/>
    public int RunsAtOnce => GpuSession.RunsAtOnce;

    /// <inheritdoc/>
    public bool IsReproducible => true;

    /// <inheritdoc/>
    public long HostBytes => _pieces.Sum(p => p.Piece.Buffer.Bytes);

    /// <inheritdoc/>
    public IReadOnlyList<EngineStep> Profile => _plan is null || _session is null ? [] :
    [
        .. _plan.Steps.Select((step, i) => new EngineStep(
            step.Name, step.Text, i < _session.StepSeconds.Count ? TimeSpan.FromSeconds(_session.StepSeconds[i]) : TimeSpan.Zero,
            step.Flops, step.ExecutedFlops, step.Bytes + step.WeightBytes)),
    ];

    /// <summary>The plan at work; null before the first pieces.</summary>
    public GpuPlan? Plan => _plan;

    /// <summary>Whether products run on cooperative matrices; not where the device has them and they gave something else than they should.</summary>
    public bool UsesMatrices => Identity.Precision == EnginePrecision.Mixed && _traits.Matrix != null;

    /// <summary>Device memory that it holds, in bytes.</summary>
    public long DeviceBytes => _weights.Bytes + (_session?.DeviceBytes ?? 0);

    /// <summary>What runs: where a device cannot store halves, mixed becomes single.</summary>
    public static EnginePrecision PrecisionOn(GpuInfo info, EnginePrecision wanted) =>
        wanted == EnginePrecision.Mixed && !info.HasHalfStorage ? EnginePrecision.Fp32 : wanted;

    /// <summary>What a plan takes the device for.</summary>
    public static GpuTraits TraitsOf(GpuInfo info, VulkanOptions options)
    {
        GpuTraits traits = GpuTraits.Of(info);
        traits = options.UseMatrices ? traits : traits with { Matrix = null };
        return options.Traits?.Invoke(traits) ?? traits;
    }

    /// <summary>Buffers that keep a device busy with runs of so many pieces: while some are run, others are filled.</summary>
    public static int BuffersFor(int piecesPerRun) => piecesPerRun * (GpuSession.RunsAtOnce + (piecesPerRun > 1 ? 1 : 0));

    /// <inheritdoc/>
    public void ResetProfile() => _session?.ResetTimes();

    /// <inheritdoc/>
    public void Prepare(int samples, long pieces)
    {
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        if (_free.Count != _pieces.Count)
        {
            throw new InvalidOperationException("Pieces are leased; another length has to wait for them.");
        }

        if (samples != _samples)
        {
            Clear();
            Arrange(samples);
            _samples = samples;
        }

        for (long missing = Math.Min(BuffersFor(PiecesPerRun), pieces) - _pieces.Count; missing > 0; missing--)
        {
            PieceBuffer piece = new(this, new GpuPiece(_device, _plan!), _network.Definition.Channels, samples);
            _pieces.Add(piece);
            _free.Push(piece);
        }
    }

    /// <inheritdoc/>
    public IPieceBuffer? Lease() => _free.TryPop(out PieceBuffer? piece) ? piece : null;

    /// <inheritdoc/>
    public Task RunAsync(IReadOnlyList<IPieceBuffer> pieces, IReadOnlyList<int> stems, CancellationToken cancellationToken)
    {
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        if (_queue is null || pieces.Count < 1 || pieces.Count > PiecesPerRun || pieces.Any(p => p is not PieceBuffer own || own.Engine != this))
        {
            throw new ArgumentException($"1 to {PiecesPerRun} pieces that this engine has lent can be run at a time.", nameof(pieces));
        }

        int mask = 0, channels = _network.Definition.Channels;
        foreach (int stem in stems)
        {
            mask |= ((1 << channels) - 1) << (stem * channels);
        }

        return mask == 0
            ? throw new ArgumentException("At least one stem has to be wanted.", nameof(stems))
            : _queue.Add([.. pieces.Select(p => ((PieceBuffer)p).Piece)], mask, cancellationToken);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (!_isDisposed)
        {
            _isDisposed = true;
            Clear();
            _weights.Dispose();
            _pipelines.Dispose();
            _device.Dispose();
        }
    }

    /// <summary>Takes a lease back.</summary>
    internal void Return(PieceBuffer piece)
    {
        if (!_free.Contains(piece) && _pieces.Contains(piece))
        {
            _free.Push(piece);
        }
    }

    // Tried once for a device and driver, where there is a place to keep what came out.
    private bool AreMatricesRight()
    {
        bool? known = _cache?.ReadMatrices();
        if (known == null)
        {
            known = MatrixTrial.Passes(_device, _pipelines, _traits);
            _cache?.WriteMatrices(known.Value);
        }

        return known.Value;
    }

    private void Arrange(int samples)
    {
        Graph.Graph graph = _network.Record(samples);
        using INetworkWeights weights = _network.OpenWeights(graph);
        GpuPlan plan = GpuPlanBuilder.Compile(_network.Definition, samples, graph, weights, _traits, Identity.Precision, _weights.Store);
        PiecesPerRun = FittingPieces(plan);
        TileTuner tuner = new(plan, _traits, PiecesPerRun);
        bool tuned = !Tunes(samples) || tuner.Apply(_cache?.ReadTiles() ?? []);
        Task compiling = Task.Run(() => _pipelines.Prepare(tuned ? plan.Kernels : plan.Kernels.Concat(tuner.Kernels())));
        try
        {
            _weights.Load(weights, _options.Threads);
            _session = new GpuSession(_device, _pipelines, plan, _weights.Buffer, PiecesPerRun, _options);
        }
        finally
        {
            compiling.GetAwaiter().GetResult();
        }

        if (!tuned)
        {
            _options.Say?.Invoke($"{_device.Info.Name} is new here: the fastest ways to run this network on it are measured, once.");
            _cache?.WriteTiles(tuner.Choose(_session.Measure, _options.TuningReport));
        }

        _cache?.WritePipelines(_pipelines);
        _plan = plan;
        _queue = new RunQueue(_session, _options.PartLimit);
    }

    // Lengths that a song ends with are not worth a measurement; a processor gains nothing by it.
    private bool Tunes(int samples) =>
        _options.Tune && !_device.Info.IsSoftware && _device.Info.TimestampPeriod > 0
        && samples == _network.Definition.Cut.NetworkSamples(_network.Definition.Cut.Samples);

    /// <summary>How many pieces of a run fit into memory; 0 where not even one does.</summary>
    /// <param name="plan">What runs.</param>
    /// <param name="info">Where.</param>
    /// <param name="options">How many are wanted.</param>
    /// <param name="weights">Memory that weights still have to take.</param>
    /// <param name="limit">Memory that may be taken.</param>
    public static int FittingPieces(GpuPlan plan, GpuInfo info, VulkanOptions options, long weights, long limit)
    {
        for (int pieces = (int)Math.Max(1, Math.Min(options.Pieces, options.RunFlops / Math.Max(1, plan.Flops))); pieces >= 1; pieces--)
        {
            // Kernels address the arena by a 32-bit number of halves.
            long arena = GpuSession.ArenaBytes(plan, pieces);
            if (weights + GpuSession.Bytes(plan, pieces) <= limit && arena < int.MaxValue * 2L && arena <= info.MaxAllocation)
            {
                return pieces;
            }
        }

        return 0;
    }

    private int FittingPieces(GpuPlan plan)
    {
        // A larger store of weights takes the place of the one before once it is filled.
        long held = _weights.Bytes, added = plan.WeightBytes > held ? plan.WeightBytes : 0;
        long limit = Math.Min((_options.MaxMemory ?? long.MaxValue) - held, UsableShare(_device.FreeMemory()));
        int pieces = FittingPieces(plan, _device.Info, _options, added, limit);
        return pieces > 0 ? pieces : throw new VulkanException(
            EngineFailure.OutOfMemory,
            $"One piece at a time needs {(added + GpuSession.Bytes(plan, 1)) / 1e6:F0} MB of the GPU's memory, and {limit / 1e6:F0} MB may be used. Allow more with --max-memory, close other programs that use the GPU, or take another engine.");
    }

    /// <summary>What of a device's free memory is taken at most: others use it, too.</summary>
    public static long UsableShare(long free) => free / 10 * 9;

    private void Clear()
    {
        _samples = 0;
        _queue?.Dispose();
        _queue = null;
        _session?.Dispose();
        _session = null;
        _plan = null;
        foreach (PieceBuffer piece in _pieces)
        {
            piece.Piece.Dispose();
        }

        _pieces.Clear();
        _free.Clear();
    }
}
