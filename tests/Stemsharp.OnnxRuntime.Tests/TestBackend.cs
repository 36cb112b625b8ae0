using Stemsharp.Inference;

namespace Stemsharp.OnnxRuntime.Tests;

/// <summary>A backend that opens whatever a test gives it.</summary>
internal sealed class TestBackend(Func<Network, EngineSettings, IEngine> open, string? whyAbsent = null, string? whyRefused = null) : Backend
{
    public const string BackendName = "test";

    public override string Name => BackendName;

    public override string Title => "an engine of a test";

    public override string? WhyAbsent => whyAbsent;

    public override string? WhyRefused(Network network, EngineSettings settings) => whyRefused;

    public override EngineMemory Estimate(Network network, EngineSettings settings, int samples) => new(0, 0);

    public override int PiecesAtOnce(Network network, EngineSettings settings, int samples) => 1;

    public override string Describe(EngineSettings settings) => BackendName;

    public override IEngine Open(Network network, EngineSettings settings)
    {
        Require(network, settings);
        return open(network, settings);
    }
}

/// <summary>A function as an engine: a mix [C, L] to stems [S, C, L].</summary>
internal sealed class FunctionEngine(NetworkDefinition definition, Func<float[], float[]> function) : IEngine
{
    private Piece? _piece;

    public EngineIdentity Identity { get; } = new(TestBackend.BackendName, "function", EnginePrecision.Fp32);

    public string Description => "a function";

    public int PiecesPerRun => 1;

    public int RunsAtOnce => 1;

    public bool IsReproducible => true;

    public long HostBytes => 0;

    public void Prepare(int samples, long pieces) => _piece = new Piece(definition.Channels, samples);

    public IPieceBuffer? Lease()
    {
        if (_piece is not { IsFree: true } piece)
        {
            return null;
        }

        piece.IsFree = false;
        return piece;
    }

    public Task RunAsync(IReadOnlyList<IPieceBuffer> pieces, IReadOnlyList<int> stems, CancellationToken cancellationToken)
    {
        if (cancellationToken.IsCancellationRequested)
        {
            return Task.FromCanceled(cancellationToken);
        }

        Piece piece = (Piece)pieces.Single();
        try
        {
            piece.Stems = function(piece.Mix);
            return Task.CompletedTask;
        }
        catch (EngineException failure)
        {
            return Task.FromException(failure);
        }
    }

    public void Dispose()
    {
    }

    private sealed class Piece(int channels, int samples) : IPieceBuffer
    {
        public float[] Mix { get; } = new float[channels * samples];

        public float[] Stems { get; set; } = [];

        public bool IsFree { get; set; } = true;

        public int Samples => samples;

        public IWorkers? Workers => null;

        public Span<float> Input(int channel) => Mix.AsSpan(channel * samples, samples);

        public Span<float> Output(int stem, int channel) => Stems.AsSpan((stem * channels + channel) * samples, samples);

        public void Dispose() => IsFree = true;
    }
}
