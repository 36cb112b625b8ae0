using System.Runtime.CompilerServices;

namespace Stemsharp.Cpu;

/// <summary>
/// A model of how well a plan's tasks fill many threads. A phase of t equal tasks takes ⌈t/n⌉ rounds on n threads;
/// what a step takes in all is estimated from its operations and its memory traffic. It leaves out what threads do
/// to each other (shared caches, memory, clocks).
/// </summary>
internal static class LoadBalance
{
    // Of one thread of a current server: they only weigh steps against each other.
    private const double FlopsPerSecond = 200e9, BytesPerSecond = 15e9;

    // A barrier's cost beyond the work: waking up and the last counter.
    private const double BarrierSeconds = 3e-6;

    // Below this share of the threads' time, more segments at once are worth their memory.
    private const double GoodEnough = 0.9;

    /// <summary>How much faster than one thread so many are, by the model.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static double SpeedUp(Plan plan, int threads)
    {
        double serial = 0, parallel = 0;
        foreach (Step step in plan.Steps)
        {
            double phase = (step.ExecutedFlops / FlopsPerSecond + step.Bytes / BytesPerSecond) / step.Phases;
            for (int i = 0; i < step.Phases; i++)
            {
                int tasks = Math.Max(1, step.Tasks(i, threads));
                serial += phase;
                parallel += phase * ((tasks + threads - 1) / threads) / tasks + (threads > 1 ? BarrierSeconds : 0);
            }
        }

        return serial / parallel;
    }

    /// <summary>
    /// How many segments to run at once on so many threads: the fewest that keep the threads busy, as the model
    /// says and as memory allows.
    /// </summary>
    /// <param name="plan">The network.</param>
    /// <param name="threads">Threads in all.</param>
    /// <param name="memory">Bytes that sessions beyond the first may take.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static int Groups(Plan plan, int threads, long memory)
    {
        int most = (int)Math.Clamp(1 + memory / Session.Bytes(plan, Math.Max(1, threads / 2)), 1, threads);
        int groups = 1;
        while (groups < most && SpeedUp(plan, Math.Max(1, threads / groups)) < GoodEnough * threads / groups)
        {
            groups++;
        }

        return groups;
    }
}
