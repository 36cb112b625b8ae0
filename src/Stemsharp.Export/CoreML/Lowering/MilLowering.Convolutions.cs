using Stemsharp.Export.CoreML.Mil;
using Stemsharp.Graph;

namespace Stemsharp.Export.CoreML.Lowering;

internal sealed partial class MilLowering
{
    // Zeros appended to the time axis become padding of the convolution that follows.
    public void Pad(Node node, PadOp op)
    {
        Value x = node.Inputs[0];
        if (_uses.Next<ConvOp>(node) is null || op.Before > 0)
        {
            MilValue shorter = Get(x, Layout.Channels, _options.Policy.For(node));
            Set(node.Output, Layout.Channels, _mil.Pad(node.Name, shorter, shorter.Rank - 1, op.Before, op.Length - op.Before - x.Shape.Last));
            return;
        }

        Alias(node.Output, x);
        _pendingPad.Add(node.Output, op.Length - x.Shape.Last);
    }

    public void Conv(Node node, ConvOp op)
    {
        Value input = node.Inputs[0];
        Shape shape = node.Output.Shape;
        float[] weight = _weights.Read(op.Weight);
        float[] bias = op.Bias is null ? new float[shape.Channels] : _weights.Read(op.Bias);
        MilType type = WeightStore.FitsHalf(weight, bias) ? _options.Policy.For(node) : MilType.Float32;
        MilValue x = Get(input, Layout.Channels, type);

        // A convolution along T only, of a value with rows, has kernel 1 along F.
        bool rows = input.Shape.Rank == 3 && op.Stride.Length == 1;
        int extra = _pendingPad.GetValueOrDefault(input);
        int[] pads = [.. op.Padding.SelectMany((p, axis) => new[] { p, axis == op.Padding.Length - 1 ? p + extra : p })];
        int[] dims = [.. op.Weight.Shape.Dims];
        if (rows)
        {
            (pads, dims) = ([0, 0, .. pads], [dims[0], dims[1], 1, dims[2]]);
        }

        int[] Spatial(IEnumerable<int> values) => rows ? [1, .. values] : [.. values];

        string name = MilBuilder.Identifier(node.Name);
        (MilValue w, MilValue b) = _weights.Layer(name, op.Weight, dims, outputs: 0, weight, bias, type);
        bool padded = pads.Any(p => p != 0);
        MilValue result = _mil.Add("conv", name, type, [1, .. shape.Dims],
            ("x", x), ("weight", w), ("bias", b),
            ("strides", _mil.Ints(Spatial(op.Stride))),
            ("pad_type", _mil.Text(padded ? "custom" : "valid")), ("pad", _mil.Ints(pads)),
            ("dilations", _mil.Ints(Spatial(op.Dilation))), ("groups", _mil.Int(1)));
        Set(node.Output, Layout.Channels, result);
    }

    public void ConvTranspose(Node node, ConvTransposeOp op)
    {
        Shape shape = node.Output.Shape;
        float[] weight = _weights.Read(op.Weight), bias = _weights.Read(op.Bias);
        int channels = shape.Channels;
        if (EndsInStems(node))
        {
            (weight, bias, channels) = SelectStems(op, weight, bias);
        }

        MilType type = WeightStore.FitsHalf(weight, bias) ? _options.Policy.For(node) : MilType.Float32;
        MilValue x = Get(node.Inputs[0], Layout.Channels, type);

        int after = (node.Inputs[0].Shape[1] - 1) * op.Stride + op.Kernel - op.Start - op.Length;
        bool plane = x.Rank == 4;
        int[] dims = [.. op.Weight.Shape.Dims];
        dims[1] = channels;
        int[] result = [1, .. shape.Dims];
        result[1] = channels;
        string name = MilBuilder.Identifier(node.Name);
        (MilValue w, MilValue b) = _weights.Layer(name, op.Weight, dims, outputs: 1, weight, bias, type);
        MilValue y = _mil.Add("conv_transpose", name, type, result,
            ("x", x), ("weight", w), ("bias", b),
            ("strides", _mil.Ints(plane ? [op.Stride, 1] : [op.Stride])),
            ("pad_type", _mil.Text("custom")), ("pad", _mil.Ints(plane ? [op.Start, after, 0, 0] : [op.Start, after])),
            ("dilations", _mil.Ints(plane ? [1, 1] : [1])), ("groups", _mil.Int(1)));
        Set(node.Output, Layout.Channels, y);
    }

    // Whether its channels are the network's stems.
    private bool EndsInStems(Node node) => _uses.Next<RestoreOp>(node) is { } restore && _uses.IsOutput(restore.Output);

    // The last layer computes the wanted stems only.
    private (float[] Weight, float[] Bias, int Channels) SelectStems(ConvTransposeOp op, float[] weight, float[] bias)
    {
        int all = op.Weight.Shape[1], perStem = all / _options.StemCount, channels = perStem * _options.Stems.Count;
        int inner = (int)(op.Weight.Shape.Elements / op.Weight.Shape[0] / all);
        float[] selectedWeight = new float[op.Weight.Shape[0] * channels * inner];
        float[] selectedBias = new float[channels];
        for (int i = 0; i < _options.Stems.Count; i++)
        {
            int first = _options.Stems[i] * perStem;
            bias.AsSpan(first, perStem).CopyTo(selectedBias.AsSpan(i * perStem));
            for (int c = 0; c < op.Weight.Shape[0]; c++)
            {
                weight.AsSpan((c * all + first) * inner, perStem * inner).CopyTo(selectedWeight.AsSpan((c * channels + i * perStem) * inner));
            }
        }

        return (selectedWeight, selectedBias, channels);
    }

    public void FrequencyEmbedding(Node node, FrequencyEmbeddingOp op)
    {
        MilType type = _options.Policy.For(node);
        MilValue x = Get(node.Inputs[0], Layout.Channels, type);
        float[] weight = _weights.Read(op.Weight);
        int rows = op.Weight.Shape[0], channels = op.Weight.Shape[1];
        float[] table = new float[weight.Length];
        for (int c = 0; c < channels; c++)
        {
            for (int f = 0; f < rows; f++)
            {
                table[c * rows + f] = (float)(op.Factor * weight[f * channels + c]);
            }
        }

        MilValue y = _mil.Floats($"{node.Name}_table", type, [1, channels, rows, 1], table);
        Set(node.Output, Layout.Channels, _mil.Add("add", node.Name, type, x.Shape.AsSpan(), ("x", x), ("y", y)));
    }
}
