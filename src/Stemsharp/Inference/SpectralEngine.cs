using Stemsharp.Signal;

namespace Stemsharp.Inference;

/// <summary>
/// An engine made of something that runs only the network: the transform is put before it, the inverse one behind it, and what both
/// branches give is added up. Runs go on side by side, as many as there are sessions that lead; those that one leads go through the
/// network with it.
/// </summary>
internal sealed class SpectralEngine(NetworkDefinition definition, INetworkRuntime runtime, int threads) : IProfiledEngine, IRehearsable
{
    private readonly List<Group> _groups = [];
    private readonly Stack<Group> _free = [];
    private readonly HashSet<Task> _running = [];
    private readonly CancellationTokenSource _disposing = new();
    private Stft? _transform;
    private Task _last = Task.CompletedTask;

    // The group that is being lent; null before the next one.
    private Group? _lending;

    /// <inheritdoc/>
    public EngineIdentity Identity => runtime.Identity;

    /// <inheritdoc/>
    public string Description => runtime.Description;

    /// <inheritdoc/>
    public int PiecesPerRun => _groups.Count > 0 ? _groups[0].Pieces.Count : 1;

    /// <inheritdoc/>
    public int RunsAtOnce => Math.Max(1, _groups.Count);

    /// <inheritdoc/>
    public bool IsReproducible => runtime.IsReproducible;

    /// <inheritdoc/>
    public long HostBytes => runtime.HostBytes;

    /// <inheritdoc/>
    public IReadOnlyList<EngineStep> Profile => runtime.Profile;

    /// <summary>
    /// Memory that a piece takes beside its session: seams of the inverse transform, and the mix and the stems as samples where the
    /// network has no ports for them.
    /// </summary>
    public static long BytesPerPiece(NetworkDefinition definition, int samples)
    {
        long planes = (long)definition.Stems.Length * definition.Channels;
        long seams = definition.Transform is { } transform
            ? planes * (transform.Nfft - transform.Hop) * ((transform.Frames(samples) + Stft.ChunkFrames - 1) / Stft.ChunkFrames)
            : 0;
        long mix = NetworkDefinition.Find(definition.Inputs, PortRole.Waveform) is null ? (long)definition.Channels * samples : 0;
        long stems = NetworkDefinition.Find(definition.Outputs, PortRole.Waveform) is null ? planes * samples : 0;
        return sizeof(float) * (seams + mix + stems);
    }

    /// <inheritdoc/>
    public void ResetProfile() => runtime.ResetProfile();

    /// <inheritdoc/>
    public void Prepare(int samples, long pieces)
    {
        if (_groups.Exists(group => group.Lent.Count > 0))
        {
            throw new InvalidOperationException("Pieces are leased; another length has to wait for them.");
        }

        if (_groups.Count > 0 && _groups[0].Pieces[0].Samples == samples && runtime.Serves(samples, pieces))
        {
            return;
        }

        Clear();
        IReadOnlyList<INetworkSession> sessions = runtime.Arrange(samples, pieces);
        _transform = definition.Transform is { } transform ? Stft.Create(transform, samples) : null;
        IWorkers? shared = null;
        foreach (IGrouping<INetworkSession, INetworkSession> led in sessions.GroupBy(session => session.Leader))
        {
            List<SpectralPiece> together = [];
            foreach (INetworkSession session in led)
            {
                IWorkers workers = session.Workers ?? (shared ??= new SharedWorkers(new ParallelWorkers(threads)));
                together.Add(new SpectralPiece(this, definition, session, _transform, workers, samples));
            }

            _groups.Add(new Group(together));
        }

        for (int i = _groups.Count - 1; i >= 0; i--)
        {
            _free.Push(_groups[i]);
        }
    }

    /// <inheritdoc/>
    public void Rehearse(IReadOnlyList<int> stems) => _groups[0].Pieces[0].Rehearse([.. stems]);

