using System.Globalization;
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
        Dictionary<string, IReadOnlyList<int>> shapes = checkpoint.Tensors.ToDictionary(t => t.Name, t => t.Shape, StringComparer.Ordinal);
        int bands = Count(shapes, "band_split.to_features.{0}.0.gamma", MaxBands);
        int heads = Find(shapes, "layers.0.0.layers.0.0.to_gates.weight", 2)[0];
        int masks = Count(shapes, "mask_estimators.0.to_freqs.0.0.{0}.weight", MaxDepth, step: 2);
        IReadOnlyList<int> packed = Find(shapes, "layers.0.0.layers.0.0.to_qkv.weight", 2), mask = Find(shapes, "mask_estimators.0.to_freqs.0.0.0.weight", 2);
        return new RoFormerConfig
        {
            IsMel = IsMel(shapes.Keys),
            Dim = Find(shapes, "band_split.to_features.0.1.weight", 2)[0],
            Depth = Count(shapes, "layers.{0}.0.layers.0.0.to_qkv.weight", MaxDepth),
            TimeTransformerDepth = Count(shapes, "layers.0.0.layers.{0}.0.to_qkv.weight", MaxDepth),
            FreqTransformerDepth = Count(shapes, "layers.0.1.layers.{0}.0.to_qkv.weight", MaxDepth),
            Heads = heads,
            DimHead = heads > 0 ? packed[0] / 3 / heads : 0,
            NumStems = Count(shapes, "mask_estimators.{0}.to_freqs.0.0.0.weight", 64),
            MaskLayers = masks,
            MaskHidden = masks > 1 ? mask[0] : 0,
            BandWidths = [.. Enumerable.Range(0, bands).Select(k => Find(shapes, $"band_split.to_features.{k}.0.gamma", 1)[0])],
        };
    }

    /// <summary>Whether these are the tensors of a RoFormer, or of something that looks alike.</summary>
    public static bool IsRoFormer(IEnumerable<string> names) => names.Any(n => n.StartsWith("band_split.to_features.0.", StringComparison.Ordinal));

    /// <summary>Whether transformers have a norm each, as in a Mel-Band RoFormer, and the stack has none.</summary>
    public static bool IsMel(IEnumerable<string> names) => !names.Contains("final_norm.gamma");

    private static int Count(Dictionary<string, IReadOnlyList<int>> shapes, string name, int most, int step = 1)
    {
        int count = 0;
        while (count < most && shapes.ContainsKey(string.Format(CultureInfo.InvariantCulture, name, count * step)))
        {
            count++;
        }

        return count > 0 ? count : throw Missing(string.Format(CultureInfo.InvariantCulture, name, 0));
    }

    private static IReadOnlyList<int> Find(Dictionary<string, IReadOnlyList<int>> shapes, string name, int rank) =>
        shapes.TryGetValue(name, out IReadOnlyList<int>? shape) && shape.Count == rank ? shape : throw Missing(name);

    private static ModelException Missing(string name) => new($"it has no tensor {name} of the shape that every RoFormer has.");
}
