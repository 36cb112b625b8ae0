using Stemsharp.Graph;

namespace Stemsharp.Export.Onnx.Lowering;

/// <summary>
/// Convolution, norm if there is one, and GLU as one piece. The two halves of a GLU are
/// convolutions of their own: nothing has to be split, and onnxruntime applies the sigmoid to the second one's
/// tiles as they are made.
/// <para>
/// A norm of one group behind a pointwise convolution y = W·h + b of few channels never sees y. With P the
/// projection that takes the mean over channels away, and [PW | Pb] = Q·R (Q orthonormal, both computed here in
/// double precision), y is rebuilt without loss from
///   q = (R·(h, 1), √C·(w̄·h + b̄)),  y = Q·q + the last element of q / √C,
/// which has two channels more than h (C/16 + 2 in place of C), the same sums of squares, and the mean in its
/// last channel alone. So statistics and normalisation work on q, and the convolution that rebuilds y carries
/// the norm's own weight and bias, and the layer scale behind the GLU.
/// </para>
/// </summary>
internal sealed class GateLowering(LoweringContext context, NormLowering norms, ConvolutionLowering convolutions)
{
    private readonly OnnxGraph _graph = context.Graph;

    /// <summary>Whether the convolution, or the norm behind it, is lowered together with a GLU.</summary>
    public bool Absorbs(Node node) => context.Fuses(node) && node.Op switch
    {
        ConvOp when context.Uses.Next<GluOp>(node) is not null => true,
        ConvOp or GroupNormOp => context.FoldsNorm(node),
        _ => false,
    };

    /// <summary>The layer scale that <see cref="Run"/> takes in with the GLU; null when there is none.</summary>
    public Node? Scale(Node glu) => Source(glu) is { Op: GroupNormOp } ? context.Uses.Next<ChannelScaleOp>(glu) : null;

    /// <summary>Whether the GLU's input is one that <see cref="Absorbs"/>.</summary>
    public bool Takes(Node glu) => Source(glu) is { } source && Absorbs(source);

    public Tensor Run(Node glu)
    {
        Node source = Source(glu)!;
        int channels = glu.Output.Shape.Channels;
        Tensor value, gate;
        if (source.Op is ConvOp conv)
        {
            value = convolutions.Conv($"{source.Name}", source, conv, 0, channels);
            gate = convolutions.Conv($"{glu.Name}/gate", source, conv, channels, channels);
        }
        else
        {
            (value, gate) = Normalized(glu, source);
        }

        return _graph.Mul(glu.Name, value, _graph.Unary($"{glu.Name}/sigmoid", "Sigmoid", gate));
    }

    private Node? Source(Node glu) => context.Uses.Producer(glu.Inputs[0]);

    private (Tensor Value, Tensor Gate) Normalized(Node glu, Node norm)
    {
        Node producer = context.Uses.Producer(norm.Inputs[0])!;
        ConvOp conv = (ConvOp)producer.Op;
        GroupNormOp op = (GroupNormOp)norm.Op;
        int outputs = conv.Weight.Shape[0], inputs = conv.Weight.Shape[1], compact = inputs + 2;
        (double[] basis, double[] triangle) = Factors(conv, outputs, inputs, context.InputGain(producer));
        Tensor hidden = context.Values.Get(producer.Inputs[0], Layout.ChannelsFirst, ElementType.Float);
        int[] ones = [.. Enumerable.Repeat(1, hidden.Rank - 2)];

        // triangle: [compact, inputs + 1], the bias in its last column.
        double[] weight = [.. Enumerable.Range(0, compact * inputs).Select(i => triangle[i / inputs * (inputs + 1) + i % inputs])], bias = [.. Enumerable.Range(0, compact).Select(i => triangle[i * (inputs + 1) + inputs])];
        Tensor q = Pointwise(producer.Name, hidden, weight, bias, ones);
        Tensor normalized = norms.Compact(norm, op, q, outputs);

        float[] gamma = context.Weights.Read(op.Weight), beta = context.Weights.Read(op.Bias);
        float[]? scale = Scale(glu)?.Op is ChannelScaleOp { Scale: var parameter } ? context.Weights.Read(parameter) : null;
        normalized = _graph.Cast(normalized, context.Pointwise);
        return (Part(norm.Name, 0), Part($"{glu.Name}/gate", outputs / 2));

        Tensor Part(string name, int first)
        {
            int rows = outputs / 2;
            double[] w = new double[rows * compact], b = new double[rows];
            for (int row = 0; row < rows; row++)
            {
                double gain = first == 0 && scale is not null ? scale[row] : 1;
                for (int k = 0; k < compact; k++)
                {
                    w[row * compact + k] = gain * gamma[first + row] * basis[(first + row) * compact + k];
                }

                b[row] = gain * beta[first + row];
            }

            return Pointwise(name, normalized, w, b, ones);
        }
    }

    private Tensor Pointwise(string name, Tensor x, double[] weight, double[] bias, int[] kernel) => _graph.Node(
        name, "Conv",
        [x, _graph.Constant(x.Type, [bias.Length, x.Dims[1], .. kernel], weight), _graph.Constant(x.Type, [bias.Length], bias)],
        x.Type, [x.Dims[0], bias.Length, .. x.Dims.AsSpan()[2..]], Attribute.Ints("kernel_shape", kernel));

    // Basis [outputs, inputs + 2] and triangle [inputs + 2, inputs + 1] with basis·triangle = [W·gain | b].
    private (double[] Basis, double[] Triangle) Factors(ConvOp conv, int outputs, int inputs, double gain)
    {
        float[] weight = context.Weights.Read(conv.Weight);
        float[]? bias = conv.Bias is null ? null : context.Weights.Read(conv.Bias);
        int columns = inputs + 1, compact = inputs + 2;
        double[] basis = new double[outputs * compact], triangle = new double[compact * columns], column = new double[outputs];
        double root = Math.Sqrt(outputs);
        for (int j = 0; j < columns; j++)
        {
            for (int c = 0; c < outputs; c++)
            {
                column[c] = j < inputs ? gain * weight[c * inputs + j] : bias?[c] ?? 0;
            }

            double mean = column.Average(), length = Norm(column);
            triangle[(compact - 1) * columns + j] = mean * root;
            for (int c = 0; c < outputs; c++)
            {
                column[c] -= mean;
            }

            // Gram-Schmidt, twice: once leaves errors of the condition number's size.
            for (int pass = 0; pass < 2; pass++)
            {
                for (int i = 0; i < j; i++)
                {
                    double along = 0;
                    for (int c = 0; c < outputs; c++)
                    {
                        along += basis[c * compact + i] * column[c];
                    }

                    for (int c = 0; c < outputs; c++)
                    {
                        column[c] -= along * basis[c * compact + i];
                    }

                    triangle[i * columns + j] += along;
                }
            }

            // A column that the earlier ones span needs no direction of its own.
            double left = Norm(column);
            if (left <= 1e-12 * length)
            {
                continue;
            }

            triangle[j * columns + j] = left;
            for (int c = 0; c < outputs; c++)
            {
                basis[c * compact + j] = column[c] / left;
            }
        }

        for (int c = 0; c < outputs; c++)
        {
            basis[c * compact + compact - 1] = 1 / root;
        }

        return (basis, triangle);

        static double Norm(double[] values) => Math.Sqrt(values.Sum(v => v * v));
    }
}
