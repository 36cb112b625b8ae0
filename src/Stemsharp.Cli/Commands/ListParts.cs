using System.CommandLine;
using Stemsharp.Cli.Batches;
using Stemsharp.Cli.Separating;

namespace Stemsharp.Cli.Commands;

/// <summary>Turns a list into parts of a batch: a track's own settings are options beside those of the command line, or in their place.</summary>
internal static class ListParts
{
    /// <summary>The parts, in the order in which the list has their settings first.</summary>
    /// <param name="line">The command line.</param>
    /// <param name="options">Its options.</param>
    /// <param name="request">What it asks for.</param>
    /// <param name="tracks">The list, or a share of it.</param>
    /// <exception cref="OptionException">Settings that are none, or don't fit the command line.</exception>
    internal static IReadOnlyList<BatchPart> Of(ParseResult line, SeparateOptions options, SeparateRequest request, IReadOnlyList<ListedTrack> tracks)
    {
        List<BatchPart> parts = [];
        foreach (IGrouping<string, ListedTrack> alike in tracks.GroupBy(t => string.Join('\n', t.Settings)))
        {
            ListedTrack first = alike.First();
            SeparateRequest own = first.Settings.Count == 0 ? request : Request(line, options, request, first);
            parts.Add(new BatchPart(own, InputExpansion.OfFiles(alike.Select(t => t.Input))));
        }

        return parts;
    }

    private static SeparateRequest Request(ParseResult line, SeparateOptions options, SeparateRequest request, ListedTrack track)
    {
        Option[] own = [.. track.Settings.Select(setting => Find(options, setting.Option, track.Line))];
        Command command = line.CommandResult.Command;
        string[] arguments =
        [
            .. Values.Given(line, command.Options.Where(o => !own.Contains(o))),
            .. own.Zip(track.Settings).Select(pair => pair.Second.Value is { } value ? $"{pair.First.Name}={value}" : pair.First.Name),
        ];
        ParseResult parsed = command.Parse(arguments);
        try
        {
            return parsed.Errors.Count == 0
                ? SeparateRequests.From(parsed, options, request.Notes)
                : throw new OptionException(string.Join(" ", parsed.Errors.Select(e => e.Message)));
        }
        catch (OptionException exception)
        {
            throw new OptionException($"--list, line {track.Line}: {exception.Message}", exception);
        }
    }

    /// <summary>The option that a list calls by its name.</summary>
    /// <exception cref="OptionException">There is none.</exception>
    internal static Option Find(SeparateOptions options, string name, int line)
    {
        IEnumerable<Option> settings = options.Settings;
        return settings.FirstOrDefault(o => Plain(o.Name) == Plain(name))
            ?? throw new OptionException($"--list, line {line}: \"{name}\" is no setting of a track; those of separate are, such as {string.Join(", ", settings.Take(8).Select(o => Plain(o.Name)))}.");

        static string Plain(string option) => option.TrimStart('-').Replace('-', '_');
    }
}
