using Stemsharp.Graph;
using Stemsharp.Vulkan.Kernels;

namespace Stemsharp.Vulkan.Planning;

/// <content>Convolutions, transposed ones, and DConv.</content>
internal sealed partial class GpuPlanBuilder
{
    private void Convolution(Node node, ConvOp op)
    {
        Tail tail = Follow(node);
        EmitProduct(Convolution(node, op, node.Output.Shape), node, tail);
    }

    private Product Convolution(Node node, ConvOp op, Shape shape)
    {
        // Channels that are there twice are read once, by the sums of both halves' weights.
        Value source = node.Inputs[0];
        bool doubled = _views.TryGetValue(source, out RowView twice) && twice.IsDoubled;
        RowView view = op.Stride.Length == 2 ? View(source) : new RowView(In(source, RowLayout.Dense));
        int cin = op.Weight.Shape[1] / (doubled ? 2 : 1), k = (int)(op.Weight.Shape.Elements / shape.Channels) / (doubled ? 2 : 1);
        float[] bias = op.Bias == null ? new float[shape.Channels] : Read(op.Bias);
        string kind = $"{(doubled ? "doubled, " : "")}conv {string.Join('×', op.Weight.Shape.Dims.Skip(2))}";
        Product product = new(node.Name, kind, shape.Channels, k, bias, reader => doubled ? reader.FoldedTaps(op.Weight) : reader.TapsFirst(op.Weight))
        {
            Input = view.Tensor,
            InputStart = view.Start,
            Columns = (shape.Rows, shape.Last),
        };
        if (k == cin && op.Stride.All(s => s == 1) && op.Padding.All(p => p == 0) && view.IsWhole)
        {
            return product;
        }

        bool rows = op.Stride.Length == 2;
        (int, int) kernel = (rows ? op.Weight.Shape[2] : 1, op.Weight.Shape.Last), dilation = (rows ? op.Dilation[0] : 1, op.Dilation[^1]);
        return product with
        {
            Loader = ProductLoader.Window,
            InputShape = (view.Rows, view.Tensor.Shape.Last),
            Strides = (rows ? op.Stride[0] : 1, op.Stride[^1]),
            Pads = ((rows ? op.Padding[0] : 0) + view.Before, op.Padding[^1]),
            Table = WindowTable(view.Tensor, cin, view.Tensor.Shape.Last, kernel, dilation, k),
        };
    }

    // An ordinary convolution whose rows are (channel, phase of the stride).
    private void ConvTranspose(Node node, ConvTransposeOp op)
    {
        Shape shape = node.Output.Shape;
        bool alongRows = shape.Rank == 3;
        RowView view = alongRows ? View(node.Inputs[0]) : new RowView(In(node.Inputs[0], RowLayout.Dense));
        GpuTensor input = view.Tensor;
        int stride = op.Stride, taps = (op.Kernel + stride - 1) / stride, cin = input.Channels, k = taps * cin;
        int steps = (op.Start + op.Length - 1) / stride + 1;
        float[] bias = Read(op.Bias), spread = new float[stride * shape.Channels];
        for (int r = 0; r < spread.Length; r++)
        {
            spread[r] = bias[r / stride];
        }

        (int, int) kernel = alongRows ? (taps, 1) : (1, taps);
        Product product = new(node.Name, $"conv_tr {op.Kernel}", spread.Length, k, spread, reader => reader.Phases(op.Weight, stride, phaseFirst: false))
        {
            Loader = ProductLoader.Window,
            Input = input,
            InputStart = view.Start,
            Columns = alongRows ? (steps, shape.Last) : (1, steps),
            InputShape = (view.Rows, input.Shape.Last),
            Pads = alongRows ? (taps - 1 + view.Before, 0) : (0, taps - 1),
            Table = WindowTable(input, cin, input.Shape.Last, kernel, (1, 1), k),
            Epilogue = ProductEpilogue.Transposed | (alongRows ? ProductEpilogue.AlongRows : 0),
            Transposed = (stride, op.Start, op.Length),
        };
        EmitProduct(product, node, Follow(node, transposed: true));
    }

    // conv k3 → norm → gelu → conv 1 → norm → glu → scale → add, where the wide value in the middle is never stored: it is
    // computed once for its moments and once more for what becomes of it.
    private bool TryDConv(Node node)
    {
        if (MatchDConv(node) is not { } nodes)
        {
            return false;
        }

        ConvOp first = (ConvOp)nodes[0].Op, second = (ConvOp)nodes[3].Op;
        GroupNormOp norm1 = (GroupNormOp)nodes[1].Op, norm2 = (GroupNormOp)nodes[4].Op;
        Shape shape = node.Output.Shape;
        int hidden = shape.Channels, wide = second.Weight.Shape[0];
        bool byRow = norm1.PerRow && shape.Rows > 1;
        int groups = byRow ? shape.Rows : 1;

        GpuTensor h = New($"{node.Name}.hidden", shape);
        Emit(Step(Convolution(node, first, shape) with { IsSensitive = true }, new Tail(), h, null, shape), node);
        GpuTensor statistics1 = Moments($"{nodes[1].Name}", h, 1, groups, norm1.Epsilon);

        int rows = byRow ? shape.Rows : 1, length = byRow ? shape.Last : shape.Positions;
        ProductTile tile = ProductKernel.MomentsTile(_traits, UsesMatrices);
        int parts = Groups(wide, tile.BM) * Groups(length, tile.BN);
        GpuTensor slots = New($"{nodes[4].Name}.parts", new Shape(1, 4 * parts * groups));
        Product expand = new(nodes[3].Name, "dconv", wide, hidden, Read(second.Bias!), reader => reader.Read(second.Weight))
        {
            Loader = ProductLoader.Hidden,
            Input = h,
            Columns = (rows, length),
            Table = _weights.AddFloats(Interleaved(Read(norm1.Weight), Read(norm1.Bias))),
            LoaderStatistics = statistics1,
            IsSensitive = true,
            Epilogue = byRow ? ProductEpilogue.ByRow : 0,
        };
        Emit(Step(expand with { Kind = "dconv moments", Epilogue = expand.Epilogue | ProductEpilogue.Moments }, new Tail(), slots, null, shape.WithChannels(wide)));
        GpuTensor statistics2 = Merge(nodes[4].Name, slots, parts, groups, norm2.Epsilon, standardize: false);

        Product last = expand with
        {
            Norm = (Read(norm2.Weight), Read(norm2.Bias)),
            Statistics = statistics2,
            Epilogue = expand.Epilogue | ProductEpilogue.Norm,
        };
        Tail tail = Follow(nodes[4]);
        if (tail.Nodes is not [{ Op: GluOp }, { Op: ChannelScaleOp }, { Op: AddOp }, ..])
        {
            throw new InvalidOperationException("A DConv layer ends in GLU, scale and sum.");
        }

        EmitProduct(last, nodes[3], tail, nodes[1], nodes[2], nodes[4]);
        return true;
    }

    private static float[] Interleaved(float[] a, float[] b)
    {
        float[] result = new float[2 * a.Length];
        for (int i = 0; i < a.Length; i++)
        {
            result[2 * i] = a[i];
            result[2 * i + 1] = b[i];
        }

        return result;
    }
}
