using Stemsharp.Graph;

namespace Stemsharp.Export.Onnx.Lowering;

/// <summary>Spectrograms by rows and by amplitude and phase, channels first and in single precision in every graph.</summary>
internal sealed class SpectrumLowering(LoweringContext context)
{
    // What makes anything that is no zero more than one.
    private const double Huge = 1e30;

    private readonly OnnxGraph _graph = context.Graph;

    /// <summary>[N, C, F, T].</summary>
    public Tensor JoinRows(Node node, JoinRowsOp op)
    {
        string name = node.Name;
        List<Tensor> parts = [];
        Tensor? tail = null;
        for (int i = 0; i < node.Inputs.Count; i++)
        {
            Tensor x = First(node.Inputs[i]);
            int rows = x.Dims[2], start = i == 0 ? 0 : op.Overlap, end = i == node.Inputs.Count - 1 ? rows : rows - op.Overlap;
            if (tail is not null)
            {
                Tensor head = _graph.Slice($"{name}/head.{i}", x, 2, 0, op.Overlap);
                if (op.Biases.Count > 0)
                {
                    Parameter bias = op.Biases[i - 1];
                    head = _graph.Sub($"{name}/once.{i}", head, _graph.Constant(ElementType.Float, [bias.Shape.Channels, 1, 1], [.. context.Weights.Read(bias).Select(v => (double)v)]));
                }

                parts.Add(_graph.Add($"{name}/overlap.{i}", tail, head));
            }

            if (end > start)
            {
                parts.Add(_graph.Slice($"{name}/own.{i}", x, 2, start, end - start));
            }

            tail = op.Overlap > 0 ? _graph.Slice($"{name}/tail.{i}", x, 2, rows - op.Overlap, op.Overlap) : null;
        }

        return _graph.Concat(name, [.. parts], 2);
    }

    /// <summary>[N, C, F, T].</summary>
    public Tensor Amplitude(Node node)
    {
        Shape shape = node.Output.Shape;
        (_, _, Tensor size) = Parts(node.Name, node.Inputs[0], shape);
        return _graph.Reshape(node.Name, size, [context.Batch, .. shape.Dims]);
    }

    /// <summary>[N, groups·2·C, F, T], of as many groups as the amplitudes have.</summary>
    public Tensor Phase(Node node, PhaseOp op)
    {
        string name = node.Name;
        Tensor amplitudes = First(node.Inputs[0]);
        Shape shape = node.Inputs[1].Shape.WithChannels(node.Inputs[1].Shape.Channels / 2);
        (Tensor re, Tensor im, Tensor size) = Parts(name, node.Inputs[1], shape);
        if (op.Epsilon == 0)
        {
            // One where the spectrogram is silent, zero elsewhere.
            Tensor silent = _graph.Unary($"{name}/silent", "Relu", _graph.Sub($"{name}/loud", _graph.Scalar(ElementType.Float, 1), _graph.Mul($"{name}/huge", size, _graph.Scalar(ElementType.Float, Huge))));
            re = _graph.Add($"{name}/phase_real", re, silent);
            size = _graph.Add($"{name}/divisor", size, silent);
        }
        else
        {
            size = _graph.Add($"{name}/divisor", size, _graph.Scalar(ElementType.Float, op.Epsilon));
        }

        int groups = amplitudes.Dims[1] / shape.Channels;
        int[] whole = [context.Batch, groups * shape.Channels, 1, shape.Rows, shape.Last];
        Tensor by = _graph.Reshape($"{name}/groups", amplitudes, context.Batch, groups, shape.Channels, shape.Rows, shape.Last);
        Tensor pairs = _graph.Concat($"{name}/pairs", [Part("real", re), Part("imaginary", im)], 2);
        return _graph.Reshape(name, pairs, context.Batch, 2 * groups * shape.Channels, shape.Rows, shape.Last);

        Tensor Part(string part, Tensor of) =>
            _graph.Reshape($"{name}/{part}_parts", _graph.Mul($"{name}/{part}", by, _graph.Div($"{name}/{part}_unit", of, size)), whole);
    }

    // Real and imaginary parts and amplitudes, [N, 1, C, F, T].
    private (Tensor Real, Tensor Imaginary, Tensor Size) Parts(string name, Value spectrogram, Shape shape)
    {
        int[] dims = [context.Batch, 1, .. shape.Dims];
        Tensor[] parts = _graph.Split($"{name}/parts", _graph.Reshape($"{name}/by_part", First(spectrogram), context.Batch, shape.Channels, 2, shape.Rows, shape.Last), 2, [1, 1]);
        Tensor re = _graph.Reshape($"{name}/re", parts[0], dims), im = _graph.Reshape($"{name}/im", parts[1], dims);
        Tensor square = _graph.Add($"{name}/square", _graph.Mul($"{name}/re_re", re, re), _graph.Mul($"{name}/im_im", im, im));
        return (re, im, _graph.Unary($"{name}/size", "Sqrt", square));
    }

    private Tensor First(Value value) => context.Values.Get(value, Layout.ChannelsFirst, ElementType.Float);
}
