using Stemsharp.Graph;

namespace Stemsharp.Export.Onnx.Lowering;

/// <summary>
/// Recurrent layers by the operator LSTM, whose sequences are [T, batch, C] and whose gates come in the order input, output, forget,
/// cell. It computes in single precision in every graph: states are sums of many steps.
/// </summary>
internal sealed class RecurrentLowering(LoweringContext context)
{
    private readonly OnnxGraph _graph = context.Graph;

    /// <summary>[N, 2·H, …].</summary>
    public Tensor Lstm(Node node, LstmOp op)
    {
        Shape shape = node.Inputs[0].Shape;
        int batch = context.Batch, channels = shape.Channels, steps = shape.Length(op.Axis), others = shape.Positions / steps;
        Tensor x = context.Values.Get(node.Inputs[0], Layout.ChannelsFirst, ElementType.Float);

        // [N, C, F, T] in the end, whatever the sequences are: those that are not along rows are rows.
        bool rows = op.Axis == SequenceAxis.Rows;
        (int first, int second) = rows ? (steps, others) : (others, steps);
        x = _graph.Reshape($"{node.Name}/grid", x, batch, channels, first, second);
        Tensor sequences = _graph.Transpose($"{node.Name}/by_step", x, rows ? [2, 0, 3, 1] : [3, 0, 2, 1]);
        sequences = _graph.Reshape($"{node.Name}/sequences", sequences, steps, batch * others, channels);
        Tensor y = _graph.Lstm(
            $"{node.Name}/lstm", sequences, Stored("w", w => w.Input), Stored("r", w => w.Hidden), Biases(), op.Hidden);
        y = _graph.Reshape($"{node.Name}/states", y, steps, 2, batch, others, op.Hidden);
        y = _graph.Transpose($"{node.Name}/by_channel", y, rows ? [2, 1, 4, 0, 3] : [2, 1, 4, 3, 0]);
        return _graph.Reshape(node.Name, y, [batch, 2 * op.Hidden, .. shape.Dims.AsSpan()[1..]]);

        Tensor Stored(string name, Func<LstmWeights, Parameter> part)
        {
            int columns = part(op.Forward).Shape[1];
            return context.Weights.Store($"{node.Name}.{name}", [2, 4 * op.Hidden, columns], [.. Gates(part(op.Forward), columns), .. Gates(part(op.Backward), columns)], ElementType.Float);
        }

        Tensor Biases() => context.Weights.Store(
            $"{node.Name}.b", [2, 8 * op.Hidden],
            [.. Gates(op.Forward.InputBias, 1), .. Gates(op.Forward.HiddenBias, 1), .. Gates(op.Backward.InputBias, 1), .. Gates(op.Backward.HiddenBias, 1)], ElementType.Float);

        float[] Gates(Parameter parameter, int columns)
        {
            float[] all = context.Weights.Read(parameter);
            int gate = op.Hidden * columns;
            return [.. all.AsSpan(0, gate), .. all.AsSpan(3 * gate, gate), .. all.AsSpan(gate, 2 * gate)];
        }
    }
}
