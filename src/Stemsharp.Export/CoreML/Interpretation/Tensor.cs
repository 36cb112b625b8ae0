using Stemsharp.Export.CoreML.Reading;
using Stemsharp.Export.Interpretation;

namespace Stemsharp.Export.CoreML.Interpretation;

/// <summary>Memory that several values may share: a reshape has its input's.</summary>
internal sealed class TensorBuffer(float[] data)
{
    public float[] Data { get; } = data;

    public int Users { get; set; }
}

/// <summary>A value of the running program; halves are kept as the floats that they are.</summary>
internal sealed class Tensor(TensorSpec spec, TensorBuffer buffer) : IOperand
{
    public TensorSpec Spec { get; } = spec;

    public TensorBuffer Buffer { get; } = buffer;

    public float[] Data => Buffer.Data;

    public int[] Shape => Spec.Shape;

    public int Elements => Spec.Elements;

    public ReadOnlySpan<float> Span => Buffer.Data.AsSpan(0, Spec.Elements);
}
