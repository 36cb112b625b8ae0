namespace Stemsharp.Separation;

/// <summary>How a track is cut, blended and normalised around the network.</summary>
internal sealed record SeparationSettings
{
    /// <summary>Share of a segment that overlaps the next one, 0 … 0.99.</summary>
    public double Overlap { get; init; } = 0.25;

    /// <summary>Power of the triangular cross-fade, at least 1.</summary>
    public double TransitionPower { get; init; } = 1;

    /// <summary>Samples per segment; null for the network's own length.</summary>
    public int? SegmentSamples { get; init; }

    /// <summary>Whether the track is cut into segments at all.</summary>
    public bool Split { get; init; } = true;

    /// <summary>Offsets of the runs that are averaged, by position in the bag; each within 0 … half a second.</summary>
    public Func<int, IReadOnlyList<int>>? Offsets { get; init; }

    /// <summary>Whether the track's mean and deviation are taken out before the network and put back after it.</summary>
    public bool Normalize { get; init; } = true;

    /// <summary>Where samples of a bag wait for its other networks.</summary>
    public string? TemporaryFolder { get; init; }
}
