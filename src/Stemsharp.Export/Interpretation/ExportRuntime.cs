using Stemsharp.Inference;

namespace Stemsharp.Export.Interpretation;

/// <summary>An interpreted export as a network: slow, but what the file says, on any system.</summary>
/// <param name="definition">What the file is: its inputs and outputs, and the stems that it gives.</param>
/// <param name="format">Its format, for identities.</param>
/// <param name="samples">Samples of a segment.</param>
/// <param name="run">Runs the file: values of its inputs in order → values of its outputs in order.</param>
internal sealed unsafe class ExportRuntime(
    NetworkDefinition definition, string format, int samples, Func<IReadOnlyList<float[]>, CancellationToken, float[][]> run) : INetworkRuntime
{
    private Session? _session;

    /// <summary>Samples of a segment.</summary>
    public int Samples => samples;

    public EngineIdentity Identity { get; } = new(format, "interpreted", EnginePrecision.Fp32);

    public string Description => $"{format}, interpreted";

    public bool IsReproducible => true;

    public long HostBytes => 0;

    /// <summary>An engine of it, with the transforms that its definition wants.</summary>
    public SpectralEngine Engine() => new(definition, this, Environment.ProcessorCount);

    public bool Serves(int wanted, long pieces) => _session is not null && wanted == samples;

    public IReadOnlyList<INetworkSession> Arrange(int wanted, long pieces)
    {
        if (wanted != samples)
        {
            throw new EngineException(EngineFailure.Refused, $"The export takes segments of {samples} samples, and {wanted} are asked for.");
        }

        _session ??= new Session(definition, samples, run);
        return [_session];
    }

    public void Dispose() => _session?.Dispose();

    private sealed class Session(NetworkDefinition definition, int samples, Func<IReadOnlyList<float[]>, CancellationToken, float[][]> run) : INetworkSession
    {
        private readonly PortMemory _inputs = new(definition, definition.Inputs, samples), _outputs = new(definition, definition.Outputs, samples);

        public IWorkers? Workers => null;

        public float* Input(PortRole role) => _inputs.Pointer(role);

        public float* Output(PortRole role) => _outputs.Pointer(role);

        public void Run(CancellationToken cancellationToken)
        {
            float[][] results = run([.. definition.Inputs.Select(p => _inputs.Span(p.Role).ToArray())], cancellationToken);
            foreach ((NetworkPort port, float[] result) in definition.Outputs.Zip(results))
            {
                result.CopyTo(_outputs.Span(port.Role));
            }
        }

        public void Dispose()
        {
            _inputs.Dispose();
            _outputs.Dispose();
        }
    }
}
