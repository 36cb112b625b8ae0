namespace Stemsharp.Model.MDX23C;

/// <summary>Well-known public networks by their configurations, for weights that anyone can recreate, and a small one for tests.</summary>
internal static class SyntheticMDX23C
{
    /// <summary>All of them.</summary>
    public static IReadOnlyList<SyntheticModel> All { get; } =
    [
        Make("mdx23c-vocals", new Size(8192, 1024, 4096, 4, 128, 128, 5), 261_120, null, "vocals", "other"),
        Make("mdx23c-d1581", new Size(12288, 2048, 4096, 4, 128, 64, 5), 260_096, null, "Vocals", "Instrumental"),
        Make("mdx23c-drumsep", new Size(2048, 512, 1024, 4, 128, 128, 5), 130_560, null, "kick", "snare", "toms", "hh", "ride", "crash"),
        Make("mdx23c-tiny", new Size(1024, 256, 512, 4, 8, 8, 3), 16_128, "Vocals", "Vocals", "Instrumental"),
    ];

    /// <summary>What the tensors of a synthetic network would tell.</summary>
    public static MDX23CConfig Config(TrainerSections sections)
    {
        IReadOnlyDictionary<string, object?> model = sections["model"];
        IReadOnlyList<object?> scale = (IReadOnlyList<object?>)model["scale"]!;
        int subbands = Whole(model, "num_subbands");
        return new MDX23CConfig
        {
            Inputs = 4 * subbands,
            NumChannels = Whole(model, "num_channels"),
            Growth = Whole(model, "growth"),
            NumScales = Whole(model, "num_scales"),
            NumBlocksPerScale = Whole(model, "num_blocks_per_scale"),
            BottleneckFactor = Whole(model, "bottleneck_factor"),
            ScaleTime = (int)(long)scale[0]!,
            ScaleFrequency = (int)(long)scale[1]!,
            SubbandBins = Whole(sections["audio"], "dim_f") / subbands,
            NumStems = sections["training"]["target_instrument"] is null ? ((IReadOnlyList<object?>)sections["training"]["instruments"]!).Count : 1,
        };

        static int Whole(IReadOnlyDictionary<string, object?> section, string name) => (int)(long)section[name]!;
    }

    private static SyntheticModel Make(string name, Size size, int chunk, string? target, params ReadOnlySpan<string> stems) => new(name, new Dictionary<string, object?>
    {
        ["audio"] = new Dictionary<string, object?>
        {
            ["chunk_size"] = (long)chunk,
            ["dim_f"] = (long)size.Bins,
            ["hop_length"] = (long)size.Hop,
            ["n_fft"] = (long)size.Nfft,
            ["num_channels"] = 2L,
            ["sample_rate"] = 44100L,
        },
        ["model"] = new Dictionary<string, object?>
        {
            ["act"] = "gelu",
            ["bottleneck_factor"] = 4L,
            ["growth"] = (long)size.Growth,
            ["norm"] = "InstanceNorm",
            ["num_blocks_per_scale"] = 2L,
            ["num_channels"] = (long)size.Channels,
            ["num_scales"] = (long)size.Scales,
            ["num_subbands"] = (long)size.Subbands,
            ["scale"] = new List<object?> { 2L, 2L },
        },
        ["training"] = new Dictionary<string, object?> { ["instruments"] = stems.ToArray().ToList<object?>(), ["target_instrument"] = target },
        ["inference"] = new Dictionary<string, object?> { ["num_overlap"] = 4L },
    });

    /// <summary>What sets one network apart from another.</summary>
    private sealed record Size(int Nfft, int Hop, int Bins, int Subbands, int Channels, int Growth, int Scales);
}
