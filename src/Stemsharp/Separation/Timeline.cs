using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace Stemsharp.Separation;

/// <summary>
/// When the stages of a separation began and ended, and what each had to wait for: for benchmarks. Nobody else has one, and a stage
/// without one costs nothing.
/// </summary>
internal sealed class Timeline
{
    private readonly Lock _lock = new();
    private readonly List<TimelineStage> _stages = [];
    private readonly List<double> _chains = [];

    /// <summary>All stages so far, by number.</summary>
    public IReadOnlyList<TimelineStage> Stages
    {
        get
        {
            lock (_lock)
            {
                return [.. _stages];
            }
        }
    }

    /// <summary>
    /// The longest chain of stages that had to wait for each other, in seconds: what would be left of the time with processors and
    /// disks without end.
    /// </summary>
    public double CriticalPath
    {
        get
        {
            lock (_lock)
            {
                return _chains.DefaultIfEmpty(0).Max();
            }
        }
    }

    /// <summary>Now, for <see cref="Add"/>.</summary>
    public static long Now => Stopwatch.GetTimestamp();

    /// <summary>Notes a stage that has ended.</summary>
    /// <param name="name">What it is; the same for each time.</param>
    /// <param name="began">When it began.</param>
    /// <param name="after">Numbers of the stages that it needed; negative ones are none.</param>
    /// <returns>Its number.</returns>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public int Add(string name, long began, params ReadOnlySpan<int> after)
    {
        long ended = Now;
        lock (_lock)
        {
            double chain = 0;
            foreach (int stage in after)
            {
                chain = Math.Max(chain, stage < 0 ? 0 : _chains[stage]);
            }

            _stages.Add(new TimelineStage(name, began, ended, Environment.CurrentManagedThreadId));
            _chains.Add(chain + Stopwatch.GetElapsedTime(began, ended).TotalSeconds);
            return _stages.Count - 1;
        }
    }
}

/// <summary>One stage.</summary>
/// <param name="Name">What was done.</param>
/// <param name="Began">When, as <see cref="Stopwatch.GetTimestamp"/> has it.</param>
/// <param name="Ended">Until when.</param>
/// <param name="Thread">By which thread.</param>
internal readonly record struct TimelineStage(string Name, long Began, long Ended, int Thread)
{
    /// <summary>How long it took.</summary>
    public double Seconds => Stopwatch.GetElapsedTime(Began, Ended).TotalSeconds;
}
