using Stemsharp.Export.Lowering;

namespace Stemsharp.Export.Onnx.Lowering;

/// <summary>What every part of the lowering works on.</summary>
internal sealed class LoweringContext(OnnxGraph graph, GraphUses uses, LoweredValues values, WeightStore weights, OnnxPrecision precision, int batch)
{
    public OnnxGraph Graph { get; } = graph;

    public GraphUses Uses { get; } = uses;

    public LoweredValues Values { get; } = values;

    public WeightStore Weights { get; } = weights;

    public OnnxPrecision Precision { get; } = precision;

    /// <summary>Segments per run, N.</summary>
    public int Batch { get; } = batch;

    /// <summary>The type of convolutions, linear layers and attention's products.</summary>
    public ElementType Products => Precision == OnnxPrecision.Fp32 ? ElementType.Float : ElementType.Half;

    /// <summary>The type of activations, softmax and sums.</summary>
    public ElementType Pointwise => Precision == OnnxPrecision.Fp16 ? ElementType.Half : ElementType.Float;
}
