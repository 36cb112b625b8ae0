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

    private static VulkanException Unknown(Node node) => Refusal($"the operation {node.Op.Kind} ({node.Name})");
}
