using Stemsharp.Graph;

namespace Stemsharp.Export.Onnx.Lowering;

/// <summary>
/// Norms and statistics, always in single precision. onnxruntime sums a whole row, and a reduction over
/// several axes, in one chain of single-precision additions, which costs 20 to 50 dB on long rows. So
/// moments are taken in stages (along the last axis, then over the others), second moments of centred
/// values, and long rows are cut into short ones first.
/// </summary>
internal sealed class NormLowering(LoweringContext context)
{
    /// <summary>Rows longer than this are summed in pieces.</summary>
    private const int LongRow = 4096;

    private readonly OnnxGraph _graph = context.Graph;

    public Tensor LayerNorm(Node node, LayerNormOp op, Layout layout)
    {
        Tensor x = context.Values.Get(node.Inputs[0], layout, ElementType.Float);
        int channels = node.Output.Shape.Channels;
        Tensor weight = context.Weights.Get(op.Weight, ElementType.Float, channels), bias = context.Weights.Get(op.Bias, ElementType.Float, channels);
        return _graph.Node(node.Name, "LayerNormalization", [x, weight, bias], ElementType.Float, x.Dims, Attribute.Int("axis", -1), Attribute.Float("epsilon", op.Epsilon));
    }

    /// <summary>A group norm times <paramref name="gain"/> per channel.</summary>
    public Tensor GroupNorm(Node node, GroupNormOp op, Layout layout, ReadOnlySpan<float> gain)
    {
        Tensor x = context.Values.Get(node.Inputs[0], layout, ElementType.Float);
        float[] weight = context.Weights.Read(op.Weight), bias = context.Weights.Read(op.Bias);
        for (int c = 0; c < gain.Length; c++) (weight[c], bias[c]) = (weight[c] * gain[c], bias[c] * gain[c]);
        return op.Groups == 1 ? OneGroup(node, op, layout, x, weight, bias) : Groups(node, op, x, weight, bias);
    }

    /// <summary>(x − mean)/(ε + std) over everything but the batch; also gives mean and std as [N, 1, …].</summary>
    public (Tensor Result, Tensor Mean, Tensor Std) Standardize(Node node, StandardizeOp op)
    {
        Tensor x = context.Values.Get(node.Inputs[0], Layout.ChannelsFirst, ElementType.Float);
        int[] dims = x.Dims;
        x = Folded(node.Name, x);
        long count = x.Elements / context.Batch;
        int[] outer = [.. Enumerable.Range(1, x.Rank - 2)];
        (Tensor mean, Tensor centred, Tensor squares) = Moments(node.Name, x, x.Rank - 1, outer, null);
        Tensor variance = _graph.Mul($"{node.Name}/variance", squares, _graph.Scalar(ElementType.Float, 1.0 / (count - 1)));
        Tensor std = _graph.Unary($"{node.Name}/std", "Sqrt", variance);
        Tensor rate = _graph.Add($"{node.Name}/divisor", std, _graph.Scalar(ElementType.Float, op.Epsilon));
        Tensor result = _graph.Div($"{node.Name}/standardized", centred, rate);
        int[] ones = [context.Batch, .. Enumerable.Repeat(1, dims.Length - 1)];
        return (_graph.Reshape(node.Name, result, dims), _graph.Reshape($"{node.Name}/mean", mean, ones), _graph.Reshape($"{node.Name}/std_value", std, ones));
    }

    private Tensor OneGroup(Node node, GroupNormOp op, Layout layout, Tensor x, float[] weight, float[] bias)
    {
        string name = node.Name;
        int[] dims = x.Dims;
        int channelAxis = LoweredValues.ChannelAxis(layout, x);
        int[] channelDims = layout == Layout.ChannelsFirst ? [weight.Length, .. Enumerable.Repeat(1, x.Rank - 2)] : [weight.Length];
        int rows = op.PerRow ? node.Output.Shape.Rows : 1;
        double count = (double)node.Output.Shape.Elements / rows;
        int[] outer = op.PerRow ? [1] : [.. Enumerable.Range(0, x.Rank - 1).Where(a => a != 0 || layout == Layout.Tokens)];
        (_, Tensor centred, Tensor squares) = Moments(name, x, x.Rank - 1, outer, HiddenMean(node, op, layout));
        Tensor shifted = _graph.Add($"{name}/shifted", squares, _graph.Scalar(ElementType.Float, count * op.Epsilon));
        Tensor root = _graph.Unary($"{name}/root", "Sqrt", shifted);
        double scale = Math.Sqrt(count);
        Tensor factor = _graph.Div($"{name}/factor", _graph.Constant(ElementType.Float, channelDims, [.. weight.Select(w => w * scale)]), root);
        Tensor scaled = _graph.Mul($"{name}/scaled", centred, factor);
        return _graph.Add(name, scaled, _graph.Constant(ElementType.Float, channelDims, [.. bias.Select(b => (double)b)]));
    }

