using Stemsharp.Graph;
using Stemsharp.Vulkan.Kernels;

namespace Stemsharp.Vulkan.Planning;

/// <content>Whole spectrograms: products along the last axis, larger grids, rearrangements.</content>
internal sealed partial class GpuPlanBuilder
{
    /// <summary>A product along the last axis: its matrix [M, K], and how many groups of channels stand for its terms and for its results.</summary>
    private sealed record LastAxisProduct(string Kind, int M, int K, string? MatrixName, MatrixReader Matrix)
    {
        public int SourceParts { get; init; } = 1;

        public int TargetParts { get; init; } = 1;

        public bool IsSensitive { get; init; }
    }

    void IOpVisitor.LastAxisLinear(Node node, LastAxisLinearOp op) =>
        AlongLastAxis(node, new LastAxisProduct("linear along rows", op.Weight.Shape[0], op.Weight.Shape[1], null, reader => reader.Read(op.Weight)));

    void IOpVisitor.RealFourier(Node node, RealFourierOp op)
    {
        int points = node.Inputs[0].Shape.Last;
        AlongLastAxis(node, new LastAxisProduct("fourier", points + 2, points, $"fourier {points} {op.Scale}", _ => Array.ConvertAll(op.Matrix(points), v => (float)v)) { TargetParts = 2, IsSensitive = true });
    }

    void IOpVisitor.InverseRealFourier(Node node, InverseRealFourierOp op)
    {
        int points = node.Output.Shape.Last;
        AlongLastAxis(node, new LastAxisProduct("inverse fourier", points, points + 2, $"inverse fourier {points} {op.Scale}", _ => Array.ConvertAll(op.Matrix(points), v => (float)v)) { SourceParts = 2, IsSensitive = true });
    }

    // Turned, so that what is multiplied are channels and the rows of all channels are positions; a product as any other; and turned back
    // [+ value].
    private void AlongLastAxis(Node node, LastAxisProduct wanted)
    {
        GpuTensor input = In(node.Inputs[0], RowLayout.Dense);
        int rows = input.Shape.Rows, channels = input.Channels / wanted.SourceParts, terms = wanted.K / wanted.SourceParts, results = wanted.M / wanted.TargetParts;
        Node? sum = wanted.TargetParts == 1 && _graph.Uses.Next<AddOp>(node) is { } next && next.Inputs[0] != next.Inputs[1] && _tensors.ContainsKey(Other(next)) ? next : null;
        GpuTensor? add = sum is null ? null : In(Other(sum), RowLayout.Dense);
        Node[] nodes = sum is null ? [node] : [node, sum];
        Value result = nodes[^1].Output;

        GpuTensor turned = New($"{node.Name}.turned", new Shape(wanted.K, channels * rows), input.IsHalf);
        for (int part = 0; part < wanted.SourceParts; part++)
        {
            Turned from = new(input, part * channels * input.Pitch, terms, input.Pitch), to = new(turned, part * terms * turned.Pitch, turned.Pitch, rows);
            Emit(TurnStep(turned.Name, channels, rows, terms, from, to, rows));
        }

        Product product = new(node.Name, wanted.Kind, wanted.M, wanted.K, new float[wanted.M], wanted.Matrix)
        {
            Input = turned,
            Columns = (1, turned.Positions),
            MatrixName = wanted.MatrixName,
            IsSensitive = wanted.IsSensitive,
        };
        GpuTensor made = New($"{node.Name}.made", new Shape(wanted.M, turned.Positions));
        Emit(Step(product, new Tail(), made, null, made.Shape));

        GpuTensor output = Write(result, add != null && DiesIn(Other(sum!), nodes) ? add : null);
        for (int part = 0; part < wanted.TargetParts; part++)
        {
            Turned from = new(made, part * results * made.Pitch, made.Pitch, rows), to = new(output, part * channels * output.Pitch, results, output.Pitch);
            GpuStep step = TurnStep($"{node.Name}.back", channels, results, rows, from, to, results, add);
            Emit(step, part == wanted.TargetParts - 1 ? nodes : []);
        }

        Value Other(Node sum) => sum.Inputs[0] == node.Output ? sum.Inputs[1] : sum.Inputs[0];
    }

