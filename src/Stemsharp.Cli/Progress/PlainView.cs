using Stemsharp.Cli.Batches;
using Stemsharp.Cli.Text;

namespace Stemsharp.Cli.Progress;

/// <summary>Lines of text, for logs and pipes: one when a track begins, one at each tenth, one at its end.</summary>
internal sealed class PlainView(TextWriter error) : IBatchView
{
    private int _tracks;

    public void Begin(int tracks, string model, string folder)
    {
        _tracks = tracks;
        if (folder != "-")
        {
            error.WriteLine($"Stems go to {folder}");
        }
    }

    public ITrackView Track(int index, string name)
    {
        string prefix = _tracks > 1 ? $"[{index + 1}/{_tracks}] " : "";
        error.WriteLine($"{prefix}{name}");
        return new TrackView(error, prefix);
    }

    public void Note(string message) => error.WriteLine(message);

    public void End(IReadOnlyList<TrackOutcome> outcomes, TimeSpan elapsed, int exitCode)
    {
        if (outcomes.Count > 1)
        {
            error.WriteLine(OutcomeWords.Summary(outcomes, elapsed));
        }
    }

    public void Dispose() => error.Flush();

    private sealed class TrackView(TextWriter error, string prefix) : ITrackView
    {
        private readonly Lock _lock = new();
        private int _tenth;

        public void Report(in TrackProgress progress)
        {
            lock (_lock)
            {
                int tenth = (int)(progress.Fraction * 10 + 1e-9);
                if (tenth <= _tenth || tenth >= 10)
                {
                    return;
                }

                _tenth = tenth;
                string remaining = progress.Remaining is { } left ? $", {Words.Duration(left)} left" : "";
                string speed = progress.Speed > 0 ? $", {Words.Speed(progress.Speed)}" : "";
                error.WriteLine($"{prefix}{tenth * 10} %{remaining}{speed}");
            }
        }

        public void End(TrackOutcome outcome)
        {
            lock (_lock)
            {
                error.WriteLine($"{prefix}{(outcome.Status == TrackStatus.Failed ? "failed: " : "")}{OutcomeWords.Of(outcome)}");
                if (outcome.NullDecibels is { } nulls)
                {
                    error.WriteLine($"{prefix}{Words.Null(nulls)}");
                }

                foreach (string warning in outcome.Warnings)
                {
                    error.WriteLine($"{prefix}note: {warning}");
                }
            }
        }
    }
}
