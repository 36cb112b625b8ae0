using System.Collections.Immutable;
using static Stemsharp.Model.ArgumentRule<Stemsharp.Model.RoFormer.RoFormerConfig>;

namespace Stemsharp.Model.RoFormer;

/// <summary>
/// Every key that is read of a RoFormer's configuration, with its verdict, by the sections of the trainers' YAML. What the tensors tell
/// too has to agree with them, but for keys that public configurations have wrong; docs/checkpoints.md shows this table.
/// </summary>
internal static class RoFormerArguments
{
    /// <summary>Keys of the section <c>model</c>: the constructor arguments of both networks.</summary>
    public static IReadOnlyList<ArgumentRule<RoFormerConfig>> Model { get; } =
    [
        Told("dim", c => c.Dim),
        Told("depth", c => c.Depth),
        Told("time_transformer_depth", c => c.TimeTransformerDepth),
        Told("freq_transformer_depth", c => c.FreqTransformerDepth),
        Told("heads", c => c.Heads),
        Told("dim_head", c => c.DimHead),
        Told("num_stems", c => c.NumStems),
        Supported("stereo", "True or False, as its tensors tell", (c, v) => c with { Stereo = v.Flag() }),
        Supported("freqs_per_bands", "the bins of each band, as its tensors tell (passed over in a Mel-Band RoFormer)", (c, v) => c.IsMel ? c : c with { FreqsPerBands = Bins(v) }),
        Supported("num_bands", "the number of its bands, as its tensors tell (passed over in a BS-RoFormer)", (c, v) => c.IsMel ? Agree(c, v, c.BandWidths.Length) : c),
        Inert("mask_estimator_depth"),
        Inert("mlp_expansion_factor"),
        Supported("stft_n_fft", "an even product of 2, 3 and 5 from 16 to 65,536 that fits its bands", (c, v) => c with { Nfft = v.Whole(16, 65536) }),
        Supported("stft_hop_length", "a whole number from 1 to stft_n_fft", (c, v) => c with { Hop = v.Whole(1, 65536) }),
        Supported("stft_win_length", "what stft_n_fft is", (c, v) => c with { WinLength = v.Whole(16, 65536) }),
        Supported("stft_normalized", "True or False", (c, v) => c with { Normalized = v.Flag() }),
        Supported("skip_connection", "True or False", (c, v) => c with { SkipConnection = v.Flag() }),
        Supported("zero_dc", "True or False", (c, v) => c with { ZeroDc = v.Flag() }),
        Supported("match_input_audio_length", "True or False", (c, v) => c with { MatchInputAudioLength = v.Flag() }),
        Supported("sample_rate", "a whole number from 1000 to 384000", (c, v) => c with { MelSampleRate = v.Whole(1000, 384_000) }),
        Restricted("linear_transformer_depth", "0: linear attention is another network", v => v.Whole(0, 0)),
        Restricted("use_pope", "False: PoPE positions are another network", v => v.Require(!v.IsTruthy)),
        Restricted("num_residual_streams", "1: hyper-connections are another network", v => v.Whole(1, 1)),
        Restricted("use_value_residual_learning", "False: value residuals are another network", v => v.Require(!v.IsTruthy)),
        Restricted("add_value_residual", "False: value residuals are another network", v => v.Require(!v.IsTruthy)),
        Inert("use_shared_bias"),
        Inert("attn_dropout"),
        Inert("ff_dropout"),
        Inert("flash_attn"),
        Inert("sage_attention"),
        Inert("use_torch_checkpoint"),
        Inert("dim_freqs_in"),
        Inert("multi_stft_resolution_loss_weight"),
        Inert("multi_stft_resolutions_window_sizes"),
        Inert("multi_stft_hop_size"),
        Inert("multi_stft_normalized"),
    ];

    private static ArgumentRule<RoFormerConfig> Told(string name, Func<RoFormerConfig, int> told) =>
        Supported(name, "what its tensors tell", (c, v) => Agree(c, v, told(c)));

    private static RoFormerConfig Agree(RoFormerConfig config, ArgumentValue value, int told) =>
        value.Whole(0, int.MaxValue) == told ? config : throw (value with { Valid = $"{told}, which its tensors tell: the configuration is of another model" }).Refuse();

    private static ImmutableArray<int>? Bins(ArgumentValue value)
    {
        if (value.Value is null)
        {
            return null;
        }

        value.Require(value.Value is IReadOnlyList<object?> { Count: > 0 and <= 1024 });
        return [.. ((IReadOnlyList<object?>)value.Value!).Select(n => (value with { Value = n }).Whole(1, 65536))];
    }
}
