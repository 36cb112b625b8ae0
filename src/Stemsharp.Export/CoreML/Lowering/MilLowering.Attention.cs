using System.Numerics.Tensors;
using Stemsharp.Export.CoreML.Mil;
using Stemsharp.Graph;

namespace Stemsharp.Export.CoreML.Lowering;

internal sealed partial class MilLowering
{
    // Where scores of attention exist as a value, no one has more bytes than this.
    private const long ScoreLimit = 64 << 20;

    // Values of which the sequences are rows or frames, [sequences, length, C].
    private readonly Dictionary<(Value, SequenceAxis), MilValue> _sequences = [];

    public void Linear(Node node, LinearOp op)
    {
        // Attention's input projections are lowered together with it.
        if (_uses.Next<AttentionOp>(node) is not null || _uses.Next<RotaryOp>(node) is not null)
        {
            return;
        }

        Set(node.Output, Layout.Tokens, Project(node.Name, node.Inputs[0], op.Weight, op.Bias, op.FirstRow, op.Rows, _options.Policy.For(node)));
    }

    private MilValue Project(string name, Value input, Parameter weight, Parameter? bias, int firstRow, int rows, MilType type, (int Rows, float Factor)? scaled = null)
    {
        int columns = weight.Shape[1];
        float[] w = _weights.Read(weight).AsSpan(firstRow * columns, rows * columns).ToArray();
        float[] b = bias is null ? new float[rows] : _weights.Read(bias).AsSpan(firstRow, rows).ToArray();
        if (scaled is { } scale)
        {
            TensorPrimitives.Multiply(w.AsSpan(0, scale.Rows * columns), scale.Factor, w.AsSpan(0, scale.Rows * columns));
            TensorPrimitives.Multiply(b.AsSpan(0, scale.Rows), scale.Factor, b.AsSpan(0, scale.Rows));
        }

        return Project(name, Get(input, Layout.Tokens), weight, w, b, type);
    }

    // x [..., Cin] times the rows of w, which was made of a trained tensor, plus b.
    private MilValue Project(string name, MilValue x, Parameter weight, float[] w, float[] b, MilType type)
    {
        if (!WeightStore.FitsHalf(w, b))
        {
            type = MilType.Float32;
        }

        (MilValue wc, MilValue bc) = _weights.Layer(MilBuilder.Identifier(name), weight, [b.Length, x.Shape[^1]], outputs: 0, w, b, type);
        return _mil.Add("linear", name, type, [.. x.Shape[..^1], b.Length], ("x", _mil.As(x, type)), ("weight", wc), ("bias", bc));
    }

    /// <summary>
    /// Neighbouring projections of one input are one linear layer; heads come forward in one transpose of all
    /// that it gives.
    /// </summary>
    public void Attention(Node node, AttentionOp op)
    {
        if (op.Axis != SequenceAxis.All)
        {
            RotaryAttention(node, op);
            return;
        }

        MilType type = _options.Policy.For(node);
        Shape shape = node.Output.Shape;
        int heads = op.Heads, width = shape.Channels / heads;
        string scope = node.Name;
        List<MilValue> parts = [];
        for (int first = 0; first < 3;)
        {
            Node node0 = ProjectionOf(node.Inputs[first]);
            LinearOp projection = (LinearOp)node0.Op;
            int end = first + 1, rows = projection.Rows;
            while (end < 3 && Follows(ProjectionOf(node.Inputs[end]), node0, projection.FirstRow + rows))
            {
                rows += ((LinearOp)ProjectionOf(node.Inputs[end]).Op).Rows;
                end++;
            }

            string name = $"{scope}_{"qkv"[first..end]}";
            MilValue y = Project(name, node0.Inputs[0], projection.Weight, projection.Bias, projection.FirstRow, rows, _options.Policy.For(node0), first == 0 && _options.FoldAttentionScale ? (projection.Rows, QueryScale(width)) : null);
            int count = end - first, tokens = y.Shape[1];
            y = _mil.As(y, type);
            y = _mil.Reshape($"{name}_heads", y, 1, tokens, count * heads, width);
            y = _mil.Transpose($"{name}_forward", y, 0, 2, 1, 3);
            parts.AddRange(count == 1 ? [y] : _mil.Split($"{name}_part", y, count, 1));
            first = end;
        }

        MilValue query = parts[0];
        if (_options.Target < CoreMLTarget.IOS18 && !_options.FoldAttentionScale)
        {
            query = _mil.Binary("mul", $"{scope}_scaled", query, _mil.Scalar(type, QueryScale(width)));
        }

        MilValue mixed = Attend(scope, query, parts[1], parts[2], type, _options.Policy.For($"{scope}.softmax", PrecisionPolicy.Softmax));
        mixed = _mil.Transpose($"{scope}_back", mixed, 0, 2, 1, 3);
        Set(node.Output, Layout.Tokens, _mil.Reshape($"{scope}_mixed", mixed, 1, shape.Positions, shape.Channels));
    }

