using Stemsharp.Graph;

namespace Stemsharp.Export.Onnx.Lowering;

/// <summary>Spectrograms cut into bands of tokens, and masks put together from them, by slices, transposes and concatenations alone.</summary>
internal sealed class BandLowering(LoweringContext context)
{
    private readonly OnnxGraph _graph = context.Graph;
    private readonly Dictionary<Value, Tensor> _turned = [];

    /// <summary>[N·T, Length·C] of a spectrogram, which is transposed once for all bands.</summary>
    public Tensor Band(Node node, BandOp op)
    {
        Value source = node.Inputs[0];
        if (!_turned.TryGetValue(source, out Tensor? turned))
        {
            turned = _graph.Transpose($"{source.Name}/by_frame", context.Values.Get(source, Layout.ChannelsFirst, ElementType.Float), 0, 3, 2, 1);
            _turned.Add(source, turned);
        }

        return _graph.Reshape(node.Name, _graph.Slice($"{node.Name}/bins", turned, 2, op.Start, op.Length), context.Values.Dims(node.Output.Shape, Layout.Tokens));
    }

    /// <summary>[N, F, T, C].</summary>
    public Tensor Stack(Node node)
    {
        Shape shape = node.Output.Shape;
        return _graph.Concat(node.Name, [.. node.Inputs.Select((row, i) =>
            _graph.Reshape($"{node.Name}/row.{i}", context.Values.Get(row, Layout.Tokens, context.Pointwise), context.Batch, 1, shape.Last, shape.Channels))], 1);
    }

    /// <summary>[N·T, C] of one row.</summary>
    public Tensor Row(Node node, RowOp op) =>
        _graph.Reshape(
            node.Name, _graph.Slice($"{node.Name}/row", context.Values.Get(node.Inputs[0], Layout.ChannelsLast, context.Pointwise), 1, op.Row, 1), context.Values.Dims(node.Output.Shape, Layout.Tokens));

    /// <summary>The wanted stems' masks times the spectrogram, [N, stems·C, F, T], one stem after the other: no tensor holds more than it must.</summary>
    public Tensor Mask(Node node, ComplexMaskOp op, Node join)
    {
        JoinBandsOp bands = (JoinBandsOp)join.Op;
        Shape shape = node.Inputs[1].Shape;
        int batch = context.Batch, pairs = shape.Channels / 2, stems = join.Inputs.Count / bands.Bands.Length;
        Tensor[] parts = Parts($"{node.Name}/spectrogram", context.Values.Get(node.Inputs[1], Layout.ChannelsFirst, ElementType.Float));
        IEnumerable<int> wanted = context.Stems?.Indices ?? Enumerable.Range(0, stems);
        return _graph.Concat(node.Name, [.. wanted.Select(stem =>
        {
            string name = $"{node.Name}/{stem}";
            Tensor[] mask = Parts($"{name}/mask", Joined($"{join.Name}/{stem}", [.. join.Inputs.Skip(stem * bands.Bands.Length).Take(bands.Bands.Length)], bands, shape, op.ZeroFirst));
            Tensor re = _graph.Sub($"{name}/real", _graph.Mul($"{name}/re_re", mask[0], parts[0]), _graph.Mul($"{name}/im_im", mask[1], parts[1]));
            Tensor im = _graph.Add($"{name}/imaginary", _graph.Mul($"{name}/re_im", mask[0], parts[1]), _graph.Mul($"{name}/im_re", mask[1], parts[0]));
            return _graph.Reshape($"{name}/product", _graph.Concat($"{name}/parts", [re, im], 2), batch, shape.Channels, shape.Rows, shape.Last);
        })], 1);

        // Real and imaginary parts, [N, pairs, 1, F, T].
        Tensor[] Parts(string name, Tensor x) => _graph.Split(name, _graph.Reshape($"{name}/pairs", x, batch, pairs, 2, shape.Rows, shape.Last), 2, [1, 1]);
    }

    // As sheets [N·T, F·C].
    private Tensor Joined(string name, Value[] parts, JoinBandsOp op, Shape shape, bool zeroFirst)
    {
        int channels = shape.Channels;
        BandSheets sheets = new(op, shape.Rows);
        List<Tensor>[] pieces = [.. sheets.Rests.Select(_ => new List<Tensor>())];
        for (int k = 0; k < parts.Length; k++)
        {
            (int sheet, int gap) = sheets.Places[k];
            pieces[sheet].Add(_graph.Pad($"{name}/band.{k}", context.Values.Get(parts[k], Layout.Tokens, ElementType.Float), gap * channels, 0, "constant"));
        }

        Tensor? sum = null;
        for (int i = 0; i < pieces.Length; i++)
        {
            Tensor joined = pieces[i].Count == 1 ? pieces[i][0] : _graph.Concat($"{name}/sheet.{i}", [.. pieces[i]], 1);
            joined = _graph.Pad($"{name}/filled.{i}", joined, 0, sheets.Rests[i] * channels, "constant");
            sum = sum is null ? joined : _graph.Add($"{name}/sum.{i}", sum, joined);
        }

        double[] shares = sheets.Shares(channels, zeroFirst);
        Tensor mean = shares.All(s => s == 1) ? sum! : _graph.Mul($"{name}/mean", sum!, _graph.Constant(ElementType.Float, [shares.Length], shares));
        return _graph.Transpose($"{name}/by_bin", _graph.Reshape($"{name}/by_frame", mean, context.Batch, shape.Last, shape.Rows, channels), 0, 3, 2, 1);
    }
}
