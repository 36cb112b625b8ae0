namespace Stemsharp.Inference;

/// <summary>
/// Runs a network on pieces of sound: samples in, stems' samples out. What it does in between, transforms and network, on which
/// device, is its own business.
/// </summary>
/// <remarks>
/// One caller at a time. The caller says which pieces are to come (<see cref="Prepare"/>), leases buffers in the engine's own
/// memory, fills them, and has them run, at most <see cref="PiecesPerRun"/> in a run and <see cref="RunsAtOnce"/> runs at a time. Runs
/// complete in the order in which they were begun. A run that is cancelled or fails leaves its pieces' outputs undefined and their
/// buffers usable; the runs behind it are not affected. <see cref="IDisposable.Dispose"/> stops what is under way and waits for it:
/// those runs end cancelled, and no buffer may be used any more.
/// </remarks>
public interface IEngine : IDisposable
{
    /// <summary>What it is: backend, device, precision.</summary>
    EngineIdentity Identity { get; }

    /// <summary>A short text for logs and reports, such as <c>cpu (AVX-512, 2 threads)</c>.</summary>
    string Description { get; }

    /// <summary>Most pieces in one run, at least 1.</summary>
    int PiecesPerRun { get; }

    /// <summary>Most runs at a time, at least 1; known after <see cref="Prepare"/>.</summary>
    int RunsAtOnce { get; }

    /// <summary>
    /// Whether a piece's bits depend on nothing but the piece: not on its companions, its place among them, their number, or threads.
    /// </summary>
    bool IsReproducible { get; }

    /// <summary>Memory of the host that it takes now, in bytes, as far as it is known.</summary>
    long HostBytes { get; }

    /// <summary>Readies the engine for pieces of one length. Nothing may be leased. Weights are kept from length to length.</summary>
    /// <param name="samples">Samples of a piece: a length that the network takes.</param>
    /// <param name="pieces">How many there will be, so that a short song gets all threads for each of its pieces.</param>
    /// <exception cref="EngineException">The length is refused, or memory does not suffice.</exception>
    void Prepare(int samples, long pieces);

    /// <summary>A free buffer; null when all are leased.</summary>
    IPieceBuffer? Lease();

    /// <summary>Runs pieces. May complete before it returns.</summary>
    /// <param name="pieces">Leased buffers whose inputs are filled, 1 … <see cref="PiecesPerRun"/>.</param>
    /// <param name="stems">The wanted stems, by number; outputs of others are undefined.</param>
    /// <param name="cancellationToken">Stops within a piece.</param>
    /// <returns>Completes when the outputs can be read.</returns>
    /// <exception cref="EngineException">The pieces were not run.</exception>
    Task RunAsync(IReadOnlyList<IPieceBuffer> pieces, IReadOnlyList<int> stems, CancellationToken cancellationToken);
}

/// <summary>
/// A piece's samples in an engine's own memory. Inputs and outputs may share it: a run ends the life of the inputs, and to fill an
/// input ends the life of the outputs. Disposing gives the lease back.
/// </summary>
public interface IPieceBuffer : IDisposable
{
    /// <summary>Samples of each channel.</summary>
    int Samples { get; }

    /// <summary>Threads of the engine that are free while this piece is not running, for the work around it; null where it lends none.</summary>
    IWorkers? Workers { get; }

    /// <summary>A channel of the mix, to be filled before a run.</summary>
    Span<float> Input(int channel);

    /// <summary>A channel of a wanted stem after a run; callers may write to it.</summary>
    Span<float> Output(int stem, int channel);
}
