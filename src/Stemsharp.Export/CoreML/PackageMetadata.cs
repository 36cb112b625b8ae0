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
            ShortDescription = $"{source.Family}, music source separation: {string.Join(", ", stems)}. One segment of {samples} stereo samples at {definition.SampleRate} Hz. A stem is the inverse STFT of its spectrogram plus its waveform.",
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
        TransformDefinition transform = definition.Transform is { IsQuarterHop: true } known
            ? known
            : throw new ModelException($"CoreML packages with the transform {definition.Transform} are not supported.");
        AddNumber("frames", transform.Frames(samples));
        AddNumber("bins", transform.Bins);
        AddNumber("n_fft", transform.Nfft);
        AddNumber("hop", transform.Hop);
        Add("window", "hann, periodic");
        Add("framing", $"reflect {transform.PadStart} left and {transform.PadStart} + up to a whole hop right; centred STFT scaled by 1/sqrt(n_fft); top bin and two frames at each side dropped");
        Add("spectrogram_channels", string.Join(',', Enumerable.Range(0, definition.Channels).SelectMany(c => new[] { $"{(c == 0 ? "left" : "right")}.re", $"{(c == 0 ? "left" : "right")}.im" })));
        Add("overlap", "0.25");
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
}

/// <summary>The checkpoint that a package is made from.</summary>
/// <param name="Family">The network's architecture.</param>
/// <param name="Signature">What it was named by when it was trained.</param>
/// <param name="Sha256">Its checksum, if it is a file.</param>
/// <param name="Licence">The licence of its numbers as the catalog has it, if anybody stated one.</param>
/// <param name="Weights">In a bag, this network's weight for each exported stem.</param>
internal sealed record PackageSource(string Family, string Signature, string? Sha256 = null, ModelLicence? Licence = null, IReadOnlyList<double>? Weights = null);
