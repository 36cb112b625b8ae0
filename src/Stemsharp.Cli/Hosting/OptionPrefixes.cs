using System.CommandLine;
using System.CommandLine.Help;

namespace Stemsharp.Cli.Hosting;

/// <summary>
/// Options by their beginning, as the original's parser takes them: <c>--two vocals</c> for <c>--two-stems vocals</c>, where only one
/// option begins so.
/// </summary>
internal static class OptionPrefixes
{
    private const string Long = "--";

    // A command that has this one does the original's work.
    private const string OfTheOriginal = "--two-stems";

    // What demucs 4.1 has: in its scripts a beginning means one of these, however many others there are here.
    private static readonly string[] s_originals =
    [
        "--help", "--sig", "--name", "--repo", "--list-models", "--verbose", "--out", "--filename", "--device", "--shifts", "--overlap", "--no-split", "--segment", "--two-stems", "--other-method",
        "--int24", "--float32", "--clip-mode", "--flac", "--mp3", "--mp3-bitrate", "--mp3-preset", "--jobs",
    ];

    /// <summary>The arguments with whole options.</summary>
    /// <param name="root">The command tree.</param>
    /// <param name="arguments">The command line.</param>
    /// <returns>The arguments, and what is wrong with those that could mean several options.</returns>
    internal static (IReadOnlyList<string> Arguments, IReadOnlyList<string> Faults) Expand(Command root, IReadOnlyList<string> arguments)
    {
        Command command = root;
        int first = 0;
        while (first < arguments.Count && command.Subcommands.FirstOrDefault(c => c.Name == arguments[first] || c.Aliases.Contains(arguments[first])) is { } next)
        {
            command = next;
            first++;
        }

        Option[] options = [.. command.Options, .. root.Options.OfType<HelpOption>()];
        string[] result = [.. arguments];
        List<string> faults = [];
        for (int i = first; i < result.Length && result[i] != Long; i++)
        {
            int equals = result[i].IndexOf('=', StringComparison.Ordinal);
            string name = equals < 0 ? result[i] : result[i][..equals];
            Option? option = options.FirstOrDefault(o => CommandOptions.NamesOf(o).Contains(name));
            if (option is null && name.StartsWith(Long, StringComparison.Ordinal) && name.Length > Long.Length)
            {
                string[] candidates = Candidates(options, name);
                if (candidates.Length > 1)
                {
                    faults.Add($"{name} could be {NearNames.Or(candidates)}; write more of it.");
                    continue;
                }

                if (candidates is [var whole])
                {
                    option = options.FirstOrDefault(o => CommandOptions.NamesOf(o).Contains(whole));
                    result[i] = whole + result[i][name.Length..];
                }
            }

            // What follows an option that wants a value is the value, whatever it looks like.
            if (option is not null && equals < 0 && option.Arity.MinimumNumberOfValues > 0)
            {
                i++;
            }
        }

        return (result, faults);
    }

    private static string[] Candidates(Option[] options, string name)
    {
        string[] own = [.. options.Select(o => CommandOptions.NamesOf(o).FirstOrDefault(n => n.StartsWith(name, StringComparison.Ordinal))).OfType<string>()];
        string[] originals = [.. s_originals.Where(n => n.StartsWith(name, StringComparison.Ordinal))];
        return originals.Length > 0 && options.Any(o => o.Name == OfTheOriginal) ? originals : own;
    }
}
