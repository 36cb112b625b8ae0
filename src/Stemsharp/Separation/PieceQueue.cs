using System.Diagnostics;
using System.Numerics.Tensors;
using System.Runtime.CompilerServices;
using System.Runtime.ExceptionServices;
using Stemsharp.Inference;

namespace Stemsharp.Separation;

/// <summary>A piece of the track on its way through the network.</summary>
/// <param name="Chunk">Where it lies.</param>
/// <param name="Window">Samples that the network is shown.</param>
/// <param name="Samples">Samples that it takes: the window, and zeros.</param>
/// <param name="Final">Where the next piece begins: everything before is final once this one is blended.</param>
internal readonly record struct Piece(Chunk Chunk, int Window, int Samples, long Final);

/// <summary>
/// The pieces of one pass that are at work, in order: they come out as they went in, whichever is done first. An engine that fails is
/// given what its kind of failure is worth: a lost device and a wrong result one more try, and then, as for all others, another engine
/// takes its place where there is one, from the first piece that is not done.
/// </summary>
internal sealed class PieceQueue : IDisposable
{
    private readonly BagPass _pass;
    private readonly long _pieces;
    private readonly Func<IPieceBuffer, Piece, int> _fill;
    private readonly Timeline? _timeline;
    private readonly CancellationTokenSource _cancellation;
    private readonly Queue<Entry> _queue = [];
    private readonly List<Entry> _gathered = [];
    private readonly List<Task> _runs = [];
    private IEngine? _engine;
    private int _samples;
    private bool _retried;

    /// <param name="pass">The network, and the stems wanted of it.</param>
    /// <param name="pieces">Pieces in all.</param>
    /// <param name="fill">Writes a piece's part of the mix into a buffer; again where it has to be run again. Gives its stage's number.</param>
    /// <param name="timeline">Notes the runs; null for nobody.</param>
    /// <param name="cancellationToken">Stops what is at work.</param>
    public PieceQueue(BagPass pass, long pieces, Func<IPieceBuffer, Piece, int> fill, Timeline? timeline, CancellationToken cancellationToken)
    {
        _timeline = timeline;
        _pass = pass;
        _pieces = pieces;
        _fill = fill;
        _cancellation = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
    }

    /// <summary>Whether the network is in memory.</summary>
    public bool IsLoaded => _engine is not null;

    /// <summary>Pieces that have not been taken out.</summary>
    public int Count => _queue.Count;

    /// <summary>Whether the engine is at work.</summary>
    public bool IsBusy => _runs.Any(run => !run.IsCompleted);

    /// <summary>Whether a piece has to be taken out before another one is added.</summary>
    public bool IsFull => _queue.Count >= Capacity;

    // An engine that takes several pieces in a run is filled with the next ones while it runs.
    private int Capacity => _engine is null ? 1 : _engine.PiecesPerRun * (_engine.RunsAtOnce + (_engine.PiecesPerRun > 1 ? 1 : 0));

    /// <summary>Adds a piece that needs no network.</summary>
    public void AddSilent(Piece piece) => _queue.Enqueue(new Entry(piece, needsNetwork: false));

    /// <summary>Adds a piece; false when pieces have to be taken out first.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public bool TryRun(Piece piece)
    {
        _engine ??= _pass.Member.Engines.Open(piece.Samples, _pieces);
        Entry entry = new(piece, needsNetwork: true);
        while (true)
        {
            try
            {
                if (!TryBegin(entry))
                {
                    return false;
                }

                _queue.Enqueue(entry);
                return true;
            }
            catch (EngineException failure)
            {
                Recover(failure, piece.Samples);
            }
        }
    }

    /// <summary>The oldest piece, when it is done, with the buffer that holds its stems and is to be disposed; null for a silent one.</summary>
    /// <param name="engine">What made it; null for a silent one.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public (Piece Piece, IPieceBuffer? Buffer, int Stage) Take(out IEngine? engine)
    {
        engine = null;
        Entry entry = _queue.Peek();
        while (entry.NeedsNetwork)
        {
            try
            {
                if (entry.Buffer is null && !TryBegin(entry))
                {
                    throw new InvalidOperationException($"{_engine!.Description} has no buffer for a piece while none is at work.");
                }

                if (entry.Work is null)
                {
                    Submit();
                }

                entry.Work!.GetAwaiter().GetResult();
                Check(entry.Buffer!);
                _retried = false;
                engine = _engine;
                break;
            }
            catch (EngineException failure)
            {
                Recover(failure, entry.Piece.Samples);
            }
        }

        _queue.Dequeue();
        return (entry.Piece, entry.Buffer, entry.Stage);
    }

