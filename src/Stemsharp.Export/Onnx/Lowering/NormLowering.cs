using Stemsharp.Graph;

namespace Stemsharp.Export.Onnx.Lowering;

/// <summary>
/// Norms and statistics, always in single precision. Runtimes sum a whole row, and a reduction over several axes, in few
/// long chains of single-precision additions or in one, which costs 10 to 50 dB on long rows, most of all where many
/// values are equal, as behind silence. So moments are taken one axis after the other, second moments of centred
/// values, and long rows are summed in pieces. Some runtimes merge reductions of one kind that follow each other into
/// one over all their axes: here a sum follows a mean, a mean a sum, or the second is a product with a constant.
/// <see cref="Rules.GraphRules"/> checks all that in the written graph.
/// </summary>
internal sealed class NormLowering(LoweringContext context)
{
    /// <summary>Rows longer than this are summed in pieces.</summary>
    private const int LongRow = 4096;

    /// <summary>The length of these pieces, where they are not so many themselves that they would make a long row.</summary>
    private const int Piece = 128;

    private readonly OnnxGraph _graph = context.Graph;

    /// <summary>A layer norm times <paramref name="gain"/>.</summary>
    public Tensor LayerNorm(Node node, LayerNormOp op, Layout layout, double gain)
    {
        Tensor x = context.Values.Get(node.Inputs[0], layout, ElementType.Float);
        Tensor[] inputs = [x, Affine(op.Weight), Affine(op.Bias)];
        return _graph.Node(node.Name, "LayerNormalization", inputs, ElementType.Float, x.Dims, Attribute.Int("axis", -1), Attribute.Float("epsilon", op.Epsilon));

        Tensor Affine(Parameter parameter) => context.Weights.Store(parameter.Name, [parameter.Shape.Channels], Array.ConvertAll(context.Weights.Read(parameter), v => (float)(v * gain)), ElementType.Float);
    }

    /// <summary>
    /// A root mean square norm: x times √C·gamma over the norm, which is at least 1e-12. The sum of squares is not centred: it is the norm
    /// itself, of channels alone.
    /// </summary>
    public Tensor RmsNorm(Node node, RmsNormOp op, Layout layout)
    {
        string name = node.Name;
        Tensor x = context.Values.Get(node.Inputs[0], layout, ElementType.Float);
        int channels = op.Gamma.Shape.Channels;
        Tensor squares = _graph.Reduce($"{name}/squares", "ReduceSum", _graph.Mul($"{name}/squared", x, x), x.Rank - 1);
        Tensor least = _graph.Node($"{name}/least", "Max", [_graph.Unary($"{name}/norm", "Sqrt", squares), _graph.Scalar(ElementType.Float, RmsNormOp.LeastNorm)], ElementType.Float, squares.Dims);
        Tensor gamma = context.Weights.Store(op.Gamma.Name, [channels], Array.ConvertAll(context.Weights.Read(op.Gamma), v => (float)(v * Math.Sqrt(channels))), ElementType.Float);
        return _graph.Mul(name, _graph.Div($"{name}/normalized", x, least), gamma);
    }

    /// <summary>A group norm times <paramref name="gain"/> per channel.</summary>
    public Tensor GroupNorm(Node node, GroupNormOp op, Layout layout, ReadOnlySpan<float> gain)
    {
        Tensor x = context.Values.Get(node.Inputs[0], layout, ElementType.Float);
        float[] weight = context.Weights.Read(op.Weight), bias = context.Weights.Read(op.Bias);
        for (int c = 0; c < gain.Length; c++)
        {
            (weight[c], bias[c]) = (weight[c] * gain[c], bias[c] * gain[c]);
        }

        return op.Groups == 1 ? OneGroup(node, op, layout, x, weight, bias) : Groups(node, op, x, weight, bias);
    }

