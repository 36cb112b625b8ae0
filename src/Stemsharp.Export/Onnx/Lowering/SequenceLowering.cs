using Stemsharp.Graph;

namespace Stemsharp.Export.Onnx.Lowering;

/// <summary>
/// Sequences in frames, local attention and filters with phases, from operators that every runtime has: edges are repeated by products
/// with ones, and distances are differences of positions. All of it is in single precision in every graph, and channels first.
/// </summary>
internal sealed class SequenceLowering(LoweringContext context, long scoreLimit)
{
    private readonly OnnxGraph _graph = context.Graph;

    /// <summary>[N, C, F·Count, Length].</summary>
    public Tensor Frames(Node node, FramesOp op)
    {
        string name = node.Name;
        Tensor x = First(node.Inputs[0]);
        (int channels, int rows, int reach) = (node.Output.Shape.Channels, node.Inputs[0].Shape.Rows, (op.Length - 1) / op.Step + 1);
        x = _graph.Pad($"{name}/filled", x, 0, (op.Count + reach - 1) * op.Step - x.Dims[^1], "constant");
        x = _graph.Reshape($"{name}/steps", x, context.Batch, channels, rows, op.Count + reach - 1, op.Step);
        Tensor joined = _graph.Concat($"{name}/reached", [.. Enumerable.Range(0, reach).Select(i => _graph.Slice($"{name}/from.{i}", x, 3, i, op.Count))], 4);
        return _graph.Reshape(name, _graph.Slice($"{name}/frames", joined, 4, 0, op.Length), context.Batch, channels, rows * op.Count, op.Length);
    }

    /// <summary>[N, C, T] or [N, C, F, T].</summary>
    public Tensor Join(Node node, JoinFramesOp op)
    {
        string name = node.Name;
        Shape shape = node.Output.Shape;
        int length = node.Inputs[0].Shape.Last, margin = (length - op.Step) / 2, batch = context.Batch, channels = shape.Channels, rows = shape.Rows;
        Tensor x = _graph.Reshape($"{name}/frames", First(node.Inputs[0]), batch, channels, rows, op.Count, length);
        Tensor middles = _graph.Reshape($"{name}/middle", _graph.Slice($"{name}/middles", x, 4, margin, op.Step), batch, channels, rows, op.Count * op.Step);
        Tensor start = Part("start", 0, 0, margin), end = Part("end", op.Count - 1, margin + op.Step, length - margin - op.Step);
        Tensor joined = _graph.Slice($"{name}/whole", _graph.Concat($"{name}/joined", [start, middles, end], 3), 3, 0, shape.Last);
        return _graph.Reshape(name, joined, [batch, .. shape.Dims]);

        Tensor Part(string part, int frame, int from, int count) => _graph.Reshape(
            $"{name}/{part}", _graph.Slice($"{name}/{part}_steps", _graph.Slice($"{name}/{part}_frame", x, 3, frame, 1), 4, from, count), batch, channels, rows, count);
    }

