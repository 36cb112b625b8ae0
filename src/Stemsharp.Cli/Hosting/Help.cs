using System.CommandLine;
using System.CommandLine.Completions;
using System.CommandLine.Invocation;

namespace Stemsharp.Cli.Hosting;

/// <summary>
/// What <c>--help</c> and <c>--help-all</c> show: of commands with many options the common ones, or all of them in groups; and examples.
/// </summary>
/// <param name="all">Show every option.</param>
internal sealed class Help(bool all) : SynchronousCommandLineAction
{
    internal const string All = "--help-all";

    /// <summary>Where descriptions begin; longer names have a line of their own.</summary>
    private const int Column = 28;

    /// <summary>The widest text that is read with ease.</summary>
    private const int Widest = 100;

    public override bool ClearsParseErrors => true;

    public override int Invoke(ParseResult parseResult)
    {
        TextWriter output = parseResult.InvocationConfiguration.Output;
        bool terminal = ReferenceEquals(output, Console.Out) && !Console.IsOutputRedirected;
        Write(parseResult.CommandResult.Command, output, terminal ? Math.Clamp(Console.WindowWidth - 1, 2 * Column, Widest) : int.MaxValue);
        return ExitCode.Success;
    }

    private void Write(Command command, TextWriter output, int width)
    {
        string path = CommandLineHost.CommandPath(command);
        output.WriteLine(command.Description);
        output.WriteLine();
        output.WriteLine($"Usage: {Usage(command, path)}");
        output.WriteLine();
        WriteRows(output, width, "Commands:", command.Subcommands.Where(c => !c.Hidden).Select(c => (c.Name, c.Description ?? "")));
        WriteRows(output, width, "Arguments:", command.Arguments.Where(a => !a.Hidden).Select(a => (a.Name, a.Description ?? "")));
        IReadOnlyList<HelpGroup> groups = HelpGroups.Of(command);
        bool some = !all && groups.Any(g => g.IsCommon);
        foreach (HelpGroup group in groups.Where(g => !some || g.IsCommon))
        {
            WriteRows(output, width, $"{group.Title}:", group.Options.Select(o => (NamesOf(o, every: !some), DescriptionOf(o))));
        }

        if (some)
        {
            int more = groups.Where(g => !g.IsCommon).Sum(g => g.Options.Count);
            output.WriteLine($"{All} shows {more} more options: {string.Join(", ", groups.Where(g => !g.IsCommon).Select(g => g.Title.ToLowerInvariant()))}.");
            output.WriteLine();
        }

        IReadOnlyList<string> examples = HelpExamples.Of(path);
        if (examples.Count > 0)
        {
            output.WriteLine("Examples:");
            foreach (string example in examples)
            {
                output.WriteLine($"  {example}");
            }

            output.WriteLine();
        }
    }

    private static string Usage(Command command, string path)
    {
        IEnumerable<string> arguments = command.Arguments.Where(a => !a.Hidden).Select(a =>
        {
            string name = a.Arity.MaximumNumberOfValues > 1 ? $"{a.Name}..." : a.Name;
            return a.Arity.MinimumNumberOfValues == 0 ? $"[{name}]" : name;
        });
        string word = command.Subcommands.Count == 0 ? "" : command.Action is null ? " COMMAND" : " [COMMAND]";
        return string.Join(' ', [path + word, .. arguments, "[options]"]);
    }

    /// <summary>Short names first, and what a value is called.</summary>
    private static string NamesOf(Option option, bool every)
    {
        string[] shorts = [.. option.Aliases.Where(a => a.Length == 2 && a[1] != '?' && a[0] == '-')];
        string[] longs = [.. option.Aliases.Where(a => a.StartsWith("--", StringComparison.Ordinal))];
        string[] names = every ? [.. shorts, option.Name, .. longs] : [.. shorts.Take(1), option.Name];
        return string.Join(", ", names) + (IsSwitch(option) ? "" : $" {ValueOf(option)}");
    }

    private static string ValueOf(Option option) =>
        option.HelpName ?? (WordsOf(option) is { Length: > 0 } words ? string.Join('|', words) : option.Name[2..].ToUpperInvariant());

    private static string DescriptionOf(Option option)
    {
        string text = option.Description ?? "";
        return !IsSwitch(option) && option.HasDefaultValue && option.GetDefaultValue() is { } value && value.ToString() is { Length: > 0 } shown
            ? FormattableString.Invariant($"{text} [default: {shown}]")
            : text;
    }

    private static bool IsSwitch(Option option) => option.ValueType == typeof(bool) || option.Arity.MaximumNumberOfValues == 0;

    private static string[] WordsOf(Option option) => [.. option.GetCompletions(CompletionContext.Empty).Select(c => c.Label)];

    private static void WriteRows(TextWriter output, int width, string title, IEnumerable<(string Names, string Description)> rows)
    {
        bool any = false;
        foreach ((string names, string description) in rows)
        {
            if (!any)
            {
                output.WriteLine(title);
                any = true;
            }

            string left = $"  {names}";
            foreach (string line in Lines(description, width == int.MaxValue ? width : width - Column))
            {
                if (left.Length > Column - 2 && width != int.MaxValue)
                {
                    output.WriteLine(left);
                    left = "";
                }

                output.WriteLine($"{left.PadRight(Column - 2)}  {line}");
                left = "";
            }
        }

        if (any)
        {
            output.WriteLine();
        }
    }

    private static IEnumerable<string> Lines(string text, int width)
    {
        string line = "";
        foreach (string word in text.Split(' '))
        {
            if (line.Length > 0 && line.Length + 1 + word.Length > width)
            {
                yield return line;
                line = "";
            }

            line += line.Length == 0 ? word : $" {word}";
        }

        yield return line;
    }
}
