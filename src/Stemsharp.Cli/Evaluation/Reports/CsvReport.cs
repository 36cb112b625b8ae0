namespace Stemsharp.Cli.Evaluation.Reports;

/// <summary>A row for each track and stem (RFC 4180); undefined scores are empty.</summary>
internal static class CsvReport
{
    /// <summary>Writes the report.</summary>
    internal static void Write(TextWriter csv, EvaluationRun run)
    {
        csv.Write($"track,stem,{string.Join(',', ScoreColumn.All.Select(column => column.Key))},frames\r\n");
        foreach (JudgedTrack track in run.Tracks)
        {
            foreach (Stemsharp.Evaluation.StemScores stem in track.Scores.Stems)
            {
                csv.Write($"{Field(track.Scores.Track)},{Field(stem.Stem)},{string.Join(',', ScoreColumn.All.Select(column => ScoreText.Plain(column.Read(stem))))},{stem.Frames.Count}\r\n");
            }
        }
    }

    private static string Field(string text) =>
        text.AsSpan().ContainsAny(",\"\r\n") ? $"\"{text.Replace("\"", "\"\"", StringComparison.Ordinal)}\"" : text;
}
