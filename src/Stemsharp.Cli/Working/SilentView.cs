using Stemsharp.Cli.Batches;
using Stemsharp.Cli.Progress;

namespace Stemsharp.Cli.Working;

/// <summary>Shows nothing: what becomes of a job stands in its record, and how far it is in its worker's.</summary>
/// <param name="progress">Gets how much of the track is done, 0 … 1.</param>
internal sealed class SilentView(Action<double> progress) : IBatchView
{
    public void Begin(int tracks, string model, string folder) { }

    public ITrackView Track(int index, Track track) => new TrackView(progress);

    public void Length(int index, double seconds) { }

    public void Note(string message) { }

    public void End(IReadOnlyList<TrackOutcome> outcomes, TimeSpan elapsed, int exitCode) { }

    public void Dispose() { }

    private sealed class TrackView(Action<double> told) : ITrackView
    {
        public void Report(in TrackProgress progress) => told(progress.Fraction);

        public void End(TrackOutcome outcome) { }
    }
}
