using Stemsharp.Graph;

namespace Stemsharp.Vulkan.Planning;

/// <content>Values that are read where others lie.</content>
internal sealed partial class GpuPlanBuilder
{
    // What convolutions read where it lies; everything else gets a tensor of its own.
    private readonly Dictionary<Value, RowView> _views = [];

    /// <summary>Some rows of a dense tensor from an element of each channel on, with so many of zeros before them; or its channels twice.</summary>
    private readonly record struct RowView(GpuTensor Tensor, int Start, int Rows, int Before, bool IsDoubled = false)
    {
        public RowView(GpuTensor tensor)
            : this(tensor, 0, tensor.Shape.Rows, 0)
        {
        }

        public bool IsWhole => Start == 0 && Before == 0 && Rows == Tensor.Shape.Rows;
    }

    void IOpVisitor.PadRows(Node node, PadRowsOp op)
    {
        if (!TryView(node))
        {
            Move(node, -op.Before * node.Inputs[0].Shape.Last);
        }
    }

    // A crop or zeros around rows where convolutions alone read the result.
    private bool TryView(Node node)
    {
        if (!IsView(node))
        {
            return false;
        }

        RowView view = View(node.Inputs[0]);
        int length = view.Tensor.Shape.Last;
        _views.Add(node.Output, node.Op is CropOp crop
            ? view with { Start = view.Start + crop.Start * length, Rows = crop.Length }
            : view with { Before = ((PadRowsOp)node.Op).Before });
        _done.Add(node);
        return true;
    }

    // Rows are cut first and padded then; windows find zeros behind the rows by themselves.
    private bool IsView(Node node) => node.Output.Shape.Rank == 3 && !_graph.Uses.IsOutput(node.Output) && _graph.Uses.Readers(node.Output) is { Count: > 0 } readers && readers.All(r => r.Op switch
    {
        ConvOp conv => conv.Stride.Length == 2,
        ConvTransposeOp => true,
        PadRowsOp => node.Op is CropOp && IsView(r),
        _ => false,
    });

    private RowView View(Value value) => _views.TryGetValue(value, out RowView view) ? view : new RowView(In(value, RowLayout.Dense));
}