    /// <summary>
    /// The norm, without weight and bias, of a value of <paramref name="channels"/> channels that comes in a compact form
    /// with the same sums of squares and √channels times the mean over channels in its last channel:
    /// q [N, K, F, T] (statistics per row) or [N, K, T].
    /// </summary>
    public Tensor Compact(Node node, GroupNormOp op, Tensor q, int channels)
    {
        string name = node.Name;
        int length = q.Dims[^1], compact = q.Dims[1];
        bool pieces = q.Rank == 3 && length > LongRow;
        double[] last = new double[compact];
        last[^1] = 1;
        Tensor mean = (q.Rank, pieces) switch
        {
            (3, true) => _graph.Reduce($"{name}/mean", "ReduceSum", PieceSums($"{name}/mean_pieces", q, [.. last.Select(l => l / length)], new double[compact]), 2),

            // A product, and not a multiplication by a constant, which OpenVINO merges with the mean and then indexes by batch.
            (3, false) => _graph.Node(
                $"{name}/mean", "Conv", [_graph.Reduce($"{name}/mean_rows", "ReduceMean", q, 2), _graph.Constant(ElementType.Float, [compact, compact, 1], Diagonal(last))],
                ElementType.Float, [q.Dims[0], compact, 1], Attribute.Ints("kernel_shape", 1)),

            // A product for each channel, [F, T] with a column: zeros for all channels but the last.
            _ => _graph.MatMul($"{name}/mean", q, _graph.Constant(ElementType.Float, [compact, length, 1], [.. last.SelectMany(l => Enumerable.Repeat(l / length, length))])),
        };
        Tensor centred = _graph.Sub($"{name}/centred", q, mean);
        double factor = 1.0 / channels / length;
        Tensor variance = pieces
            ? Pieces($"{name}/variance", _graph.Mul($"{name}/squared", centred, centred), factor, op.Epsilon)
            : Average($"{name}/variance", RowSquares(name, centred), factor, op.Epsilon, op.PerRow);
        return _graph.Div($"{name}/normalized", centred, _graph.Unary($"{name}/root", "Sqrt", variance));
    }

    /// <summary>
    /// (x − mean)/(ε + std) over everything but the batch, or over the channels' mean; mean and std come as [N, 1, 1, 1].
    /// </summary>
    public (Tensor Result, Tensor Mean, Tensor Std) Standardize(Node node, StandardizeOp op)
    {
        Tensor x = context.Values.Get(node.Inputs[0], Layout.ChannelsFirst, ElementType.Float);
        int[] dims = x.Dims;
        x = Folded(node.Name, x);
        Tensor of = op.OfMean ? _graph.Reduce($"{node.Name}/of", "ReduceMean", x, 1) : x;
        long count = of.Elements / context.Batch;
        Tensor mean = Total($"{node.Name}/mean", of, 1.0 / count);
        Tensor centred = _graph.Sub($"{node.Name}/centred", x, mean);
        Tensor spread = op.OfMean ? _graph.Sub($"{node.Name}/spread", of, mean) : centred;
        Tensor variance = Total($"{node.Name}/variance", _graph.Mul($"{node.Name}/squared", spread, spread), 1.0 / (count - 1));
        Tensor std = _graph.Unary($"{node.Name}/std", "Sqrt", variance);
        Tensor divisor = _graph.Add($"{node.Name}/divisor", std, _graph.Scalar(ElementType.Float, op.Epsilon));
        Tensor result = _graph.Div($"{node.Name}/standardized", centred, divisor);
        int[] ones = [context.Batch, 1, 1, 1];
        return (_graph.Reshape(node.Name, result, dims), _graph.Reshape($"{node.Name}/mean_value", mean, ones), _graph.Reshape($"{node.Name}/std_value", std, ones));
    }

