using System.Text;

namespace Stemsharp.Cli.Batches;

/// <summary>Reads .m3u and .m3u8 playlists; only files of this machine count.</summary>
internal static class Playlist
{
    private const long LargestBytes = 16 << 20;

    internal static bool IsPlaylist(string path) =>
        Path.GetExtension(path).Equals(".m3u", StringComparison.OrdinalIgnoreCase)
        || Path.GetExtension(path).Equals(".m3u8", StringComparison.OrdinalIgnoreCase);

    /// <summary>The entries: as written, and the absolute path or why there is none.</summary>
    /// <exception cref="AudioException">The file is too large for a playlist.</exception>
    internal static IEnumerable<(string Entry, string? Path, string? Problem)> Read(string playlist)
    {
        FileInfo file = new(playlist);
        if (file.Length > LargestBytes)
        {
            throw new AudioException($"{playlist} is {file.Length:N0} bytes long; playlists of up to {LargestBytes:N0} are read.");
        }

        string folder = file.DirectoryName!;
        foreach (string raw in Decode(File.ReadAllBytes(playlist)).Split('\n'))
        {
            string line = raw.Trim();
            if (line.Length == 0 || line[0] == '#')
            {
                continue;
            }

            yield return Resolve(line, folder);
        }
    }

    private static (string Entry, string? Path, string? Problem) Resolve(string line, string folder)
    {
        if (line.Contains('\0'))
        {
            return (line.Replace('\0', '?'), null, "the name holds a zero character");
        }

        string path = line;
        int scheme = line.IndexOf("://", StringComparison.Ordinal);
        if (scheme > 0)
        {
            if (!Uri.TryCreate(line, UriKind.Absolute, out Uri? uri) || !uri.IsFile || uri.IsUnc)
            {
                return (line, null, "only files of this machine are taken from a playlist");
            }

            path = uri.LocalPath;
        }
        else if (line.StartsWith(@"\\", StringComparison.Ordinal) || line.StartsWith("//", StringComparison.Ordinal))
        {
            return (line, null, "only files of this machine are taken from a playlist");
        }

        // Playlists written on Windows name files with backslashes.
        if (!OperatingSystem.IsWindows() && !File.Exists(Path.Combine(folder, path)))
        {
            path = path.Replace('\\', '/');
        }

        if (IsPlaylist(path))
        {
            return (line, null, "a playlist inside a playlist is not followed");
        }

        return (line, Path.GetFullPath(Path.Combine(folder, path)), null);
    }

    // .m3u8 is UTF-8 by definition; .m3u is whatever the player wrote, Latin-1 if it is not UTF-8.
    private static string Decode(byte[] bytes)
    {
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
