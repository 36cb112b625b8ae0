using Stemsharp.Cpu.Steps;
using Stemsharp.Graph;
using Stemsharp.Kernels.Elementary;
using Stemsharp.Kernels.Gemm;
using Stemsharp.Kernels.Paired;
using Stemsharp.Kernels.Winograd;

namespace Stemsharp.Cpu.Planning;

/// <content>Convolutions and what follows them.</content>
internal sealed partial class PlanBuilder<TIsa, V>
{
    // Below it weights are what moves, and those of Winograd's products are twice as many.
    private const int LeastWinogradPositions = 4096;

    // By count of instructions; not measured yet.
    private const int LeastThreefoldDepth = 96;

    public void Conv(Node node, ConvOp op)
    {
        if (!TryDConv(node) && !TrySingleRow(node, op))
        {
            Convolution(node, op);
        }
    }

    // conv [+ GELU | ReLU | GLU [+ frequency embedding]]
    private void Convolution(Node node, ConvOp op)
    {
        Value input = node.Inputs[0];
        bool doubled = _virtual.GetValueOrDefault(input)?.Op is ConcatOp;
        input = doubled ? _virtual[input].Inputs[0] : input;
        (Value first, Value? second) = (input, null);
        if (_virtual.TryGetValue(input, out Node? before))
        {
            first = before.Inputs[0];
            if (before.Op is AddOp)
            {
                second = before.Inputs[1];
            }
        }

        Tensor source = Read(first);
        Tensor? other = second == null ? null : Read(second);
        Shape shape = node.Output.Shape;
        float[] bias = op.Bias == null ? new float[shape.Channels] : _weights.Vector(op.Bias);
        int k = (int)(op.Weight.Shape.Elements / shape.Channels) / (doubled ? 2 : 1);
        string how = doubled ? "folded " : "";
        bool pointwise = op.Weight.Shape.Elements == (long)op.Weight.Shape[0] * op.Weight.Shape[1] && op.Stride.All(s => s == 1) && op.Padding.All(p => p == 0);

        Node? activation = _uses.SoleReader<GeluOp>(node.Output) ?? _uses.SoleReader<ReluOp>(node.Output);
        Node? glu = _uses.SoleReader<GluOp>(node.Output);
        Node? embedding = glu == null ? null : _uses.SoleReader<FrequencyEmbeddingOp>(glu.Output);
        Node last = embedding ?? glu ?? activation ?? node;

        // A pointwise convolution does not care for rows, unless a table is added by row.
        bool isFlat = pointwise && embedding == null;
        Columns columns = isFlat ? new(1, shape.Positions) : new(shape.Rows, shape.Last);
        Window window = op.Stride.Length == 2
            ? new Window(op.Weight.Shape[2], op.Weight.Shape[3], op.Stride[0], op.Stride[1], op.Padding[0], op.Padding[1], op.Dilation[0], op.Dilation[1])
            : new Window(1, op.Weight.Shape[2], 1, op.Stride[0], 0, op.Padding[0], 1, op.Dilation[0]);
        ConvolutionPacker<TIsa, V> packer = new(source, other, isFlat ? 1 : first.Shape.Rows, isFlat ? first.Shape.Positions : first.Shape.Last, window, columns);
        string text = $"{(second == null ? "" : "add, ")}{(doubled ? "doubled, " : "")}conv {string.Join('×', op.Weight.Shape.Dims.Skip(2))}{(glu != null ? ", glu" : activation != null ? $", {activation.Op.Kind.ToLowerInvariant()}" : "")}{(embedding == null ? "" : ", embedding")} {last.Output.Shape}";
        // Three products of bfloat16, where they are faster, are so by more than what these algorithms spare.
        PairKernels? threefold = Threefold(k);
        bool fast = threefold is null && embedding == null && shape.Rank == 3 && window is { StrideF: 1, StrideT: 1, PadF: 1, DilationF: 1, DilationT: 1 }
            && WinogradWeights.Fits(window.KernelF, window.KernelT) && window.PadT == window.KernelT / 2;
        if (fast && glu == null && shape.Positions >= LeastWinogradPositions)
        {
            FastConvolution(node, activation, Transformed(op.Weight, how, [.. Enumerable.Range(0, shape.Channels)], k, bias), text, (source, other), window, columns);
            return;
        }

        Tensor target = Write(last.Output);
        if (fast && glu != null)
        {
            PackedWeights[] parts = Transformed(op.Weight, how, GluEpilogue<TIsa, V>.RowOrder(shape.Channels / 2), k, bias);
            GluEpilogue<TIsa, V> finish = new(parts[0], target, columns, null);
            Emit(
                new WinogradStep<TIsa, V, GluEpilogue<TIsa, V>>(node.Name, text + " by Winograd F(4, 3)", parts, source, other, first.Shape.Rows, first.Shape.Last, window.KernelT, finish),
                [node, glu]);
            return;
        }

        if (glu != null)
        {
            PackedWeights weights = Packed(op.Weight, how + "gated", GluEpilogue<TIsa, V>.RowOrder(shape.Channels / 2), k, bias, reader => Taps(reader, op.Weight, k), threefold);
            float[]? table = embedding == null ? null : RowTable((FrequencyEmbeddingOp)embedding.Op, transpose: false);
            GluEpilogue<TIsa, V> epilogue = new(weights, target, columns, table);
            Emit(new ProductStep<TIsa, V, ConvolutionPacker<TIsa, V>, GluEpilogue<TIsa, V>>(node.Name, text, weights, columns, packer, epilogue), [node, glu, .. embedding == null ? Array.Empty<Node>() : [embedding]]);
            return;
        }

        RowGroups? groups = second == null && threefold is null ? Pairs(source, first.Shape.Rows, window, k) : null;
        PackedWeights[] packed = PackedRows(op.Weight, how + "taps", [.. Enumerable.Range(0, shape.Channels)], k, bias, groups != null, reader => Taps(reader, op.Weight, k), threefold);
        Emit(Stored(node.Name, text, packed, columns, packer, target, activation?.Op, groups), activation == null ? [node] : [node, activation]);
    }

