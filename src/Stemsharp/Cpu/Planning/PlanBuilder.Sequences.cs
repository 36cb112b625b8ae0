using Stemsharp.Cpu.Steps;
using Stemsharp.Graph;

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
        Tensor keys = Temporary(ProjectionTargets.Keys($"{node.Name}.keys", sequences, width, steps));
        Tensor values = Temporary(ProjectionTargets.Values($"{node.Name}.values", sequences, width, steps));
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
}
