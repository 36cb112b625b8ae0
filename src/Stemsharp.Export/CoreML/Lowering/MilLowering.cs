using Stemsharp.Export.CoreML.Mil;
using Stemsharp.Graph;

namespace Stemsharp.Export.CoreML.Lowering;

/// <summary>What the lowering needs to know beside the graph.</summary>
/// <param name="Target">The operation set.</param>
/// <param name="Policy">Which nodes stay in single precision.</param>
/// <param name="StemCount">Stems that the network returns.</param>
/// <param name="Stems">Indices of the stems that the package returns, ascending.</param>
/// <param name="FoldAttentionScale">
/// Whether attention without a fused operation has its 1/sqrt(d) in the query's weights instead of in an operation;
/// for networks and precisions that take it without loss.
/// </param>
/// <param name="NativeNorms">
/// Names of the norms that become layer_norm operations, whose sums the runtime orders as it likes. The others
/// are spelled out with sums in stages.
/// </param>
internal sealed record MilLoweringOptions(
    CoreMLTarget Target, PrecisionPolicy Policy, int StemCount, IReadOnlyList<int> Stems, bool FoldAttentionScale, IReadOnlySet<string> NativeNorms);

/// <summary>
/// Writes a graph as MIL. Values of the convolutional branches are [1, C, F, T] and [1, C, T]; inside the
/// transformer they are [1, N, C], so that linear layers and attention need no transposes of their own.
/// </summary>
internal sealed partial class MilLowering
{
    private readonly MilBuilder _mil;
    private readonly WeightStore _weights;
    private readonly MilLoweringOptions _options;
    private readonly Graph.Graph _graph;
    private readonly Dictionary<Value, Node> _producer = [];
    private readonly Dictionary<Value, List<Node>> _consumers = [];
    private readonly Dictionary<(Value, Layout), MilValue> _values = [];
    private readonly Dictionary<Value, int> _pendingPad = [];

    private MilLowering(Graph.Graph graph, MilBuilder mil, WeightStore weights, MilLoweringOptions options)
    {
        (_graph, _mil, _weights, _options) = (graph, mil, weights, options);
        foreach (Node node in graph.Nodes)
        {
            foreach (Value output in node.Outputs)
            {
                _producer.Add(output, node);
            }

            foreach (Value input in node.Inputs)
            {
                if (!_consumers.TryGetValue(input, out List<Node>? list))
                {
                    _consumers.Add(input, list = []);
                }

                list.Add(node);
            }
        }
    }

    /// <summary>How the axes of a graph's value lie in the program.</summary>
    private enum Layout
    {
        /// <summary>[1, C], [1, C, T] or [1, C, F, T].</summary>
        Channels,

        /// <summary>[1, F, T, C]; for values without F the same as <see cref="Tokens"/>.</summary>
        Grid,

        /// <summary>[1, N, C], N = F·T.</summary>
        Tokens,
    }

    /// <summary>Appends the whole graph and marks its outputs.</summary>
    public static void Run(Graph.Graph graph, MilBuilder mil, WeightStore weights, MilLoweringOptions options) =>
        new MilLowering(graph, mil, weights, options).Run();

    private void Run()
    {
        foreach ((string name, Value value) in _graph.Inputs)
        {
            _values[(value, Layout.Channels)] = _mil.Input(name, [1, .. value.Shape.Dims]);
        }

        foreach (Node node in _graph.Nodes)
        {
            Lower(node);
        }

        foreach ((_, Value value) in _graph.Outputs)
        {
            _mil.Output(Get(value, Layout.Channels));
        }
    }

    private void Lower(Node node)
    {
        switch (node.Op)
        {
            case ConvOp op: Conv(node, op); break;
            case ConvTransposeOp op: ConvTranspose(node, op); break;
            case LinearOp when FeedsAttention(node): break;
            case LinearOp op: Linear(node, op); break;
            case AttentionOp op: Attention(node, op); break;
            case GroupNormOp op: GroupNorm(node, op); break;
            case LayerNormOp op: LayerNorm(node, op); break;
            case StandardizeOp op: Standardize(node, op); break;
            case RestoreOp: Restore(node); break;
            case GeluOp: Unary(node, "gelu", ("mode", _mil.Text("EXACT"))); break;
            case ReluOp: Unary(node, "relu"); break;
            case GluOp: Glu(node); break;
            case AddOp: Add(node); break;
            case ChannelScaleOp when ScaledNorm(node.Inputs[0]) is not null: Alias(node.Output, node.Inputs[0]); break;
            case ChannelScaleOp op: ChannelScale(node, op); break;
            case FrequencyEmbeddingOp op: FrequencyEmbedding(node, op); break;
            case AddTableOp op: AddTable(node, op); break;
            case PadOp op: Pad(node, op); break;
            case CropOp op: Crop(node, op); break;
            default: throw new InvalidOperationException($"{node.Op.Kind} has no MIL form.");
        }
    }

    private void Set(Value value, Layout layout, MilValue result) =>
        _values[(value, layout == Layout.Grid && value.Shape.Rank != 3 ? Layout.Tokens : layout)] = result;

