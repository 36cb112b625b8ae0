using System.CommandLine;
using System.CommandLine.Completions;
using System.Globalization;

namespace Stemsharp.Cli.Commands;

/// <summary>Reads the values of options that have units.</summary>
internal static class Values
{
    /// <summary>What leaves a choice to the program.</summary>
    internal const string Auto = "auto";

    /// <summary>Seconds ("90", "1.5", "90s") or a clock time ("1:30", "1:02:03.5").</summary>
    /// <exception cref="OptionException">It is neither, or negative.</exception>
    internal static TimeSpan Time(string option, string text)
    {
        string value = text.EndsWith('s') ? text[..^1] : text;
        string[] parts = value.Split(':');
        double seconds = 0;
        bool valid = parts.Length <= 3;
        for (int i = 0; valid && i < parts.Length; i++)
        {
            bool last = i == parts.Length - 1;
            NumberStyles style = last ? NumberStyles.AllowDecimalPoint : NumberStyles.None;
            valid = double.TryParse(parts[i], style, CultureInfo.InvariantCulture, out double part)
                && (i == 0 || part < 60)
                && double.IsFinite(part);
            seconds = seconds * 60 + part;
        }

        if (!valid || seconds > 1e8)
        {
            throw new OptionException($"{option} \"{text}\" is no time; write seconds (90, 12.5) or [h:]m:s (1:30, 1:02:03.5).");
        }

        return TimeSpan.FromSeconds(seconds);
    }

    /// <summary>"auto" for 0, or a whole number of a range.</summary>
    /// <exception cref="OptionException">It is neither.</exception>
    internal static int AutoOr(string option, string text, int least, int most) =>
        text == Auto ? 0
        : int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int value) && value >= least && value <= most ? value
        : throw new OptionException($"{option} \"{text}\" is not valid; {Auto}, or {least} to {most} are.");

    /// <summary>Names separated by commas, each once.</summary>
    internal static string[] Names(IEnumerable<string> values) =>
        [.. values.SelectMany(v => v.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)).Distinct()];

    /// <summary>
    /// Checks a word again that the parser has checked: it lets names of commands pass as any option's value.
    /// </summary>
    /// <exception cref="OptionException">It is not among the option's words.</exception>
    internal static void OneOf(Option option, string? value)
    {
        string[] words = [.. option.GetCompletions(CompletionContext.Empty).Select(c => c.Label)];
        if (value is not null && !words.Contains(value))
        {
            throw new OptionException($"{option.Name} {value} is not valid; choose {string.Join(", ", words)}.");
        }
    }

    /// <summary>Options as they were given, for another process of this program.</summary>
    internal static IReadOnlyList<string> Given(ParseResult line, IEnumerable<Option> options) =>
    [
        .. options.Select(line.GetResult).Where(r => r is { Implicit: false })
            .SelectMany(r => r!.Tokens.Count == 0 ? [r.Option.Name] : r.Tokens.SelectMany(t => (string[])[r.Option.Name, t.Value])),
    ];

    /// <summary>A number within bounds.</summary>
    /// <exception cref="OptionException">It is out of bounds.</exception>
    internal static T Within<T>(string option, T value, T low, T high)
        where T : IComparable<T>
    {
        if (value.CompareTo(low) < 0 || value.CompareTo(high) > 0)
        {
            throw new OptionException($"{option} {value} is out of range; {low} to {high} are valid.");
        }

        return value;
    }
}
