using Stemsharp.Export.CoreML.Mil;
using Stemsharp.Graph;

namespace Stemsharp.Export.CoreML.Lowering;

internal sealed partial class MilLowering
{
    public void LayerNorm(Node node, LayerNormOp op)
    {
        Value input = node.Inputs[0];
        Layout layout = Native(input) == Layout.Tokens ? Layout.Tokens : Layout.Grid;
        MilType type = _options.Policy.For(node);
        MilValue x = Get(input, layout, type);
        float[] gamma = _weights.Read(op.Weight), beta = _weights.Read(op.Bias);
        MilType stored = _weights.Affine(type);
        MilValue result = _mil.Add("layer_norm", node.Name, type, x.Shape.AsSpan(),
            ("x", x), ("axes", _mil.Ints(-1)),
            ("gamma", _mil.Floats($"{node.Name}_gamma", stored, [x.Shape[^1]], gamma)),
            ("beta", _mil.Floats($"{node.Name}_beta", stored, [x.Shape[^1]], beta)),
            ("epsilon", _mil.Scalar(stored, op.Epsilon)));
        Set(node.Output, layout, result);
    }

    /// <summary>
    /// x times √C·gamma over the norm of the channels at each position, in the order of arithmetic that its precision stands: sums
    /// of squares do not fit into half precision, so there the values are brought to at most one before they are squared.
    /// </summary>
    public void RmsNorm(Node node, RmsNormOp op)
    {
        Layout layout = Native(node.Inputs[0]) == Layout.Tokens ? Layout.Tokens : Layout.Grid;
        MilType type = _options.Policy.For(node);
        MilValue x = Get(node.Inputs[0], layout, type);
        string name = node.Name;
        int[][] channels = [[x.Rank - 1]];
        float[] gamma = _weights.Read(op.Gamma);
        double factor = 1;
        MilValue unit;
        if (type == MilType.Float32)
        {
            MilValue size = Reduce("reduce_l2_norm", $"{name}_size", x, channels);
            unit = _mil.Binary("real_div", $"{name}_unit", x, _mil.Binary("maximum", $"{name}_divisor", size, _mil.Scalar(type, RmsNormOp.LeastNorm)));
            factor = Math.Sqrt(gamma.Length);
        }
        else
        {
            const double least = 1e-4;
            MilValue size = Reduce("reduce_max", $"{name}_peak", _mil.Add("abs", $"{name}_abs", type, x.Shape.AsSpan(), ("x", x)), channels);
            MilValue small = _mil.Binary("real_div", $"{name}_small", x, _mil.Binary("maximum", $"{name}_divisor", size, _mil.Scalar(type, least)));
            MilValue power = Reduce("reduce_mean", $"{name}_power", _mil.Add("square", $"{name}_square", type, x.Shape.AsSpan(), ("x", small)), channels);
            unit = _mil.Binary("mul", $"{name}_unit", small, _mil.Add("rsqrt", $"{name}_rate", type, power.Shape.AsSpan(), ("x", power), ("epsilon", _mil.Scalar(type, least))));
        }

        Set(node.Output, layout, _mil.Binary("mul", name, unit, _mil.Floats($"{name}_gamma", type, [gamma.Length], [.. gamma.Select(g => (float)(g * factor))])));
    }

    /// <summary>One factor and one offset a channel.</summary>
    public void BatchNorm(Node node, BatchNormOp op)
    {
        float[] weight = _weights.Read(op.Weight), bias = _weights.Read(op.Bias), mean = _weights.Read(op.Mean), variance = _weights.Read(op.Variance);
        double[] factors = [.. weight.Zip(variance, (g, v) => g / Math.Sqrt(v + op.Epsilon))];
        MilValue x = Get(node.Inputs[0], Layout.Channels, _options.Policy.For(node));
        Set(node.Output, Layout.Channels, ChannelAffine(node.Name, x, [.. factors.Select(f => (float)f)], [.. bias.Select((b, c) => (float)(b - mean[c] * factors[c]))]));
    }

    /// <summary>
    /// A norm over all channels of a group and the positions. Runtimes differ in how they sum long runs, so
    /// long norms are spelled out: means over the innermost axis first, then over the rest, of centred values.
    /// </summary>
    public void GroupNorm(Node node, GroupNormOp op)
    {
        Value input = node.Inputs[0];
        Layout layout = op.PerRow || Native(input) == Layout.Channels ? Layout.Channels : Layout.Tokens;
        MilType type = _options.Policy.For(node);
        MilValue x = Get(input, layout, type);
        (float[] gamma, float[] beta) = Affine(node, op);
        int[] shape = [.. x.Shape];
        int[] grouped = shape;
        if (op.Groups > 1)
        {
            int width = gamma.Length / op.Groups;
            grouped = layout == Layout.Tokens ? [1, shape[1], op.Groups, width]
                : op.PerRow ? [op.Groups, width, shape[2], shape[3]]
                : [1, op.Groups, width * input.Shape.Rows, input.Shape.Last];
        }

        // Axes of one statistic, the innermost first.
        int[][] stages = (layout, op.Groups > 1, op.PerRow) switch
        {
            (Layout.Tokens, false, _) => [[2], [1]],
            (Layout.Tokens, true, _) => [[3], [1]],
            (_, false, true) => [[1, 3]],
            (_, true, true) => [[1, 3]],
            (_, false, false) => shape.Length == 4 ? [[3], [1, 2]] : [[2], [1]],
            (_, true, false) => [[3], [2]],
        };

        x = _mil.Reshape($"{node.Name}_groups", x, grouped);
        int[] axes = [.. stages.SelectMany(s => s).Order()];
        bool trailing = axes[^1] == grouped.Length - 1 && axes[^1] - axes[0] == axes.Length - 1;
        double factor = 1;
        MilValue y;
        if (trailing && _options.NativeNorms.Contains(node.Name))
        {
            y = _mil.Add("layer_norm", $"{node.Name}_unit", type, grouped, ("x", x), ("axes", _mil.Ints(axes)), ("epsilon", _mil.Scalar(type, op.Epsilon)));
        }
        else
        {
            (y, factor) = Spelled(node.Name, x, stages, op.Epsilon);
        }

        y = _mil.Reshape($"{node.Name}_ungrouped", y, shape);
        float[] scale = [.. gamma.Select(g => (float)(g * factor))];
        Set(node.Output, layout, layout == Layout.Channels ? ChannelAffine(node.Name, y, scale, beta) : TokenAffine(node.Name, y, scale, beta));
    }

