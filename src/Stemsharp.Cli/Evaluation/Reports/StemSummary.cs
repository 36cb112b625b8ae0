using Stemsharp.Evaluation;

namespace Stemsharp.Cli.Evaluation.Reports;

/// <summary>One stem's scores over all tracks: medians as publications give them, means beside.</summary>
/// <param name="Stem">Its name.</param>
/// <param name="Tracks">Tracks that have it.</param>
/// <param name="Medians">In the order of <see cref="ScoreColumn.All"/>.</param>
/// <param name="Means">Likewise.</param>
internal sealed record StemSummary(string Stem, int Tracks, IReadOnlyList<double> Medians, IReadOnlyList<double> Means)
{
    /// <summary>A summary of every stem, then one named <c>all</c>: the mean over the stems, where there are several.</summary>
    internal static IReadOnlyList<StemSummary> Of(EvaluationRun run)
    {
        List<StemSummary> summaries = [.. run.Stems.Select(stem => new StemSummary(
            stem,
            run.Of(stem).Count(),
            [.. ScoreColumn.All.Select(column => Statistics.Median(run.Of(stem).Select(column.Read)))],
            [.. ScoreColumn.All.Select(column => Statistics.Mean(run.Of(stem).Select(column.Read)))]))];
        if (summaries.Count > 1)
        {
            summaries.Add(new StemSummary(
                "all",
                run.Tracks.Count,
                [.. ScoreColumn.All.Select((_, i) => Statistics.Mean(summaries.Select(stem => stem.Medians[i])))],
                [.. ScoreColumn.All.Select((_, i) => Statistics.Mean(summaries.Select(stem => stem.Means[i])))]));
        }

        return summaries;
    }
}