    private Tensor Groups(Node node, GroupNormOp op, Tensor x, float[] weight, float[] bias)
    {
        string name = node.Name;
        int[] dims = x.Dims;
        Tensor grouped = _graph.Reshape($"{name}/groups", x, context.Batch, op.Groups, (int)(x.Elements / context.Batch / op.Groups / dims[^1]), dims[^1]);
        double count = grouped.Elements / context.Batch / op.Groups;
        (_, Tensor centred, Tensor squares) = Moments(name, grouped, 3, [2], null);
        Tensor shifted = _graph.Add($"{name}/shifted", squares, _graph.Scalar(ElementType.Float, count * op.Epsilon));
        Tensor root = _graph.Unary($"{name}/root", "Sqrt", shifted);
        Tensor rate = _graph.Div($"{name}/rate", _graph.Scalar(ElementType.Float, Math.Sqrt(count)), root);
        Tensor normalized = _graph.Reshape($"{name}/normalized", _graph.Mul($"{name}/unit", centred, rate), dims);
        int[] channelDims = [weight.Length, .. Enumerable.Repeat(1, dims.Length - 2)];
        Tensor scaled = _graph.Mul($"{name}/scaled", normalized, _graph.Constant(ElementType.Float, channelDims, [.. weight.Select(w => (double)w)]));
        return _graph.Add(name, scaled, _graph.Constant(ElementType.Float, channelDims, [.. bias.Select(b => (double)b)]));
    }

    /// <summary>Mean, centred values and the sum of their squares: along one axis first, then over the others.</summary>
    private (Tensor Mean, Tensor Centred, Tensor Squares) Moments(string name, Tensor x, int inner, int[] outer, Tensor? knownMean)
    {
        Tensor mean = knownMean ?? _graph.Reduce($"{name}/mean_all", "ReduceMean", _graph.Reduce($"{name}/mean_inner", "ReduceMean", x, inner), outer);
        Tensor centred = _graph.Sub($"{name}/centred", x, mean);
        Tensor squares = _graph.Reduce($"{name}/squares_inner", "ReduceSumSquare", centred, inner);
        return (mean, centred, _graph.Reduce($"{name}/squares", "ReduceSum", squares, outer));
    }

    /// <summary>
    /// The mean of a pointwise convolution's output over channels and T follows from the mean over T of its
    /// input: w̄·h̄ + b̄, with the weights averaged over the output channels. The input is the smaller by far.
    /// </summary>
    private Tensor? HiddenMean(Node node, GroupNormOp op, Layout layout)
    {
        if (layout != Layout.ChannelsFirst || context.Uses.Producer(node.Inputs[0]) is not { Op: ConvOp { Bias: not null } conv } producer) return null;
        if (conv.Weight.Shape.Positions != conv.Weight.Shape[1] || conv.Stride.Any(s => s != 1) || conv.Padding.Any(p => p != 0)) return null;
        if (producer.Inputs[0].Shape.Rank == 3 && !op.PerRow) return null;
        int inputs = conv.Weight.Shape[1], outputs = conv.Weight.Shape[0];
        float[] weight = context.Weights.Read(conv.Weight), bias = context.Weights.Read(conv.Bias);
        var average = new double[inputs];
        for (int i = 0; i < weight.Length; i++) average[i % inputs] += weight[i] / (double)outputs;
        Tensor hidden = context.Values.Get(producer.Inputs[0], Layout.ChannelsFirst, ElementType.Float);
        Tensor mean = _graph.Reduce($"{node.Name}/mean_hidden", "ReduceMean", hidden, hidden.Rank - 1);
        int[] dims = [1, inputs, .. Enumerable.Repeat(1, hidden.Rank - 2)], result = [.. mean.Dims];
        result[1] = 1;
        Tensor[] parts = [mean, _graph.Constant(ElementType.Float, dims, average), _graph.Constant(ElementType.Float, [1], bias.Average(b => (double)b))];
        return _graph.Node($"{node.Name}/mean_all", "Conv", parts, ElementType.Float, result, Attribute.Ints("kernel_shape", [.. dims.AsSpan()[2..]]));
    }

    // [N, C, L] with a long last axis becomes [N, C, a, b].
    private Tensor Folded(string name, Tensor x)
    {
        int length = x.Dims[^1];
        if (length <= LongRow) return x;
        int rows = (int)Math.Sqrt(length);
        while (length % rows != 0) rows--;
        return rows == 1 ? x : _graph.Reshape($"{name}/folded", x, [.. x.Dims.AsSpan()[..^1], rows, length / rows]);
    }
}
