using Stemsharp.Cli.Batches;

namespace Stemsharp.Cli.Progress;

/// <summary>Shows how a batch goes on. One caller at a time for a track; tracks follow one another.</summary>
internal interface IBatchView : IDisposable
{
    /// <summary>The batch begins.</summary>
    /// <param name="tracks">How many tracks.</param>
    /// <param name="model">The model's name.</param>
    /// <param name="folder">The output folder, or "-".</param>
    void Begin(int tracks, string model, string folder);

    /// <summary>The next track begins.</summary>
    /// <param name="index">Its place in the batch, from 0.</param>
    /// <param name="track">The input.</param>
    ITrackView Track(int index, Track track);

    /// <summary>A track's duration is known, maybe long before it begins; from any thread.</summary>
    /// <param name="index">Its place in the batch, from 0.</param>
    /// <param name="seconds">Its duration.</param>
    void Length(int index, double seconds);

    /// <summary>Something to know besides.</summary>
    void Note(string message);

    /// <summary>The batch is over.</summary>
    void End(IReadOnlyList<TrackOutcome> outcomes, TimeSpan elapsed, int exitCode);
}

/// <summary>Shows how one track goes on.</summary>
internal interface ITrackView
{
    /// <summary>How far it is; may be called from any thread and as often as convenient.</summary>
    void Report(in TrackProgress progress);

    /// <summary>It ended.</summary>
    void End(TrackOutcome outcome);
}

/// <summary>How far a track is.</summary>
/// <param name="Phase">What is being done, such as "reading" or "separating".</param>
/// <param name="Fraction">0 … 1 of the whole track.</param>
/// <param name="AudioSeconds">The track's length; 0 while unknown.</param>
/// <param name="Elapsed">Time since it began.</param>
internal readonly record struct TrackProgress(string Phase, double Fraction, double AudioSeconds, TimeSpan Elapsed)
{
    /// <summary>Seconds of audio separated in a second of work; 0 while unknown.</summary>
    internal double Speed => Pace.Speed(AudioSeconds * Fraction, Elapsed);

    /// <summary>Time still to go; null while it can't be told.</summary>
    internal TimeSpan? Remaining => Pace.Remaining(Fraction, Elapsed);
}