    private Tensor OneGroup(Node node, GroupNormOp op, Layout layout, Tensor x, float[] weight, float[] bias)
    {
        string name = node.Name;
        int[] channelDims = layout == Layout.ChannelsFirst ? [weight.Length, .. Enumerable.Repeat(1, x.Rank - 2)] : [weight.Length];
        double count = (double)node.Output.Shape.Elements / (op.PerRow ? node.Output.Shape.Rows : 1);
        bool pieces = layout == Layout.ChannelsFirst && x.Rank == 3 && x.Dims[2] > LongRow;
        Tensor? known = HiddenMean(node, op, layout) ?? (pieces ? Pieces($"{name}/mean", x, 1 / count, 0) : null);
        Tensor mean = known ?? Average($"{name}/mean", _graph.Reduce($"{name}/mean_rows", "ReduceMean", x, x.Rank - 1), x.Dims[^1] / count, 0, op.PerRow);
        Tensor centred = _graph.Sub($"{name}/centred", x, mean);
        Tensor variance = pieces
            ? Pieces($"{name}/variance", _graph.Mul($"{name}/squared", centred, centred), 1 / count, op.Epsilon)
            : Average($"{name}/variance", RowSquares(name, centred), 1 / count, op.Epsilon, op.PerRow);
        Tensor root = _graph.Unary($"{name}/root", "Sqrt", variance);
        Tensor factor = _graph.Div($"{name}/factor", Constant(channelDims, weight), root);
        return _graph.Add(name, _graph.Mul($"{name}/scaled", centred, factor), Constant(channelDims, bias));
    }

    private Tensor Groups(Node node, GroupNormOp op, Tensor x, float[] weight, float[] bias)
    {
        string name = node.Name;
        int[] dims = x.Dims;
        Tensor grouped = _graph.Reshape($"{name}/groups", x, context.Batch, op.Groups, (int)(x.Elements / context.Batch / op.Groups / dims[^1]), dims[^1]);
        Tensor mean = GroupMean($"{name}/mean", grouped);
        Tensor centred = _graph.Sub($"{name}/centred", grouped, mean);
        Tensor variance = GroupMean($"{name}/variance", _graph.Mul($"{name}/squared", centred, centred));
        Tensor root = _graph.Unary($"{name}/root", "Sqrt", _graph.Add($"{name}/shifted", variance, _graph.Scalar(ElementType.Float, op.Epsilon)));
        Tensor normalized = _graph.Reshape($"{name}/normalized", _graph.Div($"{name}/unit", centred, root), dims);
        int[] channelDims = [weight.Length, .. Enumerable.Repeat(1, dims.Length - 2)];
        return _graph.Add(name, _graph.Mul($"{name}/scaled", normalized, Constant(channelDims, weight)), Constant(channelDims, bias));
    }

    private Tensor Constant(int[] dims, float[] values) => _graph.Constant(ElementType.Float, dims, [.. values.Select(v => (double)v)]);

    /// <summary>
    /// The sum of [N, C, …] over all axes but the batch's times a factor: axis by axis, sums and means in turn, channels
    /// by a product with the factor in its weights. A last axis that is long and prime goes in pieces.
    /// </summary>
    private Tensor Total(string name, Tensor x, double factor)
    {
        if (x.Rank == 3 && x.Dims[2] > LongRow)
        {
            return Pieces(name, x, factor, 0);
        }

        bool sum = true;
        for (int axis = x.Rank - 1; axis > 1; axis--, sum = !sum)
        {
            factor *= sum ? 1 : x.Dims[axis];
            x = _graph.Reduce($"{name}_{(axis == 2 ? "channels" : "rows")}", sum ? "ReduceSum" : "ReduceMean", x, axis);
        }

        return Average(name, x, factor, 0, perRow: false);
    }