    /// <summary>Stops what is still at work, and waits for it: the engine lives on.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Dispose()
    {
        _cancellation.Cancel();
        WaitForRuns();
        foreach (Entry entry in _queue)
        {
            entry.Buffer?.Dispose();
        }

        _cancellation.Dispose();
    }

    // Leases a buffer and fills it; the run begins when as many are together as the engine takes.
    private bool TryBegin(Entry entry)
    {
        IEngine engine = _engine!;
        if (entry.Piece.Samples != _samples)
        {
            // Buffers of another length take the place of these.
            if (_queue.Any(e => e.Buffer is not null))
            {
                return false;
            }

            engine.Prepare(entry.Piece.Samples, _pieces);
            _samples = entry.Piece.Samples;
        }

        if (engine.Lease() is not { } buffer)
        {
            Submit();
            return false;
        }

        entry.Buffer = buffer;
        entry.Stage = _fill(buffer, entry.Piece);
        _gathered.Add(entry);
        if (_gathered.Count == engine.PiecesPerRun)
        {
            Submit();
        }

        return true;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Submit()
    {
        if (_gathered.Count == 0)
        {
            return;
        }

        _runs.RemoveAll(run => run.IsCompleted);
        while (_runs.Count >= _engine!.RunsAtOnce)
        {
            Ended(_runs[0]).Wait();
            _runs.RemoveAt(0);
        }

        Task run = RunAsync([.. _gathered]);
        _gathered.ForEach(e => e.Work = run);
        _gathered.Clear();
        if (!run.IsCompleted)
        {
            _runs.Add(run);
        }
    }

    private async Task RunAsync(Entry[] entries)
    {
        IEngine engine = _engine!;
        long began = Stopwatch.GetTimestamp();
        using (Activity? activity = SeparationTelemetry.Start("segment"))
        {
            activity?.SetTag("stemsharp.engine", engine.Description);
            await engine.RunAsync([.. entries.Select(e => e.Buffer!)], _pass.Stems, _cancellation.Token).ConfigureAwait(false);
        }

        if (_timeline is not null)
        {
            int stage = _timeline.Add("network", began, [.. entries.Select(e => e.Stage)]);
            Array.ForEach(entries, e => e.Stage = stage);
        }

        SeparationTelemetry.RanSegments(Stopwatch.GetElapsedTime(began).TotalSeconds, entries.Length, engine);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Check(IPieceBuffer buffer)
    {
        if (!_pass.Member.Engines.ChecksResults)
        {
            return;
        }

        foreach (int stem in _pass.Stems)
        {
            for (int c = 0; c < _pass.Member.Definition.Channels; c++)
            {
                if (!float.IsFinite(TensorPrimitives.MaxMagnitude<float>(buffer.Output(stem, c))))
                {
                    throw new EngineException(EngineFailure.Wrong, $"{_engine!.Description} gave samples that are no finite numbers.");
                }
            }
        }
    }

    // Everything that is in the queue is run again: its inputs are gone.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Recover(EngineException failure, int samples)
    {
        WaitForRuns();
        foreach (Entry entry in _queue)
        {
            entry.Buffer?.Dispose();
            (entry.Buffer, entry.Work) = (null, null);
        }

        _gathered.Clear();
        if (!_retried && failure.Failure is EngineFailure.DeviceLost or EngineFailure.Wrong)
        {
            _engine = _pass.Member.Engines.Retry(failure, samples, _pieces);
            _retried = true;
        }
        else if (_pass.Member.Engines.Replace(failure, samples, _pieces) is { } replacement)
        {
            _engine = replacement;
            _retried = false;
        }
        else
        {
            ExceptionDispatchInfo.Throw(failure);
        }

        _samples = 0;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void WaitForRuns()
    {
        foreach (Task run in _runs)
        {
            Ended(run).Wait();
        }

        _runs.Clear();
    }

    // Its error, if any, is told by the pieces that wait for it.
    private static Task Ended(Task run) =>
        run.ContinueWith(_ => { }, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);

    private sealed class Entry(Piece piece, bool needsNetwork)
    {
        public Piece Piece { get; } = piece;

        public bool NeedsNetwork { get; } = needsNetwork;

        public IPieceBuffer? Buffer { get; set; }

        public Task? Work { get; set; }

        /// <summary>The stage that it has been through, in the run's timeline.</summary>
        public int Stage { get; set; } = -1;
    }
}
