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
internal sealed partial class MilLowering : IOpVisitor
{
    private readonly MilBuilder _mil;
    private readonly WeightStore _weights;
    private readonly MilLoweringOptions _options;
    private readonly Graph.Graph _graph;
    private readonly GraphUses _uses;
    private readonly Dictionary<(Value, Layout), MilValue> _values = [];
    private readonly Dictionary<Value, int> _pendingPad = [];

    private MilLowering(Graph.Graph graph, MilBuilder mil, WeightStore weights, MilLoweringOptions options) =>
        (_graph, _uses, _mil, _weights, _options) = (graph, graph.Uses, mil, weights, options);

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
            node.Accept(this);
        }

        foreach ((string name, Value value) in _graph.Outputs)
        {
            _mil.Output(_uses.Producer(value) is { Op: RestoreOp } ? Get(value, Layout.Channels) : ByStem(name, value));
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
}