    /// <inheritdoc/>
    public IPieceBuffer? Lease()
    {
        if (_lending is null || _lending.Next == _lending.Pieces.Count)
        {
            if (!_free.TryPop(out _lending))
            {
                return null;
            }

            _lending.Next = 0;
        }

        SpectralPiece piece = _lending.Pieces[_lending.Next++];
        _lending.Lent.Add(piece);
        return piece;
    }

    /// <inheritdoc/>
    public Task RunAsync(IReadOnlyList<IPieceBuffer> pieces, IReadOnlyList<int> stems, CancellationToken cancellationToken)
    {
        ObjectDisposedException.ThrowIf(_disposing.IsCancellationRequested, this);
        SpectralPiece[] own = [.. pieces.OfType<SpectralPiece>().Where(piece => piece.Owner == this)];
        if (own.Length != pieces.Count || own.Length < 1 || own.Length > PiecesPerRun)
        {
            throw new ArgumentException($"1 to {PiecesPerRun} pieces that this engine has lent can be run at a time.", nameof(pieces));
        }

        if (_lending is not null && Array.Exists(own, _lending.Lent.Contains))
        {
            // What is left of a group that runs cannot be filled any more.
            _lending = null;
        }

        int[] wanted = stems as int[] ?? [.. stems];
        if (_groups.Count == 1)
        {
            // The caller is one of the session's threads: nothing is gained by a further one.
            try
            {
                SpectralPiece.Run(own, wanted, cancellationToken);
                return Task.CompletedTask;
            }
            catch (OperationCanceledException e)
            {
                return Task.FromCanceled(e.CancellationToken.IsCancellationRequested ? e.CancellationToken : new CancellationToken(canceled: true));
            }
#pragma warning disable CA1031 // Whatever happens belongs to the one who waits for the run.
            catch (Exception e)
#pragma warning restore CA1031
            {
                return Task.FromException(e);
            }
        }

        Task work = RunAsideAsync(own, wanted, _last, cancellationToken);
        _last = work;
        _running.RemoveWhere(t => t.IsCompleted);
        _running.Add(work);
        return work;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (_disposing.IsCancellationRequested)
        {
            return;
        }

        _disposing.Cancel();
        Task.WhenAll(_running).ContinueWith(_ => { }, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default).Wait();
        Clear();
        runtime.Dispose();
        _disposing.Dispose();
    }

    /// <summary>Takes a lease back. A group is lent again when all of it has come back.</summary>
    internal void Return(SpectralPiece piece)
    {
        if (_groups.Find(group => group.Lent.Remove(piece)) is { Lent.Count: 0 } group)
        {
            _lending = _lending == group ? null : _lending;
            _free.Push(group);
        }
    }

    private async Task RunAsideAsync(SpectralPiece[] pieces, int[] stems, Task before, CancellationToken cancellationToken)
    {
        using CancellationTokenSource either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, _disposing.Token);

        // A thread of its own: seconds of computing have no place in the pool.
        Task work = Task.Factory.StartNew(() => SpectralPiece.Run(pieces, stems, either.Token), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        await work.ContinueWith(_ => { }, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default).ConfigureAwait(false);

        // Whatever became of the one before is told by its own task; only the order counts here.
        await before.ContinueWith(_ => { }, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default).ConfigureAwait(false);
        await work.ConfigureAwait(false);
    }

    private void Clear()
    {
        foreach (SpectralPiece piece in _groups.SelectMany(group => group.Pieces))
        {
            piece.Free();
        }

        _groups.Clear();
        _free.Clear();
        _lending = null;
        _transform?.Dispose();
        _transform = null;
    }

    /// <summary>Pieces that go through the network together.</summary>
    private sealed class Group(IReadOnlyList<SpectralPiece> pieces)
    {
        public IReadOnlyList<SpectralPiece> Pieces => pieces;

        /// <summary>Those that are with the caller.</summary>
        public HashSet<SpectralPiece> Lent { get; } = [];

        /// <summary>The next one to lend.</summary>
        public int Next { get; set; }
    }
}
