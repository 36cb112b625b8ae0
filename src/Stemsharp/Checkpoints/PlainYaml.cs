using System.Globalization;
using System.Text.RegularExpressions;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace Stemsharp.Checkpoints;

/// <summary>
/// YAML to the plain values that <see cref="Checkpoint.Arguments"/> are made of. Nothing that a file names is looked up or run: of
/// tags only those of plain values and Python's tuple are known, and a tuple is a list.
/// </summary>
internal static partial class PlainYaml
{
    private const int MaxDepth = 8, MaxValues = 100_000;
    private const string Core = "tag:yaml.org,2002:";

    /// <summary>Reads a document.</summary>
    /// <param name="yaml">The text.</param>
    /// <param name="typed">Whether plain words become numbers, truth values and null as Python reads them; otherwise all but null are text.</param>
    /// <exception cref="CheckpointFormatException">It is no YAML, or uses what no configuration needs.</exception>
    public static object? Read(string yaml, bool typed = true)
    {
        try
        {
            Parser parser = new(new StringReader(yaml));
            parser.Consume<StreamStart>();
            parser.Consume<DocumentStart>();
            int values = 0;
            return ReadValue(parser, typed, 0, ref values);
        }
        catch (Exception e) when (e is YamlException or InvalidOperationException or ArgumentException or FormatException or IndexOutOfRangeException)
        {
            // The parser's own exception, or one that damaged files drive it into.
            throw new CheckpointFormatException($"it is not valid YAML: {e.Message}", e);
        }
    }

    // Anchors and aliases are refused: nested aliases can make a small file stand for an endless one.
    private static object? ReadValue(IParser parser, bool typed, int depth, ref int values)
    {
        if (depth > MaxDepth || ++values > MaxValues)
        {
            throw new CheckpointFormatException("it is nested too deeply, or holds too many values.");
        }

        if (parser.Current is AnchorAlias)
        {
            throw new CheckpointFormatException("it uses a YAML alias, which is not supported.");
        }

        if (parser.Current is Scalar)
        {
            Scalar scalar = parser.Consume<Scalar>();
            string tag = Known(scalar.Tag, "null", "bool", "int", "float", "str");
            return scalar.Style != ScalarStyle.Plain || tag == "str" ? scalar.Value : Typed(scalar.Value, typed);
        }

        if (parser.Current is SequenceStart)
        {
            Known(parser.Consume<SequenceStart>().Tag, "seq", "python/tuple");
            List<object?> items = [];
            while (!parser.TryConsume<SequenceEnd>(out _))
            {
                items.Add(ReadValue(parser, typed, depth + 1, ref values));
            }

            return items;
        }

        Known(parser.Consume<MappingStart>().Tag, "map");
        Dictionary<string, object?> fields = new(StringComparer.Ordinal);
        while (!parser.TryConsume<MappingEnd>(out _))
        {
            fields[parser.Consume<Scalar>().Value] = ReadValue(parser, typed, depth + 1, ref values);
        }

        return fields;
    }

    private static string Known(TagName tag, params ReadOnlySpan<string> known)
    {
        if (tag.IsEmpty || tag.IsNonSpecific)
        {
            return "";
        }

        string name = tag.Value.StartsWith(Core, StringComparison.Ordinal) ? tag.Value[Core.Length..] : "";
        return known.Contains(name) ? name : throw new CheckpointFormatException(
            $"it has the YAML tag '{(tag.Value.Length > 100 ? tag.Value[..100] : tag.Value)}'. Only plain values and Python's tuples are read and no code is ever run, so the file was not used.");
    }

    // YAML 1.1, as PyYAML reads it: a number with an exponent is one only with a point in it and a sign.
    private static object? Typed(string text, bool typed)
    {
        if (text is "" or "null" or "~" || (typed && text is "Null" or "NULL"))
        {
            return null;
        }

        if (!typed)
        {
            return text;
        }

        switch (text.ToLowerInvariant())
        {
            case "true" or "yes" or "on":
                return true;
            case "false" or "no" or "off":
                return false;
        }

        string digits = text.Replace("_", "", StringComparison.Ordinal);
        return WholeNumber().IsMatch(text) && long.TryParse(digits, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long whole) ? whole
            : RealNumber().IsMatch(text) && double.TryParse(digits, NumberStyles.Float, CultureInfo.InvariantCulture, out double real) ? real
            : text;
    }

    [GeneratedRegex(@"^[-+]?(0|[1-9][0-9_]*)$")]
    private static partial Regex WholeNumber();

    [GeneratedRegex(@"^[-+]?([0-9][0-9_]*\.[0-9_]*|\.[0-9_]+)([eE][-+][0-9]+)?$")]
    private static partial Regex RealNumber();
}
