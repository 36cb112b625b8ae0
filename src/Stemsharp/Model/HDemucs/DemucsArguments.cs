using System.Collections.Immutable;
using static Stemsharp.Model.ArgumentRule<Stemsharp.Model.HDemucs.DemucsConfig>;

namespace Stemsharp.Model.HDemucs;

/// <summary>
/// Every constructor argument of the original classes HDemucs and Demucs with its verdict, in the original's order. docs/demucs3.md
/// shows these tables.
/// </summary>
internal static class DemucsArguments
{
    /// <summary>Those of HDemucs.</summary>
    public static IReadOnlyList<ArgumentRule<DemucsConfig>> Hybrid { get; } =
    [
        Sources(),
        AudioChannels(),
        Channels(),
        Supported("channels_time", "None, or a whole number from 1 to 2048", (c, v) => c with { ChannelsTime = v.IsTruthy ? v.Whole(1, 2048) : null }),
        Growth(),
        Supported("nfft", "four times a power of stride, so that every frame of the spectrogram is a step of the time branch: 4096 with stride 4", (c, v) =>
        {
            int nfft = v.Whole(64, 65536);
            v.Require((nfft & (nfft - 1)) == 0);
            return c with { Nfft = nfft };
        }),
        Supported("wiener_iters", "0 or less where cac is False, anything where it is True; above 0 the model needs iterated Wiener filtering", (c, v) => c with { WienerIters = v.Whole(int.MinValue, int.MaxValue) }),
        Inert("end_iters"),
        Inert("wiener_residual"),
        Supported("cac", "True or False", (c, v) => c with { Cac = v.IsTruthy }),
        Supported("depth", "a whole number up to 12, from the layer on that has one frequency left: 5 to 12 with nfft 4096 and stride 4", (c, v) => c with { Depth = v.Whole(1, 12) }),
        Rewrite(),
        Restricted("hybrid", "True: a model without its time branch is another network", v => v.Require(v.IsTruthy)),
        Supported("hybrid_old", "True or False", (c, v) => c with { HybridOld = v.IsTruthy }),
        Supported("multi_freqs", "None, or a list of up to 16 rising numbers between 0 and 1", (c, v) => c with { MultiFreqs = Ratios(v) }),
        Supported("multi_freqs_depth", "a whole number from 0 to 12; none of these layers may have norms or be the merge of the branches", (c, v) => c with { MultiFreqsDepth = v.IsTruthy ? v.Whole(1, 12) : 0 }),
        Supported("freq_emb", "a number; 0 or None for no frequency embedding", (c, v) => c with { FreqEmb = v.IsTruthy ? v.Number(-1e6, 1e6) : 0 }),
        Supported("emb_scale", "a number", (c, v) => c with { EmbScale = v.Number(-1e6, 1e6) }),
        Inert("emb_smooth"),
        Supported("kernel_size", "twice the stride", (c, v) => c with { KernelSize = v.Whole(1, 64) }),
        Supported("time_stride", "an even number from 2 to 16", (c, v) =>
        {
            int stride = v.Whole(2, 16);
            v.Require(stride % 2 == 0);
            return c with { TimeStride = stride };
        }),
        Supported("stride", "2, 4, 8 or 16", (c, v) =>
        {
            int stride = v.Whole(2, 16);
            v.Require(int.IsPow2(stride));
            return c with { Stride = stride };
        }),
        Context(),
        Supported("context_enc", "a whole number from 0 to 16", (c, v) => c with { ContextEnc = v.Whole(0, 16) }),
        .. Norms(),
        .. Residual(),
        Inert("dconv_init"),
        Inert("rescale"),
        .. Segment(),
    ];

