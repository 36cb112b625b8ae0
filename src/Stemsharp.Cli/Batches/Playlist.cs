using System.Text;
using System.Xml;
using System.Xml.Linq;

namespace Stemsharp.Cli.Batches;

/// <summary>Reads playlists (.m3u, .m3u8, .pls, .xspf); only files of this machine count.</summary>
internal static class Playlist
{
    private const long LargestBytes = 16 << 20;

    private const string Foreign = "only files of this machine are taken from a playlist";

    private static readonly HashSet<string> s_extensions = new(StringComparer.OrdinalIgnoreCase) { ".m3u", ".m3u8", ".pls", ".xspf" };

    internal static bool IsPlaylist(string path) => s_extensions.Contains(Path.GetExtension(path));

    /// <summary>The entries: as written, and the absolute path or why there is none.</summary>
    /// <exception cref="AudioException">The file is too large for a playlist, or no XSPF though it is called so.</exception>
    internal static IEnumerable<(string Entry, string? Path, string? Problem)> Read(string playlist)
    {
        FileInfo file = new(playlist);
        if (file.Length > LargestBytes)
        {
            throw new AudioException($"{playlist} is {file.Length:N0} bytes long; playlists of up to {LargestBytes:N0} are read.") { Failure = AudioFailure.TooLong };
        }

        string text = Decode(File.ReadAllBytes(playlist));
        IEnumerable<string> entries = file.Extension.ToLowerInvariant() switch
        {
            ".pls" => PlsEntries(text),
            ".xspf" => XspfEntries(text, playlist),
            _ => Lines(text).Where(line => line[0] != '#'),
        };
        return entries.Select(entry => Resolve(entry, file.DirectoryName!));
    }

    private static IEnumerable<string> Lines(string text) =>
        text.Split(['\n', '\r']).Select(line => line.Trim()).Where(line => line.Length > 0);

    /// <summary>The values of File1=, File2=, … in their order.</summary>
    private static IEnumerable<string> PlsEntries(string text) =>
        from line in Lines(text)
        let split = line.IndexOf('=')
        where split > 4 && line.StartsWith("File", StringComparison.OrdinalIgnoreCase)
        let number = int.TryParse(line.AsSpan(4, split - 4), out int n) ? n : -1
        where number >= 0
        orderby number
        select line[(split + 1)..].Trim();

    private static IEnumerable<string> XspfEntries(string text, string playlist)
    {
        try
        {
            using XmlReader reader = XmlReader.Create(new StringReader(text), new XmlReaderSettings { DtdProcessing = DtdProcessing.Prohibit, XmlResolver = null });
            return [.. XDocument.Load(reader).Descendants()
                .Where(e => e.Name.LocalName == "location" && e.Parent?.Name.LocalName == "track").Select(e => e.Value.Trim()).Where(e => e.Length > 0)];
        }
        catch (XmlException error)
        {
            throw new AudioException($"{playlist} is no XSPF playlist: {error.Message}", error) { Failure = AudioFailure.NotAudio };
        }
    }

    private static (string Entry, string? Path, string? Problem) Resolve(string line, string folder)
    {
        if (line.Contains('\0'))
        {
            return (line.Replace('\0', '?'), null, "the name holds a zero character");
        }

        if (line.StartsWith(@"\\", StringComparison.Ordinal) || line.StartsWith("//", StringComparison.Ordinal))
        {
            return (line, null, Foreign);
        }

        string name = line;
        if (line.StartsWith("file:", StringComparison.OrdinalIgnoreCase))
        {
            if (LocalPath(line["file:".Length..]) is not { } local)
            {
                return (line, null, Foreign);
            }

            name = local;
        }
        else if (line.IndexOf("://", StringComparison.Ordinal) > 0)
        {
            return (line, null, Foreign);
        }

        if (IsPlaylist(name))
        {
            return (line, null, "a playlist inside a playlist is not followed");
        }

        // A name may hold a percent sign, or be written as in a URL; playlists written on Windows name files with backslashes.
        string unescaped = Uri.UnescapeDataString(name);
        string[] spellings = OperatingSystem.IsWindows() ? [name, unescaped] : [name, unescaped, name.Replace('\\', '/'), unescaped.Replace('\\', '/')];
        string[] paths = [.. spellings.Where(s => !s.Contains('\0')).Select(s => Path.GetFullPath(Path.Combine(folder, s)))];
        return (line, paths.Select(FileNames.Find).FirstOrDefault(p => p is not null) ?? paths[^1], null);
    }

    /// <summary>The path in a file URL, still escaped: <c>///path</c>, <c>//localhost/path</c>, <c>/path</c>; null for another machine's.</summary>
    private static string? LocalPath(string url)
    {
        if (url.StartsWith("//", StringComparison.Ordinal))
        {
            int slash = url.IndexOf('/', 2);
            string host = slash < 0 ? url[2..] : url[2..slash];
            if (slash < 0 || !(host.Length == 0 || host.Equals("localhost", StringComparison.OrdinalIgnoreCase)))
            {
                return null;
            }

            url = url[slash..];
        }

        // file:///C:/music.
        return OperatingSystem.IsWindows() && url.Length > 2 && url[0] == '/' && url[2] is ':' or '|' ? url[1..].Replace('|', ':') : url;
    }

    // .m3u8 is UTF-8 by definition; .m3u is whatever the player wrote: UTF-16 shows by its mark or its zeros, and what is not UTF-8 is Latin-1.
    private static string Decode(byte[] bytes)
    {
        if (bytes is [0xFF, 0xFE, ..] or [0xFE, 0xFF, ..])
        {
            return (bytes[0] == 0xFF ? Encoding.Unicode : Encoding.BigEndianUnicode).GetString(bytes.AsSpan(2));
        }

        if (bytes is [_, 0, _, 0, ..] or [0, _, 0, _, ..])
        {
            return (bytes[1] == 0 ? Encoding.Unicode : Encoding.BigEndianUnicode).GetString(bytes);
        }

        try
        {
            return new UTF8Encoding(false, throwOnInvalidBytes: true).GetString(bytes).TrimStart('\uFEFF');
        }
        catch (DecoderFallbackException)
        {
            return Encoding.Latin1.GetString(bytes);
        }
    }
}
