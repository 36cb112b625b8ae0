using System.Runtime.ExceptionServices;

namespace Stemsharp.Inference;

/// <summary>
/// Runs independent pieces of work on an engine's threads, so that transforms and blending around the network use the
/// same threads as the network does.
/// </summary>
public interface IWorkers
{
    /// <summary>How many threads take part, the caller's included; at least 1.</summary>
    int Count { get; }

    /// <summary>
    /// Calls <paramref name="body"/> once for each item in 0 … <paramref name="items"/> − 1, in any order on
    /// any of the threads, and returns when all are done. The first exception is rethrown.
    /// </summary>
    /// <param name="items">How many pieces there are.</param>
    /// <param name="body">Gets the item's index.</param>
    void For(int items, Action<int> body);
}

/// <summary>The process's own threads, for the work around an engine that lends none.</summary>
internal sealed class ParallelWorkers(int count) : IWorkers
{
    /// <summary>The caller's thread alone.</summary>
    public static ParallelWorkers Caller { get; } = new(1);

    private readonly ParallelOptions _options = new() { MaxDegreeOfParallelism = count };

    public int Count => count;

    public void For(int items, Action<int> body)
    {
        if (count == 1)
        {
            for (int i = 0; i < items; i++)
            {
                body(i);
            }

            return;
        }

        try
        {
            Parallel.For(0, items, _options, body);
        }
        catch (AggregateException error)
        {
            ExceptionDispatchInfo.Throw(error.InnerExceptions[0]);
        }
    }
}

/// <summary>Threads for several callers at once: they take turns, so that there are never more at work than one of them would have.</summary>
internal sealed class SharedWorkers(IWorkers workers) : IWorkers
{
    private readonly Lock _turn = new();

    public int Count => workers.Count;

    public void For(int items, Action<int> body)
    {
        lock (_turn)
        {
            workers.For(items, body);
        }
    }
}
