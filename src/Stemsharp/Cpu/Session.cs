using System.Diagnostics;
using System.Runtime.CompilerServices;
using Stemsharp.Simd;

namespace Stemsharp.Cpu;

/// <summary>One run at a time of a plan: an arena, scratch memory for each worker, and the workers.</summary>
internal sealed unsafe class Session : IJob, IDisposable
{
    private readonly Plan _plan;
    private readonly NativeBuffer<byte> _memory;
    private readonly long[]? _ticks;
    private Workspace _workspace;
    private Step? _step;
    private int _phase;
    private CancellationToken _cancellation;

    /// <param name="plan">What to run.</param>
    /// <param name="workers">The threads to run on; owned by the caller.</param>
    /// <param name="profile">Whether to sum up the time of each step.</param>
    public Session(Plan plan, WorkerPool workers, bool profile = false)
    {
        _plan = plan;
        Workers = workers;
        _ticks = profile ? new long[plan.Steps.Count] : null;
        ScratchStride = StrideOf(plan);
        long slots = SlotsOf(plan);
        _memory = new NativeBuffer<byte>(Bytes(plan, workers.Count), hugePages: true);
        _workspace.Arena = (float*)_memory.Data + Tensor.Slack; // readers may touch a margin on both sides
        _workspace.Slots = (double*)(_workspace.Arena + (plan.ArenaFloats + Tensor.Slack + 15) / 16 * 16);
        Scratch = (float*)_workspace.Slots + slots;
        _workspace.Workers = workers.Count;
    }

    /// <summary>Memory of a session on so many threads.</summary>
    public static long Bytes(Plan plan, int threads) =>
        (plan.ArenaFloats + 2 * Tensor.Slack + SlotsOf(plan) + threads * StrideOf(plan) + 64) * sizeof(float);

    public WorkerPool Workers { get; }

    private float* Scratch { get; }

    private long ScratchStride { get; }

    /// <summary>Time spent in a step so far; zero without profiling.</summary>
    public TimeSpan TimeOf(int step) => _ticks == null ? TimeSpan.Zero : Stopwatch.GetElapsedTime(0, _ticks[step]);

    /// <summary>Forgets the times so far.</summary>
    public void ResetProfile()
    {
        if (_ticks != null)
        {
            Array.Clear(_ticks);
        }
    }

    /// <summary>An input's or output's memory.</summary>
    public float* Port(PlanPort port) => _workspace.At(port.Tensor);

    /// <summary>Runs the plan on what the input ports hold. Their memory is used for other things on the way.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Run(CancellationToken cancellationToken)
    {
        _cancellation = cancellationToken;
        for (int i = 0; i < _plan.Steps.Count; i++)
        {
            long start = _ticks == null ? 0 : Stopwatch.GetTimestamp();
            _step = _plan.Steps[i];
            for (_phase = 0; _phase < _step.Phases; _phase++)
            {
                cancellationToken.ThrowIfCancellationRequested();
                Workers.Run(this, _step.Tasks(_phase, Workers.Count));
            }

            _ticks?[i] += Stopwatch.GetTimestamp() - start;
        }
    }

    /// <summary>
    /// Runs one task of each phase of each step, so that the song finds their code compiled. What the steps read is of no account, so
    /// the threads take different steps at a time, and compile them side by side.
    /// </summary>
    public void Rehearse() => Workers.Run(new Rehearsal(this), _plan.Steps.Count);

    void IJob.Execute(int item, int worker)
    {
        if (_cancellation.IsCancellationRequested)
        {
            return;
        }

        _step!.Run(_phase, item, WorkspaceOf(worker));
    }

    public void Dispose() => _memory.Dispose();

    private Workspace WorkspaceOf(int worker)
    {
        Workspace workspace = _workspace;
        workspace.Scratch = Scratch + worker * ScratchStride;
        return workspace;
    }

    // Each worker's scratch memory begins on a cache line that no other one shares.
    private static long StrideOf(Plan plan) => (plan.ScratchFloats + 63) / 32 * 32 + 32;

    private static long SlotsOf(Plan plan) => (plan.SlotDoubles * 2 + 15) / 16 * 16;

    private sealed class Rehearsal(Session session) : IJob
    {
        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        public void Execute(int item, int worker)
        {
            Step step = session._plan.Steps[item];
            for (int phase = 0; phase < step.Phases; phase++)
            {
                if (step.Tasks(phase, session.Workers.Count) > 0)
                {
                    step.Run(phase, 0, session.WorkspaceOf(worker));
                }
            }
        }
    }
}
