using System.Text;

namespace Stemsharp.Files;

/// <summary>
/// The pattern that names output files, such as <c>{track}/{stem}.{ext}</c>. Whatever the values hold, a name that it
/// makes stays below the output folder and can be written on any system.
/// </summary>
internal sealed class FileNamePattern
{
    /// <summary>A file for each stem, as the original names them.</summary>
    public const string Stems = "{track}/{stem}.{ext}";

    /// <summary>One file for all stems.</summary>
    public const string OneFile = "{track}.{ext}";

    /// <summary>Fields and what they stand for, in the order in which help shows them.</summary>
    public static readonly IReadOnlyList<(string Name, string Meaning)> Fields =
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

    private FileNamePattern(string pattern, IReadOnlyList<IReadOnlyList<Piece>> segments)
    {
        Pattern = pattern;
        _segments = segments;
    }

    private readonly record struct Piece(string Text, bool IsField);

    /// <summary>The pattern as given.</summary>
    public string Pattern { get; }

    /// <summary>Whether the pattern uses a field that needs the input's tags.</summary>
    public bool NeedsTags => _segments.Any(s => s.Any(p =>
        p.IsField && p.Text is "artist" or "album" or "title" or "tracknumber"));

    /// <summary>Whether the pattern tells stems apart.</summary>
    public bool HasStem => _segments.Any(s => s.Any(p => p.IsField && p.Text == "stem"));

    /// <summary>Reads a pattern.</summary>
    /// <exception cref="OptionException">An unknown field, an unclosed brace, or a path that leaves the folder.</exception>
    public static FileNamePattern Parse(string pattern)
    {
        if (string.IsNullOrWhiteSpace(pattern))
        {
            throw new OptionException($"The file name is empty; the default is \"{Stems}\".");
        }

        if (pattern[0] is '/' or '\\' || pattern.Contains('\0') || IsDriveRooted(pattern))
        {
            throw new OptionException($"The file name \"{pattern}\" is not a relative path; the output folder is chosen apart from it.");
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
                throw new OptionException($"The file name \"{pattern}\" leaves the output folder by \"..\"; the folder is chosen apart from it.");
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
                        $"The file name \"{pattern}\" has no field \"{{{name}{(end < 0 ? "" : "}")}\"; valid are " +
                        string.Join(", ", Fields.Select(f => $"{{{f.Name}}}")) + "; {{ and }} write a brace.");
                }

                EndLiteral();
                segment.Add(new Piece(name, IsField: true));
                i = end;
            }
            else if (c == '}')
            {
                throw new OptionException($"The file name \"{pattern}\" has a }} without {{; write }}}} for a brace.");
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
            throw new OptionException($"The file name \"{pattern}\" names no file; the default is \"{Stems}\".");
        }

        return new FileNamePattern(pattern, segments);
    }

    /// <summary>The relative path for one file, with <see cref="Path.DirectorySeparatorChar"/>.</summary>
    /// <param name="values">A value for each field; a missing or empty one becomes "unknown".</param>
    public string Render(IReadOnlyDictionary<string, string?> values) =>
        string.Join(Path.DirectorySeparatorChar, _segments.Select(s => RenderSegment(s, values)));

    /// <summary>The absolute path below a folder.</summary>
    public string Render(string folder, IReadOnlyDictionary<string, string?> values)
    {
        string root = Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder));
        string path = Path.GetFullPath(Path.Combine(root, Render(values)));
        string prefix = Path.EndsInDirectorySeparator(root) ? root : root + Path.DirectorySeparatorChar;
        if (!path.StartsWith(prefix, StringComparison.Ordinal))
        {
            throw new OptionException($"The file name \"{Pattern}\" would write outside of {root}.");
        }

        return path;
    }

    private string RenderSegment(IReadOnlyList<Piece> pieces, IReadOnlyDictionary<string, string?> values)
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
                throw new OptionException($"The file name \"{Pattern}\" makes a name of {length} bytes; file systems take {LongestName}.");
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
