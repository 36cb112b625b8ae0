using Stemsharp.Audio;

namespace Stemsharp;

/// <summary>How stems become files. Immutable; the defaults write <c>FOLDER/MODEL/TRACK/STEM.wav</c>, 16 bit.</summary>
public sealed record StemFileOptions
{
    /// <summary>Format, depth, rate, dither, tags. Default 16-bit WAV at the model's rate.</summary>
    public EncodingOptions Encoding { get; init; } = new();

    /// <summary>
    /// Whether files have the input's own sample rate instead of the one in <see cref="Encoding"/>, and its own length where
    /// that is known exactly. Default false.
    /// </summary>
    public bool KeepSampleRate { get; init; }

    /// <summary>
    /// Whether lossless files have the input's own depth instead of the one in <see cref="Encoding"/>: 16, 24 or 32 bit or float;
    /// 16 bit for compressed and 8-bit inputs, float for samples in memory. FLAC has 24 bit for what is deeper. Default false.
    /// </summary>
    public bool KeepDepth { get; init; }

    /// <summary>
    /// Whether files carry the input's tags and cover instead of those in <see cref="Encoding"/>, the stem's name behind the
    /// title. Default false.
    /// </summary>
    public bool CopyTags { get; init; }

    /// <summary>
    /// What happens to samples above full scale. Default <see cref="ClipMode.Rescale"/>: a stem that exceeds it is
    /// made quieter as a whole; its floats wait in a temporary file until its peak is known.
    /// </summary>
    public ClipMode ClipMode { get; init; } = ClipMode.Rescale;

    /// <summary>Whether <see cref="ClipMode.Rescale"/> uses one gain for all stems, which keeps their balance. Default false.</summary>
    public bool SharedGain { get; init; }

    /// <summary>
    /// The stem that takes what the stems lack to add up exactly to the mix. Needs all stems and a lossless format at the model's
    /// rate, or at the input's by <see cref="KeepSampleRate"/>. What fits stays as it is; if a stem does not, one gain for all of them and the mix takes the clip mode's
    /// place. Default null: stems are left as they are.
    /// </summary>
    public string? ResidualStem { get; init; }

    /// <summary>
    /// Names a stem's file from the model's name, the input's name without its extension, and the stem's name. Default
    /// <c>MODEL/TRACK/STEM</c> with the format's extension; relative to the folder.
    /// </summary>
    public Func<string, string, string, string>? FileName { get; init; }
}

/// <summary>A song's stems as files.</summary>
/// <param name="Summary">What was done.</param>
/// <param name="Files">Full path of each stem's file, by stem.</param>
/// <param name="Gains">What each stem was multiplied with; 1 for unchanged.</param>
/// <param name="NullDecibels">
/// With a residual stem: energy of the mix less all stems against the mix, in dB, of the model's stems and of the files;
/// minus infinity where nothing is left.
/// </param>
public sealed record SeparatedFiles(
    SeparationSummary Summary,
    IReadOnlyDictionary<string, string> Files,
    IReadOnlyDictionary<string, float> Gains,
    (double Before, double After)? NullDecibels = null);
