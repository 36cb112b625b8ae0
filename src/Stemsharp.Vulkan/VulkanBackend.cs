using Stemsharp.Graph;
using Stemsharp.Inference;
using Stemsharp.Vulkan.Device;
using Stemsharp.Vulkan.Planning;

namespace Stemsharp.Vulkan;

/// <summary>
/// GPUs of every vendor through Vulkan, with nothing but the display driver. A processor that plays a GPU (lavapipe, SwiftShader) is
/// taken only where it is named as the device.
/// </summary>
public sealed class VulkanBackend : Backend
{
    /// <summary>Its <see cref="Backend.Name"/>.</summary>
    public const string BackendName = "vulkan";

    // Of a run on a device that shares the host's memory and is soon busy.
    private const int PiecesOfIntegrated = 2;

    private static readonly Lazy<(VulkanInstance? Instance, IReadOnlyList<GpuInfo> Devices, string? Problem)> s_system = new(Look);

    // What the kernel of Linux shows of a GPU.
    private static readonly string[] s_kernelFiles = ["/dev/dri", "/dev/nvidiactl", "/dev/dxg", "/dev/kgsl-3d0", "/dev/mali0"];

    private readonly Lock _lock = new();
    private readonly Dictionary<(int Device, EnginePrecision Precision, int Threads), EngineAdvice> _advice = [];
    private (Network Network, int Samples, GpuInfo Device, EnginePrecision Precision, GpuPlan Plan)? _sketch;

    /// <summary>
    /// Where what is known of devices is kept from run to run: compiled kernels, the fastest ways to run networks, how fast they are.
    /// A folder that only the user can write; it is made so. Null for none.
    /// </summary>
    public string? CacheFolder { get; init; }

    /// <summary>Most memory of the device to use, in bytes; null for nine tenths of what is free.</summary>
    public long? MaxMemory { get; init; }

    /// <inheritdoc/>
    public override string Name => BackendName;

    /// <inheritdoc/>
    public override string Title => "GPUs through Vulkan, with the display driver alone";

    /// <inheritdoc/>
    public override bool IsAutomatic => MayHaveGpu() && s_system.Value.Devices.Any(d => d is { Refusal: null, IsSoftware: false });

    /// <inheritdoc/>
    public override string? WhyAbsent => s_system.Value.Problem
        ?? (s_system.Value.Devices.Any(d => d.Refusal is null) ? null : DeviceChoice.List(s_system.Value.Devices));

    /// <summary>The devices that Vulkan knows here, each in a line for people: number, name, driver, and what it is good for.</summary>
    public static IReadOnlyList<string> Devices => [.. s_system.Value.Devices.Select(d => d.Describe())];

    /// <inheritdoc/>
    public override string? WhyRefused(Network network, EngineSettings settings)
    {
        ArgumentNullException.ThrowIfNull(network);
        ArgumentNullException.ThrowIfNull(settings);
        if (!network.HasGraph)
        {
            return $"{Path.GetFileName(network.Path)} is an exported graph, which the GPU engine cannot run; use the engine that it was exported for.";
        }

        try
        {
            Sketch(network, settings, network.Definition.Cut.NetworkSamples(network.Definition.Cut.Samples));
            return null;
        }
        catch (VulkanException e)
        {
            return e.Message;
        }
    }

    /// <inheritdoc/>
    public override EngineAdvice Advise(Network network, EngineSettings settings)
    {
        ArgumentNullException.ThrowIfNull(settings);
        lock (_lock)
        {
            try
            {
                GpuInfo device = DeviceFor(settings);
                if (!_advice.TryGetValue((device.Index, settings.Precision, settings.Threads), out EngineAdvice? advice))
                {
                    advice = SpeedTrial.Take(s_system.Value.Instance!, device, Options(settings, device)).Advice(device);
                    _advice.Add((device.Index, settings.Precision, settings.Threads), advice);
                }

                return advice;
            }
            catch (VulkanException e)
            {
                return new EngineAdvice(false, e.Message);
            }
        }
    }

    /// <inheritdoc/>
    public override EngineMemory Estimate(Network network, EngineSettings settings, int samples)
    {
        ArgumentNullException.ThrowIfNull(settings);
        GpuPlan plan = Sketch(network, settings, samples);
        long piece = GpuPiece.Bytes(plan), device = plan.WeightBytes + GpuSession.Bytes(plan, 1), each = GpuSession.Bytes(plan, 2) - GpuSession.Bytes(plan, 1);

        // The weights lie in the host's memory while they are on their way. Some devices have no other.
        long host = VulkanEngine.BuffersFor(1) * piece + plan.WeightBytes, hostEach = (VulkanEngine.BuffersFor(3) - VulkanEngine.BuffersFor(2)) * piece;
        return DeviceFor(settings).SharesHostMemory
            ? new EngineMemory(host + device, hostEach + each, device, each)
            : new EngineMemory(host, hostEach, device, each);
    }

