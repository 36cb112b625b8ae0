using Stemsharp.Graph;

namespace Stemsharp.Export.Onnx.Lowering;

/// <summary>
/// Gated attention with rotary positions along one axis of [C, F, T], the other one as batch. Queries' and keys' channels are taken
/// with the even ones of each head before the odd ones, by the order of the weights' rows: what is turned together are then two halves,
/// and the products of queries and keys are the same. Done in blocks of sequences where their projections would take too much memory.
/// </summary>
internal sealed class RotaryAttentionLowering(LoweringContext context, long limit)
{
    private readonly OnnxGraph _graph = context.Graph;
    private readonly LinearLowering _linear = new(context);
    private readonly AttentionLowering _attention = new(context, limit);

    /// <summary>All that belongs to an attention, at the projection of its queries; null for every other node.</summary>
    public RotaryAttentionParts? PartsOf(Node query)
    {
        GraphUses uses = context.Uses;
        if (uses.Next<RotaryOp>(query) is not { } turned || uses.Next<AttentionOp>(turned) is not { } attention || attention.Inputs[0] != turned.Output)
        {
            return null;
        }

        return uses.Next<HeadGateOp>(attention) is { } gated && uses.Next<LinearOp>(gated) is { } output
            && uses.Producer(attention.Inputs[1]) is { Op: RotaryOp } turnedKey && uses.Producer(turnedKey.Inputs[0]) is { Op: LinearOp } key
            && uses.Producer(attention.Inputs[2]) is { Op: LinearOp } value && uses.Producer(gated.Inputs[1]) is { Op: LinearOp } gates
                ? new RotaryAttentionParts(query, turned, key, turnedKey, value, attention, gates, gated, output)
                : null;
    }

    /// <summary>[N, F, T, C].</summary>
    public Tensor Run(RotaryAttentionParts parts)
    {
        Shape shape = parts.Query.Inputs[0].Shape;
        LinearOp packed = (LinearOp)parts.Query.Op, gates = (LinearOp)parts.Gates.Op, output = (LinearOp)parts.Output.Op;
        RotaryOp rotary = (RotaryOp)parts.Turned.Op;
        bool alongLast = rotary.Axis == SequenceAxis.Last;
        int heads = rotary.Heads, inner = packed.Rows, width = inner / heads, length = shape.Length(rotary.Axis), batch = context.Batch;
        Tensor weight = context.Weights.Arranged(packed.Weight, [3 * inner, shape.Channels], context.Products, (from, to) => RotaryRows.Halve(from, to, shape.Channels, inner, width));
        Tensor[] turns = Turns(rotary, length, width);
        Tensor x = context.Values.Get(parts.Query.Inputs[0], Layout.ChannelsLast, context.Products);
        long bytes = (long)batch * length * 3 * inner * context.Products.Size();
        return Blocks.Of(_graph, parts.Output.Name, x, alongLast ? 1 : 2, bytes, limit, (name, block) =>
        {
            int rows = block.Dims[1], frames = block.Dims[2], sequences = alongLast ? rows : frames;
            Tensor tokens = _graph.Reshape($"{name}/flat", block, batch * rows * frames, shape.Channels);
            Tensor[] qkv = _graph.Split($"{name}/qkv", Heads($"{name}/heads", _graph.Gemm($"{name}/projections", tokens, weight, null), 3 * heads, width), 1, [heads, heads, heads]);
            Tensor open = _graph.Unary($"{name}/open", "Sigmoid", _linear.Run($"{name}/gates", tokens, gates, "", heads));
            Tensor q = Turn($"{name}/query", qkv[0], turns[0], turns[1]), k = Turn($"{name}/key", qkv[1], turns[2], turns[3]);
            Tensor mixed = _attention.Attend($"{name}/attention", q, _graph.Transpose($"{name}/keys", k, 0, 1, 3, 2), qkv[2]);
            Tensor gated = _graph.Mul($"{name}/gated", mixed, Heads($"{name}/gate_heads", open, heads, 1));
            Tensor back = alongLast
                ? _graph.Transpose($"{name}/gathered", gated, 0, 2, 1, 3)
                : _graph.Transpose($"{name}/gathered", _graph.Reshape($"{name}/by_frame", gated, batch, frames, heads, rows, width), 0, 3, 1, 2, 4);
            Tensor result = _linear.Run($"{name}/output", _graph.Reshape($"{name}/mixed", back, batch * rows * frames, inner), output, "", shape.Channels);
            return _graph.Reshape($"{name}/rows", result, batch, rows, frames, shape.Channels);

            // [N·F·T, count·d] to [sequences, count, length, d].
            Tensor Heads(string own, Tensor y, int count, int d) => alongLast
                ? _graph.Transpose($"{own}/turned", _graph.Reshape($"{own}/split", y, batch * rows, frames, count, d), 0, 2, 1, 3)
                : _graph.Reshape(own, _graph.Transpose($"{own}/turned", _graph.Reshape($"{own}/split", y, batch, rows, frames, count, d), 0, 2, 3, 1, 4), batch * sequences, count, rows, d);
        });
    }

    // (a, b) to (a·cos − b·sin, b·cos + a·sin), a and b the halves of the channels.
    private Tensor Turn(string name, Tensor x, Tensor cos, Tensor sin)
    {
        int half = x.Dims[3] / 2;
        Tensor[] halves = _graph.Split($"{name}/halves", x, 3, [half, half]);
        Tensor a = _graph.Sub($"{name}/first", _graph.Mul($"{name}/a_cos", halves[0], cos), _graph.Mul($"{name}/b_sin", halves[1], sin));
        Tensor b = _graph.Add($"{name}/second", _graph.Mul($"{name}/b_cos", halves[1], cos), _graph.Mul($"{name}/a_sin", halves[0], sin));
        return _graph.Concat(name, [a, b], 3);
    }

    // Cosines and sines [length, d/2] for queries, with the factor of the scores in them, and for keys.
    private Tensor[] Turns(RotaryOp op, int length, int width)
    {
        float[] frequencies = context.Weights.Read(op.Frequencies);
        double scale = 1 / Math.Sqrt(width);
        return [Table(Math.Cos, scale), Table(Math.Sin, scale), Table(Math.Cos, 1), Table(Math.Sin, 1)];

        Tensor Table(Func<double, double> wave, double factor) => _graph.Constant(
            context.Products, [length, width / 2], [.. Enumerable.Range(0, length * width / 2).Select(i => factor * wave(i / (width / 2) * (double)frequencies[i % (width / 2)]))]);
    }
}

/// <summary>The nodes of a gated attention with rotary positions.</summary>
internal sealed record RotaryAttentionParts(Node Query, Node Turned, Node Key, Node TurnedKey, Node Value, Node Attention, Node Gates, Node Gated, Node Output)
{
    /// <summary>All of them.</summary>
    public IEnumerable<Node> All => [Query, Turned, Key, TurnedKey, Value, Attention, Gates, Gated, Output];
}