    /// <summary>The mean of [N, G, R, T] over R and T.</summary>
    private Tensor GroupMean(string name, Tensor x)
    {
        int groups = x.Dims[1], rows = x.Dims[2], length = x.Dims[3];
        if (length <= LongRow)
        {
            return _graph.Mul(name, _graph.Reduce($"{name}_groups", "ReduceMean", _graph.Reduce($"{name}_rows", "ReduceSum", x, 3), 2), _graph.Scalar(ElementType.Float, 1.0 / length));
        }

        Tensor sums = RowSums($"{name}_rows", $"{name}_pieces", _graph.Reshape($"{name}_flat", x, context.Batch, groups * rows, length), 1.0 / rows / length, 0);
        return _graph.Reduce(name, "ReduceSum", _graph.Reshape($"{name}_groups", sums, context.Batch, groups, rows, 1), 2);
    }

    private static double[] Diagonal(double[] values)
    {
        double[] matrix = new double[values.Length * values.Length];
        for (int i = 0; i < values.Length; i++)
        {
            matrix[i * values.Length + i] = values[i];
        }

        return matrix;
    }

    // Not ReduceSumSquare: in onnxruntime that is one chain of additions, and slower than the two together; the CoreML provider has none.
    private Tensor RowSquares(string name, Tensor centred) =>
        _graph.Reduce($"{name}/squares_rows", "ReduceSum", _graph.Mul($"{name}/squared", centred, centred), centred.Rank - 1);

    /// <summary>
    /// Sum over all but the batch (and, for [N, C, F, 1] with statistics per row, F) times a factor plus an
    /// offset, as one small product with a constant.
    /// </summary>
    private Tensor Average(string name, Tensor sums, double factor, double offset, bool perRow)
    {
        Tensor[] shift = offset == 0 ? [] : [_graph.Constant(ElementType.Float, [1], offset)];
        if (sums.Rank == 2)
        {
            double[] row = new double[sums.Dims[0]];
            row.AsSpan().Fill(factor);
            return _graph.Node(name, "Gemm", [_graph.Constant(ElementType.Float, [1, row.Length], row), sums, .. shift], ElementType.Float, [1, 1]);
        }

        int[] kernel = sums.Rank == 4 ? [perRow ? 1 : sums.Dims[2], 1] : [1];
        double[] weight = new double[sums.Dims[1] * kernel[0]];
        weight.AsSpan().Fill(factor);
        int[] dims = sums.Rank == 4 ? [sums.Dims[0], 1, perRow ? sums.Dims[2] : 1, 1] : [sums.Dims[0], 1, 1];
        return _graph.Node(name, "Conv", [sums, _graph.Constant(ElementType.Float, [1, sums.Dims[1], .. kernel], weight), .. shift], ElementType.Float, dims, Attribute.Ints("kernel_shape", kernel));
    }

    /// <summary>
    /// The sum of [N, C, T] over C and T times a factor plus an offset, [N, 1, 1]: each channel's pieces
    /// first, as a convolution whose stride is its kernel, then over pieces, then over channels.
    /// </summary>
    private Tensor Pieces(string name, Tensor x, double factor, double offset) =>
        _graph.Reduce(name, "ReduceSum", RowSums($"{name}_rows", $"{name}_pieces", x, factor, offset / x.Dims[1]), 1);

    /// <summary>The sum of [N, C, T] over T times a factor plus an offset, [N, C, 1].</summary>
    private Tensor RowSums(string name, string pieces, Tensor x, double factor, double offset) =>
        _graph.Reduce(name, "ReduceMean", PieceSums(pieces, x, factor * PiecesOf(x.Dims[2]).Count, offset), 2);

    private static (int Length, int Count) PiecesOf(int length)
    {
        int piece = length <= Piece * LongRow ? Piece : (int)Math.Ceiling(Math.Sqrt(length));
        return (piece, (length + piece - 1) / piece);
    }


    private Tensor PieceSums(string name, Tensor x, double factor, double offset) =>
        PieceSums(name, x, [.. Enumerable.Repeat(factor, x.Dims[1])], [.. Enumerable.Repeat(offset, x.Dims[1])]);

