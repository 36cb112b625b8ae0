using Stemsharp.Cli.Batches;
using Stemsharp.Cli.Text;

namespace Stemsharp.Cli.Progress;

/// <summary>Lines of text, for logs and pipes: one when a track begins, one at each tenth, one at its end.</summary>
/// <param name="error">Where they go.</param>
/// <param name="progress">Say how tracks go on; otherwise only what becomes of them.</param>
internal sealed class PlainView(TextWriter error, bool progress) : IBatchView
{
    private int _tracks;
    private BatchClock _clock = new(0);

    public void Begin(int tracks, string model, string folder)
    {
        _tracks = tracks;
        _clock = new BatchClock(tracks);
        if (folder != "-")
        {
            error.WriteLine($"Stems go to {folder}");
        }
    }

    public ITrackView Track(int index, Track track)
    {
        string prefix = _tracks > 1 ? $"[{index + 1}/{_tracks}] " : "";
        if (progress)
        {
            error.WriteLine($"{prefix}{track.Shown}");
        }

        return new TrackView(this, index, prefix);
    }

    public void Length(int index, double seconds) => _clock.Length(index, seconds);

    public void Note(string message) => error.WriteLine(message);

    public void End(IReadOnlyList<TrackOutcome> outcomes, TimeSpan elapsed, int exitCode)
    {
        if (outcomes.Count > 1)
        {
            error.WriteLine(OutcomeWords.Summary(outcomes, elapsed));
        }
    }

    public void Dispose() => error.Flush();

    private bool ShowsProgress => progress;

    private void Write(string line) => error.WriteLine(line);

    private sealed class TrackView(PlainView view, int index, string prefix) : ITrackView
    {
        private readonly Lock _lock = new();
        private int _tenth;

        public void Report(in TrackProgress progress)
        {
            lock (_lock)
            {
                view._clock.Report(index, progress);
                int tenth = (int)(progress.Fraction * 10 + 1e-9);
                if (!view.ShowsProgress || tenth <= _tenth || tenth >= 10)
                {
                    return;
                }

                _tenth = tenth;
                string remaining = progress.Remaining is { } left ? $", {Words.Duration(left)} left" : "";
                string speed = progress.Speed > 0 ? $", {Words.Speed(progress.Speed)}" : "";
                string batch = view._tracks > 1
                    ? $"; all tracks {(int)(100 * view._clock.Fraction)} %{(view._clock.Remaining is { } all ? $", {Words.Duration(all)} left" : "")}"
                    : "";
                view.Write($"{prefix}{tenth * 10} %{remaining}{speed}{batch}");
            }
        }

        public void End(TrackOutcome outcome)
        {
            lock (_lock)
            {
                view._clock.End(index, outcome);
                view.Write($"{prefix}{(outcome.Status == TrackStatus.Failed ? "failed: " : "")}{OutcomeWords.Of(outcome)}");
                if (outcome.NullDecibels is { } nulls)
                {
                    view.Write($"{prefix}{Words.Null(nulls)}");
                }

                foreach (string warning in outcome.Warnings)
                {
                    view.Write($"{prefix}note: {warning}");
                }
            }
        }
    }
}
