namespace Stemsharp.Cli.Progress;

/// <summary>What there is to know besides a run's results: lines of their own, and where a view shows the run, part of it.</summary>
/// <param name="error">Where it is said before there is a view.</param>
/// <param name="json">Say it as JSON lines.</param>
/// <param name="quiet">Whether the view leaves notes out: what engines report is said all the same, since it tells of what went wrong.</param>
internal sealed class Notes(TextWriter error, bool json, bool quiet) : IProgress<string>
{
    /// <summary>The view that has the terminal; null for none.</summary>
    internal IBatchView? View { get; set; }

    public void Report(string value)
    {
        if (View is { } view && (json || !quiet))
        {
            view.Note(value);
        }
        else if (json)
        {
            new JsonLines(error).Note(value);
        }
        else
        {
            error.WriteLine($"stemsharp: {value}");
        }
    }
}
