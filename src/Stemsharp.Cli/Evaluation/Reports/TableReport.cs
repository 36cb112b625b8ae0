using Spectre.Console;

namespace Stemsharp.Cli.Evaluation.Reports;

/// <summary>The table on the terminal.</summary>
internal static class TableReport
{
    /// <summary>Writes each stem's medians over tracks.</summary>
    /// <param name="output">Where to; colours only where it is a terminal that shows them.</param>
    /// <param name="run">What to show.</param>
    internal static void Write(TextWriter output, EvaluationRun run)
    {
        IAnsiConsole console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Out = new AnsiConsoleOutput(output),
            Ansi = AnsiSupport.No,
            ColorSystem = ColorSystemSupport.NoColors,
            Interactive = InteractionSupport.No,
        });
        // A pipe has no width of its own; a table must not be cut for it.
        console.Profile.Width = 120;
        Table table = new Table { Border = TableBorder.Simple }.AddColumn("stem");
        foreach (ScoreColumn column in ScoreColumn.All)
        {
            table.AddColumn(new TableColumn(column.Name).RightAligned());
        }

        foreach (StemSummary stem in StemSummary.Of(run))
        {
            table.AddRow([Markup.Escape(stem.Stem), .. stem.Medians.Select(ScoreText.Decibels)]);
        }

        console.Write(table);
        output.WriteLine($"dB; medians of {run.Options.Window:0.###} s frames{(run.Tracks.Count > 1 ? $", then of {run.Tracks.Count} tracks" : "")}; {run.Estimates} against {run.References}");
    }
}
