using Stemsharp.Export.Interpretation;

namespace Stemsharp.Export.Onnx.Interpretation;

/// <summary>A tensor of a running graph: singles (halves are kept as the singles that they are), or integers.</summary>
internal sealed class OnnxValue : IOperand
{
    private readonly float[]? _data;
    private readonly long[]? _integers;

    public OnnxValue(ElementType type, int[] shape, float[] data) => (Type, Shape, _data) = (type, shape, data);

    public OnnxValue(ElementType type, int[] shape, long[] integers) => (Type, Shape, _integers) = (type, shape, integers);

    public ElementType Type { get; }

    public int[] Shape { get; }

    public int Elements => (int)Shape.Aggregate(1L, (n, d) => n * d);

    public float[] Data => _data ?? throw new NotSupportedException($"A tensor of {Type} stands where numbers with a fraction are needed.");

    public long[] Integers => _integers ?? throw new NotSupportedException($"A tensor of {Type} stands where integers are needed.");

    /// <summary>The same elements in another shape.</summary>
    public OnnxValue Reshaped(int[] shape) => _data is not null ? new OnnxValue(Type, shape, _data) : new OnnxValue(Type, shape, _integers!);
}
