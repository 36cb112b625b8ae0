using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.ExceptionServices;
using System.Runtime.InteropServices;
using Stemsharp.Inference;
using Stemsharp.MachineCode;

namespace Stemsharp.Cpu;

/// <summary>Work cut into items that may run in any order on any thread.</summary>
internal interface IJob
{
    /// <param name="item">0 … items − 1.</param>
    /// <param name="worker">The thread's index, 0 … <see cref="WorkerPool.Count"/> − 1: which scratch memory to use.</param>
    void Execute(int item, int worker);
}

/// <summary>
/// Threads that live as long as their session. The caller takes part as worker 0. Items are claimed one by
/// one; between jobs that follow each other closely the threads spin for some tens of microseconds, then they
/// park, so an idle pool costs nothing. Starting a job allocates nothing.
/// </summary>
internal sealed class WorkerPool : IWorkers, IDisposable
{
    // The ticket's low half holds the items left plus this bias. Claims beyond the last item only lower the
    // bias, so a thread that comes late can neither take an item of the next job nor disturb its count.
    private const int Bias = 1 << 30;
    private static readonly long s_spinTicks = Stopwatch.Frequency / 20_000; // 50 µs

    private readonly Thread[] _threads;
    private readonly SemaphoreSlim _wake = new(0);
    private readonly ActionJob _actionJob = new();
    private PaddedCounters _shared;
    private IJob? _job;
    private int _items;
    private ExceptionDispatchInfo? _error;
    private volatile bool _stopping;

    /// <param name="count">Threads including the caller; at least 1.</param>
    /// <param name="signalStacks">Whether those beside the caller get <see cref="SignalStack"/>s.</param>
    public WorkerPool(int count, bool signalStacks = false)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        Count = count;
        _threads = new Thread[count - 1];
        for (int i = 0; i < _threads.Length; i++)
        {
            int worker = i + 1;
            _threads[i] = new Thread(() => Loop(worker, signalStacks)) { IsBackground = true, Name = $"stemsharp worker {worker}" };
            _threads[i].Start();
        }
    }

    public int Count { get; }

    /// <inheritdoc/>
    public void For(int items, Action<int> body)
    {
        _actionJob.Body = body;
        Run(_actionJob, items);
        _actionJob.Body = null;
    }

    /// <summary>Runs all items of a job and returns when they are done. One job at a time.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Run(IJob job, int items)
    {
        if (Count == 1 || items <= 1)
        {
            for (int i = 0; i < items; i++)
            {
                job.Execute(i, 0);
            }

            return;
        }

        _job = job;
        _items = items;
        Volatile.Write(ref _shared.Completed, 0);
        long generation = (_shared.Ticket >> 32) + 1;
        Interlocked.Exchange(ref _shared.Ticket, (generation << 32) + Bias + items);
        int parked = Volatile.Read(ref _shared.Parked);
        if (parked > 0)
        {
            _wake.Release(parked);
        }

        while (TryClaim(out int item))
        {
            Execute(item, 0);
        }

        SpinWait spinner = new();
        while (Volatile.Read(ref _shared.Completed) < items)
        {
            if (spinner.Count < 200)
            {
                spinner.SpinOnce(-1);
            }
            else
            {
                Thread.Yield();
            }
        }

        _job = null;
        ExceptionDispatchInfo? error = Interlocked.Exchange(ref _error, null);
        error?.Throw();
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Dispose()
    {
        if (_stopping)
        {
            return;
        }

        _stopping = true;
        if (_threads.Length > 0)
        {
            _wake.Release(_threads.Length);
        }

        foreach (Thread thread in _threads)
        {
            thread.Join();
        }

        _wake.Dispose();
    }

    private bool TryClaim(out int item)
    {
        int left = (int)(Interlocked.Decrement(ref _shared.Ticket) & 0xFFFFFFFF) - Bias;
        item = left < 0 ? 0 : _items - 1 - left;
        return left >= 0;
    }

    private void Execute(int item, int worker)
    {
        try
        {
            _job!.Execute(item, worker);
        }
#pragma warning disable CA1031 // Whatever happens on a worker belongs to the caller, who gets it rethrown.
        catch (Exception e)
#pragma warning restore CA1031
        {
            Interlocked.CompareExchange(ref _error, ExceptionDispatchInfo.Capture(e), null);
        }

        Interlocked.Increment(ref _shared.Completed);
    }

    private bool HasWork() => (int)(Volatile.Read(ref _shared.Ticket) & 0xFFFFFFFF) > Bias;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Loop(int worker, bool signalStack)
    {
        using SignalStack? stack = signalStack ? SignalStack.Enlarge() : null;
        while (!_stopping)
        {
            if (HasWork())
            {
                while (TryClaim(out int item))
                {
                    Execute(item, worker);
                }
            }

            long start = Stopwatch.GetTimestamp();
            while (!HasWork() && !_stopping && Stopwatch.GetTimestamp() - start < s_spinTicks)
            {
                Thread.SpinWait(20);
            }

            if (HasWork() || _stopping)
            {
                continue;
            }

            // The caller publishes the ticket, then reads Parked; this thread raises Parked, then reads the
            // ticket: one of the two sees the other.
            Interlocked.Increment(ref _shared.Parked);
            if (!HasWork() && !_stopping)
            {
                _wake.Wait();
            }

            Interlocked.Decrement(ref _shared.Parked);
        }
    }

    private sealed class ActionJob : IJob
    {
        public Action<int>? Body { get; set; }

        public void Execute(int item, int worker) => Body!(item);
    }

    // Each counter on cache lines of its own (adjacent lines are fetched in pairs).
    [StructLayout(LayoutKind.Explicit, Size = 512)]
    private struct PaddedCounters
    {
        [FieldOffset(128)]
        public long Ticket;

        [FieldOffset(256)]
        public int Completed;

        [FieldOffset(384)]
        public int Parked;
    }
}
