using Stemsharp.Inference;

namespace Stemsharp.Bench.Peers;

/// <summary>A contender's network ready to run, with its transforms: one segment.</summary>
internal sealed class LoadedContender : IDisposable
{
    public LoadedContender(NetworkDefinition definition, INetworkRuntime runtime, int threads)
    {
        Definition = definition;
        Timer = new TimedRuntime(runtime);
        Engine = new SpectralEngine(definition, Timer, threads);
        Engine.Prepare(definition.Cut.Samples, 1);
        Piece = Engine.Lease()!;
    }

    public NetworkDefinition Definition { get; }

    public SpectralEngine Engine { get; }

    public TimedRuntime Timer { get; }

    public IPieceBuffer Piece { get; }

    public void Dispose()
    {
        Piece.Dispose();
        Engine.Dispose();
    }
}
