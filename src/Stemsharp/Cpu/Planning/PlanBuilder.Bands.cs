using Stemsharp.Graph;

namespace Stemsharp.Cpu.Planning;

/// <content>tmp</content>
internal sealed partial class PlanBuilder<TIsa, V>
{
    public void RmsNorm(Node node, RmsNormOp op) => throw new NotSupportedException();
    public void Rotary(Node node, RotaryOp op) => throw new NotSupportedException();
    public void HeadGate(Node node, HeadGateOp op) => throw new NotSupportedException();
    public void Tanh(Node node, TanhOp op) => throw new NotSupportedException();
    public void Band(Node node, BandOp op) => throw new NotSupportedException();
    public void Stack(Node node, StackOp op) => throw new NotSupportedException();
    public void Row(Node node, RowOp op) => throw new NotSupportedException();
    public void JoinBands(Node node, JoinBandsOp op) => throw new NotSupportedException();
    public void ComplexMask(Node node, ComplexMaskOp op) => throw new NotSupportedException();
}
