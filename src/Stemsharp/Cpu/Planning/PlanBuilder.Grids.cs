using Stemsharp.Cpu.Steps;
using Stemsharp.Graph;
using Stemsharp.Kernels.Elementary;
using Stemsharp.Kernels.Gemm;

namespace Stemsharp.Cpu.Planning;

/// <content>Whole spectrograms: products along the last axis, larger and smaller grids, rearrangements.</content>
internal sealed partial class PlanBuilder<TIsa, V>
{
    // Sums of a Fourier transform are of one size, however long: short chains keep their errors from growing.
    private const int FourierChain = 64;

    public void Reshape(Node node, ReshapeOp op) => Moved(node, (text, source, target) => new ReshapeStep(node.Name, text, source, target));

    public void Swap(Node node, SwapOp op) => Moved(node, (text, source, target) => new SwapStep(node.Name, text, source, target));

    public void PadRows(Node node, PadRowsOp op) =>
        Moved(node, (text, source, target) => new PadRowsStep(node.Name, text, source, target, op.Before * node.Inputs[0].Shape.Last));

    public void Concat(Node node, ConcatOp op)
    {
        Tensor[] sources = [.. node.Inputs.Select(Read)];
        Emit(new ConcatStep(node.Name, Text(node), sources, Write(node.Output), op.Axis == 1), node);
    }

    public void Mul(Node node, MulOp op) => Single(node, (text, source, target) => new MulStep<TIsa, V>(node.Name, text, source, Read(node.Inputs[1]), target));

    public void Silu(Node node, SiluOp op) => Single(node, (text, source, target) => new ActivationStep<TIsa, V, Silu<TIsa, V>>(node.Name, text, source, target));

    public void Elu(Node node, EluOp op) => Single(node, (text, source, target) => new EluStep(node.Name, text, source, target, op.Alpha));

    public void DepthwiseConv(Node node, DepthwiseConvOp op) =>
        Moved(node, (text, source, target) => new DepthwiseStep<TIsa, V>(node.Name, text, source, target, _weights.Vector(op.Weight), _weights.Vector(op.Bias), op.Kernel));

    // One factor and one offset a channel.
    public void BatchNorm(Node node, BatchNormOp op)
    {
        float[] weight = _weights.Vector(op.Weight), bias = _weights.Vector(op.Bias), mean = _weights.Vector(op.Mean), variance = _weights.Vector(op.Variance);
        double[] factors = [.. weight.Zip(variance, (g, v) => g / Math.Sqrt(v + op.Epsilon))];
        float[] offsets = [.. bias.Select((b, c) => (float)(b - mean[c] * factors[c]))];
        Single(node, (text, source, target) => new AffineStep<TIsa, V>(node.Name, text, source, target, [.. factors.Select(f => (float)f)], offsets));
    }

    // [norm + activation +] linear along the last axis [+ residual]
    public void LastAxisLinear(Node node, LastAxisLinearOp op)
    {
        int n = op.Weight.Shape[0], k = op.Weight.Shape[1];
        PackedWeights matrix = _store.Matrices(
            $"{op.Weight.Name} panels", 1, MatrixPanels.Rows(n), MatrixPanels.Length(k),
            parts => _packing.Add(reader => parts[0].Fill([.. Enumerable.Range(0, MatrixPanels.Rows(n))], reader.Panels(op.Weight), [])), [op.Weight])[0];
        (NormedSource<TIsa, V> source, Node[] before) = Normed(node.Inputs[0]);
        if (Sum(node) is not (var add, var other))
        {
            Emit(new LastAxisStep<TIsa, V>(node.Name, $"{Shown(before)}linear along rows {node.Output.Shape}", matrix, source, 1, null, Write(node.Output), 1, Tile.MaxChain), node);
            return;
        }

        Tensor residual = Read(other);
        Tensor target = Write(add.Output, residual.Root != source.Tensor.Root && DiesIn(other, node, add) ? residual : null);
        Emit(new LastAxisStep<TIsa, V>(node.Name, $"{Shown(before)}linear along rows, residual {target.Shape}", matrix, source, 1, residual, target, 1, Tile.MaxChain), node, add);
    }

