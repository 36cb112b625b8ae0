using Stemsharp.Inference;

namespace Stemsharp.Separation;

/// <summary>How a track is cut, blended and normalised around the network.</summary>
internal sealed record SeparationSettings
{
    /// <summary>Share of a segment that overlaps the next one, 0 … 0.99; null for each network's own.</summary>
    public double? Overlap { get; init; }

    /// <summary>Power of the triangular cross-fade, at least 1.</summary>
    public double TransitionPower { get; init; } = 1;

    /// <summary>Samples per segment; null for the network's own length.</summary>
    public int? SegmentSamples { get; init; }

    /// <summary>Whether the track is cut into segments at all.</summary>
    public bool Split { get; init; } = true;

    /// <summary>
    /// Offsets of the runs that are averaged, by position in the bag and the network's largest one; each within 0 … that. Null for the
    /// plain run.
    /// </summary>
    public Func<int, int, IReadOnlyList<int>>? Offsets { get; init; }

    /// <summary>Stands for the networks' own normalization in tests. Null for their own.</summary>
    public TrackNormalization? Normalization { get; init; }

    /// <summary>Threads for the work around an engine that lends none, at least 1.</summary>
    public int Threads { get; init; } = 1;

    /// <summary>Notes when stages began and ended; null for nobody.</summary>
    public Timeline? Timeline { get; init; }

    /// <summary>Where samples of a bag wait for its other networks.</summary>
    public string? TemporaryFolder { get; init; }
}
