using Stemsharp.Cpu.Steps;
using Stemsharp.Graph;
using Stemsharp.Kernels.Elementary;

namespace Stemsharp.Cpu.Planning;

/// <content>Operations that found no neighbour to live in: a step each.</content>
internal sealed partial class PlanBuilder<TIsa, V>
{
    public void Standardize(Node node, StandardizeOp op)
    {
        Tensor target = Write(node.Outputs[0]), mean = Write(node.Outputs[1]), std = Write(node.Outputs[2]);
        Emit(new StandardizeStep<TIsa, V>(node.Name, $"standardize {node.Output.Shape}", Read(node.Inputs[0]), target, mean, std, op), node);
    }

    public void Restore(Node node, RestoreOp op)
    {
        Tensor source = Read(node.Inputs[0]);
        Emit(new RestoreStep(node.Name, Text(node), source, Target(node, node)), node);
    }

    // Group norm [+ activation]
    public void GroupNorm(Node node, GroupNormOp op)
    {
        Node? activation = _uses.SoleReader<GeluOp>(node.Output) ?? _uses.SoleReader<ReluOp>(node.Output) ?? _uses.SoleReader<SiluOp>(node.Output);
        Node last = activation ?? node;
        Value input = node.Inputs[0];
        Tensor source = Read(input), target = Write(last.Output, !_uses.IsOutput(last.Output) && DiesIn(input, node) ? source : null);
        string text = $"{Text(node)}{(activation == null ? "" : $", {activation.Op.Kind.ToLowerInvariant()}")}";
        Step step = activation?.Op switch
        {
            GeluOp => Make<Gelu<TIsa, V>>(),
            ReluOp => Make<Relu<TIsa, V>>(),
            SiluOp => Make<Silu<TIsa, V>>(),
            _ => Make<Identity<TIsa, V>>(),
        };
        Emit(step, activation == null ? [node] : [node, activation]);

        Step Make<TActivation>()
            where TActivation : struct, IActivation<TIsa, V> =>
            new GroupNormStep<TIsa, V, TActivation>(node.Name, text, source, target, _weights.Norm(op.Weight, op.Bias, op.Epsilon), op.Groups, op.PerRow ? input.Shape.Rows : 1);
    }

    public void Gelu(Node node, GeluOp op) => Single(node, (text, source, target) =>
        new ActivationStep<TIsa, V, PreciseGelu<TIsa, V>>(node.Name, text, source, target));

    public void Relu(Node node, ReluOp op) => Single(node, (text, source, target) =>
        new ActivationStep<TIsa, V, Relu<TIsa, V>>(node.Name, text, source, target));

    public void Glu(Node node, GluOp op) => Single(node, (text, source, target) =>
        new GluStep<TIsa, V>(node.Name, text, source, target));

    public void Add(Node node, AddOp op) => Single(node, (text, source, target) =>
        new AddStep<TIsa, V>(node.Name, text, source, Read(node.Inputs[1]), target, null));

    public void ChannelScale(Node node, ChannelScaleOp op) => Single(node, (text, source, target) =>
        new ChannelScaleStep(node.Name, text, source, target, _weights.Vector(op.Scale)));

    public void AddTable(Node node, AddTableOp op) => Single(node, (text, source, target) =>
        new AddTableStep(node.Name, text, source, target, op.Table.Shape, Array.ConvertAll(op.Table.Data, v => (float)v)));

    public void FrequencyEmbedding(Node node, FrequencyEmbeddingOp op)
    {
        Shape input = node.Inputs[0].Shape;
        Single(node, (text, source, target) =>
            new AddTableStep(node.Name, text, source, target, new Shape(input.Channels, input.Rows, 1), RowTable(op, transpose: true)));
    }

    public void Pad(Node node, PadOp op) => Single(node, (text, source, target) =>
        new ResizeStep(node.Name, text, source, target, -op.Before, 1));

    public void Crop(Node node, CropOp op)
    {
        Shape input = node.Inputs[0].Shape;
        Single(node, (text, source, target) => new ResizeStep(node.Name, text, source, target, op.Start, input.Positions / input[1]));
    }

    private static string Text(Node node) => $"{node.Op.Kind.ToLowerInvariant()} {node.Output.Shape}";

    // In place where the input ends here.
    private void Single(Node node, Func<string, Tensor, Tensor, Step> make)
    {
        Value input = node.Inputs[0];
        Tensor source = Read(input);
        bool sameShape = node.Output.Shape.Equals(input.Shape);
        Tensor target = Write(node.Output, sameShape && DiesIn(input, node) ? source : null);
        Emit(make(Text(node), source, target), node);
    }
}
