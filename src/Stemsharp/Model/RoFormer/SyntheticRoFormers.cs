namespace Stemsharp.Model.RoFormer;

/// <summary>
/// The best-known public networks by their configurations, for weights that anyone can recreate, and a small one of each kind for
/// tests. Their configurations spell out what a checkpoint's tensors would tell.
/// </summary>
internal static class SyntheticRoFormers
{
    private const int Channels = 2, Nfft = 2048, SampleRate = 44100, MelBandCount = 60;

    // Bins of each band and how often: the default of the BS-RoFormer's class.
    private static readonly (int Bins, int Times)[] s_bands = [(2, 24), (4, 12), (12, 8), (24, 8), (48, 8), (128, 1), (129, 1)];

    /// <summary>BS-RoFormers.</summary>
    public static IReadOnlyList<SyntheticModel> Bs { get; } =
    [
        Make("bs-roformer-sw", new Size(256, 12, 64, 8, 512, 4), 588_800, isMel: false, "bass", "drums", "other", "vocals", "guitar", "piano"),
        Make("bs-roformer-viperx", new Size(512, 12, 64, 8, 441, 4), 352_800, isMel: false, "vocals"),
        Make("bs-roformer-tiny", new Size(32, 2, 16, 2, 441, 1), 22_050, isMel: false, "drums", "bass", "other", "vocals"),
    ];

    /// <summary>Mel-Band RoFormers.</summary>
    public static IReadOnlyList<SyntheticModel> Mel { get; } =
    [
        Make("mel-band-roformer-kim", new Size(384, 6, 64, 8, 441, 4), 352_800, isMel: true, "vocals"),
        Make("mel-band-roformer-tiny", new Size(32, 2, 24, 2, 441, 1), 22_050, isMel: true, "vocals"),
    ];

    /// <summary>What the tensors of a synthetic network would tell.</summary>
    /// <param name="isMel">Which of the two it is.</param>
    /// <param name="model">The section <c>model</c> of its configuration.</param>
    public static RoFormerConfig Config(bool isMel, IReadOnlyDictionary<string, object?> model)
    {
        IEnumerable<int> bins = isMel
            ? MelBands.Of(Whole("num_bands"), Whole("stft_n_fft"), Whole("sample_rate")).Select(b => b.Length)
            : ((IReadOnlyList<object?>)model["freqs_per_bands"]!).Select(n => (int)(long)n!);
        return new RoFormerConfig
        {
            IsMel = isMel,
            Dim = Whole("dim"),
            Depth = Whole("depth"),
            TimeTransformerDepth = Whole("time_transformer_depth"),
            FreqTransformerDepth = Whole("freq_transformer_depth"),
            Heads = Whole("heads"),
            DimHead = Whole("dim_head"),
            NumStems = Whole("num_stems"),
            MaskLayers = Whole("mask_estimator_depth") + (isMel ? 1 : 0),
            MaskHidden = Whole("dim") * Whole("mlp_expansion_factor"),
            BandWidths = [.. bins.Select(n => 2 * Channels * n)],
        };

        int Whole(string name) => (int)(long)model[name]!;
    }

    private static SyntheticModel Make(string name, Size size, int chunk, bool isMel, params ReadOnlySpan<string> stems)
    {
        Dictionary<string, object?> model = new()
        {
            ["dim"] = (long)size.Dim,
            ["depth"] = (long)size.Depth,
            ["stereo"] = true,
            ["num_stems"] = (long)stems.Length,
            ["time_transformer_depth"] = 1L,
            ["freq_transformer_depth"] = 1L,
            ["dim_head"] = (long)size.DimHead,
            ["heads"] = (long)size.Heads,
            ["stft_n_fft"] = (long)Nfft,
            ["stft_hop_length"] = (long)size.Hop,
            ["mask_estimator_depth"] = 2L,
            ["mlp_expansion_factor"] = (long)size.Expansion,
        };
        if (isMel)
        {
            model["num_bands"] = (long)MelBandCount;
            model["sample_rate"] = (long)SampleRate;
        }
        else
        {
            model["freqs_per_bands"] = s_bands.SelectMany(b => Enumerable.Repeat((object?)(long)b.Bins, b.Times)).ToList();
        }

        bool isTarget = stems.Length == 1;
        return new SyntheticModel(name, new Dictionary<string, object?>
        {
            ["audio"] = new Dictionary<string, object?> { ["chunk_size"] = (long)chunk, ["sample_rate"] = (long)SampleRate },
            ["model"] = model,
            ["training"] = new Dictionary<string, object?>
            {
                ["instruments"] = stems.ToArray().Concat(isTarget ? ["other"] : []).ToList<object?>(),
                ["target_instrument"] = isTarget ? stems[0] : null,
            },
            ["inference"] = new Dictionary<string, object?> { ["num_overlap"] = 2L },
        });
    }

    /// <summary>What sets one network apart from another.</summary>
    private sealed record Size(int Dim, int Depth, int DimHead, int Heads, int Hop, int Expansion);
}
