using Stemsharp.Kernels.Gemm;

namespace Stemsharp.Cpu;

/// <summary>
/// One fused operation of a plan. It runs in phases with a barrier after each; a phase is cut into tasks that
/// may run in any order. Steps hold no state of a run: sessions share them.
/// </summary>
internal abstract class Step(string name, string description) : IDisposable
{
    /// <summary>The graph node that the step is named after.</summary>
    public string Name { get; } = name;

    /// <summary>What is fused into it, for the plan's text.</summary>
    public string Description { get; } = description;

    /// <summary>The model's own floating-point operations in it (see Graph.Flops).</summary>
    public long Flops { get; set; }

    /// <summary>Bytes of the tensors that it reads or writes.</summary>
    public long TensorBytes { get; set; }

    /// <summary>The least that has to move through memory: each tensor it reads or writes once, each weight once.</summary>
    public long Bytes => TensorBytes + Weights.Sum(w => w.Bytes);

    /// <summary>Floating-point operations that it executes in its products.</summary>
    public virtual long ExecutedFlops => Flops;

    /// <summary>Its matrices, which the network's plans share.</summary>
    public virtual IEnumerable<PackedWeights> Weights => [];

    public virtual int Phases => 1;

    /// <summary>Floats of scratch memory that a worker needs.</summary>
    public virtual long ScratchFloats => 0;

    /// <summary>Doubles of slots that it needs.</summary>
    public virtual long SlotDoubles => 0;

    /// <summary>
    /// How many tasks a phase has for so many workers. Results must not depend on it: tasks may be cut finer
    /// for more workers, sums may not.
    /// </summary>
    public abstract int Tasks(int phase, int workers);

    public abstract void Run(int phase, int task, in Workspace w);

    public void Dispose()
    {
        Dispose(true);
        GC.SuppressFinalize(this);
    }

    protected virtual void Dispose(bool disposing)
    {
    }
}