    // (x − mean)/sqrt(var + ε) / factor.
    private (MilValue Result, double Factor) Spelled(string name, MilValue x, int[][] stages, double epsilon)
    {
        MilValue mean = Reduce("reduce_mean", $"{name}_mean", x, stages);
        MilValue centred = _mil.Add("sub", $"{name}_centred", x.Type, x.Shape.AsSpan(), ("x", x), ("y", mean));
        MilValue spread;
        double factor = 1;
        if (x.Type == MilType.Float32)
        {
            // One operation squares and sums; what the sum lacks to a mean goes into ε and the norm's gain.
            MilValue sums = Reduce("reduce_sum_square", $"{name}_power", centred, [stages[0]]);
            spread = Reduce("reduce_mean", $"{name}_spread", sums, stages.AsSpan(1));
            factor = Math.Sqrt(stages[0].Aggregate(1.0, (n, axis) => n * x.Shape[axis]));
        }
        else
        {
            // Sums of squares do not fit into half precision; means do.
            MilValue squares = _mil.Add("square", $"{name}_square", x.Type, x.Shape.AsSpan(), ("x", centred));
            spread = Reduce("reduce_mean", $"{name}_spread", squares, stages);
        }

        MilValue rate = _mil.Add("rsqrt", $"{name}_rate", x.Type, spread.Shape.AsSpan(), ("x", spread), ("epsilon", _mil.Scalar(x.Type, epsilon * factor * factor)));
        MilValue result = _mil.Add("mul", $"{name}_unit", x.Type, x.Shape.AsSpan(), ("x", centred), ("y", rate));
        return (result, factor);
    }

    private MilValue Reduce(string operation, string name, MilValue x, ReadOnlySpan<int[]> stages)
    {
        for (int i = 0; i < stages.Length; i++)
        {
            int[] shape = [.. x.Shape];
            foreach (int axis in stages[i])
            {
                shape[axis] = 1;
            }

            string stage = stages.Length == 1 ? name : $"{name}_{i}";
            x = _mil.Add(operation, stage, x.Type, shape, ("x", x), ("axes", _mil.Ints(stages[i])), ("keep_dims", _mil.Bool(true)));
        }

        return x;
    }

    // batch_norm with unit statistics: the one operation that scales and shifts channels.
    private MilValue ChannelAffine(string name, MilValue x, float[] scale, float[] shift)
    {
        int channels = scale.Length;
        float[] ones = new float[channels];
        Array.Fill(ones, 1);
        MilType stored = WeightStore.FitsHalf(scale, shift) ? _weights.Affine(x.Type) : x.Type;
        return _mil.Add("batch_norm", name, x.Type, x.Shape.AsSpan(),
            ("x", x),
            ("mean", _mil.Floats($"zeros_{channels}", stored, [channels], new float[channels])),
            ("variance", _mil.Floats($"ones_{channels}", stored, [channels], ones)),
            ("gamma", _mil.Floats($"{name}_gamma", stored, [channels], scale)),
            ("beta", _mil.Floats($"{name}_beta", stored, [channels], shift)),
            ("epsilon", _mil.Scalar(stored, 0)));
    }

    private MilValue TokenAffine(string name, MilValue x, float[] scale, float[] shift)
    {
        MilValue scaled = _mil.Add("mul", $"{name}_scaled", x.Type, x.Shape.AsSpan(), ("x", x), ("y", _mil.Floats($"{name}_gamma", x.Type, [scale.Length], scale)));
        return _mil.Add("add", name, x.Type, x.Shape.AsSpan(), ("x", scaled), ("y", _mil.Floats($"{name}_beta", x.Type, [shift.Length], shift)));
    }

    // Where only GLU and LayerScale follow, the scale is the gain of the norm's first half.
    private (float[] Gamma, float[] Beta) Affine(Node node, GroupNormOp op)
    {
        float[] gamma = [.. _weights.Read(op.Weight)], beta = [.. _weights.Read(op.Bias)];
        if (_uses.Next<GluOp>(node) is { } glu && _uses.Next<ChannelScaleOp>(glu) is { Op: ChannelScaleOp scale })
        {
            float[] factors = _weights.Read(scale.Scale);
            for (int c = 0; c < factors.Length; c++)
            {
                gamma[c] *= factors[c];
                beta[c] *= factors[c];
            }
        }

        return (gamma, beta);
    }

    /// <summary>The norm that took over the scale which follows this GLU's output, if one did.</summary>
    private Node? ScaledNorm(Value value) =>
        _uses.Producer(value) is { Op: GluOp } glu && _uses.Producer(glu.Inputs[0]) is { Op: GroupNormOp } norm
        && _uses.SoleReader(glu.Inputs[0]) == glu && _uses.SoleReader<ChannelScaleOp>(value) is not null ? norm : null;
}
