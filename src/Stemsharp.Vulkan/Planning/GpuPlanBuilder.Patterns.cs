using Stemsharp.Graph;

namespace Stemsharp.Vulkan.Planning;

/// <content>What is told of values and runs of nodes before anything is emitted.</content>
internal sealed partial class GpuPlanBuilder
{
    // Whether products alone read a value, so that it may be rounded to what they take.
    private bool IsOperand(Value value) => !_graph.Uses.IsOutput(value) && _graph.Uses.Readers(value) is { Count: > 0 } readers && readers.All(r =>
        r.Op is LinearOp or AttentionOp or ConvTransposeOp or LastAxisLinearOp or UpsampleOp or LstmOp
        || (r.Op is ConvOp && MatchDConv(r) == null)
        || (r.Op is RowOp && _graph.Uses.Readers(r.Output).All(x => x.Op is LinearOp))
        || (r.Op is PadOp && _graph.Uses.Next<ConvOp>(r) != null)
        || (r.Op is ReshapeOp or SwapOp or ConcatOp or CropOp or PadRowsOp && IsOperand(r.Output)));

    // A layer of DConv that begins with this convolution, from it to the residual sum; null where none does.
    private Node[]? MatchDConv(Node conv)
    {
        if (conv.Op is not ConvOp { Stride: [1], Bias: not null } op || op.Weight.Shape.Last != 3 || op.Padding[0] != op.Dilation[0])
        {
            return null;
        }

        GraphUses uses = _graph.Uses;
        return uses.Next<GroupNormOp>(conv) is { Op: GroupNormOp { Groups: 1 } } norm1
            && uses.Next<GeluOp>(norm1) is { } gelu
            && uses.Next<ConvOp>(gelu) is { Op: ConvOp { Bias: not null } second } expand && second.Weight.Shape.Last == 1
            && uses.Next<GroupNormOp>(expand) is { Op: GroupNormOp { Groups: 1 } } norm2
            && uses.Next<GluOp>(norm2) is { } glu
            && uses.Next<ChannelScaleOp>(glu) is { } scale
            && uses.Next<AddOp>(scale) is { } add && add.Inputs[0] == conv.Inputs[0]
            ? [conv, norm1, gelu, expand, norm2, glu, scale, add]
            : null;
    }
}
