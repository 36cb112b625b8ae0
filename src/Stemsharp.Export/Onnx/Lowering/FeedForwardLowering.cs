using Stemsharp.Graph;

namespace Stemsharp.Export.Onnx.Lowering;

/// <summary>
/// Feed-forward blocks whose hidden channels would take more memory than a tensor may: some rows of tokens at a time.
/// </summary>
internal sealed class FeedForwardLowering(LoweringContext context, long limit)
{
    private readonly OnnxGraph _graph = context.Graph;
    private readonly LinearLowering _linear = new(context);

    /// <summary>linear + GELU + linear over [C, F, T] that has to be cut; null for everything else.</summary>
    public FeedForwardParts? PartsOf(Node node)
    {
        if (node.Output.Shape.Rank != 3 || context.Batch * node.Output.Shape.Elements * context.Products.Size() <= limit)
        {
            return null;
        }

        return context.Uses.Next<GeluOp>(node) is { } gelu && context.Uses.Next<LinearOp>(gelu) is { } contract ? new FeedForwardParts(node, gelu, contract) : null;
    }

    /// <summary>[N, F, T, C].</summary>
    public Tensor Run(FeedForwardParts parts)
    {
        LinearOp expand = (LinearOp)parts.Expand.Op, contract = (LinearOp)parts.Contract.Op;
        Shape shape = parts.Contract.Output.Shape;
        Tensor x = context.Values.Get(parts.Expand.Inputs[0], Layout.ChannelsLast, context.Products);
        long row = (long)context.Batch * shape.Last * expand.Rows * context.Products.Size();
        return Blocks.Of(_graph, parts.Contract.Name, x, 1, row, limit, (name, block) =>
        {
            int rows = block.Dims[1];
            Tensor tokens = _graph.Reshape($"{name}/flat", block, context.Batch * rows * shape.Last, expand.Weight.Shape[1]);
            Tensor expanded = _linear.Run($"{name}/expanded", tokens, expand, "", expand.Rows);
            Tensor hidden = _graph.Gelu($"{name}/gelu", _graph.Cast(expanded, context.ForGpus ? context.Products : context.Pointwise));
            Tensor result = _linear.Run($"{name}/contracted", _graph.Cast(hidden, context.Products), contract, "", contract.Rows);
            return _graph.Reshape($"{name}/rows", result, context.Batch, rows, shape.Last, shape.Channels);
        });
    }
}

/// <summary>The nodes of a feed-forward block.</summary>
internal sealed record FeedForwardParts(Node Expand, Node Gelu, Node Contract);
