using Stemsharp.Export.Lowering;
using Stemsharp.Graph;

namespace Stemsharp.Export.Onnx.Lowering;

/// <summary>What every part of the lowering works on.</summary>
internal sealed class LoweringContext(OnnxGraph graph, GraphUses uses, LoweredValues values, WeightStore weights, OnnxPrecision precision, int batch, StemSelection? stems)
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

    /// <summary>The type of convolutions, linear layers and attention's products.</summary>
    public ElementType Products => Precision == OnnxPrecision.Fp32 ? ElementType.Float : ElementType.Half;

    /// <summary>The type of activations, softmax and sums.</summary>
    public ElementType Pointwise => Precision == OnnxPrecision.Fp16 ? ElementType.Half : ElementType.Float;

    /// <summary>What a convolution's weights are multiplied with, because its input was left without that factor.</summary>
    public double InputGain(Node convolution) => _inputGains.GetValueOrDefault(convolution, 1);

    public void SetInputGain(Node convolution, double gain) => _inputGains.Add(convolution, gain);
}

/// <summary>Some of a model's stems, by their positions.</summary>
/// <param name="Indices">The wanted ones, ascending.</param>
/// <param name="Of">How many the model has.</param>
internal sealed record StemSelection(int[] Indices, int Of);
