using Stemsharp.Graph;

namespace Stemsharp.Export.Onnx.Lowering;

/// <summary>
/// Lowers the model's graph node by node. Nodes that a neighbour absorbs (zero padding, layer scales,
/// attention's projections) are passed over at their turn.
/// </summary>
internal sealed class GraphLowering(LoweringContext context, long scoreLimit)
{
    private readonly OnnxGraph _graph = context.Graph;
    private readonly LoweredValues _values = context.Values;
    private readonly NormLowering _norms = new(context);
    private readonly ConvolutionLowering _convolutions = new(context);
    private readonly GateLowering _gates = new(context, new NormLowering(context), new ConvolutionLowering(context));
    private readonly LinearLowering _linear = new(context);
    private readonly AttentionLowering _attention = new(context, scoreLimit);
    private readonly HashSet<Node> _absorbed = [];
    private readonly HashSet<Node> _unscaled = [];

    /// <summary>Mean and std of the standardised inputs, by the graph's values.</summary>
    private readonly Dictionary<Value, Tensor> _statistics = [];
    private readonly Dictionary<Value, Node> _restores = [];

    public void Run(Graph.Graph graph)
    {
        foreach (Node node in graph.Nodes)
        {
            if (_absorbed.Contains(node))
            {
                Set(node, _values.LayoutOf(node.Inputs[0]), _values.Get(node.Inputs[0], context.Pointwise));
            }
            else
            {
                Lower(node);
            }
        }
    }

    private void Lower(Node node)
    {
        Value x = node.Inputs[0];
        switch (node.Op)
        {
            case StandardizeOp op:
                (Tensor result, Tensor mean, Tensor std) = _norms.Standardize(node, op);
                _values.Set(node.Output, Layout.ChannelsFirst, result);
                _statistics.Add(node.Outputs[1], mean);
                _statistics.Add(node.Outputs[2], std);
                break;
            case PadOp op when context.Uses.Next<ConvOp>(node) is { } padded:
                _values.Set(node.Output, Layout.ChannelsFirst, _values.Get(x, Layout.ChannelsFirst, context.TypeOf(padded)));
                break;
            case PadOp op:
                Set(node, Layout.ChannelsFirst, _graph.Pad(node.Name, First(x, context.Pointwise), 0, op.Length - x.Shape.Last, "constant"));
                break;
            case CropOp op:
                Set(node, Layout.ChannelsFirst, _graph.Slice(node.Name, First(x, context.Pointwise), 2, op.Start, op.Length));
                break;
            case ConvOp or GroupNormOp when _gates.Absorbs(node):
                break;
            case ConvOp op:
                Set(node, Layout.ChannelsFirst, _convolutions.Conv(node, op));
                break;
            case ConvTransposeOp op:
                Set(node, Layout.ChannelsFirst, _convolutions.ConvTranspose(node, op));
                break;
            case LinearOp when _attention.IsProjection(node):
                break;
            case LinearOp op:
                Node? rowScale = _linear.Scale(node);
                if (rowScale is not null)
                {
                    _absorbed.Add(rowScale);
                }

                Set(node, Layout.Tokens, _linear.Run(node.Name, x, op, "", op.Rows, scale: rowScale));
                break;
            case AttentionOp op:
                Set(node, Layout.Tokens, _attention.Run(node, op));
                break;
            case GroupNormOp op:
                GroupNorm(node, op);
                break;
            case LayerNormOp op:
                Layout layout = _values.LayoutOf(x) == Layout.ChannelsFirst ? Layout.ChannelsLast : _values.LayoutOf(x);
                Set(node, layout, _norms.LayerNorm(node, op, layout, _attention.QueryGain(node)));
                break;
            case GeluOp when _unscaled.Contains(node):
                Tensor z = _values.Get(x, ElementType.Float);
                Tensor grown = _graph.Add($"{node.Name}/shifted", _graph.Unary($"{node.Name}/erf", "Erf", z), _graph.Scalar(z.Type, 1));
                Set(node, _values.LayoutOf(x), _graph.Mul(node.Name, z, grown));
                break;
            case GeluOp:
                Set(node, _values.LayoutOf(x), _graph.Gelu(node.Name, _values.Get(x, context.Pointwise)));
                break;
            case ReluOp:
                Set(node, _values.LayoutOf(x), _graph.Unary(node.Name, "Relu", _values.Get(x, context.Pointwise)));
                break;
            case GluOp when _gates.Takes(node):
                if (_gates.Scale(node) is { } layerScale)
                {
                    _absorbed.Add(layerScale);
                }

                Set(node, Layout.ChannelsFirst, _gates.Run(node));
                break;
            case GluOp:
                Tensor halves = _values.Get(x, context.Pointwise);
                Set(node, _values.LayoutOf(x), _graph.Glu(node.Name, halves, LoweredValues.ChannelAxis(_values.LayoutOf(x), halves)));
                break;
            case AddOp:
                // Between linear layers the sums stay in their layout, whatever the first one came in.
                Layout own = _values.LayoutOf(node.Inputs[1]) == Layout.Tokens ? Layout.Tokens : _values.LayoutOf(x);
                Set(node, own, _graph.Add(node.Name, _values.Get(x, own, context.Pointwise), _values.Get(node.Inputs[1], own, context.Pointwise)));
                break;
            case ChannelScaleOp op:
                Set(node, _values.LayoutOf(x), ChannelScale(node, op));
                break;
            case FrequencyEmbeddingOp op:
                Set(node, Layout.ChannelsFirst, FrequencyEmbedding(node, op));
                break;
            case AddTableOp op:
                Set(node, Layout.ChannelsLast, _graph.Add(node.Name, _values.Get(x, Layout.ChannelsLast, context.Pointwise), Tables.ChannelsLast(_graph, op.Table, context.Pointwise)));
                break;
            case RestoreOp:
                _restores.Add(node.Output, node);
                break;
            default:
                throw new InvalidOperationException($"The ONNX writer does not know {node.Op.Kind}.");
        }
    }

