using Stemsharp.Graph;

namespace Stemsharp.Vulkan.Planning;

/// <content>Operations that no kernel knows.</content>
internal sealed partial class GpuPlanBuilder
{
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
