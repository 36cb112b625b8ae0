using Stemsharp.Cpu.Steps;
using Stemsharp.Graph;
using Stemsharp.Kernels.Gemm;
using Stemsharp.Kernels.Recurrent;

namespace Stemsharp.Cpu.Planning;

/// <content>Recurrent layers.</content>
internal sealed partial class PlanBuilder<TIsa, V>
{
    public void Lstm(Node node, LstmOp op)
    {
        Tensor source = Read(node.Inputs[0]), target = Write(node.Output);
        Sequences sequences = Sequences.Of(node.Inputs[0].Shape, op.Axis);
        string text = $"lstm, {sequences.Count} sequences of {sequences.Steps} {target.Shape}";
        Emit(new LstmStep<TIsa, V>(node.Name, text, Matrices(op.Forward), Matrices(op.Backward), source, target, sequences), node);

        LstmMatrices Matrices(LstmWeights weights)
        {
            float[] bias = [.. _weights.Vector(weights.InputBias).Zip(_weights.Vector(weights.HiddenBias), (a, b) => a + b)];
            return new LstmMatrices(Pack(weights.Input, bias), Pack(weights.Hidden, []));
        }

        PackedWeights Pack(Parameter weight, float[] bias) =>
            Packed(weight, "gates", LstmKernel<TIsa, V>.RowOrder(op.Hidden), weight.Shape[1], bias, reader => reader.Read(weight));
    }
}
