using Stemsharp.Graph;

namespace Stemsharp.Export.Onnx.Lowering;

/// <summary>
/// Multi-head attention with its input projections: projections that read the same value are one product,
/// heads lie on an axis of their own, [N, H, P, d].
/// </summary>
internal sealed class AttentionLowering(LoweringContext context, long scoreLimit)
{
    private readonly OnnxGraph _graph = context.Graph;
    private readonly LinearLowering _linear = new(context);

    /// <summary>Whether the linear layer is one of attention's input projections, which are lowered together with it.</summary>
    public bool IsProjection(Node node) => node.Op is LinearOp && context.Uses.Next<AttentionOp>(node) is { Op: AttentionOp { Axis: SequenceAxis.All } };

    /// <summary>
    /// 1/√d where the layer norm feeds nothing but the queries of cross-attention: norm and projection bias
    /// then take the factor of the scores, and no node is needed for it. 1 elsewhere.
    /// </summary>
    public double QueryGain(Node norm)
    {
        if (context.Uses.Next<LinearOp>(norm) is not { } projection || context.Uses.Next<AttentionOp>(projection) is not { Op: AttentionOp op } attention)
        {
            return 1;
        }

        bool queriesOnly = attention.Inputs[0] == projection.Output && attention.Inputs[1] != projection.Output && attention.Inputs[2] != projection.Output;
        return queriesOnly ? Scale(attention, op) : 1;
    }

    public Tensor Run(Node node, AttentionOp op)
    {
        Node query = Producer(node, 0), key = Producer(node, 1), value = Producer(node, 2);
        int heads = op.Heads;
        double gain = context.Uses.Producer(query.Inputs[0]) is { Op: LayerNormOp } norm ? QueryGain(norm) : 1;
        Tensor[] q, kv;
        if (query.Inputs[0] == key.Inputs[0])
        {
            Tensor[] all = Heads($"{node.Name}/heads", Project($"{node.Name}/projections", "", [query, key, value], 1), query.Inputs[0].Shape.Positions, heads, 3);
            (q, kv) = ([all[0]], all[1..]);
        }
        else
        {
            q = Heads($"{node.Name}/query", Project(query.Name, ".query", [query], gain), query.Inputs[0].Shape.Positions, heads, 1);
            kv = Heads($"{node.Name}/key_value", Project($"{node.Name}/projections", ".key_value", [key, value], 1), key.Inputs[0].Shape.Positions, heads, 2);
        }

        Tensor scaled = gain == 1 ? _graph.Mul($"{node.Name}/scaled", q[0], _graph.Scalar(q[0].Type, Scale(node, op))) : q[0];
        Tensor turned = _graph.Transpose($"{node.Name}/key", kv[0], 0, 1, 3, 2);
        Tensor mixed = Attend(node.Name, scaled, turned, kv[1]);
        Tensor gathered = _graph.Transpose($"{node.Name}/gathered", mixed, 0, 2, 1, 3);
        return _graph.Reshape(node.Name, gathered, context.Values.Dims(node.Output.Shape, Layout.Tokens));
    }

    private static double Scale(Node node, AttentionOp op) => 1 / Math.Sqrt(node.Output.Shape.Channels / op.Heads);

    private Node Producer(Node node, int input) => context.Uses.Producer(node.Inputs[input])!;

    // One product for projections whose rows follow each other in the packed weight.
    private Tensor Project(string name, string suffix, Node[] parts, double gain)
    {
        LinearOp first = (LinearOp)parts[0].Op;
        return _linear.Run(name, parts[0].Inputs[0], first, suffix, parts.Sum(p => ((LinearOp)p.Op).Rows), gain);
    }

    // [N·P, parts·C] → parts × [N, H, P, d]
    private Tensor[] Heads(string name, Tensor x, int positions, int heads, int parts)
    {
        Tensor split = _graph.Reshape($"{name}/split", x, context.Batch, positions, parts * heads, x.Dims[1] / heads / parts);
        Tensor turned = _graph.Transpose($"{name}/turned", split, 0, 2, 1, 3);
        return parts == 1 ? [turned] : _graph.Split(name, turned, 1, [.. Enumerable.Repeat(heads, parts)]);
    }

    /// <summary>
    /// softmax(q·k)·v, [B, H, P, d], with keys transposed. The queries are taken in as many blocks as keep the scores of one block within
    /// the limit.
    /// </summary>
    public Tensor Attend(string name, Tensor query, Tensor key, Tensor value)
    {
        long bytes = query.Elements / query.Dims[3] * key.Dims[3] * context.Products.Size();
        int blocks = (int)Math.Min(query.Dims[2], (bytes + scoreLimit - 1) / scoreLimit);
        if (blocks <= 1)
        {
            return Block(name, query, key, value);
        }

        int[] lengths = [.. Enumerable.Range(0, blocks).Select(b => query.Dims[2] * (b + 1) / blocks - query.Dims[2] * b / blocks)];
        Tensor[] parts = _graph.Split($"{name}/blocks", query, 2, lengths);
        return _graph.Concat($"{name}/joined", [.. parts.Select((part, b) => Block($"{name}/block{b}", part, key, value))], 2);
    }

    private Tensor Block(string name, Tensor query, Tensor key, Tensor value)
    {
        // In the products' type: hosts sum a softmax of halves in single precision, and its result is rounded to halves either way.
        Tensor scores = _graph.MatMul($"{name}/scores", query, key);
        return _graph.MatMul($"{name}/mixed", _graph.Softmax($"{name}/softmax", scores), value);
    }
}
