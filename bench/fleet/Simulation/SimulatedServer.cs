using Stemsharp.Fleet.Protocol;

namespace Stemsharp.Fleet.Bench.Simulation;

/// <summary>
/// The server: tables, and one thread that does a call at a time, as long as the real one was measured to take. Messages get lost, repeated
/// and delayed.
/// </summary>
internal sealed class SimulatedServer(SimulatedClock clock, ServerRates rates, NetworkFaults faults, int seed)
{
    private const long Timeout = 5 * TimeSpan.TicksPerSecond;

    private readonly Random _random = new(seed);
    private long _busyUntil, _busy;

    internal SimulatedClock Clock => clock;

    internal ServerRates Rates => rates;

    internal SimulatedBucketTable Jobs { get; } = new(clock, null);

    internal SimulatedBucketTable DeadLetters { get; } = new(clock, null);

    internal SimulatedBucketTable? Workers { get; private set; }

    internal SimulatedQueueTable? Queue { get; private set; }

    /// <summary>The time for which it was busy, in ticks.</summary>
    internal long Busy => _busy;

    /// <summary>How long answers take now beyond the way, in ticks.</summary>
    internal long Backlog => Math.Max(0, _busyUntil - clock.Now);

    /// <summary>Makes the tables that know the lease.</summary>
    /// <param name="lease">The lease.</param>
    /// <param name="allowed">Most jobs at once that it hands out; null for as many as it is told to.</param>
    internal void Begin(TimeSpan lease, int? allowed)
    {
        Workers = new SimulatedBucketTable(clock, lease);
        Queue = new SimulatedQueueTable(clock, lease, allowed);
    }

    /// <summary>A call of a client.</summary>
    /// <param name="client">Who calls.</param>
    /// <param name="perSecond">How many of these it does in a second.</param>
    /// <param name="effect">What it does.</param>
    internal Task<T> CallAsync<T>(SimulatedClient client, double perSecond, Func<T> effect)
    {
        TaskCompletionSource<T> answer = new();
        if (_random.NextDouble() < faults.Lost)
        {
            Lose();
            return answer.Task;
        }

        // Calls are queued in the order in which they were made.
        long start = Math.Max(clock.Now + Way(), _busyUntil), cost = (long)(TimeSpan.TicksPerSecond / perSecond);
        _busyUntil = start + cost;
        _busy += cost;
        clock.After(_busyUntil - clock.Now, () =>
        {
            T value = effect();
            if (_random.NextDouble() < faults.Repeated)
            {
                effect();
            }

            if (_random.NextDouble() < faults.Lost)
            {
                Lose();
            }
            else
            {
                client.After(Way(), () => answer.SetResult(value));
            }
        });
        return answer.Task;

        void Lose() => client.After(Timeout, () => answer.SetException(new ConnectionLostException("No answer.", new TimeoutException())));
    }

    private long Way() => (long)(rates.LatencySeconds * TimeSpan.TicksPerSecond * (_random.NextDouble() < faults.Delayed ? 100 : 0.5 + _random.NextDouble()));
}

/// <summary>Records with revisions, which may be forgotten after a time.</summary>
internal sealed class SimulatedBucketTable(SimulatedClock clock, TimeSpan? age)
{
    private readonly Dictionary<string, (byte[] Value, ulong Revision, long Forgotten)> _records = [];
    private ulong _revision;

    /// <summary>Told of each value that is written.</summary>
    internal Action<byte[]>? Written { get; set; }

    internal IEnumerable<BucketEntry> All => _records.Where(r => r.Value.Forgotten > clock.Now).Select(r => new BucketEntry(r.Key, r.Value.Value, r.Value.Revision));

    internal long Count
    {
        get
        {
            foreach (string old in _records.Where(r => r.Value.Forgotten <= clock.Now).Select(r => r.Key).ToArray())
            {
                _records.Remove(old);
            }

            return _records.Count;
        }
    }

    internal BucketEntry? Get(string key) =>
        _records.TryGetValue(key, out (byte[] Value, ulong Revision, long Forgotten) found) && found.Forgotten > clock.Now ? new BucketEntry(key, found.Value, found.Revision) : null;

    internal ulong? Create(string key, byte[] value) => Get(key) is null ? Put(key, value) : null;

    internal ulong? Update(string key, byte[] value, ulong revision) => Get(key)?.Revision == revision ? Put(key, value) : null;

    internal ulong Put(string key, byte[] value)
    {
        Written?.Invoke(value);
        _records[key] = (value, ++_revision, age is { } limit ? clock.Now + limit.Ticks : long.MaxValue);
        return _revision;
    }

    internal bool Delete(string key) => _records.Remove(key);
}
