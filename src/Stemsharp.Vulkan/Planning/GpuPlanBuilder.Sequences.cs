using Stemsharp.Graph;
using Stemsharp.Vulkan.Kernels;

namespace Stemsharp.Vulkan.Planning;

/// <content>Sequences in frames and local attention, waveforms at another rate, rows under each other, amplitudes and phases. Their values stay single.</content>
internal sealed partial class GpuPlanBuilder
{
    // The same memory under another shape.
    void IOpVisitor.SingleRow(Node node, SingleRowOp op) => Rename(node, In(node.Inputs[0], RowLayout.Dense));

    void IOpVisitor.Frames(Node node, FramesOp op) => Frames(node, op.Step, op.Count, joins: false);

    void IOpVisitor.JoinFrames(Node node, JoinFramesOp op) => Frames(node, op.Step, op.Count, joins: true);

    void IOpVisitor.Resample(Node node, ResampleOp op)
    {
        GpuTensor input = In(node.Inputs[0], RowLayout.Dense), output = WriteSingle(node.Output);
        int taps = _weights.AddFloats(Array.ConvertAll(op.Taps.Data, v => (float)v));
        PushValue[] push = [input, output, taps, op.Phases, op.Taps.Shape[1], op.Stride, op.Before, input.Positions, output.Positions, input.Pitch, output.Pitch];
        Emit(Single(node.Name, $"resample {op.Phases}:{op.Stride} {output.Shape}", new KernelKey("resample", [], 256), push, Groups(output.Positions, 256), output.Channels, [input], output), node);
    }

    void IOpVisitor.Amplitude(Node node, AmplitudeOp op)
    {
        GpuTensor input = In(node.Inputs[0], RowLayout.Dense), output = WriteSingle(node.Output);
        PushValue[] push = [input, output, 0, output.Positions, output.Channels, input.Pitch, output.Pitch, 0, 0];
        Emit(Single(node.Name, $"amplitude {output.Shape}", new KernelKey("polar", [0], 256), push, Groups(output.Positions, 256), output.Channels, [input], output), node);
    }

    void IOpVisitor.Phase(Node node, PhaseOp op)
    {
        GpuTensor sizes = In(node.Inputs[0], RowLayout.Dense), input = In(node.Inputs[1], RowLayout.Dense), output = WriteSingle(node.Output);
        PushValue[] push = [input, output, sizes, sizes.Positions, input.Channels / 2, input.Pitch, output.Pitch, sizes.Pitch, PushValue.Of((float)op.Epsilon)];
        Emit(Single(node.Name, $"phase {output.Shape}", new KernelKey("polar", [1], 256), push, Groups(sizes.Positions, 256), sizes.Channels, [input, sizes], output), node);
    }

    void IOpVisitor.LocalAttention(Node node, LocalAttentionOp op)
    {
        GpuTensor[] inputs = [.. node.Inputs.Select(i => In(i, RowLayout.Dense))];
        GpuTensor output = WriteSingle(node.Output);
        int steps = output.Shape.Last, width = output.Channels / op.Heads, tiles = Groups(steps, 64);
        PushValue[] push =
        [
            inputs[0], inputs[1], inputs[2], inputs[3], output, steps, tiles, inputs[0].Pitch, inputs[3].Pitch, output.Pitch,
            PushValue.Of((float)(1 / Math.Sqrt(width))), PushValue.Of((float)LocalAttentionOp.Self),
        ];
        string text = $"local attention, {op.Heads} heads, {output.Shape.Rows} × {steps} keys {output.Shape}";
        Emit(Single(node.Name, text, new KernelKey("localattention", [width, op.Decays], 64), push, output.Shape.Rows * tiles, op.Heads, inputs, output), node);
    }

    // One part after the other; where two overlap, the later one is added without its bias.
    void IOpVisitor.JoinRows(Node node, JoinRowsOp op)
    {
        GpuTensor[] parts = [.. node.Inputs.Select(part => In(part, RowLayout.Dense))];
        GpuTensor output = WriteSingle(node.Output);
        int length = output.Shape.Last, row = 0;
        for (int i = 0; i < parts.Length; i++)
        {
            Shape shape = parts[i].Shape;
            int shared = i == 0 ? 0 : op.Overlap;
            if (shared > 0)
            {
                float[] vectors = [.. Enumerable.Repeat(1f, shape.Channels), .. op.Biases.Count > 0 ? Array.ConvertAll(Read(op.Biases[i - 1]), b => -b) : new float[shape.Channels]];
                Emit(MapStep(
                    node.Name, "join rows", MapOps.Affine | MapOps.Add, parts[i], output, new Shape(shape.Channels, shared, length), output,
                    vectors: _weights.AddFloats(vectors), outStart: row * length, addStart: row * length));
            }

            Emit(
                MapStep(node.Name, "join rows", 0, parts[i], output, new Shape(shape.Channels, shape.Rows - shared, length), shift: shared * length, outStart: (row + shared) * length),
                i == parts.Length - 1 ? [node] : []);
            row += shape.Rows - op.Overlap;
        }
    }

    private void Frames(Node node, int step, int count, bool joins)
    {
        GpuTensor input = In(node.Inputs[0], RowLayout.Dense), output = WriteSingle(node.Output);
        PushValue[] push = [input, output, output.Positions, output.Shape.Last, input.Shape.Last, step, count, input.Pitch, output.Pitch];
        Emit(
            Single(node.Name, $"{(joins ? "join " : "")}frames, {count} {output.Shape}", new KernelKey("frames", [joins ? 1 : 0], 256), push, Groups(output.Positions, 256), output.Channels, [input], output),
            node);
    }

    // Mean and deviation of the channels' mean.
    private GpuTensor MomentsOfMean(Node node, GpuTensor input, double epsilon)
    {
        int channels = input.Channels;
        Product product = new($"{node.Name}.mean", "mean of channels", 1, channels, [0], _ => Enumerable.Repeat(1f / channels, channels).ToArray())
        {
            Input = input,
            Columns = (1, input.Positions),
            IsSensitive = true,
        };
        GpuTensor mean = New($"{node.Name}.mean", input.Shape.WithChannels(1));
        Emit(Step(product, new Tail(), mean, null, mean.Shape));
        return Moments(node.Name, mean, 1, 1, epsilon, standardize: true);
    }

    private GpuTensor WriteSingle(Value value)
    {
        GpuTensor tensor = New(value.Name, value.Shape);
        _tensors.Add(value, tensor);
        return tensor;
    }

    private static GpuStep Single(string name, string text, KernelKey kernel, PushValue[] push, int x, int y, GpuTensor[] reads, GpuTensor output) =>
        new(name, text, kernel, push, x, y) { Reads = reads, Writes = [output] };
}
