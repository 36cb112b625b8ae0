using Stemsharp.Cli.Batches;

namespace Stemsharp.Cli.Progress;

/// <summary>A view whose tracks' ends go to a report, too.</summary>
/// <param name="view">The view.</param>
/// <param name="report">Gets them; null for none.</param>
/// <param name="model">What separates.</param>
internal sealed class ReportedView(IBatchView view, ReportFile? report, string model) : IBatchView
{
    public void Begin(int tracks, string model, string folder) => view.Begin(tracks, model, folder);

    public ITrackView Track(int index, Track track) => new TrackView(this, view.Track(index, track));

    public void Length(int index, double seconds) => view.Length(index, seconds);

    public void Note(string message) => view.Note(message);

    public void End(IReadOnlyList<TrackOutcome> outcomes, TimeSpan elapsed, int exitCode) => view.End(outcomes, elapsed, exitCode);

    /// <summary>The view stays its owner's.</summary>
    public void Dispose()
    {
    }

    private sealed class TrackView(ReportedView owner, ITrackView track) : ITrackView
    {
        public void Report(in TrackProgress progress) => track.Report(progress);

        public void End(TrackOutcome outcome)
        {
            track.End(outcome);
            owner.Report(outcome);
        }
    }

    private void Report(TrackOutcome outcome) => report?.Add(model, outcome);
}
