namespace Stemsharp.Cli.Progress;

/// <summary>What there is to know besides a run's results: lines of their own, and where a view shows the run, part of it.</summary>
/// <param name="error">Where it is said before there is a view.</param>
/// <param name="json">Say it as JSON lines.</param>
/// <param name="quiet">Say nothing.</param>
internal sealed class Notes(TextWriter error, bool json, bool quiet) : IProgress<string>
{
    /// <summary>The view that has the terminal; null for none.</summary>
    internal IBatchView? View { get; set; }

    public void Report(string value)
    {
        if (View is { } view)
        {
            view.Note(value);
        }
        else if (json)
        {
            new JsonLines(error).Note(value);
        }
        else if (!quiet)
        {
            error.WriteLine($"stemsharp: {value}");
        }
    }
}
