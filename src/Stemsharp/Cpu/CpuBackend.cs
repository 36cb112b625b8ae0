using Stemsharp.Inference;
using Stemsharp.Kernels.Paired;
using Stemsharp.Simd;

namespace Stemsharp.Cpu;

/// <summary>The managed engine on the processor: needs nothing, and runs every network that is known as a graph.</summary>
public sealed class CpuBackend : Backend
{
    /// <summary>Its <see cref="Backend.Name"/>.</summary>
    public const string BackendName = "cpu";

    /// <inheritdoc/>
    public override string Name => BackendName;

    /// <inheritdoc/>
    public override string Title => "Stemsharp's own engine on the processor";

    /// <inheritdoc/>
    public override string? WhyRefused(Network network, EngineSettings settings)
    {
        ArgumentNullException.ThrowIfNull(network);
        ArgumentNullException.ThrowIfNull(settings);
        return !network.HasGraph ? $"{Path.GetFileName(network.Path)} is an exported graph, which Stemsharp's own engine cannot run; use the engine that it was exported for."
            : settings.Device is { } device && !IsItself(device) ? $"The engine cpu has one device, the processor; there is no '{device}'. Leave --device out, or choose another --engine."
            : null;
    }

    /// <inheritdoc/>
    public override string? WhyMorePrecise(Network network, EngineSettings settings)
    {
        ArgumentNullException.ThrowIfNull(network);
        ArgumentNullException.ThrowIfNull(settings);
        return settings.Precision == EnginePrecision.Mixed ? WhySingle(() => Whole(network)) : null;
    }

    /// <inheritdoc/>
    public override EngineMemory Estimate(Network network, EngineSettings settings, int samples)
    {
        using Plan plan = Sketch(network, settings, samples);
        long session = Session.Bytes(plan, settings.Threads) + SpectralEngine.BytesPerPiece(network.Definition, samples);
        return new EngineMemory(plan.WeightBytes + session, session);
    }

    /// <inheritdoc/>
    public override int PiecesAtOnce(Network network, EngineSettings settings, int samples)
    {
        using Plan plan = Sketch(network, settings, samples);
        return Math.Min(PiecesAtOnce(plan, settings), Math.Max(1, settings.MostPiecesAtOnce));
    }

    /// <inheritdoc/>
    public override string Describe(EngineSettings settings) => Describe(SimdTier.Chosen, settings.Threads, settings.Precision == EnginePrecision.Mixed && WhySingleHere is null ? PairKernels.Native : null);

    /// <inheritdoc/>
    public override IEngine Open(Network network, EngineSettings settings)
    {
        Require(network, settings);
        return new SpectralEngine(network.Definition, new CpuRuntime(network, settings, SimdTier.Chosen, Pairs(settings, () => Whole(network))), settings.Threads);
    }

    /// <summary>Why no network runs in mixed precision here, as a part of a sentence; null where those that may do.</summary>
    internal static string? WhySingleHere =>
        SimdTier.Chosen.Bits < 512 ? $"{SimdTier.Chosen.Name} instructions do not multiply bfloat16"
        : PairKernels.Native is null ? PairKernels.Refusal
        : null;

    /// <summary>The instructions that mixed precision uses, and why not others; empty without any.</summary>
    internal static string MixedBy => PairKernels.Native is not { } pairs ? ""
        : pairs is TilePairs ? pairs.Name
        : $"{pairs.Name}; {PairKernels.WhyNoTiles}";

    /// <summary>What an engine is called that runs an instruction set on so many threads.</summary>
    internal static string Describe(SimdTier tier, int threads, PairKernels? pairs) =>
        $"cpu ({tier.Name}{(pairs is null ? "" : $", mixed by {pairs.Name}")}, {threads} {(threads == 1 ? "thread" : "threads")})";

    /// <summary>How many pieces of a long song are to run at once: as asked for, or as many as keep the threads busy and fit into memory.</summary>
    internal static int PiecesAtOnce(Plan plan, EngineSettings settings)
    {
        int wanted = settings.PiecesAtOnce > 0
            ? settings.PiecesAtOnce
            : LoadBalance.Groups(plan, settings.Threads, GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / 4);
        return Math.Clamp(wanted, 1, settings.Threads);
    }

    // What multiplies in 16 bits, where that is asked for and nothing stands against it.
    private static PairKernels? Pairs(EngineSettings settings, Func<Graph.Graph> graph) =>
        settings.Precision == EnginePrecision.Mixed && WhySingle(graph) is null ? PairKernels.Native : null;

    // The graph is asked for where nothing else decides.
    private static string? WhySingle(Func<Graph.Graph> graph) =>
        WhySingleHere ?? (PlanBuilder.CanMix(graph()) ? null : "this model is not one that 16-bit products leave accurate enough");

    private static Graph.Graph Whole(Network network) => network.Record(network.Definition.Cut.Samples);

    // A plan whose weights are counted and not read.
    private static Plan Sketch(Network network, EngineSettings settings, int samples)
    {
        Graph.Graph graph = network.Record(samples);
        using INetworkWeights weights = network.OpenWeights(graph);
        return PlanBuilder.Sketch(graph, weights, SimdTier.Chosen, Pairs(settings, () => graph));
    }

    private static bool IsItself(string device) => device is "cpu" or "0";
}
