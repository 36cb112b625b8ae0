namespace Stemsharp.OnnxRuntime;

/// <summary>An input or output of a model: its name, its dimensions, those that it leaves open below 0, and whether it holds floats.</summary>
internal sealed record TensorInfo(string Name, long[] Dims, bool IsFloat)
{
    /// <summary>The dimensions with the first one, where it is open, set.</summary>
    /// <exception cref="ModelException">Another one is open.</exception>
    public long[] Shape(int batch)
    {
        long[] shape = [.. Dims.Select((d, i) => i == 0 && d < 0 ? batch : d)];
        return shape.All(d => d >= 0) ? shape : throw new ModelException($"The graph leaves dimensions of {this} open; only the first one may be.");
    }

    public override string ToString() => $"{Name} [{string.Join(", ", Dims.Select(d => d < 0 ? "?" : $"{d}"))}]";
}
