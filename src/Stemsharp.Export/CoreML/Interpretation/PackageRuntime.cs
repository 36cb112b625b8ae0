using Stemsharp.Export.CoreML.Reading;
using Stemsharp.Inference;

namespace Stemsharp.Export.CoreML.Interpretation;

/// <summary>Runs an .mlpackage in the interpreter: slow, but what the package says, on any system.</summary>
internal sealed unsafe class PackageRuntime : INetworkRuntime
{
    private readonly ProgramInterpreter _interpreter;
    private readonly int[][] _shapes;
    private PackageSession? _session;

    private PackageRuntime(string path)
    {
        using Package package = Package.Open(path);
        PackageModel model = package.Model;
        if (model.Inputs is not [{ Name: "spectrogram", Spec.Rank: 4 } spectrogram, { Name: "waveform", Spec.Rank: 3 } waveform]
            || model.Outputs is not [{ Name: "spectrograms", Spec.Rank: 5 } spectrograms, { Name: "waveforms", Spec.Rank: 4 } waveforms])
        {
            throw new ModelException($"{path} is not a separator's package: its inputs are not spectrogram and waveform, or its outputs not spectrograms and waveforms.");
        }

        _shapes = [spectrogram.Spec.Shape, waveform.Spec.Shape, spectrograms.Spec.Shape, waveforms.Spec.Shape];
        _interpreter = new ProgramInterpreter(package);
    }

    /// <summary>Samples of a segment.</summary>
    public int Samples => _shapes[1][2];

    /// <summary>Stems that it gives.</summary>
    public int Stems => _shapes[2][1];

    public EngineIdentity Identity { get; } = new("coreml", "interpreted", EnginePrecision.Fp32);

    public string Description => "CoreML package, interpreted";

    public bool IsReproducible => true;

    public long HostBytes => 0;

    /// <summary>Opens a package.</summary>
    /// <param name="path">Its folder.</param>
    /// <exception cref="ModelException">It is damaged, or no separator's.</exception>
    public static PackageRuntime Open(string path) => new(path);

    /// <summary>An engine of it.</summary>
    /// <param name="network">The definition of the network that it was made from.</param>
    /// <param name="stems">The stems that it gives.</param>
    public SpectralEngine Engine(NetworkDefinition network, IReadOnlyList<string> stems) =>
        new(network with { Stems = [.. stems] }, this, Environment.ProcessorCount);

    public bool Serves(int samples, long pieces) => _session is not null && samples == Samples;

    public IReadOnlyList<INetworkSession> Arrange(int samples, long pieces)
    {
        if (samples != Samples)
        {
            throw new EngineException(EngineFailure.Refused, $"The package takes segments of {Samples} samples, and {samples} are asked for.");
        }

        _session ??= new PackageSession(this);
        return [_session];
    }

    public void Dispose() => _session?.Dispose();

    private static int Elements(int[] shape) => shape.Aggregate(1, (n, d) => checked(n * d));

    private sealed class PackageSession(PackageRuntime owner) : INetworkSession
    {
        private readonly NetworkMemory _memory = new(owner._shapes.Select(Elements));

        public IWorkers? Workers => null;

        public float* Input(PortRole role) => _memory.Pointer(role == PortRole.Spectrogram ? 0 : 1);

        public float* Output(PortRole role) => _memory.Pointer(role == PortRole.Spectrogram ? 2 : 3);

        public void Run(CancellationToken cancellationToken)
        {
            float[][] results = owner._interpreter.Run([_memory.Span(0).ToArray(), _memory.Span(1).ToArray()], null, cancellationToken);
            results[0].CopyTo(_memory.Span(2));
            results[1].CopyTo(_memory.Span(3));
        }

        public void Dispose() => _memory.Dispose();
    }
}
