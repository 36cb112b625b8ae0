using Stemsharp.Graph;

namespace Stemsharp.Vulkan.Planning;

/// <content>Operations that have no kernel here yet.</content>
internal sealed partial class GpuPlanBuilder
{
    public void RmsNorm(Node node, RmsNormOp op) => throw Unknown(node);

    public void Rotary(Node node, RotaryOp op) => throw Unknown(node);

    public void HeadGate(Node node, HeadGateOp op) => throw Unknown(node);

    public void Tanh(Node node, TanhOp op) => throw Unknown(node);

    public void Band(Node node, BandOp op) => throw Unknown(node);

    public void Stack(Node node, StackOp op) => throw Unknown(node);

    public void Row(Node node, RowOp op) => throw Unknown(node);

    public void JoinBands(Node node, JoinBandsOp op) => throw Unknown(node);

    public void ComplexMask(Node node, ComplexMaskOp op) => throw Unknown(node);

    private static VulkanException Unknown(Node node) => Refusal($"the operation {node.Op.Kind} ({node.Name})");
}
