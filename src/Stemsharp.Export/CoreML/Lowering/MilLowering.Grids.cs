using Stemsharp.Export.CoreML.Mil;
using Stemsharp.Graph;

namespace Stemsharp.Export.CoreML.Lowering;

/// <content>Whole spectrograms: products along the last axis, larger and smaller grids, rearrangements. All of it is channels first.</content>
internal sealed partial class MilLowering
{
    public void Upsample(Node node, UpsampleOp op)
    {
        float[] weight = _weights.Read(op.Weight), bias = new float[node.Output.Shape.Channels];
        MilType type = WeightStore.FitsHalf(weight) ? _options.Policy.For(node) : MilType.Float32;
        MilValue x = Get(node.Inputs[0], Layout.Channels, type);
        (MilValue w, MilValue b) = _weights.Layer(MilBuilder.Identifier(node.Name), op.Weight, [.. op.Weight.Shape.Dims], outputs: 1, weight, bias, type);
        Set(node.Output, Layout.Channels, _mil.Add("conv_transpose", node.Name, type, [1, .. node.Output.Shape.Dims],
            ("x", x), ("weight", w), ("bias", b),
            ("strides", _mil.Ints(op.KernelF, op.KernelT)),
            ("pad_type", _mil.Text("valid")), ("pad", _mil.Ints(0, 0, 0, 0)),
            ("dilations", _mil.Ints(1, 1)), ("groups", _mil.Int(1))));
    }

    /// <summary>A convolution of as many groups as channels.</summary>
    public void DepthwiseConv(Node node, DepthwiseConvOp op)
    {
        float[] weight = _weights.Read(op.Weight), bias = _weights.Read(op.Bias);
        MilType type = WeightStore.FitsHalf(weight, bias) ? _options.Policy.For(node) : MilType.Float32;
        MilValue x = Get(node.Inputs[0], Layout.Channels, type);
        bool plane = x.Rank == 4;
        int channels = op.Weight.Shape[0], margin = op.Kernel / 2;
        (MilValue w, MilValue b) = _weights.Layer(
            MilBuilder.Identifier(node.Name), op.Weight, plane ? [channels, 1, 1, op.Kernel] : [channels, 1, op.Kernel], outputs: 0, weight, bias, type);
        Set(node.Output, Layout.Channels, _mil.Add("conv", node.Name, type, x.Shape.AsSpan(),
            ("x", x), ("weight", w), ("bias", b),
            ("strides", _mil.Ints(plane ? [1, 1] : [1])),
            ("pad_type", _mil.Text("custom")), ("pad", _mil.Ints(plane ? [0, 0, margin, margin] : [margin, margin])),
            ("dilations", _mil.Ints(plane ? [1, 1] : [1])), ("groups", _mil.Int(channels))));
    }

    public void LastAxisLinear(Node node, LastAxisLinearOp op)
    {
        int rows = op.Weight.Shape[0], columns = op.Weight.Shape[1];
        MilValue x = Get(node.Inputs[0], Layout.Channels, _options.Policy.For(node));
        MilValue y = Project(node.Name, Lines(node.Name, x), op.Weight, _weights.Read(op.Weight).AsSpan(0, rows * columns).ToArray(), new float[rows], x.Type);
        Set(node.Output, Layout.Channels, _mil.Reshape($"{node.Name}_grid", y, [1, .. node.Output.Shape.Dims]));
    }

    /// <summary>Two products, of real and imaginary parts, in single precision in every package.</summary>
    public void RealFourier(Node node, RealFourierOp op)
    {
        int points = node.Inputs[0].Shape.Last, bins = points / 2 + 1;
        double[] matrix = op.Matrix(points);
        MilValue lines = Lines(node.Name, Get(node.Inputs[0], Layout.Channels, MilType.Float32));
        MilValue both = _mil.Concat($"{node.Name}_parts", 0, [Part("real", 0), Part("imaginary", bins)]);
        Set(node.Output, Layout.Channels, _mil.Reshape(node.Name, both, [1, .. node.Output.Shape.Dims]));

        MilValue Part(string name, int first) =>
            Transformed($"{node.Name}_{name}", lines, bins, [.. matrix.AsSpan(first * points, bins * points).ToArray().Select(v => (float)v)]);
    }

    /// <summary>The sum of two products.</summary>
    public void InverseRealFourier(Node node, InverseRealFourierOp op)
    {
        int points = node.Output.Shape.Last, bins = points / 2 + 1;
        double[] matrix = op.Matrix(points);
        MilValue[] parts = _mil.Split($"{node.Name}_parts", Lines(node.Name, Get(node.Inputs[0], Layout.Channels, MilType.Float32)), 2, 0);
        MilValue sum = _mil.Binary("add", $"{node.Name}_sum", Part("real", 0), Part("imaginary", 1));
        Set(node.Output, Layout.Channels, _mil.Reshape(node.Name, sum, [1, .. node.Output.Shape.Dims]));

        MilValue Part(string name, int index)
        {
            float[] rows = new float[points * bins];
            for (int i = 0; i < rows.Length; i++)
            {
                rows[i] = (float)matrix[(2 * (i / bins) + index) * bins + i % bins];
            }

            return Transformed($"{node.Name}_{name}", parts[index], points, rows);
        }
    }

    public void Reshape(Node node, ReshapeOp op) =>
        Set(node.Output, Layout.Channels, _mil.Reshape(node.Name, Get(node.Inputs[0], Layout.Channels), [1, .. node.Output.Shape.Dims]));

    public void SingleRow(Node node, SingleRowOp op) =>
        Set(node.Output, Layout.Channels, _mil.Reshape(node.Name, Get(node.Inputs[0], Layout.Channels), [1, .. node.Output.Shape.Dims]));

    public void Swap(Node node, SwapOp op) => Set(node.Output, Layout.Channels, _mil.Transpose(node.Name, Get(node.Inputs[0], Layout.Channels), 0, 1, 3, 2));

    public void Concat(Node node, ConcatOp op)
    {
        MilType type = _options.Policy.For(node);
        Set(node.Output, Layout.Channels, _mil.Concat(node.Name, op.Axis + 1, [.. node.Inputs.Select(v => Get(v, Layout.Channels, type))]));
    }

    public void PadRows(Node node, PadRowsOp op) => Set(node.Output, Layout.Channels, _mil.Pad(node.Name, Get(node.Inputs[0], Layout.Channels), 2, op.Before, op.After));

    // [1, C, F, T] as [C, F, T], which linear layers take.
    private MilValue Lines(string name, MilValue x) => _mil.Reshape($"{name}_lines", x, [.. x.Shape[1..]]);

    // x [C, F, T] times the rows of a matrix of known numbers.
    private MilValue Transformed(string name, MilValue x, int rows, float[] matrix)
    {
        int columns = x.Shape[^1];
        return _mil.Add("linear", name, x.Type, [.. x.Shape[..^1], rows], ("x", x), ("weight", _mil.Floats($"{name}_matrix", x.Type, [rows, columns], matrix)));
    }
}
