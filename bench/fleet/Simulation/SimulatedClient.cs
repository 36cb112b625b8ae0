namespace Stemsharp.Fleet.Bench.Simulation;

/// <summary>One process of the simulation. When it is killed, no timer rings for it and no answer reaches it any more.</summary>
internal sealed class SimulatedClient(SimulatedClock clock) : TimeProvider
{
    private static readonly DateTimeOffset s_start = new(2030, 1, 1, 0, 0, 0, TimeSpan.Zero);

    /// <summary>Whether it was killed.</summary>
    internal bool IsDead { get; private set; }

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override long GetTimestamp() => clock.Now;

    public override DateTimeOffset GetUtcNow() => At(clock.Now);

    /// <summary>What time it is at a reading of the clock.</summary>
    internal static DateTimeOffset At(long ticks) => s_start.AddTicks(ticks);

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        Timer timer = new(this, callback, state);
        timer.Change(dueTime, period);
        return timer;
    }

    /// <summary>kill -9.</summary>
    internal void Kill() => IsDead = true;

    /// <summary>Does something in the process later, if it still lives then.</summary>
    internal void After(long delay, Action action) => clock.After(delay, () =>
    {
        if (!IsDead)
        {
            action();
        }
    });

    private sealed class Timer(SimulatedClient owner, TimerCallback callback, object? state) : ITimer
    {
        private int _turn;

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            int turn = ++_turn;
            if (dueTime != Timeout.InfiniteTimeSpan)
            {
                owner.After(dueTime.Ticks, () =>
                {
                    if (turn == _turn)
                    {
                        callback(state);
                        if (turn == _turn && period != Timeout.InfiniteTimeSpan)
                        {
                            Change(period, period);
                        }
                    }
                });
            }

            return true;
        }

        public void Dispose() => _turn++;

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
