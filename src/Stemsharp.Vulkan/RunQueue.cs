using System.Diagnostics;
using Stemsharp.Inference;
using Stemsharp.Vulkan.Device;

namespace Stemsharp.Vulkan;

/// <summary>
/// The runs of a session, in order, on a thread of their own: it hands their parts to the device, some ahead of what is done, so
/// that the device never waits and a run can still be stopped between its parts. What was begun is always waited for.
/// </summary>
internal sealed class RunQueue : IDisposable
{
    // Parts that the device has at once: one at work, one that follows, and a download.
    private const int PartsAhead = 3;

    // How long to wait for a part before looking at what else there is: new runs, cancellation.
    private const int ShortSlice = 1, LongSlice = 20;

    private readonly GpuSession _session;
    private readonly TimeSpan _limit;
    private readonly Queue<Entry> _waiting = new();
    private readonly Queue<Part> _parts = new();
    private readonly SemaphoreSlim _signal = new(0);
    private readonly Thread _thread;
    private volatile bool _stops;
    private VulkanException? _lost;
    private Entry? _current;
    private int _underWay, _slot;

    /// <param name="session">The session, which nobody else uses from now on.</param>
    /// <param name="limit">How long a part may take.</param>
    public RunQueue(GpuSession session, TimeSpan limit)
    {
        _session = session;
        _limit = limit;
        _thread = new Thread(Work) { IsBackground = true, Name = "stemsharp-vulkan" };
        _thread.Start();
    }

    /// <summary>Appends a run.</summary>
    /// <returns>Completes when the stems can be read; runs complete in order.</returns>
    public Task Add(IReadOnlyList<GpuPiece> pieces, int mask, CancellationToken cancellationToken)
    {
        Entry entry = new(pieces, mask, cancellationToken);
        lock (_waiting)
        {
            ObjectDisposedException.ThrowIf(_stops, this);
            _waiting.Enqueue(entry);
        }

        _signal.Release();
        return entry.Done.Task;
    }

    /// <summary>Stops what is under way, and waits for it.</summary>
    public void Dispose()
    {
        lock (_waiting)
        {
            _stops = true;
        }

        _signal.Release();
        _thread.Join();
        _signal.Dispose();
    }

    private void Work()
    {
        while (true)
        {
            lock (_waiting)
            {
                // Two runs share nothing but the arena, and that in turns.
                if (_current is null && _underWay < GpuSession.RunsAtOnce && _waiting.TryDequeue(out _current))
                {
                    _underWay++;
                }

                if (_current is null && _parts.Count == 0 && _stops)
                {
                    return;
                }
            }

            try
            {
                if (_current is { } entry && _parts.Count < PartsAhead)
                {
                    Advance(entry);
                }
                else if (_parts.Count > 0)
                {
                    WaitForOldest();
                }
                else
                {
                    _signal.Wait();
                }
            }
            catch (VulkanException e)
            {
                Fail(e);
            }
        }
    }

    // Hands in the next part, or gives the rest up.
    private void Advance(Entry entry)
    {
        if (_lost is not null || _stops || entry.CancellationToken.IsCancellationRequested)
        {
            GiveUp(entry);
            return;
        }

        if (entry.Run is null)
        {
            entry.Run = _session.Begin(entry.Pieces, entry.Mask, _slot);
            _slot = (_slot + 1) % GpuSession.RunsAtOnce;
        }

        (Timeline timeline, ulong value) = _session.SubmitNext(entry.Run);
        _parts.Enqueue(new Part(entry, timeline, value, entry.Run.IsWhole));
        if (entry.Run.IsWhole)
        {
            _current = null;
        }
    }

    // What was handed in is waited for: the run ends in its turn.
    private void GiveUp(Entry entry)
    {
        _parts.Enqueue(new Part(entry, null, 0, IsLast: true));
        _current = null;
    }

    private void WaitForOldest()
    {
        Part part = _parts.Peek();
        if (part.Timeline is { } timeline && _lost is null)
        {
            part.Since ??= Stopwatch.GetTimestamp();
            if (!timeline.Reaches(part.Value, _current is null ? ShortSlice : LongSlice))
            {
                if (Stopwatch.GetElapsedTime(part.Since.Value) > _limit)
                {
                    throw timeline.Hang(_limit);
                }

                return;
            }
        }

        _parts.Dequeue();
        if (part.IsLast)
        {
            End(part.Entry);
        }
    }

    private void End(Entry entry)
    {
        _underWay--;
        try
        {
            if (entry.Run is { } run && _lost is null)
            {
                _session.End(run);
            }
        }
        catch (VulkanException e)
        {
            entry.Failure = e;
        }

        if ((_lost ?? entry.Failure) is { } failure)
        {
            entry.Done.TrySetException(failure);
        }
        else if (entry.Run is { IsWhole: true } && !_stops)
        {
            entry.Done.TrySetResult();
        }
        else
        {
            entry.Done.TrySetCanceled(entry.CancellationToken.IsCancellationRequested ? entry.CancellationToken : new CancellationToken(canceled: true));
        }
    }

    // A device that is lost runs nothing any more; another failure is the run's that was to be handed in.
    private void Fail(VulkanException failure)
    {
        if (_current is { } entry && failure.Failure != EngineFailure.DeviceLost)
        {
            entry.Failure = failure;
            GiveUp(entry);
            return;
        }

        _lost = failure;
    }

    private sealed class Entry(IReadOnlyList<GpuPiece> pieces, int mask, CancellationToken cancellationToken)
    {
        public IReadOnlyList<GpuPiece> Pieces => pieces;

        public int Mask => mask;

        public CancellationToken CancellationToken => cancellationToken;

        public TaskCompletionSource Done { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public GpuRun? Run { get; set; }

        public VulkanException? Failure { get; set; }
    }

    private sealed record Part(Entry Entry, Timeline? Timeline, ulong Value, bool IsLast)
    {
        // Since when it is waited for.
        public long? Since { get; set; }
    }
}
