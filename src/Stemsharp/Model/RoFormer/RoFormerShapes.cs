using Stemsharp.Checkpoints;

namespace Stemsharp.Model.RoFormer;

/// <summary>
/// What a RoFormer's tensors tell of it: nearly everything. Whether each tensor is there in its shape is seen later, when the graph asks
/// for it.
/// </summary>
internal static class RoFormerShapes
{
    private const int MaxBands = 1024, MaxDepth = 256;

    /// <summary>A config with all that shapes tell.</summary>
    /// <exception cref="ModelException">A tensor that every RoFormer has is missing, or has another shape.</exception>
    public static RoFormerConfig Derive(Checkpoint checkpoint)
    {
        TensorShapes shapes = new(checkpoint, "RoFormer");
        int bands = shapes.Count("band_split.to_features.{0}.0.gamma", MaxBands);
        int heads = shapes.Find("layers.0.0.layers.0.0.to_gates.weight", 2)[0];
        int masks = shapes.Count("mask_estimators.0.to_freqs.0.0.{0}.weight", MaxDepth, step: 2);
        IReadOnlyList<int> packed = shapes.Find("layers.0.0.layers.0.0.to_qkv.weight", 2), mask = shapes.Find("mask_estimators.0.to_freqs.0.0.0.weight", 2);
        return new RoFormerConfig
        {
            IsMel = IsMel(shapes.Names),
            Dim = shapes.Find("band_split.to_features.0.1.weight", 2)[0],
            Depth = shapes.Count("layers.{0}.0.layers.0.0.to_qkv.weight", MaxDepth),
            TimeTransformerDepth = shapes.Count("layers.0.0.layers.{0}.0.to_qkv.weight", MaxDepth),
            FreqTransformerDepth = shapes.Count("layers.0.1.layers.{0}.0.to_qkv.weight", MaxDepth),
            Heads = heads,
            DimHead = heads > 0 ? packed[0] / 3 / heads : 0,
            NumStems = shapes.Count("mask_estimators.{0}.to_freqs.0.0.0.weight", 64),
            MaskLayers = masks,
            MaskHidden = masks > 1 ? mask[0] : 0,
            BandWidths = [.. Enumerable.Range(0, bands).Select(k => shapes.Find($"band_split.to_features.{k}.0.gamma", 1)[0])],
        };
    }

    /// <summary>Whether these are the tensors of a RoFormer, or of something that looks alike.</summary>
    public static bool IsRoFormer(IEnumerable<string> names) => names.Any(n => n.StartsWith("band_split.to_features.0.", StringComparison.Ordinal));

    /// <summary>Whether transformers have a norm each, as in a Mel-Band RoFormer, and the stack has none.</summary>
    public static bool IsMel(IEnumerable<string> names) => !names.Contains("final_norm.gamma");
}
