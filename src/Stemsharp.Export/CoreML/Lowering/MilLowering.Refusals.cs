using Stemsharp.Graph;

namespace Stemsharp.Export.CoreML.Lowering;

/// <content>Operations of networks that no package is made of.</content>
internal sealed partial class MilLowering
{
    public void RmsNorm(Node node, RmsNormOp op) => throw Refusal(node);

    public void Rotary(Node node, RotaryOp op) => throw Refusal(node);

    public void HeadGate(Node node, HeadGateOp op) => throw Refusal(node);

    public void Tanh(Node node, TanhOp op) => throw Refusal(node);

    public void Band(Node node, BandOp op) => throw Refusal(node);

    public void Stack(Node node, StackOp op) => throw Refusal(node);

    public void Row(Node node, RowOp op) => throw Refusal(node);

    public void JoinBands(Node node, JoinBandsOp op) => throw Refusal(node);

    public void ComplexMask(Node node, ComplexMaskOp op) => throw Refusal(node);

    public void Lstm(Node node, LstmOp op) => throw Refusal(node);

    public void Upsample(Node node, UpsampleOp op) => throw Refusal(node);

    public void DepthwiseConv(Node node, DepthwiseConvOp op) => throw Refusal(node);

    public void LastAxisLinear(Node node, LastAxisLinearOp op) => throw Refusal(node);

    public void BatchNorm(Node node, BatchNormOp op) => throw Refusal(node);

    public void Elu(Node node, EluOp op) => throw Refusal(node);

    public void Silu(Node node, SiluOp op) => throw Refusal(node);

    public void Mul(Node node, MulOp op) => throw Refusal(node);

    public void Reshape(Node node, ReshapeOp op) => throw Refusal(node);

    public void Swap(Node node, SwapOp op) => throw Refusal(node);

    public void Concat(Node node, ConcatOp op) => throw Refusal(node);

    public void PadRows(Node node, PadRowsOp op) => throw Refusal(node);

    public void RealFourier(Node node, RealFourierOp op) => throw Refusal(node);

    public void InverseRealFourier(Node node, InverseRealFourierOp op) => throw Refusal(node);

    public void Frames(Node node, FramesOp op) => throw Refusal(node);

    public void JoinFrames(Node node, JoinFramesOp op) => throw Refusal(node);

    public void LocalAttention(Node node, LocalAttentionOp op) => throw Refusal(node);

    public void Resample(Node node, ResampleOp op) => throw Refusal(node);

    public void SingleRow(Node node, SingleRowOp op) => throw Refusal(node);

    public void JoinRows(Node node, JoinRowsOp op) => throw Refusal(node);

    public void Amplitude(Node node, AmplitudeOp op) => throw Refusal(node);

    public void Phase(Node node, PhaseOp op) => throw Refusal(node);

    private static ModelException Refusal(Node node) =>
        new($"A CoreML package cannot be made of this network: its operation {node.Op.Kind} ({node.Name}) has no form in a package. Export it as ONNX instead.");
}