    // [N, C, T] → [N, C, ⌈T/piece⌉], each channel's sums times its factor plus its offset.
    private Tensor PieceSums(string name, Tensor x, double[] factors, double[] shift)
    {
        int channels = x.Dims[1];
        (int piece, int count) = PiecesOf(x.Dims[2]);
        double[] weight = [.. factors.SelectMany(f => Enumerable.Repeat(f, piece))];
        Tensor[] inputs = [x, _graph.Constant(ElementType.Float, [channels, 1, piece], weight), _graph.Constant(ElementType.Float, [channels], shift)];
        return _graph.Node(
            name, "Conv", inputs, ElementType.Float, [x.Dims[0], channels, count],
            Attribute.Ints("kernel_shape", piece), Attribute.Ints("strides", piece), Attribute.Int("group", channels), Attribute.Ints("pads", 0, count * piece - x.Dims[2]));
    }

    /// <summary>
    /// The mean of a pointwise convolution's output over channels and T follows from the mean over T of its
    /// input: w̄·h̄ + b̄, with the weights averaged over the output channels. The input is the smaller by far.
    /// </summary>
    private Tensor? HiddenMean(Node node, GroupNormOp op, Layout layout)
    {
        if (layout != Layout.ChannelsFirst || context.Uses.Producer(node.Inputs[0]) is not { Op: ConvOp { Bias: not null } conv } producer)
        {
            return null;
        }

        if (conv.Weight.Shape.Positions != conv.Weight.Shape[1] || conv.Stride.Any(s => s != 1) || conv.Padding.Any(p => p != 0))
        {
            return null;
        }

        if (producer.Inputs[0].Shape.Rank == 3 && !op.PerRow)
        {
            return null;
        }

        int inputs = conv.Weight.Shape[1], outputs = conv.Weight.Shape[0];
        float[] weight = context.Weights.Read(conv.Weight), bias = context.Weights.Read(conv.Bias);
        double gain = context.InputGain(producer);
        double[] average = new double[inputs];
        for (int i = 0; i < weight.Length; i++)
        {
            average[i % inputs] += gain * weight[i] / outputs;
        }

        Tensor hidden = context.Values.Get(producer.Inputs[0], Layout.ChannelsFirst, ElementType.Float);
        bool pieces = hidden.Rank == 3 && hidden.Dims[2] > LongRow;
        Tensor mean = pieces
            ? PieceSums($"{node.Name}/mean_hidden", hidden, 1.0 / hidden.Dims[2], 0)
            : _graph.Reduce($"{node.Name}/mean_hidden", "ReduceMean", hidden, hidden.Rank - 1);
        int[] result = [.. mean.Dims], dims = [1, inputs, .. Enumerable.Repeat(1, hidden.Rank - 3), pieces ? mean.Dims[2] : 1];
        (result[1], result[^1]) = (1, 1);
        if (pieces)
        {
            average = [.. average.SelectMany(a => Enumerable.Repeat(a, mean.Dims[2]))];
        }

        Tensor[] parts = [mean, _graph.Constant(ElementType.Float, dims, average), _graph.Constant(ElementType.Float, [1], bias.Average(b => (double)b))];
        return _graph.Node($"{node.Name}/mean", "Conv", parts, ElementType.Float, result, Attribute.Ints("kernel_shape", [.. dims.AsSpan()[2..]]));
    }

    // [N, C, L] with a long last axis becomes [N, C, a, b], unless b would be long, too.
    private Tensor Folded(string name, Tensor x)
    {
        int length = x.Dims[^1];
        if (length <= LongRow)
        {
            return x;
        }

        int rows = (int)Math.Sqrt(length);
        while (length % rows != 0)
        {
            rows--;
        }

        return length / rows > LongRow ? x : _graph.Reshape($"{name}/folded", x, [.. x.Dims.AsSpan()[..^1], rows, length / rows]);
    }
}
