namespace Stemsharp.Evaluation;

/// <summary>The BSS eval scores of one stem in one frame, all in dB; NaN where a stem is silent.</summary>
/// <param name="Sdr">Signal to distortion: everything that is not the true stem counts.</param>
/// <param name="Isr">Image to spatial distortion: only what filtering the true stem can explain counts.</param>
/// <param name="Sir">Signal to interference: only what filtering the other stems can explain counts.</param>
/// <param name="Sar">Signal to artefacts: only what no filtered stem explains counts.</param>
public readonly record struct FrameScores(double Sdr, double Isr, double Sir, double Sar)
{
    /// <summary>A frame without scores.</summary>
    public static FrameScores Undefined { get; } = new(double.NaN, double.NaN, double.NaN, double.NaN);
}

/// <summary>How well one stem of one track was separated. Ratios are in dB; NaN where they are undefined.</summary>
public sealed record StemScores
{
    /// <summary>The stem's name.</summary>
    public required string Stem { get; init; }

    /// <summary>
    /// Over the whole track and all channels, 10·log10(Σs²/Σ(s − ŝ)²): signal to noise, which MDX and the
    /// original's training log call SDR. NaN for a silent reference.
    /// </summary>
    public required double GlobalSdr { get; init; }

    /// <summary>
    /// Scale-invariant SDR over the whole track, one gain for all channels: |αs|²/|αs − ŝ|² with
    /// α = ⟨ŝ, s⟩/|s|² (Le Roux et al. 2019).
    /// </summary>
    public required double SiSdr { get; init; }

    /// <summary><see cref="GlobalSdr"/> of the unseparated mixture, the level to beat; NaN without a mixture.</summary>
    public required double MixtureSdr { get; init; }

    /// <summary>The scores frame by frame.</summary>
    public required IReadOnlyList<FrameScores> Frames { get; init; }

    /// <summary>Median of the frames' SDR: the number that papers report per track.</summary>
    public double Sdr => Statistics.Median(Frames.Select(frame => frame.Sdr));

    /// <summary>Median of the frames' ISR.</summary>
    public double Isr => Statistics.Median(Frames.Select(frame => frame.Isr));

    /// <summary>Median of the frames' SIR.</summary>
    public double Sir => Statistics.Median(Frames.Select(frame => frame.Sir));

    /// <summary>Median of the frames' SAR.</summary>
    public double Sar => Statistics.Median(Frames.Select(frame => frame.Sar));
}

/// <summary>How well one track was separated.</summary>
public sealed record TrackScores
{
    /// <summary>The track's name.</summary>
    public required string Track { get; init; }

    /// <summary>Frames per second of audio.</summary>
    public required int SampleRate { get; init; }

    /// <summary>Samples per channel.</summary>
    public required long Length { get; init; }

    /// <summary>The stems, in the order in which they were given.</summary>
    public required IReadOnlyList<StemScores> Stems { get; init; }
}