    /// <summary>The layout in which the value is there without a transpose.</summary>
    private Layout Native(Value value) => _values.ContainsKey((value, Layout.Channels)) ? Layout.Channels
        : _values.ContainsKey((value, Layout.Tokens)) ? Layout.Tokens : Layout.Grid;

    private MilValue Get(Value value, Layout layout)
    {
        Shape shape = value.Shape;
        if (layout == Layout.Grid && shape.Rank != 3)
        {
            layout = Layout.Tokens;
        }

        if (_values.TryGetValue((value, layout), out MilValue? known))
        {
            return known;
        }

        string name = value.Name;
        MilValue result;
        switch (layout)
        {
            case Layout.Tokens when shape.Rank == 3:
                result = _mil.Reshape($"{name}_tokens", Get(value, Layout.Grid), 1, shape.Positions, shape.Channels);
                break;
            case Layout.Tokens:
                result = _mil.Transpose($"{name}_tokens", _values[(value, Layout.Channels)], 0, 2, 1);
                break;
            case Layout.Grid when _values.TryGetValue((value, Layout.Tokens), out MilValue? tokens):
                result = _mil.Reshape($"{name}_grid", tokens, 1, shape.Rows, shape.Last, shape.Channels);
                break;
            case Layout.Grid:
                result = _mil.Transpose($"{name}_grid", _values[(value, Layout.Channels)], 0, 2, 3, 1);
                break;
            case Layout.Channels when shape.Rank == 3:
                result = _mil.Transpose($"{name}_channels", Get(value, Layout.Grid), 0, 3, 1, 2);
                break;
            default:
                result = _mil.Transpose($"{name}_channels", _values[(value, Layout.Tokens)], 0, 2, 1);
                break;
        }

        Set(value, layout, result);
        return result;
    }

    private MilValue Get(Value value, Layout layout, MilType type) => _mil.As(Get(value, layout), type);

    private void Alias(Value value, Value same)
    {
        foreach (Layout layout in (ReadOnlySpan<Layout>)[Layout.Channels, Layout.Grid, Layout.Tokens])
        {
            if (_values.TryGetValue((same, layout), out MilValue? known))
            {
                _values[(value, layout)] = known;
            }
        }
    }

    private Node? SoleConsumer(Value value) => _consumers.TryGetValue(value, out List<Node>? list) && list.Count == 1 ? list[0] : null;

    private void Unary(Node node, string operation, params ReadOnlySpan<(string, MilValue)> parameters)
    {
        Layout layout = Native(node.Inputs[0]);
        MilType type = _options.Policy.For(node);
        MilValue x = Get(node.Inputs[0], layout, type);
        Set(node.Output, layout, _mil.Add(operation, node.Name, type, x.Shape.AsSpan(), [("x", x), .. parameters]));
    }

    private void Glu(Node node)
    {
        MilType type = _options.Policy.For(node);
        MilValue[] halves = _mil.Split($"{node.Name}_halves", Get(node.Inputs[0], Layout.Channels, type), 2, 1);
        MilValue gate = _mil.Add("sigmoid", $"{node.Name}_gate", type, halves[1].Shape.AsSpan(), ("x", halves[1]));
        Set(node.Output, Layout.Channels, _mil.Add("mul", node.Name, type, gate.Shape.AsSpan(), ("x", halves[0]), ("y", gate)));
    }

    private void Add(Node node)
    {
        // The side that is already in the other layout decides nothing: the first input is the residual stream.
        Layout layout = Native(node.Inputs[0]);
        MilType type = _options.Policy.For(node);
        MilValue a = Get(node.Inputs[0], layout, type), b = Get(node.Inputs[1], layout, type);
        Set(node.Output, layout, _mil.Add("add", node.Name, type, a.Shape.AsSpan(), ("x", a), ("y", b)));
    }

    private void ChannelScale(Node node, ChannelScaleOp op)
    {
        Layout layout = Native(node.Inputs[0]);
        MilType type = _options.Policy.For(node);
        MilValue x = Get(node.Inputs[0], layout, type);
        float[] scale = _weights.Read(op.Scale);
        int[] shape = layout == Layout.Channels ? [1, scale.Length, .. Enumerable.Repeat(1, x.Rank - 2)] : [scale.Length];
        MilValue factor = _mil.Floats($"{node.Name}_scale", type, shape, scale);
        Set(node.Output, layout, _mil.Add("mul", node.Name, type, x.Shape.AsSpan(), ("x", x), ("y", factor)));
    }

    private void Crop(Node node, CropOp op)
    {
        MilType type = _options.Policy.For(node);
        MilValue x = Get(node.Inputs[0], Layout.Channels, type);
        int[] begin = new int[x.Rank], end = [.. x.Shape];
        (begin[2], end[2]) = (op.Start, op.Start + op.Length);
        int[] shape = [.. x.Shape];
        shape[2] = op.Length;
        Set(node.Output, Layout.Channels, _mil.Add("slice_by_index", node.Name, type, shape, ("x", x), ("begin", _mil.Ints(begin)), ("end", _mil.Ints(end))));
    }
}
