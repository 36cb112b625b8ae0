using Stemsharp.Audio;

namespace Stemsharp.Cli.Batches;

/// <summary>Walks folders: in a stable order, without hidden entries, without going round in circles.</summary>
/// <param name="excludedFolder">An absolute path of a folder that is not searched.</param>
internal sealed class FileSearch(string excludedFolder)
{
    // Deeper than any music library, shallow enough to end a loop of mounts.
    private const int DeepestFolder = 64;

    private readonly List<RejectedInput> _unreadable = [];
    private readonly List<string> _passedOver = [];

    /// <summary>What cannot be searched or opened though it may hold music, with the reason.</summary>
    internal IReadOnlyList<RejectedInput> Unreadable => _unreadable;

    /// <summary>What is no music though it looks so, in sentences.</summary>
    internal IReadOnlyList<string> PassedOver => _passedOver;

    /// <summary>All files below a folder, sorted by path.</summary>
    /// <param name="root">An absolute path.</param>
    /// <param name="isWanted">Whether a file of this path would be taken.</param>
    internal IEnumerable<string> Files(string root, Func<string, bool> isWanted) => Files(new DirectoryInfo(root), isWanted, depth: 0);

    private IEnumerable<string> Files(DirectoryInfo folder, Func<string, bool> isWanted, int depth)
    {
        FileSystemInfo[] entries;
        try
        {
            entries = folder.GetFileSystemInfos();
        }
        catch (Exception exception) when (exception is UnauthorizedAccessException or IOException)
        {
            _unreadable.Add(new RejectedInput(folder.FullName, $"the folder cannot be read: {exception.Message}"));
            yield break;
        }

        Array.Sort(entries, (a, b) => string.CompareOrdinal(a.Name, b.Name));
        foreach (FileSystemInfo entry in entries)
        {
            bool isUnnameable = IsUnnameable(entry);
            if (entry.Name.StartsWith('.') || (!isUnnameable && entry.Attributes.HasFlag(FileAttributes.Hidden)))
            {
                continue;
            }

            if (isUnnameable)
            {
                if (entry is DirectoryInfo || isWanted(entry.FullName))
                {
                    _unreadable.Add(new RejectedInput(entry.FullName, UnnameableReason));
                }
            }
            else if (entry is FileInfo)
            {
                if (!isWanted(entry.FullName))
                {
                    continue;
                }

                if (SpecialFile.TypeOf(entry.FullName) is FileType type and not FileType.Regular)
                {
                    _passedOver.Add($"{entry.FullName} is passed over: a {type.ToString().ToLowerInvariant()}, not a file. Name it itself if it is meant.");
                }
                else
                {
                    yield return entry.FullName;
                }
            }
            else if (entry is DirectoryInfo inner && inner.LinkTarget is null && depth < DeepestFolder
                && !string.Equals(inner.FullName, excludedFolder, StringComparison.Ordinal))
            {
                if (Directory.Exists(Path.Combine(inner.FullName, OutputLedger.FolderName)))
                {
                    _passedOver.Add($"{inner.FullName} is passed over: it holds stems of an earlier run. Name it itself if they are meant.");
                    continue;
                }

                foreach (string file in Files(inner, isWanted, depth + 1))
                {
                    yield return file;
                }
            }
        }
    }

    /// <summary>Why a file whose name has replaced characters cannot be opened.</summary>
    internal const string UnnameableReason = "its name is not valid UTF-8, so that it cannot be opened; rename it";

    // Bytes of a name that are no UTF-8 are lost when .NET reads them, and the name that is left stands for nothing.
    internal static bool IsUnnameable(FileSystemInfo entry) => entry.Name.Contains('\uFFFD') && (int)entry.Attributes == -1;
}
