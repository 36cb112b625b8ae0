using System.Diagnostics;

namespace Stemsharp.Separation;

/// <summary>A piece of the track on its way through the network.</summary>
/// <param name="Chunk">Where it lies.</param>
/// <param name="Window">Samples that the network sees.</param>
/// <param name="Final">Where the next piece begins: everything before is final once this one is blended.</param>
internal readonly record struct Piece(Chunk Chunk, int Window, long Final);

/// <summary>
/// The pieces of one pass that are at work, in order. There are as many runners as the network's owner gives; with
/// more than one, each piece runs on a thread of its own while others are prepared and blended. With one, a piece
/// runs when it is added. Pieces come out in the order in which they went in, whichever is done first.
/// </summary>
internal sealed class PieceQueue : IDisposable
{
    private readonly BagPass _pass;
    private readonly long _pieces;
    private readonly CancellationTokenSource _cancellation;
    private readonly CancellationToken _asked;
    private readonly Queue<(Piece Piece, SegmentRunner? Runner, Task? Work)> _queue = [];
    private readonly Stack<SegmentRunner> _free = [];
    private int _runners, _samples;

    /// <param name="pass">The network, and the stems wanted of it.</param>
    /// <param name="pieces">Pieces in all.</param>
    /// <param name="cancellationToken">Stops what is at work.</param>
    public PieceQueue(BagPass pass, long pieces, CancellationToken cancellationToken)
    {
        _pass = pass;
        _pieces = pieces;
        _asked = cancellationToken;
        _cancellation = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
    }

    /// <summary>What runs the network; empty before the first piece that needs it.</summary>
    public string Engine { get; private set; } = "";

    /// <summary>Whether the network is in memory.</summary>
    public bool IsLoaded => _runners > 0;

    /// <summary>Pieces that have not been taken out.</summary>
    public int Count => _queue.Count;

    /// <summary>Whether a piece has to be taken out before another one is added.</summary>
    public bool IsFull => _queue.Count >= Math.Max(1, _runners);

    /// <summary>A runner for segments of so many samples; null when pieces have to be taken out first.</summary>
    public SegmentRunner? Claim(int samples)
    {
        if (samples != _samples)
        {
            // Runners for another length may take the place of these.
            if (_queue.Count > 0)
            {
                return null;
            }

            IReadOnlyList<SegmentRunner> runners = _pass.Member.Runners(samples, _pieces);
            _samples = samples;
            _runners = runners.Count;
            Engine = SegmentRunner.Describe(runners);
            _free.Clear();
            foreach (SegmentRunner runner in runners)
            {
                _free.Push(runner);
            }
        }

        return _free.TryPop(out SegmentRunner? free) ? free : null;
    }

    /// <summary>Adds a piece that needs no network.</summary>
    public void AddSilent(Piece piece) => _queue.Enqueue((piece, null, null));

    /// <summary>Adds a piece whose input lies in a claimed runner.</summary>
    public void Run(Piece piece, SegmentRunner runner)
    {
        Task? work = null;
        if (_runners == 1)
        {
            Run(runner, _asked);
        }
        else
        {
            // A thread of its own: seconds of computing have no place in the pool.
            work = Task.Factory.StartNew(
                () => Run(runner, _cancellation.Token), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        }

        _queue.Enqueue((piece, runner, work));
    }

    /// <summary>The oldest piece, when it is done. Its runner, if it had one, is to be returned.</summary>
    public (Piece Piece, SegmentRunner? Runner) Take()
    {
        (Piece piece, SegmentRunner? runner, Task? work) = _queue.Peek();
        work?.GetAwaiter().GetResult();
        _queue.Dequeue();
        return (piece, runner);
    }

    /// <summary>Lets a runner be claimed again.</summary>
    public void Return(SegmentRunner runner) => _free.Push(runner);

    /// <summary>Stops what is still at work, and waits for it: the runners live on.</summary>
    public void Dispose()
    {
        if (_queue.Count > 0)
        {
            _cancellation.Cancel();
            foreach ((_, _, Task? work) in _queue)
            {
                // Its error is not the first one, which is on its way already.
                work?.ContinueWith(_ => { }, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default).Wait();
            }
        }

        _cancellation.Dispose();
    }

    private void Run(SegmentRunner runner, CancellationToken cancellationToken)
    {
        long began = Stopwatch.GetTimestamp();
        using (Activity? activity = SeparationTelemetry.Source.StartActivity("segment"))
        {
            activity?.SetTag("stemsharp.engine", runner.Description);
            runner.Run(_pass.Stems, cancellationToken);
        }

        // An engine's description is made anew each time it is asked for.
        if (SeparationTelemetry.SegmentDuration.Enabled)
        {
            SeparationTelemetry.SegmentDuration.Record(Stopwatch.GetElapsedTime(began).TotalSeconds, SeparationTelemetry.Engine(runner.Description));
        }
    }
}
