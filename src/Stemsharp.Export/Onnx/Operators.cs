using System.Globalization;

namespace Stemsharp.Export.Onnx;

/// <summary>
/// The operators that the writer uses, one method each, with their output's shape. What differs between
/// operator-set versions is settled here.
/// </summary>
internal static class Operators
{
    public static Tensor Reshape(this OnnxGraph g, string name, Tensor x, params int[] dims)
    {
        if (x.Dims.AsSpan().SequenceEqual(dims))
        {
            return x;
        }

        long count = dims.Aggregate(1L, (n, d) => n * d);
        if (count != x.Elements)
        {
            throw new InvalidOperationException($"{x} cannot be reshaped to [{string.Join(", ", dims)}].");
        }

        return g.Node(name, "Reshape", [x, g.Constant([dims.Length], [.. dims.Select(d => (long)d)])], x.Type, dims);
    }

    public static Tensor Transpose(this OnnxGraph g, string name, Tensor x, params int[] order) =>
        g.Node(name, "Transpose", [x], x.Type, [.. order.Select(axis => x.Dims[axis])], Attribute.Ints("perm", order));

    public static Tensor Add(this OnnxGraph g, string name, Tensor a, Tensor b) => g.Binary(name, "Add", a, b);

    public static Tensor Sub(this OnnxGraph g, string name, Tensor a, Tensor b) => g.Binary(name, "Sub", a, b);

    public static Tensor Mul(this OnnxGraph g, string name, Tensor a, Tensor b) => g.Binary(name, "Mul", a, b);

    public static Tensor Div(this OnnxGraph g, string name, Tensor a, Tensor b) => g.Binary(name, "Div", a, b);

    public static Tensor Unary(this OnnxGraph g, string name, string op, Tensor x) => g.Node(name, op, [x], x.Type, x.Dims);

    public static Tensor Softmax(this OnnxGraph g, string name, Tensor x) =>
        g.Node(name, "Softmax", [x], x.Type, x.Dims, Attribute.Int("axis", -1));

    /// <summary>A scalar of the tensor's type.</summary>
    public static Tensor Scalar(this OnnxGraph g, ElementType type, double value) => g.Constant(type, [], value);

    /// <summary>x·Φ(x). Until version 20 of the operator set it is spelled out, in the form that onnxruntime fuses.</summary>
    public static Tensor Gelu(this OnnxGraph g, string name, Tensor x)
    {
        if (g.Opset >= 20)
        {
            return g.Unary(name, "Gelu", x);
        }

        Tensor scaled = g.Div($"{name}/scaled", x, g.Scalar(x.Type, Math.Sqrt(2)));
        Tensor erf = g.Unary($"{name}/erf", "Erf", scaled);
        Tensor shifted = g.Add($"{name}/shifted", erf, g.Scalar(x.Type, 1));
        Tensor product = g.Mul($"{name}/product", x, shifted);
        return g.Mul(name, product, g.Scalar(x.Type, 0.5));
    }

    /// <summary>First half along the axis times the sigmoid of the second half.</summary>
    public static Tensor Glu(this OnnxGraph g, string name, Tensor x, int axis)
    {
        Tensor[] halves = g.Split($"{name}/halves", x, axis, [x.Dims[axis] / 2, x.Dims[axis] / 2]);
        return g.Mul(name, halves[0], g.Unary($"{name}/gate", "Sigmoid", halves[1]));
    }

    public static Tensor[] Split(this OnnxGraph g, string name, Tensor x, int axis, int[] lengths)
    {
        int[][] dims = [.. lengths.Select(length => With(x.Dims, axis, length))];
        return g.Node(name, "Split", [x, g.Constant([lengths.Length], [.. lengths.Select(l => (long)l)])], x.Type, dims, Attribute.Int("axis", axis));
    }

    public static Tensor Concat(this OnnxGraph g, string name, Tensor[] parts, int axis) =>
        g.Node(name, "Concat", parts, parts[0].Type, With(parts[0].Dims, axis, parts.Sum(p => p.Dims[axis])), Attribute.Int("axis", axis));

    /// <summary>Keeps [start, start + length) of one axis.</summary>
    public static Tensor Slice(this OnnxGraph g, string name, Tensor x, int axis, int start, int length)
    {
        if (start == 0 && length == x.Dims[axis])
        {
            return x;
        }

        return g.Node(name, "Slice", [x, g.Constant([1], start), g.Constant([1], start + length), g.Constant([1], axis)], x.Type, With(x.Dims, axis, length));
    }

