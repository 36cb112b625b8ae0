using Stemsharp.Web.Text;


namespace Stemsharp.Web.Store;

/// <summary>Decides whether a path from a client names a file inside the folders that the server may read.</summary>
internal static class LocalRoots
{
    /// <summary>
    /// The file's real path, links resolved, inside one of the roots. Whether a path outside them exists is not told.
    /// </summary>
    public static string Resolve(string path, IReadOnlyList<string> roots)
    {
        string full = ResolveInside("path", path, roots);
        return File.Exists(full) ? full : throw StoreException.NotFound("file", path);
    }

    /// <summary>The real path of a folder inside one of the roots, links resolved; it need not be there.</summary>
    public static string ResolveFolder(string path, IReadOnlyList<string> roots)
    {
        string full = ResolveInside("folder", path, roots);
        return File.Exists(full) ? throw new StoreException(StoreErrorKind.Invalid, $"'{ClientText.Quoted(path)}' is a file; 'folder' is to be one.") : full;
    }

    private static string ResolveInside(string what, string path, IReadOnlyList<string> roots)
    {
        if (path.Contains('\0') || !Path.IsPathFullyQualified(path))
        {
            throw new StoreException(StoreErrorKind.Invalid, $"'{what}' is an absolute path on the server.");
        }

        string full = RealPath(Path.GetFullPath(path));
        if (!roots.Any(root => IsInside(full, RealPath(root))))
        {
            throw new StoreException(StoreErrorKind.Forbidden, $"'{ClientText.Quoted(path)}' is not in a folder that this server may read.");
        }

        return full;
    }

    /// <summary>The path with every symbolic link in it followed.</summary>
    public static string RealPath(string path)
    {
        string root = Path.GetPathRoot(path)!;
        string real = root;
        int links = 0;
        Stack<string> parts = new(Split(path[root.Length..]).Reverse());
        while (parts.TryPop(out string? part))
        {
            if (part == ".")
            {
                continue;
            }

            if (part == "..")
            {
                real = Path.GetDirectoryName(real) ?? real;
                continue;
            }
            string next = Path.Combine(real, part);
            if (new FileInfo(next).LinkTarget is not { } target)
            {
                real = next;
                continue;
            }
            if (++links > 40)
            {
                throw new StoreException(StoreErrorKind.Forbidden, "The path goes in circles.");
            }

            if (Path.IsPathRooted(target))
            {
                real = Path.GetPathRoot(target)!;
            }

            foreach (string piece in Split(target[(Path.IsPathRooted(target) ? Path.GetPathRoot(target)!.Length : 0)..]).Reverse())
            {
                parts.Push(piece);
            }
        }
        return real;

        static string[] Split(string text) =>
            text.Split([Path.DirectorySeparatorChar, Path.AltDirectorySeparatorChar], StringSplitOptions.RemoveEmptyEntries);
    }

    private static bool IsInside(string path, string root)
    {
        string relative = Path.GetRelativePath(root, path);
        return relative != ".." && !relative.StartsWith(".." + Path.DirectorySeparatorChar, StringComparison.Ordinal)
            && !Path.IsPathRooted(relative);
    }
}