    // A convolution by Winograd's algorithm [+ activation | + residual].
    private void FastConvolution(Node node, Node? activation, PackedWeights[] parts, string text, (Tensor First, Tensor? Second) source, Window window, Columns columns)
    {
        if (activation == null && Sum(node) is (var add, var other))
        {
            Tensor residual = Read(other);
            Tensor sum = Write(add.Output, residual.Root != source.First.Root && DiesIn(other, node, add) ? residual : null);
            Finish(new ResidualEpilogue<TIsa, V>(parts[0], _weights.Scale(null, sum.Channels), residual, sum, columns), ", residual", node, add);
            return;
        }

        Tensor target = Write((activation ?? node).Output);
        switch (activation?.Op)
        {
            case GeluOp: Finish(new StoreEpilogue<TIsa, V, Gelu<TIsa, V>>(parts[0], target, columns), "", node, activation); break;
            case ReluOp: Finish(new StoreEpilogue<TIsa, V, Relu<TIsa, V>>(parts[0], target, columns), "", node, activation); break;
            default: Finish(new StoreEpilogue<TIsa, V, Identity<TIsa, V>>(parts[0], target, columns), "", node); break;
        }

        void Finish<TEpilogue>(TEpilogue epilogue, string more, params ReadOnlySpan<Node> nodes)
            where TEpilogue : struct, IEpilogue =>
            Emit(new WinogradStep<TIsa, V, TEpilogue>(node.Name, $"{text}{more} by Winograd F(4, 3)", parts, source.First, source.Second, columns.Rows, columns.Width, window.KernelT, epilogue), nodes);
    }

    // What multiplies a matrix of this depth as three products of bfloat16, where that is faster: below some depth splitting the panels
    // costs what the products spare.
    private PairKernels? Threefold(int k) => k >= LeastThreefoldDepth && k % 2 == 0 ? _pairs?.Threefold : null;

