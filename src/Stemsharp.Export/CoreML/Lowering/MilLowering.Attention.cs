using System.Numerics.Tensors;
using Stemsharp.Export.CoreML.Mil;
using Stemsharp.Graph;

namespace Stemsharp.Export.CoreML.Lowering;

internal sealed partial class MilLowering
{
    public void Linear(Node node, LinearOp op)
    {
        // Attention's input projections are lowered together with it.
        if (_uses.Next<AttentionOp>(node) is not null)
        {
            return;
        }

        Set(node.Output, Layout.Tokens, Project(node.Name, node.Inputs[0], op.Weight, op.Bias, op.FirstRow, op.Rows, _options.Policy.For(node)));
    }

    private MilValue Project(string name, Value input, Parameter weight, Parameter bias, int firstRow, int rows, MilType type, (int Rows, float Factor)? scaled = null)
    {
        int columns = weight.Shape[1];
        float[] w = _weights.Read(weight).AsSpan(firstRow * columns, rows * columns).ToArray();
        float[] b = _weights.Read(bias).AsSpan(firstRow, rows).ToArray();
        if (scaled is { } scale)
        {
            TensorPrimitives.Multiply(w.AsSpan(0, scale.Rows * columns), scale.Factor, w.AsSpan(0, scale.Rows * columns));
            TensorPrimitives.Multiply(b.AsSpan(0, scale.Rows), scale.Factor, b.AsSpan(0, scale.Rows));
        }

        if (!WeightStore.FitsHalf(w, b))
        {
            type = MilType.Float32;
        }

        MilValue x = Get(input, Layout.Tokens, type);
        (MilValue wc, MilValue bc) = _weights.Layer(MilBuilder.Identifier(name), weight, [rows, columns], outputs: 0, w, b, type);
        return _mil.Add("linear", name, type, [1, x.Shape[1], rows], ("x", x), ("weight", wc), ("bias", bc));
    }

    /// <summary>
    /// Neighbouring projections of one input are one linear layer; heads come forward in one transpose of all
    /// that it gives.
    /// </summary>
    public void Attention(Node node, AttentionOp op)
    {
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

        MilValue mixed = _options.Target >= CoreMLTarget.IOS18
            ? _mil.Add("scaled_dot_product_attention", scope, type, parts[0].Shape.AsSpan(), ("query", parts[0]), ("key", parts[1]), ("value", parts[2]))
            : Decomposed(scope, parts[0], parts[1], parts[2], type);
        mixed = _mil.Transpose($"{scope}_back", mixed, 0, 2, 1, 3);
        Set(node.Output, Layout.Tokens, _mil.Reshape($"{scope}_mixed", mixed, 1, shape.Positions, shape.Channels));
    }

    // q, k, v [1, H, N, D]; operation sets before CoreML8 have no fused attention.
    private MilValue Decomposed(string scope, MilValue q, MilValue k, MilValue v, MilType type)
    {
        int[] shape = [.. q.Shape];
        shape[3] = k.Shape[2];
        if (!_options.FoldAttentionScale)
        {
            q = _mil.Add("mul", $"{scope}_scaled", type, q.Shape.AsSpan(), ("x", q), ("y", _mil.Scalar(type, QueryScale(q.Shape[3]))));
        }

        MilValue scores = _mil.Add("matmul", $"{scope}_scores", type, shape, ("x", q), ("y", k), ("transpose_x", _mil.Bool(false)), ("transpose_y", _mil.Bool(true)));
        MilType soft = _options.Policy.For($"{scope}.softmax", PrecisionPolicy.Softmax);
        MilValue weights = _mil.Add("softmax", $"{scope}_softmax", soft, shape, ("x", _mil.As(scores, soft)), ("axis", _mil.Int(-1)));
        return _mil.Add("matmul", scope, type, q.Shape.AsSpan(), ("x", _mil.As(weights, type)), ("y", v), ("transpose_x", _mil.Bool(false)), ("transpose_y", _mil.Bool(false)));
    }

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
