using Stemsharp.Graph;
using Stemsharp.Vulkan.Kernels;

namespace Stemsharp.Vulkan.Planning;

/// <content>Statistics, norms, and operations that found no product to live in.</content>
internal sealed partial class GpuPlanBuilder
{
    // Numbers whose moments one workgroup takes.
    private const int PartSize = 4096;

    [Flags]
    private enum MapOps
    {
        Norm = 1,
        Affine = 2,
        Gelu = 4,
        Relu = 8,
        Glu = 16,
        Scale = 32,
        Add = 64,
        Table = 128,
        Restore = 256,
        Tanh = 512,
    }

    // Statistics of a value: groups of channels, and of rows.
    private GpuTensor Moments(string name, GpuTensor value, int channelGroups, int rows, double epsilon, bool standardize = false)
    {
        int outer = value.Channels / channelGroups, inner = value.Positions / rows, parts = Groups(checked(outer * inner), PartSize), groups = channelGroups * rows;
        GpuTensor slots = New($"{name}.parts", new Shape(1, 4 * parts * groups));
        PushValue[] push = [value, slots, outer, inner, value.Pitch, rows, outer * value.Pitch, inner, parts];
        Emit(new GpuStep($"{name}.moments", $"moments {groups} × {outer * inner}", new KernelKey(Shader("moments"), [Types(value, null, null)], 256), push, parts, groups)
        {
            Reads = [value],
            Writes = [slots],
        });
        return Merge(name, slots, parts, groups, epsilon, standardize);
    }

    private GpuTensor Merge(string name, GpuTensor slots, int parts, int groups, double epsilon, bool standardize)
    {
        GpuTensor statistics = New($"{name}.statistics", new Shape(1, 4 * groups));
        PushValue[] push = [slots, statistics, parts, PushValue.Of((float)epsilon)];
        Emit(new GpuStep($"{name}.merge", $"merge {groups} × {parts}", new KernelKey("merge", [standardize ? 1 : 0], 64), push, groups, 1)
        {
            Reads = [slots],
            Writes = [statistics],
        });
        return statistics;
    }

    private void Standardize(Node node, StandardizeOp op)
    {
        if (op.OfMean)
        {
            throw Unknown(node);
        }

        GpuTensor input = In(node.Inputs[0], RowLayout.Dense);
        GpuTensor statistics = Moments(node.Name, input, 1, 1, op.Epsilon, standardize: true);
        _statistics.Add(node.Outputs[1], statistics);
        GpuTensor output = Write(node.Output, DiesIn(node.Inputs[0], node) ? input : null);
        Emit(MapStep(node.Name, "standardize", MapOps.Norm, input, output, node.Output.Shape, statistics: statistics, groupChannels: input.Channels), node);
    }

    // Norm [+ crop] [+ GELU | GLU] [+ value]
    private void GroupNorm(Node node, GroupNormOp op)
    {
        GpuTensor input = In(node.Inputs[0], RowLayout.Dense);
        int rows = op.PerRow ? input.Shape.Rows : 1;
        GpuTensor statistics = Moments(node.Name, input, op.Groups, rows, op.Epsilon);
        List<Node> nodes = [node];
        MapOps ops = MapOps.Norm | MapOps.Affine;
        int shift = 0;
        string text = "norm";
        if (rows == 1 && _graph.Uses.Next<CropOp>(node) is { } crop)
        {
            CropOp cut = (CropOp)crop.Op;
            shift = cut.Start * (input.Positions / input.Shape[1]);
            text += ", crop";
            nodes.Add(crop);
        }

        if (_graph.Uses.Next<GluOp>(nodes[^1]) is { } glu)
        {
            ops |= MapOps.Glu;
            text += ", glu";
            nodes.Add(glu);
        }
        else if (_graph.Uses.Next<GeluOp>(nodes[^1]) is { } gelu)
        {
            ops |= MapOps.Gelu;
            text += ", gelu";
            nodes.Add(gelu);
        }

        Value? add = null;
        if (_graph.Uses.Next<AddOp>(nodes[^1]) is { } sum && sum.Inputs[0] != sum.Inputs[1])
        {
            Value other = sum.Inputs[0] == nodes[^1].Output ? sum.Inputs[1] : sum.Inputs[0];
            if (_tensors.ContainsKey(other))
            {
                add = other;
                ops |= MapOps.Add;
                text += ", add";
                nodes.Add(sum);
            }
        }

        Value result = nodes[^1].Output;
        bool same = result.Shape.Equals(input.Shape) && (ops & MapOps.Glu) == 0;
        GpuTensor output = Write(result, same && DiesIn(node.Inputs[0], [.. nodes]) ? input : null);
        int vectors = _weights.AddFloats([.. Read(op.Weight), .. Read(op.Bias)]);
        Emit(
            MapStep(node.Name, text, ops, input, output, result.Shape, add == null ? null : In(add, RowLayout.Dense), statistics, input.Channels / op.Groups, rows, vectors, shift),
            [.. nodes]);
    }

