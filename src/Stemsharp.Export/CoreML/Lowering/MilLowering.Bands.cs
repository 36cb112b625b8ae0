using Stemsharp.Export.CoreML.Mil;
using Stemsharp.Graph;

namespace Stemsharp.Export.CoreML.Lowering;

/// <content>Spectrograms cut into bands of tokens, and masks put together from them.</content>
internal sealed partial class MilLowering
{
    // [1, T, F, C] of a spectrogram, which is transposed once for all bands.
    private readonly Dictionary<Value, MilValue> _byFrame = [];

    public void Band(Node node, BandOp op)
    {
        Value source = node.Inputs[0];
        if (!_byFrame.TryGetValue(source, out MilValue? turned))
        {
            turned = _mil.Transpose($"{source.Name}_by_frame", Get(source, Layout.Channels), 0, 3, 2, 1);
            _byFrame.Add(source, turned);
        }

        Shape shape = node.Output.Shape;
        Set(node.Output, Layout.Tokens, _mil.Reshape(node.Name, _mil.Slice($"{node.Name}_bins", turned, 2, op.Start, op.Length), 1, shape.Last, shape.Channels));
    }

    public void Stack(Node node, StackOp op)
    {
        MilType type = _options.Policy.For(node);
        Shape shape = node.Output.Shape;
        MilValue rows = _mil.Concat($"{node.Name}_rows", 0, [.. node.Inputs.Select(row => Get(row, Layout.Tokens, type))]);
        Set(node.Output, Layout.Grid, _mil.Reshape(node.Name, rows, 1, shape.Rows, shape.Last, shape.Channels));
    }

    public void Row(Node node, RowOp op)
    {
        MilValue x = Get(node.Inputs[0], Layout.Grid, _options.Policy.For(node));
        Set(node.Output, Layout.Tokens, _mil.Reshape(node.Name, _mil.Slice($"{node.Name}_row", x, 1, op.Row, 1), 1, node.Output.Shape.Last, node.Output.Shape.Channels));
    }

    /// <summary>Written with the product behind it, stem by stem.</summary>
    public void JoinBands(Node node, JoinBandsOp op)
    {
        if (_uses.Next<ComplexMaskOp>(node) is null)
        {
            throw Alone(node);
        }
    }

    /// <summary>The wanted stems' masks times the spectrogram in single precision, one stem after the other: no value holds more than it must.</summary>
    public void ComplexMask(Node node, ComplexMaskOp op)
    {
        Node join = _uses.Producer(node.Inputs[0]) is { Op: JoinBandsOp } found ? found : throw Alone(node);
        JoinBandsOp bands = (JoinBandsOp)join.Op;
        Shape shape = node.Inputs[1].Shape;
        int count = bands.Bands.Length, pairs = shape.Channels / 2;
        MilValue[] spectrogram = Parts(Get(node.Inputs[1], Layout.Channels, MilType.Float32), $"{node.Name}_spectrogram");
        List<MilValue> stems = [];
        foreach (int stem in Enumerable.Range(0, join.Inputs.Count / count))
        {
            string name = $"{node.Name}_{stem}";
            MilValue[] mask = Parts(Joined($"{join.Name}_{stem}", [.. join.Inputs.Skip(stem * count).Take(count)], bands, shape, op.ZeroFirst), $"{name}_mask");
            MilValue re = _mil.Binary("sub", $"{name}_real", _mil.Binary("mul", $"{name}_re_re", mask[0], spectrogram[0]), _mil.Binary("mul", $"{name}_im_im", mask[1], spectrogram[1]));
            MilValue im = _mil.Binary("add", $"{name}_imaginary", _mil.Binary("mul", $"{name}_re_im", mask[0], spectrogram[1]), _mil.Binary("mul", $"{name}_im_re", mask[1], spectrogram[0]));
            stems.Add(_mil.Reshape($"{name}_product", _mil.Concat($"{name}_parts", 1, [re, im]), 1, shape.Channels, shape.Rows, shape.Last));
        }

        Set(node.Output, Layout.Channels, stems.Count == 1 ? stems[0] : _mil.Concat(node.Name, 1, stems));

        // Real and imaginary parts, [pairs, 1, F, T].
        MilValue[] Parts(MilValue x, string name) => _mil.Split(name, _mil.Reshape($"{name}_pairs", x, pairs, 2, shape.Rows, shape.Last), 2, 1);
    }

    // As sheets [1, T, F·C].
    private MilValue Joined(string name, Value[] parts, JoinBandsOp op, Shape shape, bool zeroFirst)
    {
        int channels = shape.Channels;
        BandSheets sheets = new(op, shape.Rows);
        List<MilValue>[] pieces = [.. sheets.Rests.Select(_ => new List<MilValue>())];
        for (int k = 0; k < parts.Length; k++)
        {
            (int sheet, int gap) = sheets.Places[k];
            pieces[sheet].Add(_mil.Pad($"{name}_band_{k}", Get(parts[k], Layout.Tokens, MilType.Float32), 2, gap * channels, 0));
        }

        MilValue? sum = null;
        for (int i = 0; i < pieces.Length; i++)
        {
            MilValue joined = pieces[i].Count == 1 ? pieces[i][0] : _mil.Concat($"{name}_sheet_{i}", 2, pieces[i]);
            joined = _mil.Pad($"{name}_filled_{i}", joined, 2, 0, sheets.Rests[i] * channels);
            sum = sum is null ? joined : _mil.Binary("add", $"{name}_sum_{i}", sum, joined);
        }

        float[] shares = Array.ConvertAll(sheets.Shares(channels, zeroFirst), share => (float)share);
        MilValue mean = shares.All(s => s == 1) ? sum! : _mil.Binary("mul", $"{name}_mean", sum!, _mil.Floats($"{name}_shares", MilType.Float32, [shares.Length], shares));
        return _mil.Transpose($"{name}_by_bin", _mil.Reshape($"{name}_by_frame", mean, 1, shape.Last, shape.Rows, channels), 0, 3, 2, 1);
    }

    private static InvalidOperationException Alone(Node node) =>
        new($"{node.Op.Kind} ({node.Name}) is written together with what the builder of graphs records around it, and not alone.");
}
