namespace Stemsharp.Graph;

/// <summary>The same numbers in the same row-major order under another shape.</summary>
internal sealed record ReshapeOp : Op
{
    public override void Accept(IOpVisitor visitor, Node node) => visitor.Reshape(node, this);
}

/// <summary>[C, F, T] to [C, T, F].</summary>
internal sealed record SwapOp : Op
{
    public override void Accept(IOpVisitor visitor, Node node) => visitor.Swap(node, this);
}

/// <summary>torch.cat along the channels (axis 0) or the rows (axis 1) of values [C, F, T].</summary>
internal sealed record ConcatOp(int Axis) : Op
{
    public override void Accept(IOpVisitor visitor, Node node) => visitor.Concat(node, this);
}

/// <summary>Rows of zeros before and after those of [C, F, T].</summary>
internal sealed record PadRowsOp(int Before, int After) : Op
{
    public override void Accept(IOpVisitor visitor, Node node) => visitor.PadRows(node, this);
}
