using Stemsharp.Signal;

namespace Stemsharp.Inference;

/// <summary>
/// An engine made of something that runs only the network: the transform is put before it, the inverse one behind it, and what both
/// branches give is added up. Pieces run side by side, as many as there are sessions.
/// </summary>
internal sealed class SpectralEngine(NetworkDefinition definition, INetworkRuntime runtime, int threads) : IProfiledEngine
{
    private readonly Stack<SpectralPiece> _free = [];
    private readonly List<SpectralPiece> _pieces = [];
    private readonly HashSet<Task> _running = [];
    private readonly CancellationTokenSource _disposing = new();
    private Stft? _transform;
    private Task _last = Task.CompletedTask;

    /// <inheritdoc/>
    public EngineIdentity Identity => runtime.Identity;

    /// <inheritdoc/>
    public string Description => runtime.Description;

    /// <inheritdoc/>
    public int PiecesPerRun => 1;

    /// <inheritdoc/>
    public int RunsAtOnce => Math.Max(1, _pieces.Count);

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
        if (_free.Count != _pieces.Count)
        {
            throw new InvalidOperationException("Pieces are leased; another length has to wait for them.");
        }

        if (_pieces.Count > 0 && _pieces[0].Samples == samples && runtime.Serves(samples, pieces))
        {
            return;
        }

        Clear();
        IReadOnlyList<INetworkSession> sessions = runtime.Arrange(samples, pieces);
        _transform = definition.Transform is { } transform ? Stft.Create(transform, samples) : null;
        IWorkers? shared = null;
        foreach (INetworkSession session in sessions)
        {
            IWorkers workers = session.Workers ?? (shared ??= new SharedWorkers(new ParallelWorkers(threads)));
            _pieces.Add(new SpectralPiece(this, definition, session, _transform, workers, samples));
        }

        for (int i = _pieces.Count - 1; i >= 0; i--)
        {
            _free.Push(_pieces[i]);
        }
    }

    /// <inheritdoc/>
    public IPieceBuffer? Lease() => _free.TryPop(out SpectralPiece? piece) ? piece : null;

    /// <inheritdoc/>
    public Task RunAsync(IReadOnlyList<IPieceBuffer> pieces, IReadOnlyList<int> stems, CancellationToken cancellationToken)
    {
        ObjectDisposedException.ThrowIf(_disposing.IsCancellationRequested, this);
        if (pieces is not [SpectralPiece piece] || piece.Owner != this)
        {
            throw new ArgumentException("One piece that this engine has lent can be run at a time.", nameof(pieces));
        }

        int[] wanted = stems as int[] ?? [.. stems];
        if (_pieces.Count == 1)
        {
            // The caller is one of the session's threads: nothing is gained by a further one.
            try
            {
                piece.Run(wanted, cancellationToken);
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

        Task work = RunAsideAsync(piece, wanted, _last, cancellationToken);
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

    /// <summary>Takes a lease back.</summary>
    internal void Return(SpectralPiece piece)
    {
        if (!_free.Contains(piece) && _pieces.Contains(piece))
        {
            _free.Push(piece);
        }
    }

    private async Task RunAsideAsync(SpectralPiece piece, int[] stems, Task before, CancellationToken cancellationToken)
    {
        using CancellationTokenSource either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, _disposing.Token);

        // A thread of its own: seconds of computing have no place in the pool.
        Task work = Task.Factory.StartNew(() => piece.Run(stems, either.Token), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        await work.ContinueWith(_ => { }, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default).ConfigureAwait(false);

        // Whatever became of the one before is told by its own task; only the order counts here.
        await before.ContinueWith(_ => { }, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default).ConfigureAwait(false);
        await work.ConfigureAwait(false);
    }

    private void Clear()
    {
        foreach (SpectralPiece piece in _pieces)
        {
            piece.Free();
        }

        _pieces.Clear();
        _free.Clear();
        _transform?.Dispose();
        _transform = null;
    }
}
