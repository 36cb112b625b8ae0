namespace Stemsharp.Model.SCNet;

/// <summary>The public networks by their configurations, for weights that anyone can recreate, and a small one for tests.</summary>
internal static class SyntheticSCNets
{
    private static readonly string[] s_stems = ["drums", "bass", "other", "vocals"];

    /// <summary>All of them.</summary>
    public static IReadOnlyList<SyntheticModel> All { get; } =
    [
        Make("scnet-small", [4, 32, 64, 128], [0.175, 0.392, 0.433], [1, 4, 16], [3, 4, 16], [3, 2, 1], 6, normalize: true),
        Make("scnet-large", [4, 64, 128, 256], [0.225, 0.372, 0.403], [1, 4, 16], [3, 4, 16], [3, 2, 1], 6),
        Make("scnet-xl", [4, 64, 128, 256], [0.23, 0.37, 0.4], [1, 4, 16], [3, 4, 16], [3, 2, 1], 8),
        Make("scnet-xl-ihf", [4, 64, 128, 256], [0.23, 0.37, 0.4], [1, 4, 4], [3, 4, 4], [3, 3, 3], 8),
        Make("scnet-tiny", [4, 8, 12, 16], [0.175, 0.392, 0.433], [1, 4, 16], [3, 4, 16], [3, 2, 1], 4, nfft: 1024, chunk: 22_050),
    ];

    /// <summary>What the tensors of a synthetic network would tell.</summary>
    public static SCNetConfig Config(TrainerSections sections)
    {
        IReadOnlyDictionary<string, object?> model = sections["model"];
        return new SCNetConfig
        {
            Dims = [.. Wholes("dims")],
            BandKernel = [.. Wholes("band_kernel")],
            ConvDepths = [.. Wholes("conv_depths")],
            ConvKernel = Whole("conv_kernel"),
            Compress = Whole("compress"),
            NumDplayer = Whole("num_dplayer"),
            Expand = Whole("expand"),
            NumStems = ((IReadOnlyList<object?>)model["sources"]!).Count,
        };

        int Whole(string name) => (int)(long)model[name]!;

        IEnumerable<int> Wholes(string name) => ((IReadOnlyList<object?>)model[name]!).Select(n => (int)(long)n!);
    }

    private static SyntheticModel Make(
        string name, long[] dims, double[] shares, long[] strides, long[] kernels, long[] depths, long layers, bool normalize = false, long nfft = 4096, long chunk = 485_100) => new(name, new Dictionary<string, object?>
        {
            ["audio"] = new Dictionary<string, object?> { ["chunk_size"] = chunk, ["num_channels"] = 2L, ["sample_rate"] = 44100L },
            ["model"] = new Dictionary<string, object?>
            {
                ["sources"] = s_stems.ToList<object?>(),
                ["audio_channels"] = 2L,
                ["dims"] = Listed(dims),
                ["nfft"] = nfft,
                ["hop_size"] = nfft / 4,
                ["win_size"] = nfft,
                ["normalized"] = true,
                ["band_SR"] = Listed(shares),
                ["band_stride"] = Listed(strides),
                ["band_kernel"] = Listed(kernels),
                ["conv_depths"] = Listed(depths),
                ["compress"] = 4L,
                ["conv_kernel"] = 3L,
                ["num_dplayer"] = layers,
                ["expand"] = 1L,
            },
            ["training"] = new Dictionary<string, object?> { ["instruments"] = s_stems.ToList<object?>(), ["target_instrument"] = null },
            ["inference"] = new Dictionary<string, object?> { ["num_overlap"] = 4L, ["normalize"] = normalize },
        });

    private static List<object?> Listed<T>(T[] numbers) => [.. numbers.Select(n => (object?)n)];
}
