namespace Stemsharp.Export.Onnx.Lowering;

/// <summary>Work on a tensor that is too large to be done at once.</summary>
internal static class Blocks
{
    /// <summary>What a tensor may take: browsers bind no more of a GPU's memory at once.</summary>
    public const long MostBytes = 128 << 20;

    /// <summary>Cuts an axis into as few equal blocks as keep each one's work within the limit, and joins what is made of them.</summary>
    /// <param name="graph">The graph.</param>
    /// <param name="name">The result's name.</param>
    /// <param name="x">What is cut.</param>
    /// <param name="axis">The axis, in the result too.</param>
    /// <param name="bytes">Bytes of the largest tensor on the way, for one element of the axis.</param>
    /// <param name="limit">Bytes that a tensor may have.</param>
    /// <param name="make">Makes a block's result of a name and the block.</param>
    public static Tensor Of(OnnxGraph graph, string name, Tensor x, int axis, long bytes, long limit, Func<string, Tensor, Tensor> make)
    {
        int length = x.Dims[axis], blocks = (int)Math.Min(length, (bytes * length + limit - 1) / limit);
        if (blocks <= 1)
        {
            return make(name, x);
        }

        Tensor[] parts = graph.Split($"{name}/blocks", x, axis, [.. Enumerable.Range(0, blocks).Select(b => length * (b + 1) / blocks - length * b / blocks)]);
        return graph.Concat(name, [.. parts.Select((part, b) => make($"{name}/block{b}", part))], axis);
    }
}