    /// <inheritdoc/>
    public override int PiecesAtOnce(Network network, EngineSettings settings, int samples)
    {
        ArgumentNullException.ThrowIfNull(settings);
        GpuInfo device = DeviceFor(settings);
        GpuPlan plan = Sketch(network, settings, samples);
        long free = VulkanEngine.UsableShare(GpuQuery.FreeMemory(s_system.Value.Instance!.Functions, device));
        return Math.Max(1, VulkanEngine.FittingPieces(plan, device, Options(settings, device), plan.WeightBytes, Math.Min(MaxMemory ?? long.MaxValue, free)));
    }

    /// <inheritdoc/>
    public override string Describe(EngineSettings settings)
    {
        ArgumentNullException.ThrowIfNull(settings);
        try
        {
            GpuInfo device = DeviceFor(settings);
            return Describe(device, VulkanEngine.PrecisionOn(device, settings.Precision));
        }
        catch (VulkanException)
        {
            // Said when it is to run something.
            return $"{BackendName} ({settings.Device ?? "no GPU"})";
        }
    }

    /// <inheritdoc/>
    public override IEngine Open(Network network, EngineSettings settings)
    {
        Require(network, settings);
        GpuInfo device = DeviceFor(settings);
        return new VulkanEngine(s_system.Value.Instance!, device, network, Options(settings, device));
    }

    /// <summary>What an engine on a device is called.</summary>
    internal static string Describe(GpuInfo device, EnginePrecision precision) =>
        $"{BackendName} ({device.Name}, {precision.ToString().ToLowerInvariant()})";

    /// <summary>How an engine uses a device with such settings.</summary>
    internal VulkanOptions Options(EngineSettings settings, GpuInfo device)
    {
        int pieces = settings.PiecesAtOnce > 0 ? settings.PiecesAtOnce
            : device.IsSoftware ? 1
            : device.IsIntegrated ? PiecesOfIntegrated
            : VulkanOptions.UsualPieces;
        return new VulkanOptions
        {
            Precision = settings.Precision,
            Pieces = Math.Clamp(pieces, 1, Math.Max(1, settings.MostPiecesAtOnce)),
            RunFlops = settings.PiecesAtOnce > 0 ? long.MaxValue : VulkanOptions.UsualFlops,
            MaxMemory = MaxMemory,
            Threads = settings.Threads,
            CacheFolder = CacheFolder,
            Profile = settings.Profile,
            Say = settings.Say,
        };
    }

    private static GpuInfo DeviceFor(EngineSettings settings) => s_system.Value.Problem is { } problem
        ? throw new VulkanException(EngineFailure.Refused, problem)
        : DeviceChoice.Choose(s_system.Value.Devices, settings.Device, allowSoftware: false);

    // A plan whose weights are counted and not read. The last one is kept: it is asked for several times.
    private GpuPlan Sketch(Network network, EngineSettings settings, int samples)
    {
        GpuInfo device = DeviceFor(settings);
        EnginePrecision precision = VulkanEngine.PrecisionOn(device, settings.Precision);
        lock (_lock)
        {
            if (_sketch is { } last && last.Network == network && last.Samples == samples && last.Device == device && last.Precision == precision)
            {
                return last.Plan;
            }

            GpuTraits traits = VulkanEngine.TraitsOf(device, Options(settings, device));
            GpuPlan plan = GpuPlanBuilder.Compile(network.Definition, samples, network.Record(samples), new UnreadWeights(), traits, precision, new WeightStore());
            _sketch = (network, samples, device, precision, plan);
            return plan;
        }
    }

    private static (VulkanInstance? Instance, IReadOnlyList<GpuInfo> Devices, string? Problem) Look()
    {
        try
        {
            VulkanInstance? instance = VulkanInstance.TryGet(out string? reason);
            return (instance, instance?.Devices() ?? [], reason);
        }
        catch (VulkanException e)
        {
            return (null, [], e.Message);
        }
    }

    // Loading a system's drivers takes a while; where the kernel shows no GPU, they would only find the processor.
    private static bool MayHaveGpu() => !OperatingSystem.IsLinux() || s_system.IsValueCreated || s_kernelFiles.Any(Path.Exists);

    /// <summary>Stands for weights in a plan that never runs: numbers that differ from tensor to tensor.</summary>
    private sealed class UnreadWeights : IWeightSource
    {
        public void Read(Parameter parameter, Span<float> destination)
        {
            destination.Clear();
            if (destination.Length > 0)
            {
                destination[0] = BitConverter.Int32BitsToSingle(parameter.Name.Aggregate(17, (hash, c) => unchecked(hash * 31 + c)));
            }
        }

        public bool TryReadHalf(Parameter parameter, Span<Half> destination) => false;
    }
}
