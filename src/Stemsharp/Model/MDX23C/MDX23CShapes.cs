using Stemsharp.Checkpoints;

namespace Stemsharp.Model.MDX23C;

/// <summary>What an MDX23C's tensors tell of it: all but its transform, its activation and the kind of its norms.</summary>
internal static class MDX23CShapes
{
    private const int Most = 64;

    private static readonly string[] s_telling = ["first_conv.weight", "encoder_blocks.0.tfc_tdf.blocks.0.tfc1.2.weight", "final_conv.2.weight"];

    /// <summary>Whether these are the tensors of an MDX23C, or of something that looks alike.</summary>
    public static bool IsMDX23C(IEnumerable<string> names) => s_telling.All(names.ToHashSet(StringComparer.Ordinal).Contains);

    /// <summary>A config with all that shapes tell.</summary>
    /// <exception cref="ModelException">A tensor that every MDX23C has is missing, or has another shape.</exception>
    public static MDX23CConfig Derive(Checkpoint checkpoint)
    {
        TensorShapes shapes = new(checkpoint, "MDX23C");
        IReadOnlyList<int> first = shapes.Find("first_conv.weight", 4), down = shapes.Find("encoder_blocks.0.downscale.conv.2.weight", 4);
        IReadOnlyList<int> narrow = shapes.Find("encoder_blocks.0.tfc_tdf.blocks.0.tdf.2.weight", 2), last = shapes.Find("final_conv.2.weight", 4);
        return new MDX23CConfig
        {
            Inputs = first[1],
            NumChannels = first[0],
            Growth = down[0] - down[1],
            NumScales = shapes.Count("encoder_blocks.{0}.downscale.conv.2.weight", Most),
            NumBlocksPerScale = shapes.Count("encoder_blocks.0.tfc_tdf.blocks.{0}.shortcut.weight", Most),
            BottleneckFactor = Math.Max(1, narrow[1] / narrow[0]),
            ScaleTime = down[2],
            ScaleFrequency = down[3],
            SubbandBins = narrow[1],
            NumStems = last[0] / first[1],
            HasRunningStatistics = shapes.Has("encoder_blocks.0.tfc_tdf.blocks.0.tfc1.0.running_mean"),
        };
    }
}
