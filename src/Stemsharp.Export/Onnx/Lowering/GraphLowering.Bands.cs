using Stemsharp.Graph;

namespace Stemsharp.Export.Onnx.Lowering;

/// <content>Spectrograms as bands, gated attention along an axis: what belongs together is lowered at its first or last node.</content>
internal sealed partial class GraphLowering
{
    private readonly BandLowering _bands = new(context);
    private readonly RotaryAttentionLowering _rotary = new(context, scoreLimit);
    private readonly FeedForwardLowering _feedForward = new(context, scoreLimit);

    /// <summary>Nodes that were lowered together with an earlier one.</summary>
    private readonly HashSet<Node> _done = [];

    public void RmsNorm(Node node, RmsNormOp op)
    {
        Layout layout = LayoutOf(node) == Layout.ChannelsFirst ? Layout.ChannelsLast : LayoutOf(node);
        Set(node, layout, _norms.RmsNorm(node, op, layout));
    }

    public void Tanh(Node node, TanhOp op) => Set(node, LayoutOf(node), _graph.Unary(node.Name, "Tanh", _values.Get(node.Inputs[0], context.Pointwise)));

    public void Band(Node node, BandOp op) => Set(node, Layout.Tokens, _bands.Band(node, op));

    public void Stack(Node node, StackOp op) => Set(node, Layout.ChannelsLast, _bands.Stack(node));

    public void Row(Node node, RowOp op) => Set(node, Layout.Tokens, _bands.Row(node, op));

    /// <summary>Lowered with the product behind it, stem by stem.</summary>
    public void JoinBands(Node node, JoinBandsOp op)
    {
        if (context.Uses.Next<ComplexMaskOp>(node) is null)
        {
            throw Alone(node);
        }
    }

    public void ComplexMask(Node node, ComplexMaskOp op) =>
        Set(node, Layout.ChannelsFirst, _bands.Mask(node, op, context.Uses.Producer(node.Inputs[0]) is { Op: JoinBandsOp } join ? join : throw Alone(node)));

    /// <summary>Lowered with the projection of the queries.</summary>
    public void Rotary(Node node, RotaryOp op) => RequireDone(node);

    /// <summary>Lowered with the projection of the queries.</summary>
    public void HeadGate(Node node, HeadGateOp op) => RequireDone(node);

    // Whether the linear layer begins, or belongs to, something that is lowered in blocks.
    private bool InBlocks(Node node)
    {
        if (_done.Contains(node))
        {
            return true;
        }

        if (_rotary.PartsOf(node) is { } attention)
        {
            _values.Set(attention.Output.Output, Layout.ChannelsLast, _rotary.Run(attention));
            _done.UnionWith(attention.All);
            return true;
        }

        if (_feedForward.PartsOf(node) is { } block)
        {
            _values.Set(block.Contract.Output, Layout.ChannelsLast, _feedForward.Run(block));
            _done.UnionWith([block.Expand, block.Gelu, block.Contract]);
            return true;
        }

        return false;
    }

    private void RequireDone(Node node)
    {
        if (!_done.Contains(node))
        {
            throw Alone(node);
        }
    }

    private static InvalidOperationException Alone(Node node) =>
        new($"{node.Op.Kind} ({node.Name}) is lowered together with what the builder of graphs records around it, and not alone.");
}
