using System.Runtime.CompilerServices;
using Stemsharp.Cpu.Planning;
using Stemsharp.Inference;
using Stemsharp.Kernels.Paired;
using Stemsharp.Simd;

namespace Stemsharp.Cpu;

/// <summary>
/// A network on the managed engine: its packed weights, the plan for the length at work, and sessions that share both and divide the
/// threads among them. Another length makes another plan of the same weights.
/// </summary>
internal sealed class CpuRuntime : INetworkRuntime
{
    private readonly Network _network;
    private readonly EngineSettings _settings;
    private readonly SimdTier _tier;
    private readonly PairKernels? _pairs;
    private readonly PackedStore _store = new();
    private readonly List<CpuSession> _sessions = [];
    private int _samples, _atOnce;

    /// <param name="network">The network; its weights are read when a plan first needs them.</param>
    /// <param name="settings">Threads, pieces at once, profiling.</param>
    /// <param name="tier">The instruction set.</param>
    /// <param name="pairs">What multiplies pairs of bfloat16, for mixed precision; null for single precision.</param>
    public CpuRuntime(Network network, EngineSettings settings, SimdTier tier, PairKernels? pairs = null)
    {
        _pairs = pairs;
        _network = network;
        _settings = settings;
        _tier = tier;
        Identity = new EngineIdentity(CpuBackend.BackendName, pairs is null ? tier.Name : $"{tier.Name}, {pairs.Name}", pairs is null ? EnginePrecision.Fp32 : EnginePrecision.Mixed);
    }

    /// <inheritdoc/>
    public EngineIdentity Identity { get; }

    /// <inheritdoc/>
    public string Description => _sessions.Count < 2
        ? CpuBackend.Describe(_tier, _sessions.Count == 0 ? _settings.Threads : _sessions[0].Workers.Count, _pairs)
        : $"{_sessions.Count} × {CpuBackend.Describe(_tier, _sessions[^1].Workers.Count, _pairs)}";

    /// <inheritdoc/>
    public bool IsReproducible => true;

    /// <summary>The plan at work; null before the first pieces.</summary>
    public Plan? Plan { get; private set; }

    /// <summary>The sessions at work.</summary>
    public IReadOnlyList<CpuSession> Sessions => _sessions;

    /// <inheritdoc/>
    public long HostBytes => Plan is null ? 0 : Plan.WeightBytes + _sessions.Sum(s => Session.Bytes(Plan, s.Workers.Count));

    /// <inheritdoc/>
    public IReadOnlyList<EngineStep> Profile => Plan is null ? [] :
    [
        .. Plan.Steps.Select((step, i) => new EngineStep(
            step.Name, step.Description, _sessions.Aggregate(TimeSpan.Zero, (sum, s) => sum + s.Session.TimeOf(i)), step.Flops, step.ExecutedFlops, step.Bytes)),
    ];

    /// <inheritdoc/>
    public void ResetProfile() => _sessions.ForEach(s => s.Session.ResetProfile());

    /// <inheritdoc/>
    public bool Serves(int samples, long pieces) => _samples == samples && _sessions.Count == Count(pieces);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public IReadOnlyList<INetworkSession> Arrange(int samples, long pieces)
    {
        Clear();
        if (Plan is null || _samples != samples)
        {
            Plan?.Dispose();
            Plan = null;
            Plan = Compile(samples);
            _samples = samples;
            _atOnce = CpuBackend.PiecesAtOnce(Plan, _settings);
        }

        // Threads that do not divide evenly go to the later ones.
        int count = Count(pieces), threads = _settings.Threads;
        for (int i = 0; i < count; i++)
        {
            _sessions.Add(new CpuSession(Plan, _network.Definition, threads * (i + 1) / count - threads * i / count, _settings.Profile, _pairs?.WantsOwnThreads == true));
        }

        return _sessions;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Clear();
        Plan?.Dispose();
        _store.Dispose();
    }

    // No more than there are pieces: a short song gets all threads for each of its pieces.
    private int Count(long pieces) => (int)Math.Clamp(Math.Min(_atOnce, pieces), 1, Math.Max(1, _settings.MostPiecesAtOnce));

    private Plan Compile(int samples)
    {
        Graph.Graph graph = _network.Record(samples);
        using INetworkWeights weights = _network.OpenWeights(graph);
        return PlanBuilder.Compile(graph, weights, _tier, _settings.Threads, _store, _pairs);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Clear()
    {
        foreach (CpuSession session in _sessions)
        {
            session.Dispose();
        }

        _sessions.Clear();
    }
}
