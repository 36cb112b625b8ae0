using Stemsharp.Graph;

namespace Stemsharp.Export.Onnx.Lowering;

/// <content>Whole spectrograms: products along the last axis, larger and smaller grids, rearrangements. All of it is channels first.</content>
internal sealed partial class GraphLowering
{
    private readonly GridLowering _grids = new(context);

    public void Upsample(Node node, UpsampleOp op) => Set(node, Layout.ChannelsFirst, _grids.Upsample(node, op));

    public void DepthwiseConv(Node node, DepthwiseConvOp op) => Set(node, Layout.ChannelsFirst, _grids.DepthwiseConv(node, op));

    public void LastAxisLinear(Node node, LastAxisLinearOp op) => Set(node, Layout.ChannelsFirst, _grids.LastAxisLinear(node, op));

    public void BatchNorm(Node node, BatchNormOp op) => Set(node, Layout.ChannelsFirst, _grids.BatchNorm(node, op));

    public void RealFourier(Node node, RealFourierOp op) => Set(node, Layout.ChannelsFirst, _grids.RealFourier(node, op));

    public void InverseRealFourier(Node node, InverseRealFourierOp op) => Set(node, Layout.ChannelsFirst, _grids.InverseRealFourier(node, op));

    public void Elu(Node node, EluOp op)
    {
        Tensor x = _values.Get(node.Inputs[0], context.Pointwise);
        Set(node, LayoutOf(node), _graph.Node(node.Name, "Elu", [x], x.Type, x.Dims, Attribute.Float("alpha", op.Alpha)));
    }

    public void Silu(Node node, SiluOp op)
    {
        Tensor x = _values.Get(node.Inputs[0], context.Pointwise);
        Set(node, LayoutOf(node), _graph.Mul(node.Name, x, _graph.Unary($"{node.Name}/gate", "Sigmoid", x)));
    }

    public void Mul(Node node, MulOp op)
    {
        Layout layout = LayoutOf(node);
        Set(node, layout, _graph.Mul(node.Name, _values.Get(node.Inputs[0], layout, context.Pointwise), _values.Get(node.Inputs[1], layout, context.Pointwise)));
    }

    public void Reshape(Node node, ReshapeOp op) =>
        Set(node, Layout.ChannelsFirst, _graph.Reshape(node.Name, First(node.Inputs[0], context.Pointwise), _values.Dims(node.Output.Shape, Layout.ChannelsFirst)));

    public void Swap(Node node, SwapOp op) => Set(node, Layout.ChannelsFirst, _graph.Transpose(node.Name, First(node.Inputs[0], context.Pointwise), 0, 1, 3, 2));

    public void Concat(Node node, ConcatOp op) =>
        Set(node, Layout.ChannelsFirst, _graph.Concat(node.Name, [.. node.Inputs.Select(v => First(v, context.Pointwise))], op.Axis + 1));

    public void PadRows(Node node, PadRowsOp op) =>
        Set(node, Layout.ChannelsFirst, _graph.Pad(node.Name, First(node.Inputs[0], context.Pointwise), op.Before, op.After, "constant", 2));
}
