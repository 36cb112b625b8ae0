using Stemsharp.Export.Onnx.Schema;
using Stemsharp.Graph;

namespace Stemsharp.Export.Onnx.Lowering;

/// <summary>Convolutions and transposed convolutions of channels-first values.</summary>
internal sealed class ConvolutionLowering(LoweringContext context)
{
    private readonly OnnxGraph _graph = context.Graph;

    public Tensor Conv(Node node, ConvOp op) => Conv(node.Name, node, op, 0, op.Weight.Shape[0]);

    /// <summary>
    /// Some of a convolution's output channels. A one-dimensional convolution of [C, F, T] acts on T alone:
    /// kernel 1 along F.
    /// </summary>
    public Tensor Conv(string name, Node node, ConvOp op, int first, int rows)
    {
        ElementType type = context.TypeOf(node);
        bool widened = Widened(node, op), whole = rows == op.Weight.Shape[0];
        int[] Widen(int fill, IEnumerable<int> axes) => widened ? [fill, .. axes] : [.. axes];
        int[] kernel = Widen(1, op.Weight.Shape.Dims.Skip(2)), stride = Widen(1, op.Stride), dilation = Widen(1, op.Dilation);
        int[] before = Widen(0, op.Padding), after = Widen(0, op.Padding);
        if (context.Uses.Producer(node.Inputs[0]) is { Op: PadOp { Before: 0 } } pad && context.Uses.Next<ConvOp>(pad) == node)
        {
            after[^1] += pad.Output.Shape.Last - pad.Inputs[0].Shape.Last;
        }

        int each = (int)(op.Weight.Shape.Elements / op.Weight.Shape[0]);
        int[] dims = [rows, op.Weight.Shape[1], .. kernel];
        string suffix = whole ? "" : $".{first}";
        double gain = context.InputGain(node);
        Tensor weight = gain == 1
            ? context.Weights.Get(op.Weight, suffix, first * each, dims, type)
            : context.Weights.Store(op.Weight.Name + suffix, dims, Array.ConvertAll(context.Weights.Read(op.Weight)[(first * each)..((first + rows) * each)], v => (float)(v * gain)), type);
        List<Tensor> inputs = [context.Values.Get(node.Inputs[0], Layout.ChannelsFirst, type), weight];
        if (op.Bias is not null)
        {
            inputs.Add(context.Weights.Get(op.Bias, suffix, first, [rows], type));
        }

        List<AttributeProto> attributes = [Attribute.Ints("kernel_shape", kernel)];
        if (stride.Any(s => s != 1))
        {
            attributes.Add(Attribute.Ints("strides", stride));
        }

        if (dilation.Any(d => d != 1))
        {
            attributes.Add(Attribute.Ints("dilations", dilation));
        }

        if (before.Any(p => p != 0) || after.Any(p => p != 0))
        {
            attributes.Add(Attribute.Ints("pads", [.. before, .. after]));
        }

        int[] result = context.Values.Dims(node.Output.Shape, Layout.ChannelsFirst);
        result[1] = rows;
        return _graph.Node(name, "Conv", [.. inputs], type, result, [.. attributes]);
    }

    /// <summary>Whether the convolution acts on T alone of a [C, F, T] value.</summary>
    public static bool Widened(Node node, ConvOp op) => node.Inputs[0].Shape.Rank == 3 && op.Stride.Length == 1;

    public Tensor ConvTranspose(Node node, ConvTransposeOp op)
    {
        StemSelection? stems = context.Uses.Next<RestoreOp>(node) is not null ? context.Stems : null;
        return context.Fuses(node) || (context.Fused && context.ForGpus) ? Phases(node, op, stems) : Operator(node, op, stems);
    }

    /// <summary>The output channels of the wanted stems.</summary>
    private static int[] Channels(ConvTransposeOp op, StemSelection? stems)
    {
        int all = op.Weight.Shape[1];
        return stems is null ? [.. Enumerable.Range(0, all)] : [.. stems.Indices.SelectMany(i => Enumerable.Range(i * all / stems.Count, all / stems.Count))];
    }

