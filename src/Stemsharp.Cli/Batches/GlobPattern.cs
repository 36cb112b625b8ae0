using System.IO.Enumeration;

namespace Stemsharp.Cli.Batches;

/// <summary>
/// A file pattern that works the same in every shell: <c>*</c> and <c>?</c> within a name, <c>[abc]</c> and
/// <c>[!a-z]</c> for one character, <c>**</c> for any number of folders.
/// </summary>
internal sealed class GlobPattern
{
    private static readonly StringComparison s_comparison =
        OperatingSystem.IsWindows() || OperatingSystem.IsMacOS()
            ? StringComparison.OrdinalIgnoreCase
            : StringComparison.Ordinal;

    private readonly string[] _segments;

    private GlobPattern(string root, string[] segments)
    {
        Root = root;
        _segments = segments;
    }

    /// <summary>The leading part without wildcards, as written ("" when there is none).</summary>
    internal string Root { get; }

    /// <summary>Whether the last part ends in an extension without wildcards.</summary>
    internal bool NamesExtension
    {
        get
        {
            string extension = Path.GetExtension(_segments[^1]);
            return extension.Length > 1 && extension.AsSpan().IndexOfAny("*?[") < 0;
        }
    }

    /// <summary>Whether a path holds a wildcard.</summary>
    internal static bool IsPattern(string path) => path.AsSpan().IndexOfAny("*?[") >= 0;

    /// <summary>Splits a path into the part before the first wildcard and the pattern below it.</summary>
    internal static GlobPattern Parse(string pattern)
    {
        char[] separators = OperatingSystem.IsWindows() ? ['/', '\\'] : ['/'];
        int wildcard = pattern.AsSpan().IndexOfAny("*?[");
        int split = pattern.LastIndexOfAny(separators, wildcard < 0 ? pattern.Length - 1 : wildcard);
        string root = split < 0 ? "" : pattern[..(split + 1)];
        string[] segments = pattern[(split + 1)..].Split(separators, StringSplitOptions.RemoveEmptyEntries);
        return new GlobPattern(root, segments.Length == 0 ? ["**"] : segments);
    }

    /// <summary>Whether a path relative to <see cref="Root"/> matches.</summary>
    internal bool IsMatch(string relativePath) =>
        IsMatch(_segments, relativePath.Split(Path.DirectorySeparatorChar, StringSplitOptions.RemoveEmptyEntries));

    private static bool IsMatch(ReadOnlySpan<string> pattern, ReadOnlySpan<string> path)
    {
        while (!pattern.IsEmpty)
        {
            if (pattern[0] == "**")
            {
                // "**" at the end takes every file below.
                if (pattern.Length == 1)
                {
                    return !path.IsEmpty;
                }

                for (int skipped = 0; skipped <= path.Length; skipped++)
                {
                    if (IsMatch(pattern[1..], path[skipped..]))
                    {
                        return true;
                    }
                }

                return false;
            }

            if (path.IsEmpty || !IsNameMatch(pattern[0], path[0]))
            {
                return false;
            }

            pattern = pattern[1..];
            path = path[1..];
        }

        return path.IsEmpty;
    }

    private static bool IsNameMatch(ReadOnlySpan<char> pattern, ReadOnlySpan<char> name)
    {
        if (!pattern.Contains('['))
        {
            // MatchesSimpleExpression reads a backslash as an escape; in a Unix name it is a letter.
            string escaped = pattern.ToString().Replace("\\", "\\\\", StringComparison.Ordinal);
            return FileSystemName.MatchesSimpleExpression(escaped, name, s_comparison == StringComparison.OrdinalIgnoreCase);
        }

        // One backtracking point is enough: a later star makes an earlier one's choice irrelevant.
        int p = 0, n = 0, star = -1, starName = 0;
        while (n < name.Length)
        {
            if (p < pattern.Length && pattern[p] == '*')
            {
                star = p++;
                starName = n;
            }
            else if (p < pattern.Length && TryMatchOne(pattern[p..], name[n], out int used))
            {
                p += used;
                n++;
            }
            else if (star >= 0)
            {
                p = star + 1;
                n = ++starName;
            }
            else
            {
                return false;
            }
        }

        while (p < pattern.Length && pattern[p] == '*')
        {
            p++;
        }

        return p == pattern.Length;
    }

    private static bool TryMatchOne(ReadOnlySpan<char> pattern, char c, out int used)
    {
        used = 1;
        if (pattern[0] == '?')
        {
            return true;
        }

        int close = pattern[0] == '[' && pattern.Length > 2 ? pattern[2..].IndexOf(']') : -1;
        if (close < 0)
        {
            return Same(pattern[0], c);
        }

        used = close + 3;
        ReadOnlySpan<char> set = pattern[1..(close + 2)];
        bool negated = set[0] is '!' or '^' && set.Length > 1;
        if (negated)
        {
            set = set[1..];
        }

        bool found = false;
        for (int i = 0; i < set.Length; i++)
        {
            if (i + 2 < set.Length && set[i + 1] == '-')
            {
                found |= c >= set[i] && c <= set[i + 2];
                i += 2;
            }
            else
            {
                found |= Same(set[i], c);
            }
        }

        return found != negated;
    }

    private static bool Same(char a, char b) =>
        a == b || (s_comparison == StringComparison.OrdinalIgnoreCase && char.ToUpperInvariant(a) == char.ToUpperInvariant(b));
}
