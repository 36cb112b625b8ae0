using Stemsharp.Cli.Batches;
using Stemsharp.Cli.Text;

namespace Stemsharp.Cli.Progress;

/// <summary>What became of tracks, in the words that every view shares.</summary>
internal static class OutcomeWords
{
    internal static string Of(TrackOutcome outcome) => outcome.Status switch
    {
        TrackStatus.Done => $"{outcome.Track.Shown}: {outcome.Files.Count} file{Words.Plural(outcome.Files.Count)} in " +
            $"{Words.Duration(TimeSpan.FromSeconds(outcome.ElapsedSeconds))}" +
            (outcome.AudioSeconds > 0 && outcome.ElapsedSeconds > 0
                ? $" ({Words.Speed(outcome.AudioSeconds / outcome.ElapsedSeconds)})" : ""),
        TrackStatus.Skipped => $"{outcome.Track.Shown}: already done",
        _ => $"{outcome.Track.Shown}: {outcome.Message}",
    };

    internal static string Summary(IReadOnlyList<TrackOutcome> outcomes, TimeSpan elapsed)
    {
        int done = outcomes.Count(o => o.Status == TrackStatus.Done);
        int skipped = outcomes.Count(o => o.Status == TrackStatus.Skipped);
        int failed = outcomes.Count(o => o.Status == TrackStatus.Failed);
        List<string> parts = [$"{done} done"];
        if (skipped > 0)
        {
            parts.Add($"{skipped} already done");
        }

        if (failed > 0)
        {
            parts.Add($"{failed} failed");
        }

        return $"{outcomes.Count} track{Words.Plural(outcomes.Count)}: {string.Join(", ", parts)} in {Words.Duration(elapsed)}";
    }
}