    /// <summary>Pads one axis, the last one unless another is named.</summary>
    public static Tensor Pad(this OnnxGraph g, string name, Tensor x, int before, int after, string mode, int axis = -1)
    {
        if (before == 0 && after == 0)
        {
            return x;
        }

        axis = axis < 0 ? x.Rank - 1 : axis;
        long[] pads = new long[2 * x.Rank];
        (pads[axis], pads[x.Rank + axis]) = (before, after);
        return g.Node(name, "Pad", [x, g.Constant([pads.Length], pads)], x.Type, With(x.Dims, axis, x.Dims[axis] + before + after), Attribute.Text("mode", mode));
    }

    /// <summary>ReduceMean or ReduceSum, keeping the reduced axes with one element.</summary>
    public static Tensor Reduce(this OnnxGraph g, string name, string op, Tensor x, params int[] axes)
    {
        int[] dims = [.. x.Dims];
        foreach (int axis in axes)
        {
            dims[axis] = 1;
        }

        bool asInput = g.Opset >= 18 || op == "ReduceSum";
        return asInput
            ? g.Node(name, op, [x, g.Constant([axes.Length], [.. axes.Select(a => (long)a)])], x.Type, dims, Attribute.Int("keepdims", 1))
            : g.Node(name, op, [x], x.Type, dims, Attribute.Ints("axes", axes), Attribute.Int("keepdims", 1));
    }

    public static Tensor MatMul(this OnnxGraph g, string name, Tensor a, Tensor b)
    {
        if (a.Dims[^1] != b.Dims[^2])
        {
            throw new InvalidOperationException($"{a} and {b} cannot be multiplied.");
        }

        int[] batch = Broadcast(a.Dims[..^2], b.Dims[..^2]);
        return g.Node(name, "MatMul", [a, b], a.Type, [.. batch, a.Dims[^2], b.Dims[^1]]);
    }

    /// <summary>x [M, K] times the transposed weight [N, K] plus the bias [N].</summary>
    public static Tensor Gemm(this OnnxGraph g, string name, Tensor x, Tensor weight, Tensor? bias)
    {
        if (x.Rank != 2 || weight.Rank != 2 || x.Dims[1] != weight.Dims[1])
        {
            throw new InvalidOperationException($"{x} does not fit {weight}.");
        }

        return g.Node(name, "Gemm", bias is null ? [x, weight] : [x, weight, bias], x.Type, [x.Dims[0], weight.Dims[0]], Attribute.Int("transB", 1));
    }

    /// <summary>A bidirectional layer: x [T, batch, C], w [2, 4·H, C], r [2, 4·H, H], b [2, 8·H] to [T, 2, batch, H].</summary>
    public static Tensor Lstm(this OnnxGraph g, string name, Tensor x, Tensor w, Tensor r, Tensor b, int hidden) =>
        g.Node(name, "LSTM", [x, w, r, b], x.Type, [x.Dims[0], 2, x.Dims[1], hidden], Attribute.Text("direction", "bidirectional"), Attribute.Int("hidden_size", hidden));

    private static Tensor Binary(this OnnxGraph g, string name, string op, Tensor a, Tensor b)
    {
        if (a.Type != b.Type)
        {
            throw new InvalidOperationException($"{name}: {a} and {b} differ in type.");
        }

        return g.Node(name, op, [a, b], a.Type, Broadcast(a.Dims, b.Dims));
    }

    private static int[] Broadcast(int[] a, int[] b)
    {
        int[] dims = new int[Math.Max(a.Length, b.Length)];
        for (int i = 1; i <= dims.Length; i++)
        {
            int x = i <= a.Length ? a[^i] : 1, y = i <= b.Length ? b[^i] : 1;
            if (x != y && x != 1 && y != 1)
            {
                throw new InvalidOperationException(string.Create(CultureInfo.InvariantCulture, $"[{string.Join(", ", a)}] and [{string.Join(", ", b)}] do not broadcast."));
            }

            dims[^i] = Math.Max(x, y);
        }

        return dims;
    }

    private static int[] With(int[] dims, int axis, int length)
    {
        int[] changed = [.. dims];
        changed[axis] = length;
        return changed;
    }
}
