using Stemsharp.Export.CoreML.Mil;
using Stemsharp.Graph;

namespace Stemsharp.Export.CoreML.Lowering;

internal sealed partial class MilLowering
{
    /// <summary>(x − mean)/(ε + std) over everything, sums in stages: along the innermost axis, then over the rest.</summary>
    public void Standardize(Node node, StandardizeOp op)
    {
        const MilType type = MilType.Float32;
        MilValue whole = Get(node.Inputs[0], Layout.Channels, type);
        string name = node.Name;
        MilValue x = op.OfMean ? Reduce("reduce_mean", $"{name}_of", whole, [[1]]) : whole;
        int[] shape = [.. x.Shape];
        if (shape.Length == 3 && Factor(shape[2]) is var run and > 1)
        {
            x = _mil.Reshape($"{name}_runs", x, 1, shape[1], shape[2] / run, run);
        }
        else if (shape.Length == 3)
        {
            x = _mil.Reshape($"{name}_runs", x, 1, shape[1], 1, shape[2]);
        }

        int[][] stages = [[3], [1, 2]];
        MilValue mean = Reduce("reduce_mean", $"{name}_mean", x, stages);
        MilValue centred = _mil.Add("sub", $"{name}_centred", type, x.Shape.AsSpan(), ("x", x), ("y", mean));
        MilValue sums = Reduce("reduce_sum", $"{name}_total", Reduce("reduce_sum_square", $"{name}_power", centred, [stages[0]]), [stages[1]]);
        MilValue variance = _mil.Add("mul", $"{name}_variance", type, [1, 1, 1, 1], ("x", sums), ("y", _mil.Scalar(type, 1.0 / (x.Elements - 1))));
        MilValue std = _mil.Add("sqrt", $"{name}_std", type, [1, 1, 1, 1], ("x", variance));
        MilValue divisor = _mil.Add("add", $"{name}_divisor", type, [1, 1, 1, 1], ("x", std), ("y", _mil.Scalar(type, op.Epsilon)));
        if (op.OfMean)
        {
            x = _mil.Reshape($"{name}_all_runs", whole, [1, whole.Shape[1], .. x.Shape[2..]]);
            centred = _mil.Binary("sub", $"{name}_all_centred", x, mean);
        }

        MilValue result = _mil.Binary("real_div", $"{name}_unit", centred, divisor);
        Set(node.Outputs[0], Layout.Channels, _mil.Reshape(name, result, [.. whole.Shape]));
        Set(node.Outputs[1], Layout.Channels, mean);
        Set(node.Outputs[2], Layout.Channels, std);
    }

    /// <summary>x·std + mean; where the network ends with it, with an axis for the stems: [1, S, C, …].</summary>
    public void Restore(Node node, RestoreOp op)
    {
        const MilType type = MilType.Float32;
        Value input = node.Inputs[0];
        if (!_uses.IsOutput(node.Output))
        {
            MilValue inner = Get(input, Layout.Channels, type);
            int[] each = [.. Enumerable.Repeat(1, inner.Rank)];
            MilValue by = _mil.Reshape($"{node.Name}_by", Get(node.Inputs[2], Layout.Channels, type), each), to = _mil.Reshape($"{node.Name}_to", Get(node.Inputs[1], Layout.Channels, type), each);
            Set(node.Output, Layout.Channels, _mil.Binary("add", node.Name, _mil.Binary("mul", $"{node.Name}_scaled", inner, by), to));
            return;
        }

        MilValue x = SelectLate(node, Get(input, Layout.Channels, type));
        MilValue mean = Get(node.Inputs[1], Layout.Channels, type), std = Get(node.Inputs[2], Layout.Channels, type);
        int[] result = [1, _options.Stems.Count, x.Shape[1] / _options.Stems.Count, .. x.Shape[2..]];
        // Rank 4 at most in the arithmetic: the reshape comes before it for waveforms, after it for spectrograms.
        if (x.Rank == 3)
        {
            x = _mil.Reshape($"{node.Name}_stems", x, result);
        }

        MilValue scaled = _mil.Add("mul", $"{node.Name}_scaled", type, x.Shape.AsSpan(), ("x", x), ("y", std));
        string name = _graph.Outputs.First(o => o.Value == node.Output).Name;
        bool last = x.Shape.AsSpan().SequenceEqual(result);
        MilValue shifted = _mil.Add("add", last ? name : $"{node.Name}_shifted", type, x.Shape.AsSpan(), ("x", scaled), ("y", mean));
        Set(node.Output, Layout.Channels, last ? shifted : _mil.Reshape(name, shifted, result));
    }

