using Stemsharp.Fleet.Protocol;

namespace Stemsharp.Fleet.Bench.Simulation;

/// <summary>A work queue as JetStream's: what was handed out and not acknowledged comes again, at most so many are out at once.</summary>
internal sealed class SimulatedQueueTable(SimulatedClock clock, TimeSpan lease, int? fixedAllowed)
{
    private readonly SortedDictionary<(Lane Lane, string Model), Part> _parts = [];
    private readonly List<Action> _idle = [];
    private int _allowed = fixedAllowed ?? 1000;

    /// <summary>Tells how many jobs are out.</summary>
    internal int Running => _parts.Values.Sum(p => p.Out.Count);

    internal IReadOnlyList<QueueDepth> Depths => [.. _parts.Select(p => new QueueDepth(p.Key.Lane, p.Key.Model, p.Value.Waiting.Count, p.Value.Out.Count))];

    internal bool Add(Lane lane, string model, JobMessage message)
    {
        Part part = PartOf(lane, model);
        if (!part.All.TryAdd(message, clock.Now))
        {
            return false;
        }

        part.Waiting.Enqueue(message);
        Ring();
        return true;
    }

    internal void Remove(Lane lane, string model, JobMessage message)
    {
        Part part = PartOf(lane, model);
        part.All.Remove(message);
        part.Out.Remove(message);
    }

    /// <summary>When the oldest came in that was not acknowledged; null for none.</summary>
    internal long? Oldest(Lane lane, string model) => PartOf(lane, model).All is { Count: > 0 } all ? all.Values.Min() : null;

    internal JobMessage? Take(Lane lane, string model)
    {
        Part part = PartOf(lane, model);
        while (part.Again.TryDequeue(out JobMessage again))
        {
            if (part.Out.ContainsKey(again))
            {
                return HandOut(part, again);
            }
        }

        while (part.Out.Count < _allowed && part.Waiting.TryDequeue(out JobMessage next))
        {
            if (part.All.ContainsKey(next))
            {
                return HandOut(part, next);
            }
        }

        return null;
    }

    internal void Keep(Lane lane, string model, JobMessage message)
    {
        Part part = PartOf(lane, model);
        if (part.Out.ContainsKey(message))
        {
            part.Out[message] = clock.Now + lease.Ticks;
        }
    }

    internal void GiveBack(Lane lane, string model, JobMessage message, TimeSpan delay)
    {
        Part part = PartOf(lane, model);
        if (part.Out.ContainsKey(message))
        {
            part.Out[message] = clock.Now + delay.Ticks;
            Expire(part, message);
        }
    }

    internal void Allow(int running) => _allowed = fixedAllowed ?? Math.Max(_allowed, running);

    /// <summary>Calls one of those who wait when there is something new.</summary>
    internal void WhenAdded(Action ring) => _idle.Add(ring);

    internal void NoMore(Action ring) => _idle.Remove(ring);

    private JobMessage HandOut(Part part, JobMessage message)
    {
        part.Out[message] = clock.Now + lease.Ticks;
        Expire(part, message);
        return message;
    }

    private void Expire(Part part, JobMessage message)
    {
        long at = part.Out[message];
        clock.After(at - clock.Now, () =>
        {
            if (!part.Out.TryGetValue(message, out long until))
            {
                return;
            }

            if (until == at)
            {
                part.Again.Enqueue(message);
                Ring();
            }
            else if (until > at)
            {
                Expire(part, message);
            }
        });
    }

    private void Ring()
    {
        if (_idle.Count > 0)
        {
            Action first = _idle[0];
            _idle.RemoveAt(0);
            first();
        }
    }

    private Part PartOf(Lane lane, string model)
    {
        if (!_parts.TryGetValue((lane, model), out Part? part))
        {
            _parts[(lane, model)] = part = new Part();
        }

        return part;
    }

    private sealed class Part
    {
        /// <summary>What has not been acknowledged, and when it came in.</summary>
        internal Dictionary<JobMessage, long> All { get; } = [];

        internal Queue<JobMessage> Waiting { get; } = new();

        internal Queue<JobMessage> Again { get; } = new();

        internal Dictionary<JobMessage, long> Out { get; } = [];
    }
}