    /// <summary>[N, C, T] or [N, C, F, T]; queries are taken in as many blocks as keep the scores of one block within the limit.</summary>
    public Tensor LocalAttention(Node node, LocalAttentionOp op)
    {
        string name = node.Name;
        Shape shape = node.Output.Shape;
        int steps = shape.Last, rows = shape.Rows, width = shape.Channels / op.Heads, sequences = context.Batch * rows;
        Tensor query = Heads("query", 0, width), key = Heads("key", 1, width), content = Heads("content", 2, width), decay = Heads("decay", 3, op.Decays);
        double[] shares = [.. Enumerable.Range(1, op.Decays).Select(f => f / 2.0 / Math.Sqrt(op.Decays))];
        Tensor weighted = _graph.Mul($"{name}/decays", _graph.Unary($"{name}/sigmoid", "Sigmoid", decay), _graph.Constant(ElementType.Float, [op.Decays, 1], shares));
        Tensor slopes = _graph.Transpose($"{name}/slopes", _graph.Reduce($"{name}/slope", "ReduceSum", weighted, 2), 0, 1, 3, 2);
        Tensor queries = _graph.Mul($"{name}/queries", _graph.Transpose($"{name}/by_step", query, 0, 1, 3, 2), _graph.Scalar(ElementType.Float, 1 / Math.Sqrt(width)));
        Tensor contents = _graph.Transpose($"{name}/contents", content, 0, 1, 3, 2);
        double[] positions = [.. Enumerable.Range(0, steps).Select(t => (double)t)];

        long bytes = (long)sizeof(float) * sequences * op.Heads * steps * steps;
        int blocks = (int)Math.Clamp((bytes + scoreLimit - 1) / scoreLimit, 1, steps);
        Tensor[] parts = [.. Enumerable.Range(0, blocks).Select(b => Block(blocks == 1 ? name : $"{name}/block{b}", steps * b / blocks, steps * (b + 1) / blocks))];
        Tensor mixed = blocks == 1 ? parts[0] : _graph.Concat($"{name}/blocks", parts, 2);
        Tensor turned = _graph.Transpose($"{name}/channels", mixed, 0, 1, 3, 2);
        if (rows > 1)
        {
            turned = _graph.Transpose($"{name}/by_channel", _graph.Reshape($"{name}/rows", turned, context.Batch, rows, shape.Channels, steps), 0, 2, 1, 3);
        }

        return _graph.Reshape(name, turned, [context.Batch, .. shape.Dims]);

        // [N·F, heads, parts, T]
        Tensor Heads(string part, int input, int count)
        {
            Tensor x = First(node.Inputs[input]);
            if (rows > 1)
            {
                x = _graph.Transpose($"{name}/{part}_rows", x, 0, 2, 1, 3);
            }

            return _graph.Reshape($"{name}/{part}", x, sequences, op.Heads, count, steps);
        }

        Tensor Block(string part, int first, int end)
        {
            int count = end - first;
            Tensor difference = _graph.Sub(
                $"{part}/difference", _graph.Constant(ElementType.Float, [count, 1], positions.AsSpan(first, count)), _graph.Constant(ElementType.Float, [1, steps], positions));
            Tensor opposite = _graph.Sub($"{part}/opposite", _graph.Scalar(ElementType.Float, 0), difference);
            Tensor distance = _graph.Node($"{part}/distance", "Max", [difference, opposite], ElementType.Float, difference.Dims);
            Tensor own = _graph.Unary($"{part}/own", "Relu", _graph.Sub($"{part}/near", _graph.Scalar(ElementType.Float, 1), distance));
            Tensor others = _graph.Sub($"{part}/others", _graph.Scalar(ElementType.Float, 1), own);
            Tensor scores = _graph.MatMul($"{part}/scores", _graph.Slice($"{part}/queries", queries, 2, first, count), key);
            Tensor penalty = _graph.Mul($"{part}/penalty", _graph.Slice($"{part}/slopes", slopes, 2, first, count), distance);
            Tensor masked = _graph.Mul($"{part}/masked", _graph.Sub($"{part}/penalised", scores, penalty), others);
            Tensor judged = _graph.Add($"{part}/judged", masked, _graph.Mul($"{part}/self", own, _graph.Scalar(ElementType.Float, LocalAttentionOp.Self)));
            return _graph.MatMul($"{part}/mixed", _graph.Softmax($"{part}/softmax", judged), contents);
        }
    }

    /// <summary>[N, C, T].</summary>
    public Tensor Resample(Node node, ResampleOp op)
    {
        string name = node.Name;
        Shape shape = node.Output.Shape;
        int taps = op.Taps.Shape[1], steps = shape.Last / op.Phases, signals = context.Batch * shape.Channels, given = node.Inputs[0].Shape.Last;
        Tensor x = _graph.Reshape($"{name}/signals", First(node.Inputs[0]), signals, 1, given);
        int after = (steps - 1) * op.Stride + taps - op.Before - given;
        x = _graph.Concat($"{name}/edges", [Edge("start", 0, op.Before), x, Edge("end", given - 1, after)], 2);
        Tensor phases = _graph.Node(
            $"{name}/phases", "Conv", [x, _graph.Constant(ElementType.Float, [op.Phases, 1, taps], op.Taps.Data)], ElementType.Float, [signals, op.Phases, steps],
            Attribute.Ints("kernel_shape", [taps]), Attribute.Ints("strides", [op.Stride]));
        return _graph.Reshape(name, _graph.Transpose($"{name}/woven", phases, 0, 2, 1), [context.Batch, .. shape.Dims]);

        Tensor Edge(string part, int at, int count) =>
            _graph.Mul($"{name}/{part}", _graph.Slice($"{name}/{part}_sample", x, 2, at, 1), _graph.Constant(ElementType.Float, [1, 1, count], [.. Enumerable.Repeat(1.0, count)]));
    }

    private Tensor First(Value value) => context.Values.Get(value, Layout.ChannelsFirst, ElementType.Float);
}
