using Stemsharp.Cli.Hosting;

namespace Stemsharp.Cli.Progress;

/// <summary>Chooses how progress is shown.</summary>
internal static class BatchViews
{
    internal const string Auto = "auto";
    internal const string Bar = "bar";
    internal const string Plain = "plain";
    internal const string Json = "json";
    internal const string None = "none";

    internal static readonly string[] Names = [Auto, Bar, Plain, Json, None];

    /// <summary>Makes the view: bars only where standard error is a terminal that can move its cursor.</summary>
    internal static IBatchView Create(string name, bool quiet, TextWriter error)
    {
        if (quiet && name is Auto or None)
        {
            return new QuietView(error);
        }

        return name switch
        {
            Json => new JsonView(error),
            None => new PlainView(error, progress: false),
            Plain => new PlainView(error, progress: true),
            Bar => new LiveView(error),
            _ => StatusLine.IsTerminal(error) ? new LiveView(error) : new PlainView(error, progress: true),
        };
    }

    /// <summary>How downloads before the work are shown.</summary>
    internal static IProgress<DownloadProgress> Downloads(string name, bool quiet, TextWriter error) =>
        name == Json ? new JsonDownloadView(error) : new DownloadView(error, quiet, progress: name != None);
}