    private void Map(Node node, MapOps ops, GpuTensor? statistics = null, int vectors = 0, (int Offset, int C, int F, int T) table = default)
    {
        GpuTensor input = (ops & MapOps.Table) != 0 ? In(node.Inputs[0], RowLayout.Dense) : _tensors[node.Inputs[0]];
        GpuTensor? add = ops == MapOps.Add ? In(node.Inputs[1], input.Layout) : null;
        GpuTensor output = Write(node.Output, node.Output.Shape.Equals(node.Inputs[0].Shape) && DiesIn(node.Inputs[0], node) ? input : null, input);
        Emit(MapStep(node.Name, node.Op.Kind.ToLowerInvariant(), ops, input, output, output.Shape, add, statistics, vectors: vectors, table: table), node);
    }

    // Moves values: nothing is computed.
    private void Move(Node node, int shift)
    {
        GpuTensor input = In(node.Inputs[0], RowLayout.Dense), output = Write(node.Output);
        Emit(MapStep(node.Name, node.Op.Kind.ToLowerInvariant(), 0, input, output, node.Output.Shape, shift: shift), node);
    }

    // Where a table lies, and its strides by channel, row and position.
    private (int Offset, int C, int F, int T) TableOf(AddTableOp op)
    {
        Shape shape = op.Table.Shape;
        int rows = shape.Rows, last = shape.Last;
        return (_weights.AddFloats(Array.ConvertAll(op.Table.Data, v => (float)v)), shape.Channels == 1 ? 0 : rows * last, rows == 1 ? 0 : last, last == 1 ? 0 : 1);
    }

    private GpuStep MapStep(
        string name, string text, MapOps ops, GpuTensor input, GpuTensor output, Shape shape, GpuTensor? add = null, GpuTensor? statistics = null,
        int groupChannels = 1, int statRows = 1, int vectors = 0, int shift = 0, (int Offset, int C, int F, int T) table = default)
    {
        // Rows are told apart where they are longer or shorter than the input's; a crop of one row is a shift.
        PushValue[] push =
        [
            input, output, add, vectors, statistics, groupChannels, statRows, shape.Channels, shape.Positions, shape.Last, shape.Rows > 1 ? input.Shape.Last : Math.Min(input.Shape.Last, shape.Last), shift,
            input.Pitch, output.Pitch, add?.Pitch ?? 0, table.Offset, table.C, table.F, table.T,
        ];
        GpuTensor?[] reads = [input, add, statistics];
        return new GpuStep(name, $"{text} {Described(shape, output)}", new KernelKey(Shader("map"), [(int)ops, Types(input, add, output)], 256), push, Groups(shape.Positions, 256), shape.Channels)
        {
            Reads = [.. reads.OfType<GpuTensor>()],
            Writes = [output],
        };
    }
}
