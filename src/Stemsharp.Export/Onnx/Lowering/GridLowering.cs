using Stemsharp.Graph;

namespace Stemsharp.Export.Onnx.Lowering;

/// <summary>Operations over grids of rows and frames, by convolutions and matrix products alone.</summary>
internal sealed class GridLowering(LoweringContext context)
{
    private readonly OnnxGraph _graph = context.Graph;

    /// <summary>
    /// A transposed convolution whose stride is its kernel: a pointwise one to all numbers of a field, which a transpose puts in their
    /// places. The operator itself is slow in onnxruntime, which scatters its product.
    /// </summary>
    public Tensor Upsample(Node node, UpsampleOp op)
    {
        ElementType type = context.TypeOf(node);
        Shape shape = node.Inputs[0].Shape;
        int cin = op.Weight.Shape[0], cout = op.Weight.Shape[1], field = op.KernelF * op.KernelT, batch = context.Batch;
        Tensor weight = context.Weights.Arranged(op.Weight, [cout * field, cin, 1, 1], type, (from, to) =>
        {
            for (int i = 0; i < to.Length; i++)
            {
                (int row, int c) = Math.DivRem(i, cin);
                to[i] = from[c * cout * field + row];
            }
        });
        Tensor x = Channels(node, type);
        Tensor fields = _graph.Node($"{node.Name}/fields", "Conv", [x, weight], type, [batch, cout * field, shape.Rows, shape.Last], Attribute.Ints("kernel_shape", 1, 1));
        fields = _graph.Reshape($"{node.Name}/split", fields, batch * cout, op.KernelF, op.KernelT, shape.Rows, shape.Last);
        fields = _graph.Transpose($"{node.Name}/placed", fields, 0, 3, 1, 4, 2);
        return _graph.Reshape(node.Name, fields, context.Values.Dims(node.Output.Shape, Layout.ChannelsFirst));
    }

    /// <summary>A convolution of as many groups as channels.</summary>
    public Tensor DepthwiseConv(Node node, DepthwiseConvOp op)
    {
        ElementType type = context.TypeOf(node);
        int channels = op.Weight.Shape[0], margin = op.Kernel / 2;
        bool rows = node.Inputs[0].Shape.Rank == 3;
        int[] kernel = rows ? [1, op.Kernel] : [op.Kernel];
        Tensor[] inputs = [Channels(node, type), context.Weights.Get(op.Weight, type, [channels, 1, .. kernel]), context.Weights.Get(op.Bias, type, channels)];
        return _graph.Node(
            node.Name, "Conv", inputs, type, context.Values.Dims(node.Output.Shape, Layout.ChannelsFirst),
            Attribute.Ints("kernel_shape", kernel), Attribute.Ints("pads", rows ? [0, margin, 0, margin] : [margin, margin]), Attribute.Int("group", channels));
    }

    public Tensor LastAxisLinear(Node node, LastAxisLinearOp op)
    {
        ElementType type = context.TypeOf(node);
        int n = op.Weight.Shape[0], k = op.Weight.Shape[1];
        return _graph.MatMul(node.Name, Channels(node, type), context.Weights.Arranged(op.Weight, [k, n], type, (from, to) => Transpose(from, to, n, k)));
    }

    /// <summary>One factor and one offset a channel.</summary>
    public Tensor BatchNorm(Node node, BatchNormOp op)
    {
        float[] weight = context.Weights.Read(op.Weight), bias = context.Weights.Read(op.Bias), mean = context.Weights.Read(op.Mean), variance = context.Weights.Read(op.Variance);
        double[] factors = [.. weight.Zip(variance, (g, v) => g / Math.Sqrt(v + op.Epsilon))], offsets = [.. bias.Select((b, c) => b - mean[c] * factors[c])];
        int[] dims = [factors.Length, .. Enumerable.Repeat(1, node.Inputs[0].Shape.Rank - 1)];
        Tensor scaled = _graph.Mul($"{node.Name}/scaled", Channels(node, ElementType.Float), _graph.Constant(ElementType.Float, dims, factors));
        return _graph.Add(node.Name, scaled, _graph.Constant(ElementType.Float, dims, offsets));
    }

    /// <summary>Two products, of real and imaginary parts, in single precision in every graph.</summary>
    public Tensor RealFourier(Node node, RealFourierOp op)
    {
        int points = node.Inputs[0].Shape.Last, bins = points / 2 + 1;
        double[] matrix = op.Matrix(points);
        Tensor x = Channels(node, ElementType.Float);
        return _graph.Concat(node.Name, [Part("real", 0), Part("imaginary", bins)], 1);

        Tensor Part(string name, int first)
        {
            double[] columns = new double[points * bins];
            Transpose(matrix.AsSpan(first * points, bins * points), columns, bins, points);
            return _graph.MatMul($"{node.Name}/{name}", x, _graph.Constant(ElementType.Float, [points, bins], columns));
        }
    }

    /// <summary>The sum of two products.</summary>
    public Tensor InverseRealFourier(Node node, InverseRealFourierOp op)
    {
        int points = node.Output.Shape.Last, bins = points / 2 + 1, channels = node.Output.Shape.Channels;
        double[] matrix = op.Matrix(points);
        Tensor[] parts = _graph.Split($"{node.Name}/parts", Channels(node, ElementType.Float), 1, [channels, channels]);
        return _graph.Add(node.Name, Part("real", 0), Part("imaginary", 1));

        Tensor Part(string name, int index)
        {
            double[] rows = new double[bins * points];
            for (int t = 0; t < points; t++)
            {
                for (int k = 0; k < bins; k++)
                {
                    rows[k * points + t] = matrix[(2 * t + index) * bins + k];
                }
            }

            return _graph.MatMul($"{node.Name}/{name}", parts[index], _graph.Constant(ElementType.Float, [bins, points], rows));
        }
    }

    private Tensor Channels(Node node, ElementType type) => context.Values.Get(node.Inputs[0], Layout.ChannelsFirst, type);

    private static void Transpose<T>(ReadOnlySpan<T> from, Span<T> to, int rows, int columns)
    {
        for (int i = 0; i < from.Length; i++)
        {
            (int row, int column) = Math.DivRem(i, columns);
            to[column * rows + row] = from[i];
        }
    }
}