    /// <summary>
    /// q, k, v [S, H, N, D]; before iOS 18, where there is no operation for it, 1/sqrt(D) is in q already, and scores are values: of
    /// some sequences, or of some queries, at a time, so that they stay within the limit.
    /// </summary>
    private MilValue Attend(string scope, MilValue q, MilValue k, MilValue v, MilType type, MilType soft)
    {
        if (_options.Target >= CoreMLTarget.IOS18)
        {
            return _mil.Add("scaled_dot_product_attention", scope, type, q.Shape.AsSpan(), ("query", q), ("key", k), ("value", v));
        }

        long bytes = q.Elements / q.Shape[3] * k.Shape[2] * (type == MilType.Float16 && soft == MilType.Float16 ? 2 : 4);
        int axis = q.Shape[0] > 1 ? 0 : 2, blocks = Blocks(bytes, q.Shape[axis]);
        if (blocks > 1)
        {
            MilValue[] queries = InBlocks("queries", q), keys = axis == 0 ? InBlocks("keys", k) : [], values = axis == 0 ? InBlocks("values", v) : [];
            return _mil.Concat(scope, axis, [.. queries.Select((part, i) => Attend($"{scope}_block_{i}", part, axis == 0 ? keys[i] : k, axis == 0 ? values[i] : v, type, soft))]);
        }

        MilValue scores = Product($"{scope}_scores", q, k, transposed: true);
        MilValue weights = _mil.Add("softmax", $"{scope}_softmax", soft, scores.Shape.AsSpan(), ("x", _mil.As(scores, soft)), ("axis", _mil.Int(-1)));
        return Product(scope, _mil.As(weights, type), v, transposed: false);

        MilValue[] InBlocks(string part, MilValue x)
        {
            int length = x.Shape[axis];
            return length % blocks == 0
                ? _mil.Split($"{scope}_{part}", x, blocks, axis)
                : [.. Enumerable.Range(0, blocks).Select(b => _mil.Slice($"{scope}_{part}_{b}", x, axis, length * b / blocks, length * (b + 1) / blocks - length * b / blocks))];
        }
    }

    // How many parts keep each within the limit: one more than needed where that divides the axis.
    private static int Blocks(long bytes, int length)
    {
        int least = (int)Math.Clamp((bytes + ScoreLimit - 1) / ScoreLimit, 1, length);
        return Enumerable.Range(least, Math.Min(least, length - least + 1)).FirstOrDefault(n => length % n == 0, least);
    }

    // The product of the last two axes of x and y, or of y with them exchanged.
    private MilValue Product(string name, MilValue x, MilValue y, bool transposed) => _mil.Add(
        "matmul", name, x.Type, [.. x.Shape[..^1], transposed ? y.Shape[^2] : y.Shape[^1]],
        ("x", x), ("y", y), ("transpose_x", _mil.Bool(false)), ("transpose_y", _mil.Bool(transposed)));

    /// <summary>Whether attention's 1/sqrt(d) is a power of two everywhere, so that half-precision weights take it without loss.</summary>
    public static bool ScalesByPowersOfTwo(Graph.Graph graph) =>
        graph.Nodes.All(n => n.Op is not AttentionOp attention || float.IsPow2(QueryScale(n.Output.Shape.Channels / attention.Heads)));

    private static float QueryScale(int width) => (float)(1 / Math.Sqrt(width));

    private Node ProjectionOf(Value value) =>
        _uses.Producer(value) is { Op: LinearOp } node ? node : throw new InvalidOperationException("Attention takes its inputs from linear layers.");

    private static bool Follows(Node next, Node first, int row)
    {
        (LinearOp a, LinearOp b) = ((LinearOp)next.Op, (LinearOp)first.Op);
        return a.Weight == b.Weight && a.FirstRow == row && next.Inputs[0] == first.Inputs[0];
    }
}
