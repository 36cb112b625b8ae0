using Stemsharp.Graph;

namespace Stemsharp.Export.Onnx.Lowering;

/// <summary>What every part of the lowering works on.</summary>
internal sealed class LoweringContext(OnnxGraph graph, GraphUses uses, LoweredValues values, WeightStore weights, OnnxPrecision precision, bool fused, bool quantizesLinear, OnnxForm form, int depth, int batch, StemSelection? stems)
{
    private readonly Dictionary<Node, double> _inputGains = [];

    public OnnxGraph Graph { get; } = graph;

    public GraphUses Uses { get; } = uses;

    public LoweredValues Values { get; } = values;

    public WeightStore Weights { get; } = weights;

    public OnnxPrecision Precision { get; } = precision;

    /// <summary>Segments per run, N.</summary>
    public int Batch { get; } = batch;

    /// <summary>The stems that the graph gives; null for all.</summary>
    public StemSelection? Stems { get; } = stems;

    /// <summary>The type of the transformer's linear layers and of attention's products.</summary>
    public ElementType Products => Precision == OnnxPrecision.Fp32 ? ElementType.Float : ElementType.Half;

    /// <summary>
    /// The type of a convolution, or of the norm behind it. What <see cref="FoldsNorm"/> finds lies between norms, which are in
    /// single precision in every graph, and has few channels: it stays there.
    /// </summary>
    public ElementType TypeOf(Node node) => Precision switch
    {
        OnnxPrecision.Mixed when MixedPolicy.IsSingle(node, depth) => ElementType.Float,
        OnnxPrecision.Fp16 when Fused && FoldsNorm(node) => ElementType.Float,
        _ => Products,
    };

    /// <summary>
    /// Whether a node is a pointwise convolution of few channels, or the norm of one group behind it, and a GLU follows: see
    /// <see cref="GateLowering"/>.
    /// </summary>
    public bool FoldsNorm(Node node)
    {
        Node? producer = node.Op is GroupNormOp ? Uses.Producer(node.Inputs[0]) : node;
        return producer is { Op: ConvOp conv } && Uses.Next<GroupNormOp>(producer) is { Op: GroupNormOp { Groups: 1 } op } norm
            && (norm == node || producer == node) && Uses.Next<GluOp>(norm) is not null
            && op.PerRow == (producer.Inputs[0].Shape.Rank == 3)
            && conv.Weight.Shape.Positions == conv.Weight.Shape[1] && conv.Stride.All(s => s == 1) && conv.Padding.All(p => p == 0)
            && 2 * (conv.Weight.Shape[1] + 2) <= conv.Weight.Shape[0];
    }

    /// <summary>
    /// Whether the convolution, or the norm behind it, may take the forms that are faster in single precision: norms
    /// folded into convolutions, transposed convolutions as plain ones.
    /// </summary>
    public bool Fuses(Node node) => Fused && TypeOf(node) == ElementType.Float;

    /// <summary>The type of activations, softmax and sums.</summary>
    public ElementType Pointwise => Precision == OnnxPrecision.Fp16 ? ElementType.Half : ElementType.Float;

    /// <summary>
    /// The type of an activation or a gate: for GPUs that of what it reads, where the product behind it takes the same, so that no cast
    /// stands in the chain.
    /// </summary>
    public ElementType Between(Node node)
    {
        ElementType given = Values.TypeOf(node.Inputs[0]);
        Node? next = Uses.Next<ConvOp>(node) ?? Uses.Next<ConvTransposeOp>(node);
        ElementType? taken = next is not null ? TypeOf(next) : Uses.Next<LinearOp>(node) is not null ? Products : null;
        return ForGpus && given == taken ? given : Pointwise;
    }

    /// <summary>Whether nodes may take another form than the model's modules have.</summary>
    public bool Fused { get; } = fused;

    /// <summary>Whether nodes take the form that GPUs like: few and large ones, chains of halves without casts between them.</summary>
    public bool ForGpus { get; } = form == OnnxForm.Gpu;

    /// <summary>Whether linear layers are products of integers.</summary>
    public bool QuantizesLinear { get; } = quantizesLinear;

    /// <summary>What a convolution's weights are multiplied with, because its input was left without that factor.</summary>
    public double InputGain(Node convolution) => _inputGains.GetValueOrDefault(convolution, 1);

    public void SetInputGain(Node convolution, double gain) => _inputGains.Add(convolution, gain);
}

/// <summary>Some of a model's stems, by their positions.</summary>
/// <param name="Indices">The wanted ones, ascending.</param>
/// <param name="Count">How many the model has.</param>
internal sealed record StemSelection(int[] Indices, int Count)
{
    /// <summary>The wanted stems' part of an axis on which all stems follow each other.</summary>
    public Tensor Of(OnnxGraph graph, string name, Tensor all, int axis)
    {
        int each = all.Dims[axis] / Count;
        Tensor[] parts = [.. Indices.Select(i => graph.Slice($"{name}.{i}", all, axis, i * each, each))];
        return parts.Length == 1 ? parts[0] : graph.Concat(name, parts, axis);
    }
}
