using System.Text.RegularExpressions;

namespace Stemsharp.Tests;

/// <summary>Finds the sentences of documents and sources, comments and texts in code included, that hold certain words together.</summary>
internal static partial class SentenceScanner
{
    /// <summary>The sentences in which weights and the MIT licence are named together, white space made even.</summary>
    /// <param name="text">A document or a source file.</param>
    public static IEnumerable<string> Find(string text) =>
        Paragraphs(text).SelectMany(p => SentenceEnd().Split(p)).Select(s => s.Trim()).Where(s => Weights().IsMatch(s) && Mit().IsMatch(s));

    // A paragraph is what a reader takes as one: lines of prose or of one comment, a table's row, an item of a list, a statement.
    private static IEnumerable<string> Paragraphs(string text)
    {
        List<string> lines = [];
        bool inComment = false;
        foreach (string line in text.Split('\n'))
        {
            Match comment = Comment().Match(line);
            string content = comment.Success ? Tag().Replace(line[comment.Length..], "") : line;
            content = Space().Replace(content, " ").Trim();
            if (comment.Success != inComment || content.Length == 0 || Beginning().IsMatch(content))
            {
                yield return string.Join(' ', lines);
                lines.Clear();
            }

            inComment = comment.Success;
            lines.Add(content);
            if (!inComment && Ending().IsMatch(content))
            {
                yield return string.Join(' ', lines);
                lines.Clear();
            }
        }

        yield return string.Join(' ', lines);
    }

    [GeneratedRegex(@"^\s*(?:///?|/?\*+(?!\*|\S)|<!--)")]
    private static partial Regex Comment();

    [GeneratedRegex("</?(?:summary|param|returns|remarks|para|c|see|exception)\\b[^>]*>|\\*/|-->")]
    private static partial Regex Tag();

    [GeneratedRegex(@"\s+")]
    private static partial Regex Space();

    [GeneratedRegex(@"^(?:\||[-*] |\d+\. |#)")]
    private static partial Regex Beginning();

    [GeneratedRegex(@"[;{}]$")]
    private static partial Regex Ending();

    [GeneratedRegex("""(?<=[.!?]["')\]*`]*)(?<!\b(?:e\.g|i\.e|etc|Inc)\.)\s+(?=["'(\[*`]*[A-Z])""")]
    private static partial Regex SentenceEnd();

    [GeneratedRegex(@"\bweights?\b", RegexOptions.IgnoreCase)]
    private static partial Regex Weights();

    [GeneratedRegex(@"\bMIT\b")]
    private static partial Regex Mit();
}
