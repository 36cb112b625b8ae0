using System.Globalization;
using Stemsharp.Export.CoreML.Palettization;
using Stemsharp.Export.CoreML.Schema;
using Stemsharp.Inference;
using Stemsharp.Signal;

namespace Stemsharp.Export.CoreML;

/// <summary>What a host has to know beside the tensors, as the package's description and user metadata.</summary>
internal static class PackageMetadata
{
    public const string Prefix = "com.stemsharp.";

    /// <param name="definition">The network.</param>
    /// <param name="source">Where the weights came from.</param>
    /// <param name="samples">Samples of a segment.</param>
    /// <param name="stems">Stems in the order of the outputs' stem axis.</param>
    /// <param name="options">What was asked for.</param>
    public static Metadata Create(NetworkDefinition definition, PackageSource source, int samples, IReadOnlyList<string> stems, CoreMLExportOptions options)
    {
        const string Unknown = "See the model's source.";
        Metadata metadata = new()
        {
            ShortDescription = $"{source.Family}, music source separation: {string.Join(", ", stems)}. One segment of {samples} samples in {GraphWords.Channels(definition)} at {definition.SampleRate} Hz. {GraphWords.Stem(definition)}.",
            Author = "Stemsharp; weights by their trainers",
            License = source.Licence?.ToString() ?? Unknown,
            VersionString = "1",
        };
        void Add(string key, string value) => metadata.UserDefined.Add(Prefix + key, value);
        void AddNumber(string key, double value) => Add(key, value.ToString("R", CultureInfo.InvariantCulture));
        Add("contract", "1");
        Add("stems", string.Join(',', stems));
        AddNumber("sample_rate", definition.SampleRate);
        AddNumber("channels", definition.Channels);
        AddNumber("segment_samples", samples);
        if (definition.Transform is { } transform)
        {
            AddNumber("frames", transform.Frames(samples));
            AddNumber("bins", transform.Bins);
            AddNumber("n_fft", transform.Nfft);
            AddNumber("hop", transform.Hop);
            Add("window", transform.Window == TransformWindow.Hann ? "hann, periodic" : "none");
            Add("framing", Framing(transform, samples));
            Add("spectrogram_channels", GraphWords.Parts(definition, ","));
        }

        AddNumber("overlap", 1 - (double)definition.Cut.StepNumerator / definition.Cut.StepDenominator);
        Add("definition", DefinitionJson.ToText(definition.At(samples) with { Stems = [.. stems] }));
        Add("precision", options.Precision.ToString().ToLowerInvariant());
        if (options.PaletteBits is { } bits)
        {
            AddNumber("palette_bits", bits);
            AddNumber("palette_group", options.PaletteGroup);
            Add("palette_kept", string.Join(',', options.PaletteKeep ?? PalettePolicy.KeptDefault));
        }

        Add("source", source.Signature);
        if (source.Sha256 is { } sha)
        {
            Add("source_sha256", sha);
        }

        Add("license", source.Licence?.Text ?? Unknown);
        if (source.Licence is { } licence)
        {
            Add("license_stated_by", licence.StatedBy);
            if (licence.Link is { } link)
            {
                Add("license_link", link.AbsoluteUri);
            }
        }

        if (source.Weights is { } weights)
        {
            Add("blend_weights", string.Join(',', weights.Select(w => w.ToString("R", CultureInfo.InvariantCulture))));
        }

        return metadata;
    }

    // In words; the definition has it as data.
    private static string Framing(TransformDefinition transform, int samples)
    {
        int end = transform.PaddedSamples(samples) - transform.PadStart - samples;
        List<string> steps = [];
        if (transform.PadStart > 0 || end > 0)
        {
            steps.Add($"{(transform.PadMode == PaddingMode.Reflect ? "reflect" : "zeros:")} {transform.PadStart} left and {end} right");
        }

        steps.Add($"centred STFT{(transform.Normalized ? " scaled by 1/sqrt(n_fft)" : "")}");
        if (transform.Bins <= transform.Nfft / 2 || transform.DroppedFrames > 0)
        {
            steps.Add($"bins from {transform.Bins} on and {transform.DroppedFrames} frames at each side dropped");
        }

        return string.Join("; ", steps);
    }
}

/// <summary>The checkpoint that a package is made from.</summary>
/// <param name="Family">The network's architecture.</param>
/// <param name="Signature">What it was named by when it was trained.</param>
/// <param name="Sha256">Its checksum, if it is a file.</param>
/// <param name="Licence">The licence of its numbers as the catalog has it, if anybody stated one.</param>
/// <param name="Weights">In a bag, this network's weight for each exported stem.</param>
internal sealed record PackageSource(string Family, string Signature, string? Sha256 = null, ModelLicence? Licence = null, IReadOnlyList<double>? Weights = null);
