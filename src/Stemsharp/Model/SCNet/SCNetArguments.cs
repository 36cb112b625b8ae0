using System.Collections.Immutable;
using static Stemsharp.Model.ArgumentRule<Stemsharp.Model.SCNet.SCNetConfig>;

namespace Stemsharp.Model.SCNet;

/// <summary>
/// Every key that is read of an SCNet's configuration, with its verdict; what the tensors tell too has to agree with them.
/// docs/checkpoints.md shows this table.
/// </summary>
internal static class SCNetArguments
{
    /// <summary>Keys of the section <c>model</c>.</summary>
    public static IReadOnlyList<ArgumentRule<SCNetConfig>> Model { get; } =
    [
        Supported("sources", "a list of as many names as its tensors give stems (training.instruments names them)", Sources),
        Restricted("audio_channels", "2: it takes stereo", v => v.Whole(2, 2)),
        Supported("dims", "what its tensors tell", (c, v) => Agree(c, v, c.Dims)),
        Supported("nfft", "an even product of 2, 3 and 5 from 16 to 65,536", (c, v) => c with { Nfft = v.Whole(16, 65536) }),
        Supported("hop_size", "a whole number from 1 to nfft", (c, v) => c with { Hop = v.Whole(1, 65536) }),
        Supported("win_size", "what nfft is", (c, v) => c with { WinSize = v.Whole(1, 65536) }),
        Supported("normalized", "True or False", (c, v) => c with { Normalized = v.Flag() }),
        Supported("band_SR", "three shares above 0 that add up to 1", Shares),
        Supported("band_stride", "three whole numbers from 1 on, none above its kernel", (c, v) => c with { BandStride = [.. Three(v).Select(n => n.Whole(1, 1024))] }),
        Supported("band_kernel", "what its tensors tell", (c, v) => Agree(c, v, c.BandKernel)),
        Supported("conv_depths", "what its tensors tell", (c, v) => Agree(c, v, c.ConvDepths)),
        Supported("compress", "a number from 1 on, as its tensors tell", (c, v) => c with { Compress = v.Number(1, 65536) }),
        Told("conv_kernel", c => c.ConvKernel),
        Told("num_dplayer", c => c.NumDplayer),
        Told("expand", c => c.Expand),
    ];

    /// <summary>Keys of the section <c>audio</c>, beside those that all networks have.</summary>
    public static IReadOnlyList<ArgumentRule<SCNetConfig>> Audio { get; } =
    [
        Restricted("num_channels", "2: it takes stereo", v => v.Whole(2, 2)),
        Inert("dim_t"),
        Inert("min_mean_abs"),
    ];

    private static ArgumentRule<SCNetConfig> Told(string name, Func<SCNetConfig, int> told) =>
        Supported(name, "what its tensors tell", (c, v) => v.Whole(0, int.MaxValue) == told(c) ? c : throw Another(v, $"{told(c)}"));

    private static SCNetConfig Agree(SCNetConfig config, ArgumentValue value, ImmutableArray<int> told) =>
        value.Value is IReadOnlyList<object?> list && list.Count == told.Length && !list.Where((n, i) => (value with { Value = n }).Whole(0, int.MaxValue) != told[i]).Any()
            ? config
            : throw Another(value, $"[{string.Join(", ", told)}]");

    private static ModelException Another(ArgumentValue value, string told) => (value with { Valid = $"{told}, which its tensors tell: the configuration is of another model" }).Refuse();

    private static SCNetConfig Sources(SCNetConfig config, ArgumentValue value) =>
        value.StemNames().Length == config.NumStems ? config : throw Another(value, $"a list of {config.NumStems}");

    private static SCNetConfig Shares(SCNetConfig config, ArgumentValue value)
    {
        double[] shares = [.. Three(value).Select(n => n.Number(1e-6, 1))];
        value.Require(Math.Abs(shares.Sum() - 1) < 0.01);
        return config with { BandSR = [.. shares] };
    }

    private static IEnumerable<ArgumentValue> Three(ArgumentValue value)
    {
        value.Require(value.Value is IReadOnlyList<object?> { Count: SCNetConfig.Bands });
        return ((IReadOnlyList<object?>)value.Value!).Select(n => value with { Value = n });
    }
}
