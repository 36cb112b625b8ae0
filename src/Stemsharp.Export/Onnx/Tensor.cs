namespace Stemsharp.Export.Onnx;

/// <summary>A named edge of the ONNX graph with its static shape: a node's output, an input or an initializer.</summary>
internal sealed class Tensor(string name, ElementType type, int[] dims)
{
    public string Name { get; } = name;

    public ElementType Type { get; } = type;

    public int[] Dims { get; } = dims;

    public int Rank => Dims.Length;

    public long Elements => Dims.Aggregate(1L, (n, d) => checked(n * d));

    public override string ToString() => $"{Name} {Type} [{string.Join(", ", Dims)}]";
}
