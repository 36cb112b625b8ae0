namespace Stemsharp;

/// <summary>Finds what a mistyped name may have been meant to be.</summary>
internal static class NearNames
{
    private const int Most = 3;

    /// <summary>The names that are nearest, when they are near at all: a third of the letters may be wrong; or those that begin so.</summary>
    /// <param name="typed">What was typed.</param>
    /// <param name="names">What is valid.</param>
    internal static string[] Of(string typed, IEnumerable<string> names)
    {
        string[] all = [.. names.Distinct()];
        int most = Math.Max(1, typed.Length / 3);
        (string Name, int Distance)[] near = [.. all.Select(name => (name, Distance(typed.ToLowerInvariant(), name.ToLowerInvariant()))).Where(n => n.Item2 <= most)];
        return near.Length > 0
            ? [.. near.Where(n => n.Distance == near.Min(other => other.Distance)).Select(n => n.Name).Take(Most)]
            : [.. all.Where(name => typed.Length > 1 && name.StartsWith(typed, StringComparison.OrdinalIgnoreCase)).Take(Most)];
    }

    /// <summary>The nearest names as a question behind a sentence, with a space before it; nothing where none is near.</summary>
    /// <inheritdoc cref="Of"/>
    internal static string Question(string typed, IEnumerable<string> names) => Of(typed, names) switch
    {
        [] => "",
        var near => $" Did you mean {Or(near)}?",
    };

    /// <summary>Names as an alternative: a, b or c.</summary>
    /// <param name="names">At least one.</param>
    internal static string Or(string[] names) => names is [var one] ? one : $"{string.Join(", ", names[..^1])} or {names[^1]}";

    /// <summary>Letters that are missing, surplus, wrong, or two neighbours that changed places.</summary>
    private static int Distance(string a, string b)
    {
        int[] before = [.. Enumerable.Range(0, b.Length + 1)], last = before, row = before;
        for (int i = 1; i <= a.Length; i++)
        {
            (before, last, row) = (last, row, new int[b.Length + 1]);
            row[0] = i;
            for (int j = 1; j <= b.Length; j++)
            {
                row[j] = Math.Min(Math.Min(last[j], row[j - 1]) + 1, last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1));
                if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                {
                    row[j] = Math.Min(row[j], before[j - 2] + 1);
                }
            }
        }

        return row[b.Length];
    }
}
