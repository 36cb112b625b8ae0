using System.Runtime.CompilerServices;
using Stemsharp.Client;

namespace Stemsharp.Web.Queue;

/// <summary>
/// Tells every watcher what has changed. A watcher holds no events but the keys of what it has not been told of: one
/// that reads slowly gets the latest state of each thing, and its memory is bounded by the number of things.
/// </summary>
internal sealed class EventHub
{
    private readonly Lock _gate = new();
    private readonly HashSet<Watcher> _watchers = [];

    public int Watchers
    {
        get
        {
            lock (_gate)
            {
                return _watchers.Count;
            }
        }
    }

    public void JobChanged(string id) => Tell((Kind.Job, id));

    public void ModelChanged(string name) => Tell((Kind.Model, name));

    /// <summary>The events from now on, the first with everything as it stands.</summary>
    /// <param name="jobs">Everything as it stands, or the newest page of it.</param>
    /// <param name="job">A job by its id, null where it is gone.</param>
    /// <param name="model">A model by its name.</param>
    /// <param name="heartbeat">A null comes when nothing has happened for this long.</param>
    /// <param name="cancellationToken">Ends the stream.</param>
    public async IAsyncEnumerable<ServerEvent?> WatchAsync(
        Func<JobPage> jobs, Func<string, Job?> job, Func<string, ModelInfo?> model, TimeSpan heartbeat,
        [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        Watcher watcher = new();
        lock (_gate)
        {
            _watchers.Add(watcher);
        }

        try
        {
            JobPage newest = jobs();
            yield return new ServerEvent(Now()) { Jobs = newest.Jobs, Next = newest.Next };
            while (!cancellationToken.IsCancellationRequested)
            {
                bool woken = await watcher.WaitAsync(heartbeat, cancellationToken).ConfigureAwait(false);
                if (!woken)
                {
                    yield return null;
                }

                foreach (((Kind kind, string key), long at) in watcher.Take())
                {
                    ServerEvent happened = new(at);
                    if (kind == Kind.Model)
                    {
                        if (model(key) is { } changed)
                        {
                            yield return happened with { Model = changed };
                        }
                    }
                    else
                    {
                        yield return job(key) is { } changed ? happened with { Job = changed } : happened with { Removed = key };
                    }
                }
            }
        }
        finally
        {
            lock (_gate)
            {
                _watchers.Remove(watcher);
            }

            watcher.Dispose();
        }
    }

    private static long Now() => DateTimeOffset.UtcNow.ToUnixTimeMilliseconds();

    private void Tell((Kind, string) key)
    {
        long now = Now();
        lock (_gate)
        {
            foreach (Watcher watcher in _watchers)
            {
                watcher.Add(key, now);
            }
        }
    }

    private enum Kind
    {
        Job, Model,
    }

    private sealed class Watcher : IDisposable
    {
        private readonly Lock _gate = new();
        private readonly SemaphoreSlim _signal = new(0);
        private OrderedDictionary<(Kind, string), long> _pending = [];

        public void Add((Kind, string) key, long at)
        {
            lock (_gate)
            {
                bool first = _pending.Count == 0;
                // The time of the oldest change that has not been told: what an event's latency is measured from.
                _pending.TryAdd(key, at);
                if (first)
                {
                    _signal.Release();
                }
            }
        }

        public Task<bool> WaitAsync(TimeSpan limit, CancellationToken cancellationToken) => _signal.WaitAsync(limit, cancellationToken);

        public OrderedDictionary<(Kind, string), long> Take()
        {
            lock (_gate)
            {
                OrderedDictionary<(Kind, string), long> taken = _pending;
                _pending = [];
                return taken;
            }
        }

        public void Dispose() => _signal.Dispose();
    }
}
