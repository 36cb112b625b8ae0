using Stemsharp.Graph;

namespace Stemsharp.Export.Onnx.Lowering;

/// <summary>
/// Lowers the model's graph node by node. Nodes that a neighbour absorbs (zero padding, layer scales,
/// attention's projections) are passed over at their turn.
/// </summary>
internal sealed partial class GraphLowering(LoweringContext context, long scoreLimit) : IOpVisitor
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
                node.Accept(this);
            }
        }
    }

    public void Standardize(Node node, StandardizeOp op)
    {
        (Tensor result, Tensor mean, Tensor std) = _norms.Standardize(node, op);
        Set(node, Layout.ChannelsFirst, result);
        _statistics.Add(node.Outputs[1], mean);
        _statistics.Add(node.Outputs[2], std);
    }

    /// <summary>The graph's outputs are restored when they are asked for, by <see cref="Output"/>.</summary>
    public void Restore(Node node, RestoreOp op)
    {
        if (context.Uses.IsOutput(node.Output))
        {
            _restores.Add(node.Output, node);
            return;
        }

        Tensor x = First(node.Inputs[0], ElementType.Float);
        int[] each = [context.Batch, .. Enumerable.Repeat(1, x.Rank - 1)];
        Tensor mean = _graph.Reshape($"{node.Name}/mean", _statistics[node.Inputs[1]], each), std = _graph.Reshape($"{node.Name}/std", _statistics[node.Inputs[2]], each);
        Set(node, Layout.ChannelsFirst, _graph.Add(node.Name, _graph.Mul($"{node.Name}/scaled", x, std), mean));
    }

    public void Pad(Node node, PadOp op)
    {
        Value x = node.Inputs[0];
        Tensor result = op.Before == 0 && context.Uses.Next<ConvOp>(node) is { } padded
            ? First(x, context.TypeOf(padded))
            : _graph.Pad(node.Name, First(x, context.Pointwise), op.Before, op.Length - op.Before - x.Shape.Last, "constant");
        Set(node, Layout.ChannelsFirst, result);
    }

    public void Crop(Node node, CropOp op) =>
        Set(node, Layout.ChannelsFirst, _graph.Slice(node.Name, First(node.Inputs[0], context.Pointwise), 2, op.Start, op.Length));

    public void Conv(Node node, ConvOp op)
    {
        if (!_gates.Absorbs(node))
        {
            Set(node, Layout.ChannelsFirst, _convolutions.Conv(node, op));
        }
    }

    public void ConvTranspose(Node node, ConvTransposeOp op) => Set(node, Layout.ChannelsFirst, _convolutions.ConvTranspose(node, op));

    public void Linear(Node node, LinearOp op)
    {
        if (_attention.IsProjection(node) || InBlocks(node))
        {
            return;
        }

        Node? scale = _linear.Scale(node);
        if (scale is not null)
        {
            _absorbed.Add(scale);
        }

        Set(node, Layout.Tokens, _linear.Run(node.Name, node.Inputs[0], op, "", op.Rows, scale: scale));
    }

    public void Attention(Node node, AttentionOp op)
    {
        if (!_done.Contains(node))
        {
            Set(node, Layout.Tokens, _attention.Run(node, op));
        }
    }

    public void Lstm(Node node, LstmOp op) => Set(node, Layout.ChannelsFirst, new RecurrentLowering(context).Lstm(node, op));

    /// <summary>A layer scale behind norm and GLU multiplies the norm's first half of channels instead: one pass less.</summary>
    public void GroupNorm(Node node, GroupNormOp op)
    {
        if (_gates.Absorbs(node))
        {
            return;
        }

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

        Layout layout = op.Groups == 1 && !op.PerRow ? LayoutOf(node) : Layout.ChannelsFirst;
        if (layout == Layout.Tokens && context.Batch > 1)
        {
            layout = Layout.ChannelsLast;
        }

        Set(node, layout, _norms.GroupNorm(node, op, layout, gain));
    }

    public void LayerNorm(Node node, LayerNormOp op)
    {
        Layout layout = LayoutOf(node) == Layout.ChannelsFirst ? Layout.ChannelsLast : LayoutOf(node);
        Set(node, layout, _norms.LayerNorm(node, op, layout, _attention.QueryGain(node)));
    }

    public void Gelu(Node node, GeluOp op)
    {
        if (_done.Contains(node))
        {
            return;
        }

        if (!_unscaled.Contains(node))
        {
            Set(node, LayoutOf(node), _graph.Gelu(node.Name, _values.Get(node.Inputs[0], context.Between(node))));
            return;
        }

        Tensor z = _values.Get(node.Inputs[0], ElementType.Float);
        Tensor grown = _graph.Add($"{node.Name}/shifted", _graph.Unary($"{node.Name}/erf", "Erf", z), _graph.Scalar(z.Type, 1));
        Set(node, LayoutOf(node), _graph.Mul(node.Name, z, grown));
    }

    public void Relu(Node node, ReluOp op) =>
        Set(node, LayoutOf(node), _graph.Unary(node.Name, "Relu", _values.Get(node.Inputs[0], context.Pointwise)));

    public void Glu(Node node, GluOp op)
    {
        if (_gates.Takes(node))
        {
            if (_gates.Scale(node) is { } scale)
            {
                _absorbed.Add(scale);
            }

            Set(node, Layout.ChannelsFirst, _gates.Run(node));
            return;
        }

        Tensor halves = _values.Get(node.Inputs[0], context.Between(node));
        Set(node, LayoutOf(node), _graph.Glu(node.Name, halves, LoweredValues.ChannelAxis(LayoutOf(node), halves)));
    }

    public void Add(Node node, AddOp op)
    {
        // Between linear layers the sums stay in their layout, whatever the first one came in.
        Value x = node.Inputs[0], y = node.Inputs[1];
        Layout layout = _values.LayoutOf(y) == Layout.Tokens ? Layout.Tokens : LayoutOf(node);
        Set(node, layout, _graph.Add(node.Name, _values.Get(x, layout, context.Pointwise), _values.Get(y, layout, context.Pointwise)));
    }

    public void ChannelScale(Node node, ChannelScaleOp op)
    {
        Layout layout = LayoutOf(node);
        Tensor x = _values.Get(node.Inputs[0], context.Pointwise);
        int channels = op.Scale.Shape.Channels;
        int[] dims = layout == Layout.ChannelsFirst ? [channels, .. Enumerable.Repeat(1, x.Rank - 2)] : [channels];
        Set(node, layout, _graph.Mul(node.Name, x, context.Weights.Get(op.Scale, context.Pointwise, dims)));
    }

    public void FrequencyEmbedding(Node node, FrequencyEmbeddingOp op)
    {
        int rows = op.Weight.Shape[0], channels = op.Weight.Shape[1];
        float[] weight = context.Weights.Read(op.Weight);
        double[] table = new double[rows * channels];
        for (int i = 0; i < table.Length; i++)
        {
            table[i] = op.Factor * weight[i % rows * channels + i / rows];
        }

        Tensor x = First(node.Inputs[0], context.Pointwise);
        Set(node, Layout.ChannelsFirst, _graph.Add(node.Name, x, _graph.Constant(context.Pointwise, [channels, rows, 1], table)));
    }

    public void AddTable(Node node, AddTableOp op)
    {
        Tensor x = _values.Get(node.Inputs[0], Layout.ChannelsLast, context.Pointwise);
        Set(node, Layout.ChannelsLast, _graph.Add(node.Name, x, Tables.ChannelsLast(_graph, op.Table, context.Pointwise)));
    }

    private void Set(Node node, Layout layout, Tensor tensor) => _values.Set(node.Output, layout, tensor);

    private Layout LayoutOf(Node node) => _values.LayoutOf(node.Inputs[0]);

    private Tensor First(Value value, ElementType type) => _values.Get(value, Layout.ChannelsFirst, type);

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

    /// <summary>
    /// An output of the graph, [N, S, channels, …], restored to the input's mean and std where the network ends so. The gains of the
    /// inverse transform's bins go into these two small factors, not into a pass of their own;
    /// <paramref name="other"/> is added.
    /// </summary>
    public Tensor Output(Value output, int stems, Tensor? gains, Tensor? other = null)
    {
        Node? restore = _restores.GetValueOrDefault(output);
        string name = output.Name;
        Tensor x = First(restore?.Inputs[0] ?? output, ElementType.Float);
        if (context.Stems is { } wanted && x.Dims[1] == output.Shape.Channels)
        {
            x = wanted.Of(_graph, $"{name}/stems", x, 1);
        }

        x = _graph.Reshape($"{name}/by_stem", x, [x.Dims[0], stems, x.Dims[1] / stems, .. x.Dims.AsSpan()[2..]]);
        if (restore is null)
        {
            x = gains is null ? x : _graph.Mul($"{name}/gains", x, gains);
            return other is null ? x : _graph.Add($"{name}/sum", x, other);
        }

        Tensor mean = _statistics[restore.Inputs[1]], std = _statistics[restore.Inputs[2]];
        if (x.Rank == 5 && x.Dims[0] > 1)
        {
            mean = _graph.Reshape($"{name}/mean", mean, x.Dims[0], 1, 1, 1, 1);
            std = _graph.Reshape($"{name}/std", std, x.Dims[0], 1, 1, 1, 1);
        }

        if (gains is not null)
        {
            std = _graph.Mul($"{name}/std_gains", std, gains);
            mean = _graph.Mul($"{name}/mean_gains", mean, gains);
        }

        Tensor scaled = _graph.Mul($"{name}/scaled", x, std);
        return other is null
            ? _graph.Add(name, scaled, mean)
            : _graph.Add(name, _graph.Add($"{name}/shifted", scaled, mean), other);
    }
}
