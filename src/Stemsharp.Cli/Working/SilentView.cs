using Stemsharp.Cli.Batches;
using Stemsharp.Cli.Progress;

namespace Stemsharp.Cli.Working;

/// <summary>Shows nothing: what becomes of a job stands in its record.</summary>
internal sealed class SilentView : IBatchView
{
    public void Begin(int tracks, string model, string folder) { }

    public ITrackView Track(int index, Track track) => new TrackView();

    public void Length(int index, double seconds) { }

    public void Note(string message) { }

    public void End(IReadOnlyList<TrackOutcome> outcomes, TimeSpan elapsed, int exitCode) { }

    public void Dispose() { }

    private sealed class TrackView : ITrackView
    {
        public void Report(in TrackProgress progress) { }

        public void End(TrackOutcome outcome) { }
    }
}
