using System.Globalization;
using static Stemsharp.Model.ArgumentRule<Stemsharp.Model.MDX23C.MDX23CConfig>;

namespace Stemsharp.Model.MDX23C;

/// <summary>
/// Every key that is read of an MDX23C's configuration, with its verdict; what the tensors tell too has to agree with them.
/// docs/checkpoints.md shows this table.
/// </summary>
internal static class MDX23CArguments
{
    /// <summary>Keys of the section <c>model</c>.</summary>
    public static IReadOnlyList<ArgumentRule<MDX23CConfig>> Model { get; } =
    [
        Supported("act", "'gelu', 'relu', or 'elu' with a number behind it", Act),
        Supported("norm", "'InstanceNorm', 'BatchNorm', 'GroupNorm' with a number of groups behind it, or another word where its tensors have no norms", Norm),
        Supported("num_subbands", "what its tensors tell", Subbands),
        Told("num_channels", c => c.NumChannels),
        Told("growth", c => c.Growth),
        Told("num_scales", c => c.NumScales),
        Told("num_blocks_per_scale", c => c.NumBlocksPerScale),
        Supported("bottleneck_factor", "a whole number from 1 on, as its tensors tell", (c, v) => c with { BottleneckFactor = v.Whole(1, 65536) }),
        Supported("scale", "two numbers, of time and frequency, as its tensors tell", Scale),
        Inert("name"),
    ];

    /// <summary>Keys of the section <c>audio</c>, beside those that all networks have.</summary>
    public static IReadOnlyList<ArgumentRule<MDX23CConfig>> Audio { get; } =
    [
        Supported("n_fft", "an even product of 2, 3 and 5 from 16 to 65,536", (c, v) => c with { Nfft = v.Whole(16, 65536) }),
        Supported("hop_length", "a whole number from 1 to n_fft", (c, v) => c with { Hop = v.Whole(1, 65536) }),
        Told("dim_f", c => c.Bins),
        Restricted("num_channels", "2: it takes stereo", v => v.Whole(2, 2)),
        Inert("dim_t"),
        Inert("min_mean_abs"),
    ];

    private static ArgumentRule<MDX23CConfig> Told(string name, Func<MDX23CConfig, int> told) =>
        Supported(name, "what its tensors tell", (c, v) => Agree(c, v, told(c)));

    private static MDX23CConfig Agree(MDX23CConfig config, ArgumentValue value, int told) =>
        value.Whole(0, int.MaxValue) == told ? config : throw (value with { Valid = $"{told}, which its tensors tell: the configuration is of another model" }).Refuse();

    private static MDX23CConfig Subbands(MDX23CConfig config, ArgumentValue value)
    {
        // The variant with Hartley transforms has real numbers where this network has complex ones, in tensors of the same names.
        int subbands = value.Whole(1, 65536);
        return config.Inputs == 2 * subbands
            ? throw new ModelException($"it is an MDX23C of the Hartley transform, which is not supported: its first convolution takes {config.Inputs} numbers for {subbands} subbands in stereo, where complex ones would be {4 * subbands}.")
            : Agree(config with { NumSubbands = subbands }, value, config.Subbands);
    }

    private static MDX23CConfig Act(MDX23CConfig config, ArgumentValue value) => value.Value switch
    {
        "gelu" => config with { Activation = MDX23CActivation.Gelu },
        "relu" => config with { Activation = MDX23CActivation.Relu },
        string text when text.StartsWith("elu", StringComparison.Ordinal) && Number(text[3..]) is { } alpha => config with { Activation = MDX23CActivation.Elu, Alpha = alpha },
        _ => throw value.Refuse(),
    };

    private static MDX23CConfig Norm(MDX23CConfig config, ArgumentValue value) => value.Value switch
    {
        "InstanceNorm" => config with { Norm = MDX23CNorm.Instance },
        "BatchNorm" => config with { Norm = MDX23CNorm.Batch },
        string text when text.StartsWith("GroupNorm", StringComparison.Ordinal) => Number(text[9..]) is { } groups && groups >= 1 && groups <= 65536 && groups == Math.Truncate(groups)
            ? config with { Norm = MDX23CNorm.Group, NormGroups = (int)groups }
            : throw value.Refuse(),
        string or null => config with { Norm = MDX23CNorm.None },
        _ => throw value.Refuse(),
    };

    private static MDX23CConfig Scale(MDX23CConfig config, ArgumentValue value)
    {
        value.Require(value.Value is IReadOnlyList<object?> { Count: 2 });
        IReadOnlyList<object?> both = (IReadOnlyList<object?>)value.Value!;
        Agree(config, value with { Name = "scale[0]", Value = both[0] }, config.ScaleTime);
        return Agree(config, value with { Name = "scale[1]", Value = both[1] }, config.ScaleFrequency);
    }

    private static double? Number(string text) =>
        double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double number) && double.IsFinite(number) ? number : null;
}
