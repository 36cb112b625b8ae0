namespace Stemsharp.Inference;

/// <summary>Engines that take no time: every stem is the mix. What is left is everything around a network.</summary>
internal sealed class CopyBackend : Backend
{
    internal const string BackendName = "copy";

    /// <inheritdoc/>
    public override string Name => BackendName;

    /// <inheritdoc/>
    public override string Title => "copies pieces";

    /// <inheritdoc/>
    public override string? WhyRefused(Network network, EngineSettings settings) => null;

    /// <inheritdoc/>
    public override EngineMemory Estimate(Network network, EngineSettings settings, int samples) => new(0, 0);

    /// <inheritdoc/>
    public override int PiecesAtOnce(Network network, EngineSettings settings, int samples) => 1;

    /// <inheritdoc/>
    public override string Describe(EngineSettings settings) => Title;

    /// <inheritdoc/>
    public override IEngine Open(Network network, EngineSettings settings)
    {
        NetworkDefinition definition = network.Definition with
        {
            Transform = null,
            Inputs = [new NetworkPort("mix", PortRole.Waveform)],
            Outputs = [new NetworkPort("stems", PortRole.Waveform)],
        };
        return new SpectralEngine(definition, new CopyRuntime(definition, settings.Threads), settings.Threads);
    }

    private sealed class CopyRuntime(NetworkDefinition definition, int threads) : INetworkRuntime
    {
        private CopySession? _session;
        private int _samples;

        public EngineIdentity Identity { get; } = new(BackendName, "none", EnginePrecision.Fp32);

        public string Description => BackendName;

        public bool IsReproducible => true;

        public long HostBytes => 0;

        public bool Serves(int samples, long pieces) => samples == _samples;

        public IReadOnlyList<INetworkSession> Arrange(int samples, long pieces)
        {
            _session?.Dispose();
            _samples = samples;
            return [_session = new CopySession(definition, new ParallelWorkers(threads), samples)];
        }

        public void Dispose() => _session?.Dispose();
    }

    private sealed unsafe class CopySession(NetworkDefinition definition, ParallelWorkers workers, int samples) : INetworkSession
    {
        private readonly PortMemory _mix = new(definition, definition.Inputs, samples), _stems = new(definition, definition.Outputs, samples);

        public IWorkers? Workers => workers;

        public float* Input(PortRole role) => _mix.Pointer(role);

        public float* Output(PortRole role) => _stems.Pointer(role);

        public void Run(CancellationToken cancellationToken)
        {
            int length = definition.Channels * samples;
            workers.For(definition.Stems.Length, stem => _mix.Span(PortRole.Waveform).CopyTo(_stems.Span(PortRole.Waveform)[(stem * length)..]));
        }

        public void Dispose()
        {
            _mix.Dispose();
            _stems.Dispose();
        }
    }
}
