using Stemsharp.Export.CoreML.Mil;
using Stemsharp.Graph;

namespace Stemsharp.Export.CoreML.Lowering;

internal sealed partial class MilLowering
{
    public void Gelu(Node node, GeluOp op) => Unary(node, "gelu", ("mode", _mil.Text("EXACT")));

    public void Relu(Node node, ReluOp op) => Unary(node, "relu");

    public void Tanh(Node node, TanhOp op) => Unary(node, "tanh");

    public void Silu(Node node, SiluOp op) => Unary(node, "silu");

    public void Elu(Node node, EluOp op) => Unary(node, "elu", ("alpha", _mil.Scalar(_options.Policy.For(node), op.Alpha)));

    public void Glu(Node node, GluOp op)
    {
        MilType type = _options.Policy.For(node);
        Layout layout = Native(node.Inputs[0]);
        MilValue x = Get(node.Inputs[0], layout, type);
        MilValue[] halves = _mil.Split($"{node.Name}_halves", x, 2, layout == Layout.Channels ? 1 : x.Rank - 1);
        MilValue gate = _mil.Add("sigmoid", $"{node.Name}_gate", type, halves[1].Shape.AsSpan(), ("x", halves[1]));
        Set(node.Output, layout, _mil.Add("mul", node.Name, type, gate.Shape.AsSpan(), ("x", halves[0]), ("y", gate)));
    }

    public void Add(Node node, AddOp op) => OfTwo(node, "add");

    public void Mul(Node node, MulOp op) => OfTwo(node, "mul");

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
        MilValue x = Get(node.Inputs[0], Layout.Channels, _options.Policy.For(node));
        Set(node.Output, Layout.Channels, _mil.Slice(node.Name, x, 2, op.Start, op.Length));
    }

    // The side that is already in the other layout decides nothing: the first input is the residual stream.
    private void OfTwo(Node node, string operation)
    {
        Layout layout = Native(node.Inputs[0]);
        MilType type = _options.Policy.For(node);
        MilValue a = Get(node.Inputs[0], layout, type), b = Get(node.Inputs[1], layout, type);
        Set(node.Output, layout, _mil.Add(operation, node.Name, type, a.Shape.AsSpan(), ("x", a), ("y", b)));
    }

    private void Unary(Node node, string operation, params ReadOnlySpan<(string, MilValue)> parameters)
    {
        Layout layout = Native(node.Inputs[0]);
        MilType type = _options.Policy.For(node);
        MilValue x = Get(node.Inputs[0], layout, type);
        Set(node.Output, layout, _mil.Add(operation, node.Name, type, x.Shape.AsSpan(), [("x", x), .. parameters]));
    }
}
