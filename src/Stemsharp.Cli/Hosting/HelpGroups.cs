using System.CommandLine;

namespace Stemsharp.Cli.Hosting;

/// <summary>Options that are shown together.</summary>
/// <param name="Title">Their heading.</param>
/// <param name="Options">In their order.</param>
/// <param name="IsCommon">Whether <c>--help</c> shows them by themselves.</param>
internal sealed record HelpGroup(string Title, IReadOnlyList<Option> Options, bool IsCommon = false);

/// <summary>In which groups help shows a command's options. What stands in no group comes under "Options".</summary>
internal static class HelpGroups
{
    private const string Common = "Common options", Rest = "Options";

    private static readonly (string Title, string[] Options) s_engine =
        ("Engine", ["--engine", "--device", "--precision", "--fallback", "--provider", "--onnxruntime", "--provider-library", "--workspace", "--provider-option"]);

    private static readonly (string Title, string[] Options)[] s_separate =
    [
        (Common, ["--model", "--out", "--stems", "--two-stems", "--format", "--shifts", "--engine", "--overwrite"]),
        ("Model", ["--chain", "--repo", "--offline", "--accept-licence", "--zero-dc", "--list-models"]),
        ("Arrays", ["--list", "--shard", "--shard-base", "--report"]),
        ("Input", ["--start", "--duration", "--downmix", "--stream", "--keep-offset", "--decoder", "--strict"]),
        ("Stems", ["--instrumental", "--acapella", "--single_stem", "--other-method", "--exact-sum", "--residual"]),
        ("Files", ["--flac", "--mp3", "--output_format", "--bitrate", "--mp3-bitrate", "--mp3-preset", "--depth", "--int24", "--float32", "--rate", "--clip-mode", "--no-dither", "--no-tags"]),
        ("Places", ["--filename", "--layout", "--no-model-folder", "--resume", "--pipe"]),
        ("Work", ["--overlap", "--segment", "--no-split", "--seed", "--threads", "--parallel-segments", "--max-memory", "--jobs"]),
        s_engine,
        ("Messages", ["--progress", "--quiet", "--verbose", "--json"]),
    ];

    private static readonly (string Title, string[] Options)[] s_submit =
    [
        (Common, ["--queue", "--model", "--out", "--list", "--stems", "--two-stems", "--format", "--lane", "--upload", "--put"]),
        ("Jobs", ["--max-failures", "--max-deaths", "--again", "--lease"]),
        .. s_separate[1..].Where(group => group.Title is not ("Arrays" or "Messages")),
    ];

    private static readonly (string Title, string[] Options)[] s_work =
    [
        (Common, ["--queue", "--models", "--engine", "--threads", "--max-memory", "--until-empty", "--progress"]),
        ("Jobs", ["--most", "--lease"]),
        ("Model", ["--repo", "--offline", "--accept-licence"]),
        ("Work", ["--parallel-segments"]),
        s_engine,
    ];

    private static readonly (string Title, string[] Options)[] s_serve =
    [
        (Common, ["--port", "--data", "--no-browser", "--model", "--engine", "--allow-path", "--offline", "--threads"]),
        ("Limits", ["--max-disk", "--max-upload", "--max-duration", "--keep"]),
        ("Network", ["--lan", "--listen", "--host-name", "--tls-certificate", "--tls-key", "--behind-proxy"]),
        s_engine,
    ];

    /// <summary>A command's groups with the options that it has; help itself is in none.</summary>
    internal static IReadOnlyList<HelpGroup> Of(Command command)
    {
        (string Title, string[] Options)[] groups = CommandLineHost.CommandPath(command) switch
        {
            "stemsharp separate" or "stemsharp plan" => s_separate,
            "stemsharp serve" => s_serve,
            "stemsharp submit" => s_submit,
            "stemsharp work" => s_work,
            _ => [s_engine],
        };
        List<Option> left = [.. command.Options.Where(o => !o.Hidden)];
        List<HelpGroup> found = [];
        foreach ((string title, string[] names) in groups)
        {
            Option[] own = [.. names.Select(name => left.Find(o => o.Name == name)).OfType<Option>()];
            left.RemoveAll(own.Contains);
            if (own.Length > 0)
            {
                found.Add(new HelpGroup(title, own, title == Common));
            }
        }

        if (left.Count > 0)
        {
            found.Insert(found.Count(g => g.IsCommon), new HelpGroup(Rest, left));
        }

        return found;
    }
}