    // An output that the network does not bring back to the input's mean and std.
    private MilValue ByStem(string name, Value output)
    {
        MilValue x = Selected(name, Get(output, Layout.Channels, MilType.Float32));
        return _mil.Reshape(name, x, [1, _options.Stems.Count, x.Shape[1] / _options.Stems.Count, .. x.Shape[2..]]);
    }

    // Where a norm stands between the last layer and here, the unwanted stems could not be left out before.
    private MilValue SelectLate(Node node, MilValue x) =>
        _uses.Producer(node.Inputs[0]) is { Op: ConvTransposeOp } last && EndsInStems(last) ? x : Selected(node.Name, x);

    private MilValue Selected(string name, MilValue x)
    {
        if (_options.Stems.Count == _options.StemCount)
        {
            return x;
        }

        int perStem = x.Shape[1] / _options.StemCount;
        List<MilValue> parts = [];
        foreach (int stem in _options.Stems)
        {
            parts.Add(_mil.Slice($"{name}_stem_{stem}", x, 1, stem * perStem, perStem));
        }

        return parts.Count == 1 ? parts[0] : _mil.Concat($"{name}_selected", 1, parts);
    }

    public void AddTable(Node node, AddTableOp op)
    {
        MilType type = _options.Policy.For(node);
        MilValue x = Get(node.Inputs[0], Layout.Grid, type);
        MilValue table = PositionTable.Separate(op.Table) is { } parts
            ? Rotated(node.Name, parts, op.Table.Shape, type)
            : _mil.Floats($"{node.Name}_table", type, [1, .. op.Table.Shape.Dims[1..], op.Table.Shape.Channels], PositionTable.ChannelsLast(op.Table));
        Set(node.Output, Layout.Grid, _mil.Add("add", node.Name, type, x.Shape.AsSpan(), ("x", x), ("y", table)));
    }

    // Coarse and fine positions, [A, 1, C] and [1, B, C]: two products and a sum make the table of A·B rows.
    private MilValue Rotated(string name, PositionTable.Parts parts, Shape shape, MilType type)
    {
        int[] coarse = [parts.Coarse, 1, parts.Channels], fine = [1, parts.Fine, parts.Channels], all = [parts.Coarse, parts.Fine, parts.Channels];
        MilValue a = _mil.Add("mul", $"{name}_cosines", type, all, ("x", _mil.Floats($"{name}_coarse_cos", type, coarse, parts.CoarseCos)), ("y", _mil.Floats($"{name}_fine_own", type, fine, parts.FineOwn)));
        MilValue b = _mil.Add("mul", $"{name}_sines", type, all, ("x", _mil.Floats($"{name}_coarse_sin", type, coarse, parts.CoarseSin)), ("y", _mil.Floats($"{name}_fine_other", type, fine, parts.FineOther)));
        MilValue sum = _mil.Add("add", $"{name}_rotated", type, all, ("x", a), ("y", b));
        int[] ones = [.. Enumerable.Repeat(1, shape.Rank - 1)];
        int rows = parts.Coarse * parts.Fine;
        MilValue table = _mil.Reshape($"{name}_table", sum, [.. ones, rows, parts.Channels]);
        if (rows == shape.Last)
        {
            return table;
        }

        int[] end = [.. ones, shape.Last, parts.Channels];
        return _mil.Add("slice_by_index", $"{name}_cut", type, end, ("x", table), ("begin", _mil.Ints(new int[end.Length])), ("end", _mil.Ints(end)));
    }

    /// <summary>The divisor of a length that is nearest to its square root from above, 1 if there is none of use.</summary>
    private static int Factor(int length)
    {
        for (int d = (int)Math.Ceiling(Math.Sqrt(length)); d <= Math.Min(length - 1, 1 << 14); d++)
        {
            if (length % d == 0)
            {
                return d;
            }
        }

        return 1;
    }
}
