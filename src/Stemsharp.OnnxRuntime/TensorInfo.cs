namespace Stemsharp.OnnxRuntime;

/// <summary>An input or output of a model: its name, its dimensions, and whether it holds floats.</summary>
internal sealed record TensorInfo(string Name, long[] Dims, bool IsFloat)
{
    public long Elements => Dims.Aggregate(1L, (n, d) => n * d);

    public override string ToString() => $"{Name} [{string.Join(", ", Dims)}]";
}
