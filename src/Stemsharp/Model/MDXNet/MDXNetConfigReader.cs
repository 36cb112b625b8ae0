using System.Globalization;
using Stemsharp.Checkpoints.Onnx;

namespace Stemsharp.Model.MDXNet;

/// <summary>
/// Finds the parameters that an MDX-Net file does not have: behind its name, in a JSON or YAML file beside it or UVR's records of it, and
/// last in the table of published files.
/// </summary>
internal static class MDXNetConfigReader
{
    private const string Needed = "n_fft and primary_stem, and compensate where it is not 1";

    // UVR's names, and plain ones.
    private static readonly ArgumentRule<MDXNetConfig>[] s_rules =
    [
        .. Both("mdx_n_fft_scale_set", "n_fft", "an even number from 2,048 to 65,536, a product of 2, 3 and 5", (c, v) => c with { Nfft = v.Whole(2048, 65_536) }),
        .. Both("primary_stem", "stem", "a name such as Vocals, Instrumental, Bass or Reverb", (c, v) => c with { PrimaryStem = StemName(v) }),
        ArgumentRule<MDXNetConfig>.Supported("compensate", "a number above 0 and at most 4", (c, v) => c with { Compensate = v.Number(1e-3, 4) }),
        ArgumentRule<MDXNetConfig>.Supported("denoise", "true or false", (c, v) => c with { Denoise = v.Flag() }),
        .. Checks("mdx_dim_f_set", "dim_f", "the number of bins that the graph takes", (c, v) => v.Whole(1, 1 << 16) == c.Bins),
        ArgumentRule<MDXNetConfig>.Supported("dim_t", "the number of frames that the graph takes", Check((c, v) => v.Whole(1, 1 << 16) == c.Frames)),

        // A power of two's exponent, which UVR's own dialogue may set to another length than the graph's, and does not use then.
        ArgumentRule<MDXNetConfig>.Inert("mdx_dim_t_set"),
        ArgumentRule<MDXNetConfig>.Inert("is_karaoke"),
        ArgumentRule<MDXNetConfig>.Supported("hop_length", $"{MDXNetConfig.Hop}", Check((_, v) => v.Whole(1, 1 << 16) == MDXNetConfig.Hop)),
        ArgumentRule<MDXNetConfig>.Supported("sample_rate", "44100", Check((_, v) => v.Whole(1, 1 << 20) == 44_100)),
    ];

    /// <summary>The names of all parameters.</summary>
    public static IEnumerable<string> Names => s_rules.Select(r => r.Name);

    /// <summary>Reads them.</summary>
    /// <param name="checkpoint">The file.</param>
    /// <exception cref="ModelException">Some are not known or not possible.</exception>
    public static MDXNetConfig Read(OnnxCheckpoint checkpoint)
    {
        (int bins, int frames) = SpectrogramOf(checkpoint);
        MDXNetConfig config = new() { Bins = bins, Frames = frames };
        Dictionary<string, object?> given = new(StringComparer.Ordinal);
        foreach (IReadOnlyDictionary<string, object?>? source in (IReadOnlyDictionary<string, object?>?[])[checkpoint.Overrides, checkpoint.Arguments])
        {
            foreach ((string key, object? value) in source ?? new Dictionary<string, object?>())
            {
                given[key] = value;
            }
        }

        if (given.ContainsKey("config_yaml"))
        {
            throw new ModelException($"{checkpoint.Name} cannot be used: the record of it speaks of a checkpoint with a YAML file, not of such a graph. Get both again.");
        }

        if (given.Keys.FirstOrDefault(key => !Names.Contains(key)) is { } unknown)
        {
            throw new ModelException($"{checkpoint.Name} cannot be used: there is no parameter '{unknown}'; there are {string.Join(", ", Names)}.");
        }

        string hash = checkpoint.EndHash;
        if (PublishedParameters.ByEndHash.GetValueOrDefault(hash) is { } published)
        {
            config = config with { Nfft = published.Nfft, Compensate = published.Compensate, PrimaryStem = published.PrimaryStem };
        }

        try
        {
            config = ArgumentRule<MDXNetConfig>.Apply(s_rules, config, given);
        }
        catch (ModelException e)
        {
            throw new ModelException($"{checkpoint.Name} cannot be used: {e.Message}", e);
        }

        if (config.Nfft == 0 || config.PrimaryStem.Length == 0)
        {
            throw new ModelException(
                $"{checkpoint.Name} is none of the published files (the MD5 of its end is {hash}), and what it was trained with is not in it: {Needed}. "
                + $"Its publisher says them. Give them as {checkpoint.Name}#n_fft=6144,primary_stem=Vocals,compensate=1.035, or in a file {Path.ChangeExtension(checkpoint.Name, ".json")} beside it, in UVR's names or these.");
        }

        return config.Bins <= config.Nfft / 2 + 1
            ? config
            : throw new ModelException($"{checkpoint.Name} cannot be used: it takes {config.Bins} bins, and an n_fft of {config.Nfft} has {config.Nfft / 2 + 1}.");
    }

    // [batch, 4, dim_f, dim_t], in and out.
    private static (int Bins, int Frames) SpectrogramOf(OnnxCheckpoint checkpoint)
    {
        OnnxValue[] inputs = [.. checkpoint.Graph.Inputs];
        if (inputs is [{ Shape: [var batch, 4, >= 2 and <= 32_769 and var bins, >= 2 and <= 65_536 and var frames] }]
            && batch is null or 1
            && checkpoint.Graph.Outputs is [{ Shape: [_, 4, var bins2, var frames2] }]
            && (bins2 ?? bins, frames2 ?? frames) == (bins, frames))
        {
            return ((int)bins, (int)frames);
        }

        string found = string.Join("; ", inputs.Take(3).Select(i => $"{i.Name} [{string.Join(", ", i.Shape.Select(d => d?.ToString(CultureInfo.InvariantCulture) ?? "?"))}]"));
        throw new ModelException(
            $"{checkpoint.Name} is not a model that can be separated with: ONNX files are taken where they are MDX-Net's, which take a stereo spectrogram [batch, 4, dim_f, dim_t] and give another. This one takes {found}. "
            + "Give the checkpoint that it was exported from (.ckpt, .th, .safetensors).");
    }

    private static string StemName(ArgumentValue value)
    {
        string name = value.Value as string ?? throw value.Refuse();
        return new ArgumentValue(value.Name, new List<object?> { name }, value.Valid).StemNames()[0];
    }

    private static IEnumerable<ArgumentRule<MDXNetConfig>> Both(
        string theirs, string plain, string valid, Func<MDXNetConfig, ArgumentValue, MDXNetConfig> set) =>
        [ArgumentRule<MDXNetConfig>.Supported(theirs, valid, set), ArgumentRule<MDXNetConfig>.Supported(plain, valid, set)];

    private static IEnumerable<ArgumentRule<MDXNetConfig>> Checks(string theirs, string plain, string valid, Func<MDXNetConfig, ArgumentValue, bool> holds) =>
        Both(theirs, plain, valid, Check(holds));

    private static Func<MDXNetConfig, ArgumentValue, MDXNetConfig> Check(Func<MDXNetConfig, ArgumentValue, bool> holds) => (config, value) =>
    {
        value.Require(holds(config, value));
        return config;
    };
}
