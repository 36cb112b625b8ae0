using Stemsharp.Cli.Batches;

namespace Stemsharp.Cli.Progress;

/// <summary>Says nothing but what went wrong.</summary>
internal sealed class QuietView(TextWriter error) : IBatchView
{
    public void Begin(int tracks, string model, string folder) { }

    public ITrackView Track(int index, Track track) => new TrackView(error);

    public void Length(int index, double seconds) { }

    public void Note(string message) { }

    public void End(IReadOnlyList<TrackOutcome> outcomes, TimeSpan elapsed, int exitCode) { }

    public void Dispose() { }

    private sealed class TrackView(TextWriter error) : ITrackView
    {
        public void Report(in TrackProgress progress) { }

        public void End(TrackOutcome outcome)
        {
            if (outcome.Status == TrackStatus.Failed)
            {
                error.WriteLine($"stemsharp: {OutcomeWords.Of(outcome)}");
            }

            foreach (string warning in outcome.Warnings)
            {
                error.WriteLine($"stemsharp: {outcome.Track.Shown}: {warning}");
            }
        }
    }
}
