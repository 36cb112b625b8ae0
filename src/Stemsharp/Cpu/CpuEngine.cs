using Stemsharp.Graph;
using Stemsharp.Inference;
using Stemsharp.Simd;

namespace Stemsharp.Cpu;

/// <summary>The managed engine: a plan of the network, one session, and the threads it runs on.</summary>
internal sealed unsafe class CpuEngine : ISegmentEngine, ISegmentBuffers
{
    private readonly Session _session;
    private readonly WorkerPool _workers;
    private readonly bool _ownsPlan;

    /// <param name="graph">The network; inputs spectrogram and waveform, outputs spectrograms and waveforms.</param>
    /// <param name="weights">Its trained tensors; read here, not kept.</param>
    /// <param name="threads">Threads to run on, at least 1.</param>
    /// <param name="tier">Instruction set; the best one when null.</param>
    /// <param name="profile">Whether to time each step.</param>
    public CpuEngine(Graph.Graph graph, IWeightSource weights, int threads, SimdTier? tier = null, bool profile = false)
        : this(PlanBuilder.Compile(graph, weights, tier ?? SimdTier.Chosen, threads), ownsPlan: true, threads, profile)
    {
    }

    private CpuEngine(Plan plan, bool ownsPlan, int threads, bool profile)
    {
        Plan = plan;
        _ownsPlan = ownsPlan;
        _workers = new WorkerPool(threads);
        _session = new Session(Plan, _workers, profile);
    }

    /// <summary>
    /// Engines that share one plan, and so its weights, for as many segments at once; the threads are divided
    /// among them. Dispose all of them; none runs when the first is disposed.
    /// </summary>
    /// <param name="graph">The network.</param>
    /// <param name="weights">Its trained tensors; read here, not kept.</param>
    /// <param name="threads">Threads in all, at least 1.</param>
    /// <param name="groups">How many engines a plan and its threads are to be divided among, 1 … threads.</param>
    public static IReadOnlyList<CpuEngine> CreateGroup(Graph.Graph graph, IWeightSource weights, int threads, Func<Plan, int> groups)
    {
        Plan plan = PlanBuilder.Compile(graph, weights, SimdTier.Chosen, threads);
        int count = Math.Clamp(groups(plan), 1, threads);
        return [.. Enumerable.Range(0, count).Select(i => new CpuEngine(plan, ownsPlan: i == 0, threads * (i + 1) / count - threads * i / count, profile: false))];
    }

    public Plan Plan { get; }

    /// <summary>Memory of this engine beyond the plan's weights.</summary>
    public long SessionBytes => Session.Bytes(Plan, _workers.Count);

    /// <summary>The engine's threads, for the transforms around the network.</summary>
    public IWorkers Workers => _workers;

    /// <summary>Time spent in each step so far; empty without profiling.</summary>
    public IEnumerable<(Step Step, TimeSpan Time)> Profile => _session.Profile;

    /// <summary>Forgets the times so far.</summary>
    public void ResetProfile() => _session.ResetProfile();

    /// <inheritdoc/>
    public SegmentShape Shape => Plan.Shape;

    /// <inheritdoc/>
    public string Description => Describe(Plan.Tier, _workers.Count);

    /// <summary>What an engine is called that runs an instruction set on so many threads.</summary>
    public static string Describe(SimdTier tier, int threads) => $"cpu ({tier.Name}, {threads} {(threads == 1 ? "thread" : "threads")})";

    /// <inheritdoc/>
    public float* Spectrogram => _session.Port(0);

    /// <inheritdoc/>
    public float* Waveform => _session.Port(1);

    /// <inheritdoc/>
    public float* Spectrograms => _session.Port(2);

    /// <inheritdoc/>
    public float* Waveforms => _session.Port(3);

    /// <inheritdoc/>
    public void Run(CancellationToken cancellationToken)
    {
        _session.Run(cancellationToken);
        cancellationToken.ThrowIfCancellationRequested();
    }

    /// <inheritdoc/>
    public void Run(ReadOnlySpan<float> spectrogram, ReadOnlySpan<float> waveform, Span<float> spectrograms, Span<float> waveforms, CancellationToken cancellationToken)
    {
        Check(spectrogram.Length, Shape.SpectrogramLength, nameof(spectrogram));
        Check(waveform.Length, Shape.WaveformLength, nameof(waveform));
        Check(spectrograms.Length, Shape.SpectrogramsLength, nameof(spectrograms));
        Check(waveforms.Length, Shape.WaveformsLength, nameof(waveforms));
        spectrogram.CopyTo(new Span<float>(Spectrogram, spectrogram.Length));
        waveform.CopyTo(new Span<float>(Waveform, waveform.Length));
        Run(cancellationToken);
        new ReadOnlySpan<float>(Spectrograms, spectrograms.Length).CopyTo(spectrograms);
        new ReadOnlySpan<float>(Waveforms, waveforms.Length).CopyTo(waveforms);

        static void Check(int length, int wanted, string name)
        {
            if (length != wanted)
            {
                throw new ArgumentException($"The buffer has {length} floats; this engine's segment needs {wanted}.", name);
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _workers.Dispose();
        _session.Dispose();
        if (_ownsPlan)
        {
            Plan.Dispose();
        }
    }
}