    // The matrices of Winograd's products. In single precision, and twice as many numbers: for grids that are larger than their weights.
    private PackedWeights[] Transformed(Parameter weight, string how, int[] order, int k, float[] bias) =>
        _store.Matrices($"{weight.Name} {how}winograd", WinogradKernel<TIsa, V>.Inputs, order.Length, k / 3, made => _packing.Add(reader =>
        {
            Span<float> matrix = Taps(reader, weight, k), transformed = reader.Spare(matrix.Length / 3);
            for (int i = 0; i < made.Length; i++)
            {
                WinogradWeights.Transform(matrix, k / 3, i, transformed);
                made[i].FillSingle(order, transformed, bias);
            }
        }));

    // A convolution's rows of k: taps first, the halves of its inputs added up where the row is half as long.
    private static Span<float> Taps(WeightReader reader, Parameter weight, int k) =>
        k * (long)weight.Shape[0] == weight.Shape.Elements ? reader.TapsFirst(weight) : reader.FoldedTaps(weight);

    private static Step Stored<TPacker>(
        string name, string text, PackedWeights[] weights, Columns columns, TPacker packer, Tensor target, Op? activation, RowGroups? groups = null)
        where TPacker : struct, IPacker => activation switch
        {
            GeluOp => Product(name, text, weights, columns, packer, new StoreEpilogue<TIsa, V, Gelu<TIsa, V>>(weights[0], target, columns), groups),
            ReluOp => Product(name, text, weights, columns, packer, new StoreEpilogue<TIsa, V, Relu<TIsa, V>>(weights[0], target, columns), groups),
            _ => Product(name, text, weights, columns, packer, new StoreEpilogue<TIsa, V, Identity<TIsa, V>>(weights[0], target, columns), groups),
        };

    private static Step Product<TPacker, TEpilogue>(
        string name, string text, PackedWeights[] weights, Columns columns, TPacker packer, TEpilogue epilogue, RowGroups? groups)
        where TPacker : struct, IPacker
        where TEpilogue : struct, IEpilogue =>
        groups == null
            ? new ProductStep<TIsa, V, TPacker, TEpilogue>(name, text, weights[0], columns, packer, epilogue)
            : new RowPairStep<TIsa, V, TEpilogue>(name, text + " by Winograd F(2, 2)", weights, groups, columns, epilogue);

    // The groups of rows of a convolution of which two rows are worth taking at once: k terms, half of them from the group
    // that the next row starts with.
    private static RowGroups? Pairs(Tensor source, int rows, Window window, int k) =>
        window is { KernelT: 1, StrideT: 1, PadT: 0, DilationF: 1 } && window.KernelF == 2 * window.StrideF && RowPairKernel<TIsa, V>.Fits(k / 2)
            ? new RowGroups(source, rows, window.StrideF, window.PadF)
            : null;

    // The matrix of a convolution, or those of its three products by pairs of rows.
    private PackedWeights[] PackedRows(Parameter weight, string how, int[] rowOrder, int k, float[] bias, bool paired, Func<WeightReader, Span<float>> read, PairKernels? threefold = null)
    {
        if (!paired)
        {
            return [Packed(weight, how, rowOrder, k, bias, read, threefold)];
        }

        return _store.Matrices(
            $"{weight.Name} {how} paired",
            RowPairKernel<TIsa, V>.Inputs,
            rowOrder.Length,
            k / 2,
            parts => _packing.Add(reader =>
            {
                Span<float> matrix = read(reader), part = reader.Spare(matrix.Length / 2);
                for (int i = 0; i < parts.Length; i++)
                {
                    RowPairKernel<TIsa, V>.Weights(matrix, k / 2, i, part);
                    parts[i].Fill(rowOrder, part, bias);
                }
            }),
            [null, weight, weight]);
    }

