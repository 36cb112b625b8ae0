using System.CommandLine;
using System.CommandLine.Completions;
using System.CommandLine.Parsing;
using Stemsharp.Chains;
using Stemsharp.Cli.Hosting;

namespace Stemsharp.Cli.Commands;

/// <summary>What the word at the cursor may become. Where that is a file, nothing is offered, and the shell offers its own.</summary>
internal static class Completions
{
    private static readonly string[] s_demucsDevices = ["cpu", "cuda", "mps"];

    /// <summary>The words, those of options as the whole word: <c>--model=demo</c>, <c>vocals,drums</c>.</summary>
    /// <param name="root">The command tree.</param>
    /// <param name="line">The command line up to the cursor, the program's name first.</param>
    internal static IReadOnlyList<string> Of(Command root, string line)
    {
        string[] words = [.. CommandLineParser.SplitCommandLine(line).Skip(1)];
        bool open = line.Length > 0 && !char.IsWhiteSpace(line[^1]) && words.Length > 0;
        (string[] before, string current) = open ? (words[..^1], words[^1]) : (words, "");
        if (before.Contains("--"))
        {
            return [];
        }

        // "stemsharp song.wav --for" is of "separate", and so is "stemsharp --for".
        IReadOnlyList<string> whole = before.Length == 0 && current is not ['-', ..] ? before : [.. CommandLineHost.WithCommand(root, [.. before, current]).SkipLast(1)];
        ParseResult parsed = root.Parse(whole, new ParserConfiguration { ResponseFileTokenReplacer = null });
        Command command = parsed.CommandResult.Command;
        IEnumerable<string> found = Candidates(parsed, command, before.Length == 0 && command == root, whole, current);
        return [.. found.Where(word => word.StartsWith(current, StringComparison.Ordinal)).Distinct()];
    }

    private static IEnumerable<string> Candidates(ParseResult parsed, Command command, bool atRoot, IReadOnlyList<string> before, string current)
    {
        int equals = current.IndexOf('=', StringComparison.Ordinal);
        if (current is ['-', ..] && equals > 0)
        {
            return Named(command, current[..equals]) is { } given ? Values(parsed, given, current[(equals + 1)..]).Select(v => current[..(equals + 1)] + v) : [];
        }

        if (before is [.., var last] && Named(command, last) is { Arity.MinimumNumberOfValues: > 0 } option)
        {
            return Values(parsed, option, current);
        }

        if (current is ['-', ..])
        {
            return CommandOptions.NamesOf(command).Where(n => n.StartsWith(current is ['-', not '-', ..] ? "-" : "--", StringComparison.Ordinal)).Order(StringComparer.Ordinal);
        }

        return
        [
            .. command.Subcommands.Where(c => !c.Hidden).Select(c => c.Name),
            .. atRoot ? [] : command.Arguments.SelectMany(a => a.Name switch
            {
                "MODEL" or "EXPECTED" or "ACTUAL" => ModelNames(),
                "CHAIN" => ChainNames(),
                _ => WordsOf(a),
            }),
        ];
    }

    private static IEnumerable<string> Values(ParseResult parsed, Option option, string current) => option.Name switch
    {
        "--model" => ModelNames(),
        "--chain" => ChainNames(),
        "--two-stems" or "--single_stem" or "--residual" => StemsOf(parsed),
        "--stems" => Listed(current, StemsOf(parsed)),
        "--output_format" => parsed.CommandResult.Command.Options.Where(o => o.Name == "--format").SelectMany(WordsOf),
        "--device" => s_demucsDevices,
        _ => WordsOf(option),
    };

    /// <summary>The last word of a list, behind those that are there.</summary>
    private static IEnumerable<string> Listed(string current, IEnumerable<string> words)
    {
        string head = current[..(current.LastIndexOf(',') + 1)];
        return words.Except(head.Split(',')).Select(word => head + word);
    }

    private static Option? Named(Command command, string name) => command.Options.FirstOrDefault(o => CommandOptions.NamesOf(o).Contains(name));

    private static IEnumerable<string> WordsOf(Symbol symbol) => symbol.GetCompletions(CompletionContext.Empty).Select(c => c.Label);

    private static IEnumerable<string> ModelNames() => Catalogs.Create(offline: true).List().Select(m => m.Name);

    private static IEnumerable<string> ChainNames() => SeparationChain.Presets.Select(p => p.Name);

    /// <summary>The stems of the model that is named on the line, or of the default one.</summary>
    private static IReadOnlyList<string> StemsOf(ParseResult parsed)
    {
        Command command = parsed.CommandResult.Command;
        string? chain = command.Options.OfType<Option<string?>>().FirstOrDefault(o => o.Name == "--chain") is { } option ? parsed.GetValue(option) : null;
        if (SeparationChain.Presets.FirstOrDefault(p => p.Name == chain) is { } preset)
        {
            return [.. preset.Outputs.Select(o => o.Name)];
        }

        string model = command.Options.OfType<Option<string>>().FirstOrDefault(o => o.Name == "--model") is { } named ? parsed.GetValue(named)!
            : command.Arguments.OfType<Argument<string>>().FirstOrDefault(a => a.Name == "MODEL") is { } argument && parsed.GetResult(argument) is { Tokens: [var token, ..] } ? token.Value
            : ModelOptions.DefaultModel;
        ModelCatalog catalog = Catalogs.Create(offline: true);
        return catalog.Find(model)?.Stems is { Count: > 0 } stems ? stems : catalog.Find(ModelOptions.DefaultModel)!.Stems;
    }
}