    // Rows of the product are the field that each position becomes.
    void IOpVisitor.Upsample(Node node, UpsampleOp op)
    {
        GpuTensor input = In(node.Inputs[0], RowLayout.Dense);
        int channels = node.Output.Shape.Channels, field = op.KernelF * op.KernelT, rows = channels * field;
        Product product = new(node.Name, $"upsample {op.KernelF}×{op.KernelT}", rows, input.Channels, new float[rows], reader => reader.Fields(op.Weight))
        {
            Input = input,
            Columns = (input.Shape.Rows, input.Shape.Last),
            Epilogue = ProductEpilogue.Spread,
            Transposed = (op.KernelT, channels, 0),
        };
        EmitProduct(product, node, Follow(node, transposed: true));
    }

    void IOpVisitor.DepthwiseConv(Node node, DepthwiseConvOp op)
    {
        GpuTensor input = In(node.Inputs[0], RowLayout.Dense), output = Write(node.Output);
        PushValue[] push =
        [
            input, output, _weights.AddFloats([.. Read(op.Weight), .. Read(op.Bias)]), input.Channels, op.Kernel, input.Positions, input.Shape.Last, input.Pitch, output.Pitch,
        ];
        Emit(
            new GpuStep(node.Name, $"depthwise conv {op.Kernel} {Described(output.Shape, output)}", new KernelKey(Shader("depthwise"), [Types(input, null, output)], 256), push, Groups(input.Positions, 256), input.Channels)
            {
                Reads = [input],
                Writes = [output],
            },
            node);
    }

    void IOpVisitor.Swap(Node node, SwapOp op)
    {
        GpuTensor input = In(node.Inputs[0], RowLayout.Dense), output = Write(node.Output);
        Turned from = new(input, 0, input.Shape.Last, input.Pitch), to = new(output, 0, output.Shape.Last, output.Pitch);
        Emit(TurnStep(node.Name, input.Channels, input.Shape.Rows, input.Shape.Last, from, to, output.Shape.Last), node);
    }

    void IOpVisitor.Reshape(Node node, ReshapeOp op)
    {
        GpuTensor input = In(node.Inputs[0], RowLayout.Dense);
        Shape shape = node.Output.Shape;
        if (input.Pitch == input.Positions && shape.Positions % 16 == 0)
        {
            // No channel ends with a gap.
            Rename(node, input);
            return;
        }

        GpuTensor output = Write(node.Output);
        PushValue[] push = [input, output, input.Positions, output.Positions, input.Pitch, output.Pitch];
        Emit(
            new GpuStep(node.Name, $"reshape {Described(shape, output)}", new KernelKey(Shader("reshape"), [Types(input, null, output)], 256), push, Groups(output.Positions, 256), output.Channels)
            {
                Reads = [input],
                Writes = [output],
            },
            node);
    }

    // Another name and shape for the same memory.
    private void Rename(Node node, GpuTensor input)
    {
        GpuTensor same = New(node.Output.Name, node.Output.Shape, input.IsHalf);
        same.Overwrite(input);
        _tensors.Add(node.Output, same);
        _done.Add(node);
    }

    void IOpVisitor.Concat(Node node, ConcatOp op)
    {
        if (IsDoubling(node))
        {
            _views.Add(node.Output, View(node.Inputs[0]) with { IsDoubled = true });
            _done.Add(node);
            return;
        }

        GpuTensor[] parts = [.. node.Inputs.Select(part => In(part, RowLayout.Dense))];
        GpuTensor output = Write(node.Output);
        int start = 0;
        foreach ((GpuTensor part, int number) in parts.Select((part, number) => (part, number)))
        {
            Emit(MapStep(node.Name, "concat", 0, part, output, part.Shape, outStart: start), number == parts.Length - 1 ? [node] : []);
            start += op.Axis == 0 ? part.Channels * output.Pitch : part.Positions;
        }
    }

    // A value behind itself in front of a convolution.
    private bool IsDoubling(Node node) => node.Op is ConcatOp { Axis: 0 } && node.Inputs.Count == 2 && node.Inputs[0] == node.Inputs[1]
        && _graph.Uses.Next<ConvOp>(node) is { Op: ConvOp { Stride.Length: 2 } };
}
