using Stemsharp.Checkpoints;
using static Stemsharp.Model.ArgumentRule<Stemsharp.Model.HTDemucs.HTDemucsConfig>;

namespace Stemsharp.Model.HTDemucs;

/// <summary>
/// Every constructor argument of the original HTDemucs class with its verdict, in the original's order. Official
/// checkpoints spell all of them out, so values are judged, not presence. docs/checkpoints.md shows this table.
/// </summary>
internal static class HTDemucsArguments
{
    public static IReadOnlyList<ArgumentRule<HTDemucsConfig>> Rules { get; } =
    [
        Supported("sources", "a list of 1 to 64 distinct names without slashes", (c, v) => c with { Sources = [.. v.StemNames()] }),
        Restricted("audio_channels", "2", v => v.Whole(2, 2)),
        Supported("channels", "a whole number from 1 to 2048", (c, v) => c with { Channels = v.Whole(1, 2048) }),
        Supported("channels_time", "None, or what channels is (another number only where t_layers is 0)", (c, v) => c with { ChannelsTime = v.IsTruthy ? v.Whole(1, 2048) : null }),
        Supported("growth", "a whole number from 1 to 8", (c, v) => c with { Growth = v.Whole(1, 8) }),
        Supported("nfft", "a power of two from 64 to 65536", (c, v) =>
        {
            int nfft = v.Whole(64, 65536);
            v.Require((nfft & (nfft - 1)) == 0);
            return c with { Nfft = nfft };
        }),
        Restricted("wiener_iters", "0: Wiener filtering belongs to models that mask magnitudes", v => v.Whole(0, 0)),
        Restricted("end_iters", "0", v => v.Whole(0, 0)),
        Inert("wiener_residual"),
        Restricted("cac", "True: spectrograms as complex channels", v => v.Require(v.IsTruthy)),
        Supported("depth", "a whole number from 1 to 12, as long as every encoder has more frequencies than kernel_size", (c, v) => c with { Depth = v.Whole(1, 12) }),
        Supported("rewrite", "True or False", (c, v) => c with { Rewrite = v.Flag() }),
        Restricted("multi_freqs", "None or an empty list", v => v.Require(!v.IsTruthy)),
        Inert("multi_freqs_depth"),
        Supported("freq_emb", "a number; 0 or None for no frequency embedding", (c, v) => c with { FreqEmb = v.IsTruthy ? v.Number(-1e6, 1e6) : 0 }),
        Supported("emb_scale", "a number", (c, v) => c with { EmbScale = v.Number(-1e6, 1e6) }),
        Inert("emb_smooth"),
        Supported("kernel_size", "a whole number from 1 to 64", (c, v) => c with { KernelSize = v.Whole(1, 64) }),
        Inert("time_stride"),
        Supported("stride", "a whole number from 1 to 16", (c, v) => c with { Stride = v.Whole(1, 16) }),
        Supported("context", "a whole number from 0 to 16", (c, v) => c with { Context = v.Whole(0, 16) }),
        Supported("context_enc", "a whole number from 0 to 16", (c, v) => c with { ContextEnc = v.Whole(0, 16) }),
        Supported("norm_starts", "a whole number, 0 or more", (c, v) => c with { NormStarts = v.Whole(0, int.MaxValue) }),
        Supported("norm_groups", "a whole number from 1 on that divides the channels", (c, v) => c with { NormGroups = v.Whole(1, 65536) }),
        Supported("dconv_mode", "0, 1, 2 or 3", (c, v) => c with { DconvMode = v.Whole(0, 3) }),
        Supported("dconv_depth", "a whole number from -10 to 10", (c, v) => c with { DconvDepth = v.Whole(-10, 10) }),
        Supported("dconv_comp", "a number from 0.1 to 2048", (c, v) => c with { DconvComp = v.Number(0.1, 2048) }),
        Inert("dconv_init"),
        Supported("bottom_channels", "a whole number from 0 to 8192", (c, v) => c with { BottomChannels = v.IsTruthy ? v.Whole(1, 8192) : 0 }),
        Supported("t_layers", "a whole number from 0 to 64", (c, v) => c with { TLayers = v.Whole(0, 64) }),
        Restricted("t_emb", "'sin'", v => v.Require(v.Value is "sin")),
        Supported("t_hidden_scale", "a number from 0.01 to 64", (c, v) => c with { THiddenScale = v.Number(0.01, 64) }),
        Supported("t_heads", "a whole number from 1 to 1024 that divides the transformer's channels", (c, v) => c with { THeads = v.Whole(1, 1024) }),
        Inert("t_dropout"),
        Inert("t_max_positions"),
        Supported("t_norm_in", "True or False", (c, v) => c with { TNormIn = v.Flag() }),
        Supported("t_norm_in_group", "True, False or a number of groups", (c, v) => c with { TNormInGroup = v.Groups() }),
        Supported("t_group_norm", "True, False or a number of groups", (c, v) => c with { TGroupNorm = v.Groups() }),
        Supported("t_norm_first", "True or False", (c, v) => c with { TNormFirst = v.Flag() }),
        Supported("t_norm_out", "True, False or a number of groups", (c, v) =>
        {
            // The original combines it with t_norm_first bit by bit, so an even number of groups means no norm.
            int groups = v.Groups();
            return c with { TNormOut = groups % 2 == 0 ? 0 : groups };
        }),
        Supported("t_max_period", "a number from 1 to 1e9", (c, v) => c with { TMaxPeriod = v.Number(1, 1e9) }),
        Inert("t_weight_decay"),
        Inert("t_lr"),
        Supported("t_layer_scale", "True or False", (c, v) => c with { TLayerScale = v.Flag() }),
        Supported("t_gelu", "True or False", (c, v) => c with { TGelu = v.Flag() }),
        Supported("t_weight_pos_embed", "a number", (c, v) => c with { TWeightPosEmbed = v.Number(-1e6, 1e6) }),
        Restricted("t_sin_random_shift", "0: positions must not be random", v => v.Whole(0, 0)),
        Inert("t_cape_mean_normalize"),
        Inert("t_cape_augment"),
        Inert("t_cape_glob_loc_scale"),
        Restricted("t_sparse_self_attn", "False: attention is dense", v => v.Require(!v.IsTruthy)),
        Restricted("t_sparse_cross_attn", "False: attention is dense", v => v.Require(!v.IsTruthy)),
        Inert("t_mask_type"),
        Inert("t_mask_random_seed"),
        Inert("t_sparse_attn_window"),
        Inert("t_global_window"),
        Inert("t_sparsity"),
        Inert("t_auto_sparsity"),
        Supported("t_cross_first", "True or False", (c, v) => c with { TCrossFirst = v.Flag() }),
        Inert("rescale"),
        Supported("samplerate", "a whole number from 1000 to 384000", (c, v) => c with { Samplerate = v.Whole(1_000, 384_000) }),
        Supported("segment", "a number of seconds above 0 and at most 600, or a fraction such as '39/5'", ApplySegment),
        Supported("use_train_segment", "True or False", (c, v) => c with { UseTrainSegment = v.Flag() }),
    ];

