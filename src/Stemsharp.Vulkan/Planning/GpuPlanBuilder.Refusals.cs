using Stemsharp.Graph;

namespace Stemsharp.Vulkan.Planning;

/// <content>Operations that no kernel knows.</content>
internal sealed partial class GpuPlanBuilder
{
    void IOpVisitor.Lstm(Node node, LstmOp op) => throw Unknown(node);

    void IOpVisitor.Upsample(Node node, UpsampleOp op) => throw Unknown(node);

    void IOpVisitor.DepthwiseConv(Node node, DepthwiseConvOp op) => throw Unknown(node);

    void IOpVisitor.LastAxisLinear(Node node, LastAxisLinearOp op) => throw Unknown(node);

    void IOpVisitor.BatchNorm(Node node, BatchNormOp op) => throw Unknown(node);

    void IOpVisitor.Elu(Node node, EluOp op) => throw Unknown(node);

    void IOpVisitor.Silu(Node node, SiluOp op) => throw Unknown(node);

    void IOpVisitor.Mul(Node node, MulOp op) => throw Unknown(node);

    void IOpVisitor.Reshape(Node node, ReshapeOp op) => throw Unknown(node);

    void IOpVisitor.Swap(Node node, SwapOp op) => throw Unknown(node);

    void IOpVisitor.Concat(Node node, ConcatOp op) => throw Unknown(node);

    void IOpVisitor.PadRows(Node node, PadRowsOp op) => throw Unknown(node);

    void IOpVisitor.RealFourier(Node node, RealFourierOp op) => throw Unknown(node);

    void IOpVisitor.InverseRealFourier(Node node, InverseRealFourierOp op) => throw Unknown(node);

    void IOpVisitor.Frames(Node node, FramesOp op) => throw Unknown(node);

    void IOpVisitor.JoinFrames(Node node, JoinFramesOp op) => throw Unknown(node);

    void IOpVisitor.LocalAttention(Node node, LocalAttentionOp op) => throw Unknown(node);

    void IOpVisitor.Resample(Node node, ResampleOp op) => throw Unknown(node);

    void IOpVisitor.SingleRow(Node node, SingleRowOp op) => throw Unknown(node);

    void IOpVisitor.JoinRows(Node node, JoinRowsOp op) => throw Unknown(node);

    void IOpVisitor.Amplitude(Node node, AmplitudeOp op) => throw Unknown(node);

    void IOpVisitor.Phase(Node node, PhaseOp op) => throw Unknown(node);

    private static VulkanException Unknown(Node node) => Refusal($"the operation {node.Op.Kind} ({node.Name})");
}