    // conv_tr [+ GELU | restore]: an ordinary convolution whose rows are the stride's phases.
    public void ConvTranspose(Node node, ConvTransposeOp op)
    {
        Value input = node.Inputs[0];
        Shape shape = node.Output.Shape;
        bool alongRows = shape.Rank == 3;
        Node? activation = _uses.SoleReader<GeluOp>(node.Output), restore = _uses.SoleReader<RestoreOp>(node.Output);
        Node last = restore ?? activation ?? node;
        Tensor source = Read(input);
        RestorableTensor target = Target(activation ?? node, restore);

        int stride = op.Stride, channels = shape.Channels, taps = (op.Kernel + stride - 1) / stride, cin = input.Shape.Channels;
        int steps = (op.Start + op.Length - 1) / stride + 1;
        bool woven = !alongRows && stride == 4;
        float[] bias = _weights.Vector(op.Bias);
        float[] spread = new float[stride * channels];
        for (int r = 0; r < spread.Length; r++)
        {
            spread[r] = bias[woven ? r / stride : r % channels];
        }

        Columns columns = alongRows ? new(steps, shape.Last) : new(1, steps);
        Window window = alongRows ? new Window(taps, 1, 1, 1, taps - 1, 0, 1, 1) : new Window(1, taps, 1, 1, 0, taps - 1, 1, 1);
        RowGroups? groups = alongRows ? Pairs(source, input.Shape.Rows, window, taps * cin) : null;
        PackedWeights[] packed = PackedRows(
            op.Weight, $"phases {stride} {woven}", [.. Enumerable.Range(0, spread.Length)], taps * cin, spread, groups != null, reader => reader.Phases(op.Weight, stride, phaseFirst: !woven));
        PackedWeights weights = packed[0];
        ConvolutionPacker<TIsa, V> packer = new(source, null, input.Shape.Rows, input.Shape.Last, window, columns);
        string text = $"conv_tr {op.Kernel}{(activation != null ? ", gelu" : "")}{(restore != null ? ", restore" : "")} {last.Output.Shape}";
        Step step = activation != null ? Make<Gelu<TIsa, V>>() : Make<Identity<TIsa, V>>();
        Emit(step, last == node ? [node] : [node, last]);

        Step Make<TActivation>()
            where TActivation : struct, IActivation<TIsa, V>
        {
            if (woven)
            {
                return Step(new TransposeStride4Epilogue<TIsa, V, TActivation>(weights, target, columns, channels, op.Start, op.Length));
            }

            if (alongRows)
            {
                return Step(new TransposeRowsEpilogue<TIsa, V, TActivation>(weights, target, columns, channels, stride, op.Start, op.Length));
            }

            return Step(new TransposeAnyEpilogue<TIsa, V, TActivation>(weights, target, columns, channels, stride, op.Start, op.Length));
        }

        Step Step<TEpilogue>(TEpilogue epilogue)
            where TEpilogue : struct, IEpilogue =>
            Product(node.Name, text, packed, columns, packer, epilogue, groups);
    }

    // Whether a sum is the residual of a DConv layer, which is a step of its own.
    private bool EndsDConv(Node add) => _uses.Readers(add.Inputs[0]).Any(n => MatchDConv(n) is { } nodes && nodes[^1] == add);