    public void RealFourier(Node node, RealFourierOp op)
    {
        int points = node.Inputs[0].Shape.Last;
        Fourier(node, $"fourier {points} {op.Scale}", points + 2, points, 1, 2, () => op.Matrix(points));
    }

    public void InverseRealFourier(Node node, InverseRealFourierOp op)
    {
        int points = node.Output.Shape.Last;
        Fourier(node, $"inverse fourier {points} {op.Scale}", points, points + 2, 2, 1, () => op.Matrix(points));
    }

    // An upsampling is a product whose rows are the field that each position becomes.
    public void Upsample(Node node, UpsampleOp op)
    {
        int cin = op.Weight.Shape[0], cout = op.Weight.Shape[1], kernelF = op.KernelF, kernelT = op.KernelT;
        Tensor source = Read(node.Inputs[0]), target = Write(node.Output);
        Columns columns = new(node.Inputs[0].Shape.Rows, node.Inputs[0].Shape.Last);
        int rows = cout * kernelF * kernelT;
        PackedWeights weights = Packed(op.Weight, "fields", [.. Enumerable.Range(0, rows)], cin, [], reader => reader.Fields(op.Weight));
        ConvolutionPacker<TIsa, V> packer = new(source, null, columns.Rows, columns.Width, new Window(1, 1, 1, 1, 0, 0, 1, 1), columns);
        UpsampleEpilogue epilogue = new(weights, target, columns, kernelF, kernelT);
        Emit(new ProductStep<TIsa, V, ConvolutionPacker<TIsa, V>, UpsampleEpilogue>(node.Name, $"upsample {kernelF}×{kernelT} {target.Shape}", weights, columns, packer, epilogue), node);
    }

    private void Fourier(Node node, string key, int n, int k, int sourceParts, int targetParts, Func<double[]> matrix)
    {
        PackedWeights packed = _store.Matrices(key, 1, MatrixPanels.Rows(n), MatrixPanels.Length(k), parts =>
        {
            float[] rows = new float[MatrixPanels.Rows(n) * MatrixPanels.Length(k)];
            MatrixPanels.Arrange(Array.ConvertAll(matrix(), v => (float)v), n, k, rows);
            parts[0].FillSingle([.. Enumerable.Range(0, MatrixPanels.Rows(n))], rows, []);
        })[0];
        NormedSource<TIsa, V> source = new(Read(node.Inputs[0]), null, 1, ActivationKind.None);
        Emit(new LastAxisStep<TIsa, V>(node.Name, Text(node), packed, source, sourceParts, null, Write(node.Output), targetParts, FourierChain), node);
    }

    // What is read through a virtual activation and a virtual norm, and those.
    private (NormedSource<TIsa, V> Source, Node[] Nodes) Normed(Value value)
    {
        Node? activation = _virtual.GetValueOrDefault(value);
        if (activation == null)
        {
            return (new NormedSource<TIsa, V>(Read(value), null, 1, ActivationKind.None), []);
        }

        Node? norm = _virtual.GetValueOrDefault(activation.Inputs[0]);
        Tensor source = Read((norm ?? activation).Inputs[0]);
        NormWeights? weights = norm?.Op is GroupNormOp op ? _weights.Norm(op.Weight, op.Bias, op.Epsilon) : null;
        return (new NormedSource<TIsa, V>(source, weights, (norm?.Op as GroupNormOp)?.Groups ?? 1, KindOf(activation.Op)), norm == null ? [activation] : [norm, activation]);
    }

    private static string Shown(Node[] before) => string.Concat(before.Select(n => $"{n.Op.Kind.ToLowerInvariant()}, "));

    private static ActivationKind KindOf(Op op) => op switch
    {
        GeluOp => ActivationKind.Gelu,
        ReluOp => ActivationKind.Relu,
        SiluOp => ActivationKind.Silu,
        _ => ActivationKind.None,
    };

    // A step that cannot work in place.
    private void Moved(Node node, Func<string, Tensor, Tensor, Step> make)
    {
        Tensor source = Read(node.Inputs[0]), target = Write(node.Output);
        Emit(make(Text(node), source, target), node);
    }
}