    private void Set(Node node, Layout layout, Tensor tensor) => _values.Set(node.Output, layout, tensor);

    private Tensor First(Value value, ElementType type) => _values.Get(value, Layout.ChannelsFirst, type);

    // A layer scale behind norm and GLU multiplies the norm's first half of channels instead: one pass less.
    private void GroupNorm(Node node, GroupNormOp op)
    {
        float[] gain = [];
        Node? scale = context.Uses.Next<GluOp>(node) is { } glu ? context.Uses.Next<ChannelScaleOp>(glu) : null;
        if (scale?.Op is ChannelScaleOp { Scale: var parameter })
        {
            gain = context.Weights.Read(parameter);
            _absorbed.Add(scale);
        }

        if (ScalesGelu(node) is { } gelu)
        {
            gain = [.. Enumerable.Repeat((float)(1 / Math.Sqrt(2)), node.Output.Shape.Channels)];
            _unscaled.Add(gelu);
        }

        Layout layout = op.Groups == 1 && !op.PerRow ? _values.LayoutOf(node.Inputs[0]) : Layout.ChannelsFirst;
        if (layout == Layout.Tokens && context.Batch > 1)
        {
            layout = Layout.ChannelsLast;
        }

        Set(node, layout, _norms.GroupNorm(node, op, layout, gain));
    }

    /// <summary>
    /// GELU between a norm and a convolution: with z = x/√2 from the norm it is z·(1 + erf z)/√2, and the
    /// convolution's weights take the last factor. Two nodes less; only where these weights are singles.
    /// </summary>
    private Node? ScalesGelu(Node norm)
    {
        if (_graph.Opset >= 20)
        {
            return null;
        }

        if (context.Uses.Next<GeluOp>(norm) is not { } gelu || context.Uses.Next<ConvOp>(gelu) is not { Op: ConvOp conv } next)
        {
            return null;
        }

        if (context.TypeOf(next) != ElementType.Float || (conv.Weight.Shape.Elements >= WeightStore.WidenBelow && !_gates.Absorbs(next)))
        {
            return null;
        }

        context.SetInputGain(next, 1 / Math.Sqrt(2));
        return gelu;
    }

    private Tensor ChannelScale(Node node, ChannelScaleOp op)
    {
        Layout layout = _values.LayoutOf(node.Inputs[0]);
        Tensor x = _values.Get(node.Inputs[0], context.Pointwise);
        int channels = op.Scale.Shape.Channels;
        int[] dims = layout == Layout.ChannelsFirst ? [channels, .. Enumerable.Repeat(1, x.Rank - 2)] : [channels];
        return _graph.Mul(node.Name, x, context.Weights.Get(op.Scale, context.Pointwise, dims));
    }

    /// <summary>
    /// An output of the graph, [N, S, channels, …], restored to the input's mean and std. The gains of the
    /// inverse transform's bins go into these two small factors, not into a pass of their own;
    /// <paramref name="other"/> is added.
    /// </summary>
    public Tensor Restored(Value output, int stems, Tensor? gains, Tensor? other = null)
    {
        Node node = _restores[output];
        Tensor x = First(node.Inputs[0], ElementType.Float);
        if (context.Stems is { } wanted && x.Dims[1] == node.Output.Shape.Channels)
        {
            x = wanted.Of(_graph, $"{node.Name}/stems", x, 1);
        }

        x = _graph.Reshape($"{node.Name}/by_stem", x, [x.Dims[0], stems, x.Dims[1] / stems, .. x.Dims.AsSpan()[2..]]);
        Tensor mean = _statistics[node.Inputs[1]], std = _statistics[node.Inputs[2]];
        if (x.Rank == 5 && x.Dims[0] > 1)
        {
            mean = _graph.Reshape($"{node.Name}/mean", mean, x.Dims[0], 1, 1, 1, 1);
            std = _graph.Reshape($"{node.Name}/std", std, x.Dims[0], 1, 1, 1, 1);
        }

        if (gains is not null)
        {
            std = _graph.Mul($"{node.Name}/std_gains", std, gains);
            mean = _graph.Mul($"{node.Name}/mean_gains", mean, gains);
        }

        Tensor scaled = _graph.Mul($"{node.Name}/scaled", x, std);
        return other is null
            ? _graph.Add(node.Name, scaled, mean)
            : _graph.Node(node.Name, "Sum", [other, scaled, mean], ElementType.Float, scaled.Dims);
    }

    private Tensor FrequencyEmbedding(Node node, FrequencyEmbeddingOp op)
    {
        int rows = op.Weight.Shape[0], channels = op.Weight.Shape[1];
        float[] weight = context.Weights.Read(op.Weight);
        double[] table = new double[rows * channels];
        for (int i = 0; i < table.Length; i++)
        {
            table[i] = op.Factor * weight[i % rows * channels + i / rows];
        }

        return _graph.Add(node.Name, First(node.Inputs[0], context.Pointwise), _graph.Constant(context.Pointwise, [channels, rows, 1], table));
    }
}
