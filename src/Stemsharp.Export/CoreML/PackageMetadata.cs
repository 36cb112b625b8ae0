using System.Globalization;
using Stemsharp.Export.CoreML.Palettization;
using Stemsharp.Export.CoreML.Schema;
using Stemsharp.Model;

namespace Stemsharp.Export.CoreML;

/// <summary>What a host has to know beside the tensors, as the package's description and user metadata.</summary>
internal static class PackageMetadata
{
    public const string Prefix = "com.stemsharp.";

    /// <param name="config">The network.</param>
    /// <param name="source">Where the weights came from.</param>
    /// <param name="samples">Samples of a segment.</param>
    /// <param name="stems">Stems in the order of the outputs' stem axis.</param>
    /// <param name="options">What was asked for.</param>
    public static Metadata Create(HTDemucsConfig config, PackageSource source, int samples, IReadOnlyList<string> stems, CoreMLExportOptions options)
    {
        string license = source.License ?? "See the model's source.";
        Metadata metadata = new()
        {
            ShortDescription = $"HTDemucs, music source separation: {string.Join(", ", stems)}. One segment of {samples} stereo samples at {config.Samplerate} Hz. A stem is the inverse STFT of its spectrogram plus its waveform.",
            Author = "Stemsharp; weights by their trainers",
            License = license,
            VersionString = "1",
        };
        void Add(string key, string value) => metadata.UserDefined.Add(Prefix + key, value);
        void AddNumber(string key, double value) => Add(key, value.ToString("R", CultureInfo.InvariantCulture));
        Add("contract", "1");
        Add("stems", string.Join(',', stems));
        AddNumber("sample_rate", config.Samplerate);
        AddNumber("channels", config.AudioChannels);
        AddNumber("segment_samples", samples);
        AddNumber("frames", config.Frames(samples));
        AddNumber("bins", config.Bins);
        AddNumber("n_fft", config.Nfft);
        AddNumber("hop", config.HopLength);
        Add("window", "hann, periodic");
        Add("framing", $"reflect {3 * config.HopLength / 2} left and {3 * config.HopLength / 2} + up to a whole hop right; centred STFT scaled by 1/sqrt(n_fft); top bin and two frames at each side dropped");
        Add("spectrogram_channels", string.Join(',', Enumerable.Range(0, config.AudioChannels).SelectMany(c => new[] { $"{(c == 0 ? "left" : "right")}.re", $"{(c == 0 ? "left" : "right")}.im" })));
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

        Add("license", license);
        if (source.Weights is { } weights)
        {
            Add("blend_weights", string.Join(',', weights.Select(w => w.ToString("R", CultureInfo.InvariantCulture))));
        }

        return metadata;
    }
}

/// <summary>The checkpoint that a package is made from.</summary>
/// <param name="Signature">What it was named by when it was trained.</param>
/// <param name="Sha256">Its checksum, if it is a file.</param>
/// <param name="License">The weights' licence, if known.</param>
/// <param name="Weights">In a bag, this network's weight for each exported stem.</param>
internal sealed record PackageSource(string Signature, string? Sha256 = null, string? License = null, IReadOnlyList<double>? Weights = null);
