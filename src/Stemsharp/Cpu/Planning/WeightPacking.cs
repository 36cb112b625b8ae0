using System.Collections.Concurrent;
using Stemsharp.Graph;

namespace Stemsharp.Cpu.Planning;

/// <summary>
/// Packs matrices on some threads while the plan is still being made: that is most of what loading a model takes.
/// Each thread has a reader of its own; what a matrix holds does not depend on who packs it.
/// </summary>
internal sealed class WeightPacking : IDisposable
{
    // Each reader keeps room for the largest tensors, some 20 MB of an official model.
    private const int MaxThreads = 4;

    private readonly IWeightSource _source;
    private readonly PackedStore _store;
    private readonly BlockingCollection<Action<WeightReader>> _jobs = [];
    private readonly Task[] _helpers;

    /// <param name="source">The tensors; read by several threads at once.</param>
    /// <param name="store">Gets what is packed.</param>
    /// <param name="threads">Threads, the caller of <see cref="Finish"/> included.</param>
    public WeightPacking(IWeightSource source, PackedStore store, int threads)
    {
        _source = source;
        _store = store;
        _helpers = [.. Enumerable.Range(1, Math.Min(threads, MaxThreads) - 1).Select(_ => Task.Factory.StartNew(Work, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default))];
    }

    /// <summary>A job to be done by some thread, with that thread's reader.</summary>
    public void Add(Action<WeightReader> job) => _jobs.Add(job);

    /// <summary>Takes part in what is left, and returns when everything is packed.</summary>
    public void Finish()
    {
        _jobs.CompleteAdding();
        Work();
        Task.WhenAll(_helpers).GetAwaiter().GetResult();
    }

    /// <summary>Gives up what was not begun.</summary>
    public void Dispose()
    {
        _jobs.CompleteAdding();
        while (_jobs.TryTake(out _))
        {
        }

        // What went wrong there is told by Finish, or is of no account any more.
        Task.WhenAll(_helpers).ContinueWith(_ => { }, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default).Wait();
        _jobs.Dispose();
    }

    private void Work()
    {
        using WeightReader reader = new(_source, _store);
        foreach (Action<WeightReader> job in _jobs.GetConsumingEnumerable())
        {
            job(reader);
        }
    }
}
