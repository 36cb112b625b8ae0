using Stemsharp.Cpu.Steps;
using Stemsharp.Graph;
using Stemsharp.Kernels.Gemm;

namespace Stemsharp.Cpu.Planning;

/// <content>Sequences in frames and local attention, waveforms at another rate, spectrograms by rows and by amplitude and phase.</content>
internal sealed partial class PlanBuilder<TIsa, V>
{
    public void Frames(Node node, FramesOp op) => Single(node, (text, source, target) => new FramesStep(node.Name, text, source, target, op));

    public void JoinFrames(Node node, JoinFramesOp op) => Single(node, (text, source, target) => new JoinFramesStep(node.Name, text, source, target, op));

    public void LocalAttention(Node node, LocalAttentionOp op)
    {
        Tensor[] inputs = [.. node.Inputs.Select(Read)];
        Shape shape = node.Output.Shape;
        int width = shape.Channels / op.Heads, steps = shape.Last, sequences = op.Heads * shape.Rows;
        Tensor keys = Temporary(ProjectionTargets.PackedKeys($"{node.Name}.keys", sequences, width, steps, pairs: null));
        Tensor values = Temporary(ProjectionTargets.PackedValues($"{node.Name}.values", sequences, width, steps, pairs: null));
        string text = $"local attention, {op.Heads} heads, {steps} keys {shape}";
        Emit(new LocalAttentionStep<TIsa, V>(node.Name, text, op, inputs, keys, values, Write(node.Output)), node);
    }

    public void Resample(Node node, ResampleOp op) => Single(node, (text, source, target) => new ResampleStep<TIsa, V>(node.Name, text, source, target, op));

    /// <summary>The same memory where nobody else reads it, a copy otherwise.</summary>
    public void SingleRow(Node node, SingleRowOp op)
    {
        Value input = node.Inputs[0];
        if (_uses.SoleReader(input) == node && _uses.Producer(input) is not null && !_uses.IsOutput(node.Output))
        {
            Write(node.Output, Read(input));
            _touched.Clear();
            _done.Add(node);
            return;
        }

        Single(node, (text, source, target) => new ResizeStep(node.Name, text, source, target, 0, 1));
    }

    public void JoinRows(Node node, JoinRowsOp op)
    {
        Tensor[] sources = [.. node.Inputs.Select(Read)];
        Emit(new JoinRowsStep<TIsa, V>(node.Name, Text(node), sources, [.. op.Biases.Select(_weights.Vector)], op.Overlap, Write(node.Output)), node);
    }

    public void Amplitude(Node node, AmplitudeOp op) => Single(node, (text, source, target) => new AmplitudeStep<TIsa, V>(node.Name, text, source, target));

    public void Phase(Node node, PhaseOp op)
    {
        Tensor amplitudes = Read(node.Inputs[0]), spectrogram = Read(node.Inputs[1]);
        Emit(new PhaseStep<TIsa, V>(node.Name, Text(node), amplitudes, spectrogram, Write(node.Output), op.Epsilon), node);
    }

    // A convolution of a value with one row: the other rows of its kernel meet nothing but padding.
    private bool TrySingleRow(Node node, ConvOp op)
    {
        Value input = node.Inputs[0];
        Node? sum = _virtual.GetValueOrDefault(input);
        if (op.Stride is not [1, 1] || op.Dilation is not [1, 1] || input.Shape.Rows != 1 || op.Weight.Shape[2] == 1 || 2 * op.Padding[0] != op.Weight.Shape[2] - 1 || sum is not (null or { Op: AddOp }))
        {
            return false;
        }

        Tensor source = Read(sum?.Inputs[0] ?? input);
        Tensor? other = sum is null ? null : Read(sum.Inputs[1]);
        Node? glu = _uses.SoleReader<GluOp>(node.Output);
        Shape shape = node.Output.Shape;
        int taps = op.Weight.Shape[3], k = taps * op.Weight.Shape[1];
        float[] bias = op.Bias is null ? new float[shape.Channels] : _weights.Vector(op.Bias);
        Columns columns = new(1, shape.Last);
        ConvolutionPacker<TIsa, V> packer = new(source, other, 1, input.Shape.Last, new Window(1, taps, 1, 1, 0, op.Padding[1], 1, 1), columns);
        Tensor target = Write((glu ?? node).Output);
        string text = $"{(other is null ? "" : "add, ")}conv {taps} of the one row{(glu is null ? "" : ", glu")} {target.Shape}";
        int[] order = glu is null ? [.. Enumerable.Range(0, shape.Channels)] : GluEpilogue<TIsa, V>.RowOrder(shape.Channels / 2);
        PackedWeights weights = Packed(op.Weight, glu is null ? "middle" : "middle gated", order, k, bias, reader => reader.MiddleTaps(op.Weight));
        Emit(
            glu is null
                ? Stored(node.Name, text, [weights], columns, packer, target, null)
                : new ProductStep<TIsa, V, ConvolutionPacker<TIsa, V>, GluEpilogue<TIsa, V>>(node.Name, text, weights, columns, packer, new GluEpilogue<TIsa, V>(weights, target, columns, null)),
            glu is null ? [node] : [node, glu]);
        return true;
    }
}
