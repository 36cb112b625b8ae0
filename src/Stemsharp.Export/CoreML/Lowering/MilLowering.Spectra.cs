using Stemsharp.Export.CoreML.Mil;
using Stemsharp.Graph;

namespace Stemsharp.Export.CoreML.Lowering;

/// <content>Spectrograms by rows and by amplitude and phase; the latter in single precision in every package.</content>
internal sealed partial class MilLowering
{
    // What makes anything that is no zero more than one.
    private const double Huge = 1e30;

    public void JoinRows(Node node, JoinRowsOp op)
    {
        MilType type = _options.Policy.For(node);
        string name = node.Name;
        List<MilValue> parts = [];
        MilValue? tail = null;
        for (int i = 0; i < node.Inputs.Count; i++)
        {
            MilValue x = Get(node.Inputs[i], Layout.Channels, type);
            int rows = x.Shape[2], start = i == 0 ? 0 : op.Overlap, end = i == node.Inputs.Count - 1 ? rows : rows - op.Overlap;
            if (tail is not null)
            {
                MilValue head = _mil.Slice($"{name}_head_{i}", x, 2, 0, op.Overlap);
                if (op.Biases.Count > 0)
                {
                    float[] bias = _weights.Read(op.Biases[i - 1]);
                    head = _mil.Binary("sub", $"{name}_once_{i}", head, _mil.Floats($"{name}_bias_{i}", type, [bias.Length, 1, 1], bias));
                }

                parts.Add(_mil.Binary("add", $"{name}_overlap_{i}", tail, head));
            }

            if (end > start)
            {
                parts.Add(_mil.Slice($"{name}_own_{i}", x, 2, start, end - start));
            }

            tail = op.Overlap > 0 ? _mil.Slice($"{name}_tail_{i}", x, 2, rows - op.Overlap, op.Overlap) : null;
        }

        Set(node.Output, Layout.Channels, _mil.Concat(name, 2, parts));
    }

    public void Amplitude(Node node, AmplitudeOp op) =>
        Set(node.Output, Layout.Channels, _mil.Reshape(node.Name, Parts(node.Name, node.Inputs[0]).Size, [1, .. node.Output.Shape.Dims]));

    public void Phase(Node node, PhaseOp op)
    {
        const MilType type = MilType.Float32;
        string name = node.Name;
        (MilValue re, MilValue im, MilValue size) = Parts(name, node.Inputs[1]);
        MilValue divisor;
        if (op.Epsilon == 0)
        {
            // One where the spectrogram is silent, zero elsewhere.
            MilValue loud = _mil.Binary("sub", $"{name}_loud", _mil.Scalar(type, 1), _mil.Binary("mul", $"{name}_huge", size, _mil.Scalar(type, Huge)));
            MilValue silent = _mil.Add("relu", $"{name}_silent", type, loud.Shape.AsSpan(), ("x", loud));
            re = _mil.Binary("add", $"{name}_phase_real", re, silent);
            divisor = _mil.Binary("add", $"{name}_divisor", size, silent);
        }
        else
        {
            divisor = _mil.Binary("add", $"{name}_divisor", size, _mil.Scalar(type, op.Epsilon));
        }

        // Units of each channel, [C, 2, F, T], times [groups·C, 1, F, T], group by group.
        MilValue units = _mil.Binary("real_div", $"{name}_units", _mil.Concat($"{name}_pairs", 1, [re, im]), divisor);
        Shape amplitudes = node.Inputs[0].Shape;
        int channels = size.Shape[0], groups = amplitudes.Channels / channels;
        MilValue all = _mil.Reshape($"{name}_amplitudes", Get(node.Inputs[0], Layout.Channels, type), amplitudes.Channels, 1, amplitudes.Rows, amplitudes.Last);
        MilValue[] products = [.. Enumerable.Range(0, groups).Select(g => _mil.Binary("mul", $"{name}_group_{g}", _mil.Slice($"{name}_amplitudes_{g}", all, 0, g * channels, channels), units))];
        MilValue joined = groups == 1 ? products[0] : _mil.Concat($"{name}_groups", 0, products);
        Set(node.Output, Layout.Channels, _mil.Reshape(name, joined, [1, .. node.Output.Shape.Dims]));
    }

    // Real and imaginary parts and amplitudes, [C, 1, F, T].
    private (MilValue Real, MilValue Imaginary, MilValue Size) Parts(string name, Value spectrogram)
    {
        const MilType type = MilType.Float32;
        Shape shape = spectrogram.Shape;
        MilValue[] parts = _mil.Split($"{name}_parts", _mil.Reshape($"{name}_by_part", Get(spectrogram, Layout.Channels, type), shape.Channels / 2, 2, shape.Rows, shape.Last), 2, 1);
        MilValue square = _mil.Binary("add", $"{name}_power", Square("re", parts[0]), Square("im", parts[1]));
        return (parts[0], parts[1], _mil.Add("sqrt", $"{name}_size", type, square.Shape.AsSpan(), ("x", square)));

        MilValue Square(string part, MilValue x) => _mil.Add("square", $"{name}_{part}_square", type, x.Shape.AsSpan(), ("x", x));
    }
}