    /// <summary>The constructor arguments that give a config, for checkpoints that hold none.</summary>
    public static Dictionary<string, object?> FromConfig(HTDemucsConfig c) => new(StringComparer.Ordinal)
    {
        ["sources"] = c.Sources.ToList<object?>(),
        ["audio_channels"] = (long)c.AudioChannels,
        ["channels"] = (long)c.Channels,
        ["channels_time"] = (long?)c.ChannelsTime,
        ["growth"] = (long)c.Growth,
        ["nfft"] = (long)c.Nfft,
        ["depth"] = (long)c.Depth,
        ["rewrite"] = c.Rewrite,
        ["freq_emb"] = c.FreqEmb,
        ["emb_scale"] = c.EmbScale,
        ["kernel_size"] = (long)c.KernelSize,
        ["stride"] = (long)c.Stride,
        ["context"] = (long)c.Context,
        ["context_enc"] = (long)c.ContextEnc,
        ["norm_starts"] = (long)c.NormStarts,
        ["norm_groups"] = (long)c.NormGroups,
        ["dconv_mode"] = (long)c.DconvMode,
        ["dconv_depth"] = (long)c.DconvDepth,
        ["dconv_comp"] = c.DconvComp,
        ["bottom_channels"] = (long)c.BottomChannels,
        ["t_layers"] = (long)c.TLayers,
        ["t_hidden_scale"] = c.THiddenScale,
        ["t_heads"] = (long)c.THeads,
        ["t_norm_in"] = c.TNormIn,
        ["t_norm_in_group"] = (long)c.TNormInGroup,
        ["t_group_norm"] = (long)c.TGroupNorm,
        ["t_norm_first"] = c.TNormFirst,
        ["t_norm_out"] = (long)c.TNormOut,
        ["t_max_period"] = c.TMaxPeriod,
        ["t_layer_scale"] = c.TLayerScale,
        ["t_gelu"] = c.TGelu,
        ["t_weight_pos_embed"] = c.TWeightPosEmbed,
        ["t_cross_first"] = c.TCrossFirst,
        ["samplerate"] = (long)c.Samplerate,
        ["segment"] = new Fraction(c.SegmentNumerator, c.SegmentDenominator),
        ["use_train_segment"] = c.UseTrainSegment,
    };

    private static HTDemucsConfig ApplySegment(HTDemucsConfig config, ArgumentValue v)
    {
        Fraction segment = v.Seconds(config.Samplerate);
        return config with { SegmentNumerator = segment.Numerator, SegmentDenominator = segment.Denominator };
    }
}
