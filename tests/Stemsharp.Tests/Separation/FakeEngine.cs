using Stemsharp.Inference;

namespace Stemsharp.Tests.Separation;

/// <summary>
/// A network that anyone can compute: stem s is the waveform times a ramp over the segment, bent. What it gives depends on
/// where in the segment a sample lies, so that a wrong offset, padding or weight shows. It takes and gives waveforms only.
/// </summary>
internal sealed unsafe class FakeEngine(NetworkDefinition definition, Func<int, double, double, double>? formula = null, int sessions = 1) : INetworkRuntime
{
    private readonly Func<int, double, double, double> _formula = formula ?? Bent;
    private readonly List<Session> _sessions = [];
    private int _runs, _samples;

    public EngineIdentity Identity { get; } = new("fake", "none", EnginePrecision.Fp32);

    public string Description => "fake";

    public bool IsReproducible => true;

    public long HostBytes => 0;

    /// <summary>Pieces that were run.</summary>
    public int Runs => _runs;

    /// <summary>How often it was made ready for other pieces.</summary>
    public int Arrangements { get; private set; }

    public bool Disposed { get; private set; }

    /// <summary>Called before each run.</summary>
    public Action<CancellationToken>? Before { get; init; }

    /// <summary>Stem s of a sample x at the relative position t of the segment.</summary>
    public static double Bent(int stem, double x, double t) => x * (0.2 + stem + t) + 0.1 * x * x + 0.01 * (t - 0.5);

    /// <summary>As an engine: pieces side by side, as many as there are sessions.</summary>
    public SpectralEngine ToEngine() => new(definition with { Transform = null }, this, 1);

    public bool Serves(int samples, long pieces) => samples == _samples;

    public IReadOnlyList<INetworkSession> Arrange(int samples, long pieces)
    {
        Arrangements++;
        _samples = samples;
        Free();
        for (int i = 0; i < sessions; i++)
        {
            _sessions.Add(new Session(this, samples));
        }

        return _sessions;
    }

    public void Dispose()
    {
        Free();
        Disposed = true;
    }

    private void Free()
    {
        _sessions.ForEach(s => s.Dispose());
        _sessions.Clear();
    }

    private sealed class Session(FakeEngine owner, int samples) : INetworkSession
    {
        private readonly PortMemory _mix = new(owner.Definition, owner.Definition.Inputs.Where(p => p.Role == PortRole.Waveform), samples);
        private readonly PortMemory _stems = new(owner.Definition, owner.Definition.Outputs.Where(p => p.Role == PortRole.Waveform), samples);

        public IWorkers? Workers => null;

        public float* Input(PortRole role) => _mix.Pointer(role);

        public float* Output(PortRole role) => _stems.Pointer(role);

        public void Run(CancellationToken cancellationToken)
        {
            owner.Before?.Invoke(cancellationToken);
            cancellationToken.ThrowIfCancellationRequested();
            Interlocked.Increment(ref owner._runs);
            Span<float> mix = _mix.Span(PortRole.Waveform), stems = _stems.Span(PortRole.Waveform);
            for (int row = 0; row < owner.Stems * owner.Channels; row++)
            {
                for (int i = 0; i < samples; i++)
                {
                    stems[row * samples + i] = (float)owner._formula(row / owner.Channels, mix[row % owner.Channels * samples + i], (double)i / samples);
                }
            }
        }

        public void Dispose()
        {
            _mix.Dispose();
            _stems.Dispose();
        }
    }

    private NetworkDefinition Definition => definition;

    private int Stems => definition.Stems.Length;

    private int Channels => definition.Channels;
}

/// <summary>A backend whose engines are fakes of any network.</summary>
internal sealed class FakeBackend(Func<NetworkDefinition, IEngine> make) : Backend
{
    public override string Name => "fake";

    public override string Title => "a network that anyone can compute";

    public override string? WhyRefused(Network network, EngineSettings settings) => null;

    public override EngineMemory Estimate(Network network, EngineSettings settings, int samples) => new(0, 0);

    public override int PiecesAtOnce(Network network, EngineSettings settings, int samples) => 1;

    public override string Describe(EngineSettings settings) => "fake";

    public override IEngine Open(Network network, EngineSettings settings) => make(network.Definition);
}
