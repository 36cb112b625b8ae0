namespace Stemsharp.Cli.Batches;

/// <summary>Walks folders: in a stable order, without hidden entries, without going round in circles.</summary>
internal static class FileSearch
{
    // Deeper than any music library, shallow enough to end a loop of mounts.
    private const int DeepestFolder = 64;

    /// <summary>All files below a folder, sorted by path; folders that cannot be read are left out.</summary>
    /// <param name="root">An absolute path.</param>
    /// <param name="excludedFolder">An absolute path of a folder that is not searched.</param>
    internal static IEnumerable<string> Files(string root, string excludedFolder) =>
        Files(new DirectoryInfo(root), excludedFolder, depth: 0);

    private static IEnumerable<string> Files(DirectoryInfo folder, string excludedFolder, int depth)
    {
        FileSystemInfo[] entries;
        try
        {
            entries = folder.GetFileSystemInfos();
        }
        catch (Exception exception) when (exception is UnauthorizedAccessException or IOException)
        {
            yield break;
        }

        Array.Sort(entries, (a, b) => string.CompareOrdinal(a.Name, b.Name));
        foreach (FileSystemInfo entry in entries)
        {
            if (entry.Name.StartsWith('.') || entry.Attributes.HasFlag(FileAttributes.Hidden))
            {
                continue;
            }

            if (entry is FileInfo)
            {
                yield return entry.FullName;
            }
            else if (entry is DirectoryInfo inner && inner.LinkTarget is null && depth < DeepestFolder
                && !string.Equals(inner.FullName, excludedFolder, StringComparison.Ordinal))
            {
                foreach (string file in Files(inner, excludedFolder, depth + 1))
                {
                    yield return file;
                }
            }
        }
    }
}