    // conv k3 → norm → gelu → conv 1 → norm → glu → scale → add to the first one's input.
    private Node[]? MatchDConv(Node conv)
    {
        if (conv.Op is not ConvOp { Stride: [1], Bias: not null } op || op.Weight.Shape.Last != 3)
        {
            return null;
        }

        Node? norm1 = _uses.SoleReader<GroupNormOp>(conv.Output);
        Node? gelu = norm1 == null ? null : _uses.SoleReader<GeluOp>(norm1.Output);
        Node? expand = gelu == null ? null : _uses.SoleReader<ConvOp>(gelu.Output);
        Node? norm2 = expand == null ? null : _uses.SoleReader<GroupNormOp>(expand.Output);
        Node? glu = norm2 == null ? null : _uses.SoleReader<GluOp>(norm2.Output);
        Node? scale = glu == null ? null : _uses.SoleReader<ChannelScaleOp>(glu.Output);
        Node? add = scale == null ? null : _uses.SoleReader<AddOp>(scale.Output);
        bool matches = add != null && add.Inputs[0] == conv.Inputs[0]
            && ((GroupNormOp)norm1!.Op).Groups == 1 && ((GroupNormOp)norm2!.Op).Groups == 1
            && op.Padding[0] == op.Dilation[0] && ((ConvOp)expand!.Op).Weight.Shape.Last == 1;
        return matches ? [conv, norm1!, gelu!, expand!, norm2!, glu!, scale!, add!] : null;
    }

    private bool TryDConv(Node node)
    {
        if (MatchDConv(node) is not { } nodes)
        {
            return false;
        }

        Value x = node.Inputs[0];
        if (!DiesIn(x, nodes))
        {
            return false;
        }

        Tensor source = Read(x);
        if (x.Shape.Rank == 2)
        {
            DConvLayer<TIsa, V> layer = DConvLayer(nodes);
            Tensor hidden = Temporary(DConvStep<TIsa, V>.HiddenTensor($"{node.Name}.hidden", layer, x.Shape.Positions));
            Tensor target = Write(nodes[^1].Output, source);
            Emit(new DConvStep<TIsa, V>(node.Name, $"dconv {target.Shape}", target, hidden, layer), nodes);
            return true;
        }

        // Rows are independent, so all layers that follow each other become one step.
        List<Node[]> all = [nodes];
        while (NextLayer(all[^1][^1].Output) is { } next)
        {
            all.Add(next);
        }

        Node[] flat = [.. all.SelectMany(n => n)];
        Tensor result = Write(flat[^1].Output, source);
        Emit(new DConvRowsStep<TIsa, V>(node.Name, $"dconv ×{all.Count} by row {result.Shape}", result, x.Shape.Rows, [.. all.Select(DConvLayer)]), flat);
        return true;

        // A further layer: its input is read by its convolution and by its residual sum.
        Node[]? NextLayer(Value value) =>
            _uses.Readers(value) is [{ Op: ConvOp } first, _] && MatchDConv(first) is { } match && DiesIn(value, match) ? match : null;
    }

    private DConvLayer<TIsa, V> DConvLayer(Node[] nodes)
    {
        ConvOp conv = (ConvOp)nodes[0].Op;
        GroupNormOp norm1 = (GroupNormOp)nodes[1].Op;
        ConvOp expand = (ConvOp)nodes[3].Op;
        GroupNormOp norm2 = (GroupNormOp)nodes[4].Op;
        int hidden = conv.Weight.Shape[0];
        float[] bias = _weights.Vector(conv.Bias!);
        float[] expanded = _weights.Vector(expand.Weight), expandedBias = _weights.Vector(expand.Bias!);
        PackedWeights packed = _store.Matrices(
            $"{conv.Weight.Name} taps single", 1, hidden, (int)conv.Weight.Shape.Elements / hidden,
            made => made[0].FillSingle([.. Enumerable.Range(0, hidden)], _weights.TapsFirst(conv.Weight), bias))[0];
        int[] order = GluEpilogue<TIsa, V>.RowOrder(expandedBias.Length / 2);
        return new DConvLayer<TIsa, V>(
            packed,
            _store.Matrices($"{expand.Weight.Name} gated single", 1, order.Length, hidden, made => made[0].FillSingle(order, expanded, expandedBias))[0],
            expanded,
            expandedBias,
            _weights.Norm(norm1.Weight, norm1.Bias, norm1.Epsilon),
            _weights.Norm(norm2.Weight, norm2.Bias, norm2.Epsilon),
            _weights.Scale(((ChannelScaleOp)nodes[6].Op).Scale, expand.Weight.Shape[0] / 2),
            conv.Dilation[0]);
    }
}
