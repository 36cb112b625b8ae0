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
        Elu = 1024,
        Silu = 2048,
        Mul = 4096,
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
        GpuTensor input = In(node.Inputs[0], RowLayout.Dense);
        GpuTensor statistics = op.OfMean ? MomentsOfMean(node, input, op.Epsilon) : Moments(node.Name, input, 1, 1, op.Epsilon, standardize: true);
        _statistics.Add(node.Outputs[1], statistics);
        GpuTensor output = Write(node.Output, DiesIn(node.Inputs[0], node) ? input : null);
        Emit(MapStep(node.Name, "standardize", MapOps.Norm, input, output, node.Output.Shape, statistics: statistics, groupChannels: input.Channels), node);
    }

    // What an activation is to the kernel, and its alpha; none for other operations.
    private static (MapOps Ops, double Alpha) ActivationOf(Op? op) => op switch
    {
        GeluOp => (MapOps.Gelu, 0),
        ReluOp => (MapOps.Relu, 0),
        TanhOp => (MapOps.Tanh, 0),
        SiluOp => (MapOps.Silu, 0),
        EluOp elu => (MapOps.Elu, elu.Alpha),
        GluOp => (MapOps.Glu, 0),
        _ => default,
    };

    // The activation that alone reads a node's output.
    private Node? NextActivation(Node node) => _graph.Uses.SoleReader(node.Output) is { } next && ActivationOf(next.Op).Ops != 0 ? next : null;

    // Norm [+ crop] [+ activation] [+ value]
    private void GroupNorm(Node node, GroupNormOp op)
    {
        GpuTensor input = In(node.Inputs[0], RowLayout.Dense);
        int rows = op.PerRow ? input.Shape.Rows : 1;
        GpuTensor statistics = Moments(node.Name, input, op.Groups, rows, op.Epsilon);
        List<Node> nodes = [node];
        MapOps ops = MapOps.Norm | MapOps.Affine;
        int shift = 0;
        double alpha = 0;
        string text = "norm";
        if (rows == 1 && _graph.Uses.Next<CropOp>(node) is { } crop)
        {
            CropOp cut = (CropOp)crop.Op;
            shift = cut.Start * (input.Positions / input.Shape[1]);
            text += ", crop";
            nodes.Add(crop);
        }

        if (NextActivation(nodes[^1]) is { } activation)
        {
            (MapOps what, alpha) = ActivationOf(activation.Op);
            ops |= what;
            text += $", {activation.Op.Kind.ToLowerInvariant()}";
            nodes.Add(activation);
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
            MapStep(node.Name, text, ops, input, output, result.Shape, add == null ? null : In(add, RowLayout.Dense), statistics, input.Channels / op.Groups, rows, vectors, shift, alpha: alpha),
            [.. nodes]);
    }

    // A factor and an offset for each channel [+ activation]
    private void BatchNorm(Node node, BatchNormOp op)
    {
        float[] weight = Read(op.Weight), bias = Read(op.Bias), mean = Read(op.Mean), variance = Read(op.Variance);
        double[] factors = [.. weight.Zip(variance, (g, v) => g / Math.Sqrt(v + op.Epsilon))];
        float[] vectors = [.. factors.Select(f => (float)f), .. bias.Select((b, c) => (float)(b - mean[c] * factors[c]))];
        Node? next = NextActivation(node);
        (MapOps ops, double alpha) = ActivationOf(next?.Op);
        GpuTensor input = In(node.Inputs[0], RowLayout.Dense);
        Node[] nodes = next is null ? [node] : [node, next];
        Value result = nodes[^1].Output;
        GpuTensor output = Write(result, result.Shape.Equals(input.Shape) && DiesIn(node.Inputs[0], nodes) ? input : null);
        string text = next is null ? "affine" : $"affine, {next.Op.Kind.ToLowerInvariant()}";
        Emit(MapStep(node.Name, text, MapOps.Affine | ops, input, output, result.Shape, vectors: _weights.AddFloats(vectors), alpha: alpha), nodes);
    }

    private void Map(Node node, MapOps ops, GpuTensor? statistics = null, int vectors = 0, (int Offset, int C, int F, int T) table = default, double alpha = 0)
    {
        GpuTensor input = (ops & MapOps.Table) != 0 ? In(node.Inputs[0], RowLayout.Dense) : _tensors[node.Inputs[0]];
        GpuTensor? add = ops is MapOps.Add or MapOps.Mul ? In(node.Inputs[1], input.Layout) : null;
        GpuTensor output = Write(node.Output, node.Output.Shape.Equals(node.Inputs[0].Shape) && DiesIn(node.Inputs[0], node) ? input : null, input);
        Emit(MapStep(node.Name, node.Op.Kind.ToLowerInvariant(), ops, input, output, output.Shape, add, statistics, vectors: vectors, table: table, alpha: alpha), node);
    }

    // Moves values: nothing is computed.
    private void Move(Node node, int shift = 0, int before = 0)
    {
        GpuTensor input = In(node.Inputs[0], RowLayout.Dense), output = Write(node.Output);
        Emit(MapStep(node.Name, node.Op.Kind.ToLowerInvariant(), 0, input, output, node.Output.Shape, shift: shift, before: before), node);
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
        int groupChannels = 1, int statRows = 1, int vectors = 0, int shift = 0, (int Offset, int C, int F, int T) table = default, int before = 0, int outStart = 0, int addStart = 0, double alpha = 0)
    {
        // Rows are told apart where they are longer or shorter than the input's; a crop of one row is a shift.
        PushValue[] push =
        [
            input, new PushValue(outStart, output), new PushValue(addStart, add), vectors, statistics, groupChannels, statRows, shape.Channels, shape.Positions, shape.Last, shape.Rows > 1 || before > 0 ? input.Shape.Last : Math.Min(input.Shape.Last, shape.Last), shift,
            input.Pitch, output.Pitch, add?.Pitch ?? 0, table.Offset, table.C, table.F, table.T, before, input.Positions, PushValue.Of((float)alpha),
        ];
        GpuTensor?[] reads = [input, add, statistics];
        return new GpuStep(name, $"{text} {Described(shape, output)}", new KernelKey(Shader("map"), [(int)ops, Types(input, add, output)], 256), push, Groups(shape.Positions, 256), shape.Channels)
        {
            Reads = [.. reads.OfType<GpuTensor>()],
            Writes = [output],
        };
    }
}
