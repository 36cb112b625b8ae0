using System.Text;

namespace Stemsharp.Cli.Output;

/// <summary>
/// The pattern that names output files, such as <c>{track}/{stem}.{ext}</c>. Whatever the values hold, a name that it
/// makes stays below the output folder and can be written on any system.
/// </summary>
internal sealed class FileNameTemplate
{
    /// <summary>The pattern of the original command line.</summary>
    internal const string Default = "{track}/{stem}.{ext}";

    /// <summary>Fields and what they stand for, in the order in which help shows them.</summary>
    internal static readonly IReadOnlyList<(string Name, string Meaning)> Fields =
    [
        ("track", "the input's file name without its extension"),
        ("trackext", "the input's extension"),
        ("stem", "the stem's name"),
        ("ext", "the output's extension"),
        ("model", "the model's name"),
        ("folder", "the last folder of the input's path"),
        ("artist", "the artist in the input's tags"),
        ("album", "the album in the input's tags"),
        ("title", "the title in the input's tags, else the track's name"),
        ("tracknumber", "the track number in the input's tags"),
    ];

    // ext4, APFS and NTFS all end a name at 255 bytes or UTF-16 units.
    private const int LongestName = 255;

    private readonly IReadOnlyList<IReadOnlyList<Piece>> _segments;

    private FileNameTemplate(string pattern, IReadOnlyList<IReadOnlyList<Piece>> segments)
    {
        Pattern = pattern;
        _segments = segments;
    }

    private readonly record struct Piece(string Text, bool IsField);

    /// <summary>The pattern as given.</summary>
    internal string Pattern { get; }

    /// <summary>Whether the pattern uses a field that needs the input's tags.</summary>
    internal bool NeedsTags => _segments.Any(s => s.Any(p =>
        p.IsField && p.Text is "artist" or "album" or "title" or "tracknumber"));

    /// <summary>Whether the pattern tells stems apart.</summary>
    internal bool HasStem => _segments.Any(s => s.Any(p => p.IsField && p.Text == "stem"));

    /// <summary>Reads a pattern.</summary>
    /// <exception cref="OptionException">An unknown field, an unclosed brace, or a path that leaves the folder.</exception>
    internal static FileNameTemplate Parse(string pattern)
    {
        if (string.IsNullOrWhiteSpace(pattern))
        {
            throw new OptionException($"--filename is empty; the default is \"{Default}\".");
        }

        if (pattern[0] is '/' or '\\' || pattern.Contains('\0') || IsDriveRooted(pattern))
        {
            throw new OptionException($"--filename \"{pattern}\" is not a relative path; --out chooses the folder.");
        }

        List<IReadOnlyList<Piece>> segments = [];
        List<Piece> segment = [];
        StringBuilder literal = new();
        void EndLiteral()
        {
            if (literal.Length > 0)
            {
                segment.Add(new Piece(literal.ToString(), IsField: false));
            }

            literal.Clear();
        }

        void EndSegment()
        {
            EndLiteral();
            if (segment.Count == 1 && segment[0] is { IsField: false, Text: ".." })
            {
                throw new OptionException($"--filename \"{pattern}\" leaves the output folder by \"..\"; --out chooses the folder.");
            }

            if (segment.Count > 0 && !(segment.Count == 1 && segment[0] is { IsField: false, Text: "." }))
            {
                segments.Add(segment);
            }

            segment = [];
        }

        for (int i = 0; i < pattern.Length; i++)
        {
            char c = pattern[i];
            if (c is '{' or '}' && i + 1 < pattern.Length && pattern[i + 1] == c)
            {
                literal.Append(c);
                i++;
            }
            else if (c == '{')
            {
                int end = pattern.IndexOf('}', i);
                string name = end < 0 ? pattern[(i + 1)..] : pattern[(i + 1)..end];
                if (end < 0 || !Fields.Any(f => f.Name == name))
                {
                    throw new OptionException(
                        $"--filename has no field \"{{{name}{(end < 0 ? "" : "}")}\"; valid are " +
                        string.Join(", ", Fields.Select(f => $"{{{f.Name}}}")) + "; {{ and }} write a brace.");
                }

                EndLiteral();
                segment.Add(new Piece(name, IsField: true));
                i = end;
            }
            else if (c == '}')
            {
                throw new OptionException($"--filename \"{pattern}\" has a }} without {{; write }}}} for a brace.");
            }
            else if (c is '/' or '\\')
            {
                EndSegment();
            }
            else
            {
                literal.Append(c);
            }
        }

        bool endsOpen = pattern[^1] is '/' or '\\';
        EndSegment();
        if (endsOpen || segments.Count == 0)
        {
            throw new OptionException($"--filename \"{pattern}\" names no file; the default is \"{Default}\".");
        }

        return new FileNameTemplate(pattern, segments);
    }

    /// <summary>The relative path for one file, with <see cref="Path.DirectorySeparatorChar"/>.</summary>
    /// <param name="values">A value for each field; a missing or empty one becomes "unknown".</param>
    internal string Render(IReadOnlyDictionary<string, string?> values) =>
        string.Join(Path.DirectorySeparatorChar, _segments.Select(s => RenderSegment(s, values)));

    /// <summary>The absolute path below a folder.</summary>
    internal string Render(string folder, IReadOnlyDictionary<string, string?> values)
    {
        string root = Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder));
        string path = Path.GetFullPath(Path.Combine(root, Render(values)));
        string prefix = Path.EndsInDirectorySeparator(root) ? root : root + Path.DirectorySeparatorChar;
        if (!path.StartsWith(prefix, StringComparison.Ordinal))
        {
            throw new OptionException($"--filename \"{Pattern}\" would write outside of {root}.");
        }

        return path;
    }

    private static string RenderSegment(IReadOnlyList<Piece> pieces, IReadOnlyDictionary<string, string?> values)
    {
        int limit = LongestName;
        while (true)
        {
            StringBuilder text = new();
            foreach (Piece piece in pieces)
            {
                text.Append(piece.IsField
                    ? Cut(SafeFileName.Value(piece.Text, values.GetValueOrDefault(piece.Text)), limit)
                    : SafeFileName.Literal(piece.Text));
            }

            string name = SafeFileName.Whole(text.ToString());
            int length = Encoding.UTF8.GetByteCount(name);
            if (length <= LongestName)
            {
                return name;
            }
            // The values are cut, never the end of the name: stems and extensions stay apart.
            int longest = pieces.Where(p => p.IsField)
                .Max(p => (int?)Encoding.UTF8.GetByteCount(Cut(SafeFileName.Value(p.Text, values.GetValueOrDefault(p.Text)), limit))) ?? 0;
            int next = Math.Min(limit, longest) - Math.Max(1, (length - LongestName) / pieces.Count);
            if (next < 16)
            {
                throw new OptionException($"--filename makes a name of {length} bytes; file systems take {LongestName}.");
            }

            limit = next;
        }
    }

    private static string Cut(string value, int bytes)
    {
        if (Encoding.UTF8.GetByteCount(value) <= bytes)
        {
            return value;
        }

        int length = 0;
        int end = 0;
        foreach (Rune rune in value.EnumerateRunes())
        {
            length += rune.Utf8SequenceLength;
            if (length > bytes)
            {
                break;
            }

            end += rune.Utf16SequenceLength;
        }

        return value[..end];
    }

    private static bool IsDriveRooted(string pattern) =>
        pattern.Length > 1 && char.IsAsciiLetter(pattern[0]) && pattern[1] == ':';
}
