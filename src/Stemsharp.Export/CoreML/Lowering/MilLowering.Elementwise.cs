using Stemsharp.Export.CoreML.Mil;
using Stemsharp.Graph;

namespace Stemsharp.Export.CoreML.Lowering;

internal sealed partial class MilLowering
{
    public void Gelu(Node node, GeluOp op) => Unary(node, "gelu", ("mode", _mil.Text("EXACT")));

    public void Relu(Node node, ReluOp op) => Unary(node, "relu");

    public void Glu(Node node, GluOp op)
    {
        MilType type = _options.Policy.For(node);
        MilValue[] halves = _mil.Split($"{node.Name}_halves", Get(node.Inputs[0], Layout.Channels, type), 2, 1);
        MilValue gate = _mil.Add("sigmoid", $"{node.Name}_gate", type, halves[1].Shape.AsSpan(), ("x", halves[1]));
        Set(node.Output, Layout.Channels, _mil.Add("mul", node.Name, type, gate.Shape.AsSpan(), ("x", halves[0]), ("y", gate)));
    }

    public void Add(Node node, AddOp op)
    {
        // The side that is already in the other layout decides nothing: the first input is the residual stream.
        Layout layout = Native(node.Inputs[0]);
        MilType type = _options.Policy.For(node);
        MilValue a = Get(node.Inputs[0], layout, type), b = Get(node.Inputs[1], layout, type);
        Set(node.Output, layout, _mil.Add("add", node.Name, type, a.Shape.AsSpan(), ("x", a), ("y", b)));
    }

    public void ChannelScale(Node node, ChannelScaleOp op)
    {
        if (ScaledNorm(node.Inputs[0]) is not null)
        {
            Alias(node.Output, node.Inputs[0]);
            return;
        }

        Layout layout = Native(node.Inputs[0]);
        MilType type = _options.Policy.For(node);
        MilValue x = Get(node.Inputs[0], layout, type);
        float[] scale = _weights.Read(op.Scale);
        int[] shape = layout == Layout.Channels ? [1, scale.Length, .. Enumerable.Repeat(1, x.Rank - 2)] : [scale.Length];
        MilValue factor = _mil.Floats($"{node.Name}_scale", type, shape, scale);
        Set(node.Output, layout, _mil.Add("mul", node.Name, type, x.Shape.AsSpan(), ("x", x), ("y", factor)));
    }

    public void Crop(Node node, CropOp op)
    {
        MilType type = _options.Policy.For(node);
        MilValue x = Get(node.Inputs[0], Layout.Channels, type);
        int[] begin = new int[x.Rank], end = [.. x.Shape];
        (begin[2], end[2]) = (op.Start, op.Start + op.Length);
        int[] shape = [.. x.Shape];
        shape[2] = op.Length;
        Set(node.Output, Layout.Channels, _mil.Add("slice_by_index", node.Name, type, shape, ("x", x), ("begin", _mil.Ints(begin)), ("end", _mil.Ints(end))));
    }

    private void Unary(Node node, string operation, params ReadOnlySpan<(string, MilValue)> parameters)
    {
        Layout layout = Native(node.Inputs[0]);
        MilType type = _options.Policy.For(node);
        MilValue x = Get(node.Inputs[0], layout, type);
        Set(node.Output, layout, _mil.Add(operation, node.Name, type, x.Shape.AsSpan(), [("x", x), .. parameters]));
    }
}