    // The crop is the operator's own padding.
    private Tensor Operator(Node node, ConvTransposeOp op, StemSelection? stems)
    {
        ElementType type = context.TypeOf(node);
        bool frequency = node.Inputs[0].Shape.Rank == 3;
        int end = (node.Inputs[0].Shape[1] - 1) * op.Stride + op.Kernel - op.Start - op.Length;
        int[] dims = context.Values.Dims(node.Output.Shape, Layout.ChannelsFirst);
        Tensor weight, bias;
        if (stems is null)
        {
            (weight, bias) = (context.Weights.Get(op.Weight, type, [.. op.Weight.Shape.Dims]), context.Weights.Get(op.Bias, type, op.Bias.Shape.Channels));
        }
        else
        {
            int[] channels = Channels(op, stems);
            int all = op.Weight.Shape[1];
            dims[1] = channels.Length;
            weight = context.Weights.Arranged(op.Weight, [op.Weight.Shape[0], channels.Length, .. op.Weight.Shape.Dims.Skip(2)], type, (source, target) =>
            {
                for (int i = 0; i < target.Length; i++)
                {
                    (int row, int tap) = Math.DivRem(i, op.Kernel);
                    target[i] = source[(row / channels.Length * all + channels[row % channels.Length]) * op.Kernel + tap];
                }
            });
            float[] shifts = context.Weights.Read(op.Bias);
            bias = context.Weights.Store(op.Bias.Name, [channels.Length], [.. channels.Select(c => shifts[c])], type);
        }

        Tensor[] inputs = [context.Values.Get(node.Inputs[0], Layout.ChannelsFirst, type), weight, bias];
        return _graph.Node(
            node.Name, "ConvTranspose", inputs, type, dims,
            Attribute.Ints("kernel_shape", frequency ? [op.Kernel, 1] : [op.Kernel]),
            Attribute.Ints("strides", frequency ? [op.Stride, 1] : [op.Stride]),
            Attribute.Ints("pads", frequency ? [op.Start, 0, end, 0] : [op.Start, end]));
    }

    /// <summary>
    /// The same as a plain convolution: element s·j + r of the result takes the input's j − m by tap r + s·m, so
    /// the s phases of all channels are one convolution with ⌈k/s⌉ taps, whose channels (o, r) are then
    /// interleaved, a transpose. On processors onnxruntime's own operator scatters its product element by
    /// element on one thread, and takes two to four times as long; GPUs have more kernels for plain convolutions.
    /// </summary>
    private Tensor Phases(Node node, ConvTransposeOp op, StemSelection? stems)
    {
        ElementType type = context.TypeOf(node);
        Tensor x = context.Values.Get(node.Inputs[0], Layout.ChannelsFirst, type);
        int stride = op.Stride, taps = (op.Kernel + stride - 1) / stride, length = x.Dims[2], padded = length + taps - 1;
        int[] channels = Channels(op, stems);
        int[] rest = x.Dims[3..], ones = [.. rest.Select(_ => 1)], zeros = [.. rest.Select(_ => 0)];
        Tensor weight = context.Weights.Arranged(op.Weight, [channels.Length * stride, x.Dims[1], taps, .. ones], type, (source, target) =>
        {
            int all = op.Weight.Shape[1], at = 0;
            foreach (int o in channels)
            {
                for (int r = 0; r < stride; r++)
                {
                    for (int c = 0; c < x.Dims[1]; c++)
                    {
                        // The convolution's first tap sees the earliest input.
                        for (int m = taps - 1; m >= 0; m--, at++)
                        {
                            target[at] = r + stride * m < op.Kernel ? source[(c * all + o) * op.Kernel + r + stride * m] : 0;
                        }
                    }
                }
            }
        });
        float[] bias = context.Weights.Read(op.Bias);
        Tensor shift = context.Weights.Store(op.Bias.Name, [channels.Length * stride], [.. channels.SelectMany(o => Enumerable.Repeat(bias[o], stride))], type);
        Tensor phases = _graph.Node(
            node.Name, "Conv", [x, weight, shift], type, [x.Dims[0], channels.Length * stride, padded, .. rest],
            Attribute.Ints("kernel_shape", [taps, .. ones]),
            Attribute.Ints("pads", [taps - 1, .. zeros, taps - 1, .. zeros]));
        Tensor split = _graph.Reshape($"{node.Name}/phases", phases, [x.Dims[0], channels.Length, stride, padded, .. rest]);
        Tensor turned = _graph.Transpose($"{node.Name}/turned", split, [0, 1, 3, 2, .. rest.Select((_, i) => 4 + i)]);
        Tensor joined = _graph.Reshape($"{node.Name}/interleaved", turned, [x.Dims[0], channels.Length, padded * stride, .. rest]);
        return _graph.Slice($"{node.Name}/cropped", joined, 2, op.Start, op.Length);
    }
}
