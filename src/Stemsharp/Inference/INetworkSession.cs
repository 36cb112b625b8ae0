namespace Stemsharp.Inference;

/// <summary>Runs the network alone, on one piece at a time, in its own memory.</summary>
/// <remarks>
/// Inputs may share memory with outputs: to fill an input ends the life of the last run's outputs, and a run ends the life of its
/// inputs. All memory is dense, row-major, channels first, in the shapes of <see cref="NetworkDefinition.ShapeOf"/>.
/// </remarks>
internal unsafe interface INetworkSession : IDisposable
{
    /// <summary>The threads for the transforms around it; null for the process's own.</summary>
    IWorkers? Workers { get; }

    /// <summary>An input's memory; null where the network has none of this role.</summary>
    float* Input(PortRole role);

    /// <summary>An output's memory; null where the network has none of this role. Callers may add to it.</summary>
    float* Output(PortRole role);

    /// <summary>
    /// The session whose run takes this one along, where several pieces go through the network together; itself otherwise.
    /// </summary>
    INetworkSession Leader => this;

    /// <summary>Runs the network on what its inputs hold, and on what those hold that it leads.</summary>
    /// <param name="cancellationToken">Stops within the network; the outputs are then undefined.</param>
    void Run(CancellationToken cancellationToken);

    /// <summary>
    /// Runs as much of the network as it takes for all of its code to be compiled, on whatever its memory holds; the outputs are then
    /// undefined. Nothing where there is no such code.
    /// </summary>
    void Rehearse()
    {
    }
}

/// <summary>What runs only the network, as <see cref="SpectralEngine"/> needs it: sessions for pieces of one length at a time.</summary>
internal interface INetworkRuntime : IDisposable
{
    /// <summary>What it is.</summary>
    EngineIdentity Identity { get; }

    /// <summary>A short text for logs and reports, of all sessions together.</summary>
    string Description { get; }

    /// <summary>Whether a piece's bits depend on nothing but the piece.</summary>
    bool IsReproducible { get; }

    /// <summary>Memory of the host that it takes now, weights and sessions, as far as it is known.</summary>
    long HostBytes { get; }

    /// <summary>What the steps took so far, where it can say.</summary>
    IReadOnlyList<EngineStep> Profile => [];

    /// <summary>Forgets the times so far.</summary>
    void ResetProfile()
    {
    }

    /// <summary>Whether the sessions that are there serve so many pieces of a length as well as new ones would.</summary>
    bool Serves(int samples, long pieces);

    /// <summary>Sessions for pieces of a length, which take the place of those before. The runtime disposes them.</summary>
    /// <param name="samples">Samples of a piece.</param>
    /// <param name="pieces">How many there will be.</param>
    IReadOnlyList<INetworkSession> Arrange(int samples, long pieces);
}