    /// <summary>Those of Demucs.</summary>
    public static IReadOnlyList<ArgumentRule<DemucsConfig>> TimeOnly { get; } =
    [
        Sources(),
        AudioChannels(),
        Channels(),
        Growth(),
        Supported("depth", "a whole number from 1 to 12", (c, v) => c with { Depth = v.Whole(1, 12) }),
        Rewrite(),
        Supported("lstm_layers", "a whole number from 0 to 16", (c, v) => c with { LstmLayers = v.IsTruthy ? v.Whole(1, 16) : 0 }),
        Supported("kernel_size", "a whole number from stride to 64", (c, v) => c with { KernelSize = v.Whole(1, 64) }),
        Supported("stride", "a whole number from 1 to 16, even where resample is True", (c, v) => c with { Stride = v.Whole(1, 16) }),
        Context(),
        Supported("gelu", "True or False", (c, v) => c with { Gelu = v.Flag() }),
        Supported("glu", "True or False", (c, v) => c with { Glu = v.Flag() }),
        .. Norms(),
        .. Residual(),
        Inert("dconv_init"),
        Supported("normalize", "True or False", (c, v) => c with { Normalize = v.Flag() }),
        Supported("resample", "True or False", (c, v) => c with { Resample = v.Flag() }),
        Inert("rescale"),
        .. Segment(),
    ];

    private static ArgumentRule<DemucsConfig> Sources() => Supported("sources", "a list of 1 to 64 distinct names without slashes", (c, v) => c with { Sources = [.. v.StemNames()] });

    private static ArgumentRule<DemucsConfig> AudioChannels() => Supported("audio_channels", "1 or 2", (c, v) => c with { AudioChannels = v.Whole(1, 2) });

    private static ArgumentRule<DemucsConfig> Channels() => Supported("channels", "a whole number from 1 to 2048", (c, v) => c with { Channels = v.Whole(1, 2048) });

    private static ArgumentRule<DemucsConfig> Growth() => Supported("growth", "a number from 1 to 8", (c, v) => c with { Growth = v.Number(1, 8) });

    private static ArgumentRule<DemucsConfig> Rewrite() => Supported("rewrite", "True or False", (c, v) => c with { Rewrite = v.Flag() });

    private static ArgumentRule<DemucsConfig> Context() => Supported("context", "a whole number from 0 to 16", (c, v) => c with { Context = v.Whole(0, 16) });

    private static ArgumentRule<DemucsConfig>[] Norms() =>
    [
        Supported("norm_starts", "a whole number, 0 or more", (c, v) => c with { NormStarts = v.Whole(0, int.MaxValue) }),
        Supported("norm_groups", "a whole number from 1 on that divides the channels", (c, v) => c with { NormGroups = v.Whole(1, 65536) }),
    ];

    private static ArgumentRule<DemucsConfig>[] Residual() =>
    [
        Supported("dconv_mode", "0, 1, 2 or 3", (c, v) => c with { DconvMode = v.Whole(0, 3) }),
        Supported("dconv_depth", "a whole number from -10 to 10", (c, v) => c with { DconvDepth = v.Whole(-10, 10) }),
        Supported("dconv_comp", "a number from 0.1 to 2048", (c, v) => c with { DconvComp = v.Number(0.1, 2048) }),
        Supported("dconv_attn", "a whole number, 0 or more; DConv's hidden channels from this layer on must divide by 4", (c, v) => c with { DconvAttn = v.Whole(0, int.MaxValue) }),
        Supported("dconv_lstm", "a whole number, 0 or more", (c, v) => c with { DconvLstm = v.Whole(0, int.MaxValue) }),
    ];

    private static ArgumentRule<DemucsConfig>[] Segment() =>
    [
        Supported("samplerate", "a whole number from 1000 to 384000", (c, v) => c with { Samplerate = v.Whole(1_000, 384_000) }),
        Supported("segment", "a number of seconds above 0 and at most 600, or a fraction such as '39/5'", (c, v) => c with { Segment = v.Seconds(c.Samplerate) }),
    ];

    private static ImmutableArray<double> Ratios(ArgumentValue value)
    {
        if (!value.IsTruthy)
        {
            return [];
        }

        value.Require(value.Value is IReadOnlyList<object?> { Count: <= 16 });
        ImmutableArray<double> ratios = [.. ((IReadOnlyList<object?>)value.Value!).Select(r => (value with { Value = r }).Number(1e-6, 1 - 1e-6))];
        value.Require(ratios.Zip(ratios.Skip(1)).All(pair => pair.First < pair.Second));
        return ratios;
    }
}
