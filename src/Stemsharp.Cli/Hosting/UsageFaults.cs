using System.CommandLine;
using System.CommandLine.Completions;
using System.CommandLine.Parsing;

namespace Stemsharp.Cli.Hosting;

/// <summary>What is wrong with a command line, in sentences that lead on.</summary>
internal static class UsageFaults
{
    /// <summary>All of it; nothing for a command line that was understood.</summary>
    internal static IReadOnlyList<string> Of(ParseResult result)
    {
        Command command = result.CommandResult.Command;
        IReadOnlyList<string> unmatched = result.UnmatchedTokens;
        if (command.Subcommands.Count > 0 && command.Action is null)
        {
            // The parser finds fault with every word behind the first that it does not know.
            return result.Errors.Count == 0 ? [] : [unmatched is [var first, ..] ? UnknownCommand(command, first) : MissingCommand(command)];
        }

        return
        [
            .. result.Errors.Where(e => !IsOfUnmatched(e, unmatched)).Select(e => Of(e, command))
                .Concat(unmatched.Select(word => IsOption(word) ? UnknownOption(command, word) : $"'{word}' is one argument too many."))
                .Concat(TakenForArguments(result).Select(word => UnknownOption(command, word)))
                .Distinct(),
        ];
    }

    private static string Of(ParseError error, Command command)
    {
        switch (error.SymbolResult)
        {
            case ArgumentResult { Tokens.Count: 0, Argument: var argument }:
                return $"{CommandLineHost.CommandPath(command)} needs {argument.Name}: {argument.Description}";
            case OptionResult { Tokens: [var value, ..], Option: var option }:
                string[] words = [.. option.GetCompletions(CompletionContext.Empty).Select(c => c.Label)];
                if (words.Length > 0 && !words.Contains(value.Value) && option.ValueType != typeof(bool))
                {
                    return $"{option.Name} {value.Value} is not valid.{NearNames.Question(value.Value, words)} Choose {string.Join(", ", words)}.";
                }

                Type type = Nullable.GetUnderlyingType(option.ValueType) ?? option.ValueType;
                return type == typeof(int) && !int.TryParse(value.Value, out _) ? $"{option.Name} {value.Value} is not valid; a whole number is."
                    : type == typeof(double) && !double.TryParse(value.Value, out _) ? $"{option.Name} {value.Value} is not valid; a number is."
                    : error.Message;
            case OptionResult { Tokens.Count: 0, Option: var bare }:
                return $"{bare.Name} needs a value: {bare.Description}";
            default:
                return error.Message;
        }
    }

    private static string UnknownCommand(Command command, string word)
    {
        string path = CommandLineHost.CommandPath(command);
        if (IsOption(word))
        {
            return UnknownOption(command, word);
        }

        string question = NearNames.Question(word, command.Subcommands.Where(c => !c.Hidden).Select(c => c.Name));
        return command.Parents.Any()
            ? $"There is no command '{path} {word}'.{(question.Length > 0 ? question : $" There are {Names(command)}.")}"
            : $"There is no command '{word}', and no file of that name.{(question.Length > 0 ? question : $" The commands are {Names(command)}.")}";
    }

    private static string MissingCommand(Command command) =>
        $"'{CommandLineHost.CommandPath(command)}' needs a command: {Names(command)}.";

    private static string Names(Command command) => string.Join(", ", command.Subcommands.Where(c => !c.Hidden).Select(c => c.Name));

    private static string UnknownOption(Command command, string word)
    {
        string name = word.Split('=', ':')[0];
        string question = NearNames.Question(name, CommandOptions.NamesOf(command).Where(n => n.StartsWith("--", StringComparison.Ordinal)));
        return $"There is no option {name}{(question.Length > 0 ? $".{question}" : command.Arguments.Count > 0 ? "; a file of that name is given after --." : ".")}";
    }

    /// <summary>The parser hands options that it doesn't know to arguments that take any text.</summary>
    private static IEnumerable<string> TakenForArguments(ParseResult result) =>
        result.Tokens.Any(t => t.Type == TokenType.DoubleDash)
            ? []
            : result.CommandResult.Children.OfType<ArgumentResult>().SelectMany(a => a.Tokens).Select(t => t.Value).Where(IsOption);

    private static bool IsOption(string word) => word.Length > 1 && word[0] == '-';

    private static bool IsOfUnmatched(ParseError error, IReadOnlyList<string> unmatched) =>
        error.SymbolResult is CommandResult or null && unmatched.Any(word => error.Message.Contains($"'{word}'", StringComparison.Ordinal));
}
