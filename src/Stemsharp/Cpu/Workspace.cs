namespace Stemsharp.Cpu;

/// <summary>What a step sees of a session: the arena and its thread's scratch memory.</summary>
internal unsafe struct Workspace
{
    /// <summary>The arena's start.</summary>
    public float* Arena;

    /// <summary>This worker's scratch memory, 64-byte aligned.</summary>
    public float* Scratch;

    /// <summary>Slots for sums that tasks write and the next phase merges; shared by the session.</summary>
    public double* Slots;

    /// <summary>How many threads take part.</summary>
    public int Workers;

    public readonly float* At(Tensor tensor) => Arena + tensor.Offset;

    /// <summary>A channel of a tensor.</summary>
    public readonly float* At(Tensor tensor, int channel) => Arena + tensor.Offset + (long)channel * tensor.Stride;
}
