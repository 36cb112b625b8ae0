namespace Stemsharp.Fleet.Bench.Simulation;

/// <summary>Time that passes from event to event, on one thread. Two events at one time come in the order in which they were planned.</summary>
internal sealed class SimulatedClock
{
    private readonly PriorityQueue<Action, (long Time, long Order)> _events = new();
    private long _order;

    /// <summary>Now, in ticks of 100 ns from the start.</summary>
    internal long Now { get; private set; }

    /// <summary>Plans an event.</summary>
    /// <param name="delay">In ticks from now.</param>
    /// <param name="action">What happens then.</param>
    internal void After(long delay, Action action) => _events.Enqueue(action, (Now + Math.Max(0, delay), _order++));

    /// <summary>Lets time pass until nothing is planned, or something is over.</summary>
    internal void Run(Func<bool> isOver)
    {
        while (!isOver() && _events.TryDequeue(out Action? action, out (long Time, long Order) at))
        {
            Now = at.Time;
            action();
        }
    }
}
