using Stemsharp.Audio;
using Stemsharp.Cli.Batches;

namespace Stemsharp.Cli.Evaluation;

/// <summary>One track of a data set laid out as MUSDB18-HQ is: a folder with a file for each stem and the mixture.</summary>
/// <param name="Name">The folder's name, below its subset (<c>test/A Song</c>) where there are subsets.</param>
/// <param name="Mixture">The mixture's file; null when there is none.</param>
/// <param name="Stems">Stem names and their files, in alphabetical order.</param>
internal sealed record TrackFolder(string Name, string? Mixture, IReadOnlyDictionary<string, string> Stems)
{
    private static readonly string[] s_mixtureNames = ["mixture", "mix"];

    // Sums that some copies of MUSDB carry beside the stems: they are no stems of their own.
    private static readonly string[] s_derivedNames = ["linear_mixture", "accompaniment"];

    /// <summary>Finds the tracks in a folder, up to two levels down, sorted by name.</summary>
    /// <param name="root">A track's folder, a folder of such, or one with <c>train</c> and <c>test</c> in it.</param>
    /// <param name="passedOver">Gets what cannot be read or is no file, in sentences.</param>
    /// <exception cref="AudioException">There is no such folder, or no track in it.</exception>
    internal static IReadOnlyList<TrackFolder> Find(string root, ICollection<string> passedOver)
    {
        if (!Directory.Exists(root))
        {
            throw new AudioException($"There is no folder {root}. Name a folder of tracks laid out as MUSDB18-HQ is: TRACK/mixture.wav, TRACK/vocals.wav, …") { Failure = AudioFailure.NotFound };
        }

        if (TryRead(root, Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(root))), passedOver) is { } single)
        {
            return [single];
        }

        List<TrackFolder> tracks = [];
        foreach (string folder in Entries(root, wantsFolders: true, []))
        {
            string name = Path.GetFileName(folder);
            if (TryRead(folder, name, passedOver) is { } track)
            {
                tracks.Add(track);
            }
            else
            {
                // What cannot be read of it has been told.
                tracks.AddRange(Entries(folder, wantsFolders: true, [])
                    .Select(inner => TryRead(inner, $"{name}/{Path.GetFileName(inner)}", passedOver)).OfType<TrackFolder>());
            }
        }

        if (tracks.Count == 0)
        {
            throw new AudioException($"{root} holds no tracks. A track is a folder with at least one stem as an audio file (vocals.wav, drums.wav, …), directly in {root} or one folder further down.") { Failure = AudioFailure.NotFound };
        }

        return tracks;
    }

    /// <summary>The stems in a folder; null when it holds no audio.</summary>
    internal static TrackFolder? TryRead(string folder, string name, ICollection<string> passedOver)
    {
        SortedDictionary<string, string> stems = new(StringComparer.Ordinal);
        string? mixture = null;
        foreach (string file in Entries(folder, wantsFolders: false, passedOver))
        {

            string stem = Path.GetFileNameWithoutExtension(file);
            if (s_mixtureNames.Contains(stem))
            {
                mixture ??= file;
            }
            else if (!s_derivedNames.Contains(stem))
            {
                stems.TryAdd(stem, file);
            }
        }

        return stems.Count == 0 ? null : new TrackFolder(name, mixture, stems);
    }

    /// <summary>The audio files in a folder, or its folders, sorted by name.</summary>
    private static IEnumerable<string> Entries(string folder, bool wantsFolders, ICollection<string> passedOver)
    {
        FileSystemInfo[] entries;
        try
        {
            entries = new DirectoryInfo(folder).GetFileSystemInfos();
        }
        catch (Exception error) when (error is UnauthorizedAccessException or IOException)
        {
            passedOver.Add($"{folder} is passed over: the folder cannot be read: {error.Message}");
            yield break;
        }

        Array.Sort(entries, (a, b) => string.CompareOrdinal(a.Name, b.Name));
        foreach (FileSystemInfo entry in entries.Where(entry => !entry.Name.StartsWith('.')))
        {
            if (FileSearch.IsUnnameable(entry) && (entry is DirectoryInfo || AudioFormats.TryFromPath(entry.Name, out _)))
            {
                passedOver.Add($"{entry.FullName} is passed over: {FileSearch.UnnameableReason}");
            }
            else if (wantsFolders ? entry is DirectoryInfo : entry is FileInfo && AudioFormats.TryFromPath(entry.Name, out _))
            {
                if (SpecialFile.TypeOf(entry.FullName) is FileType type and not FileType.Regular)
                {
                    passedOver.Add($"{entry.FullName} is passed over: a {type.ToString().ToLowerInvariant()}, not a file.");
                    continue;
                }

                yield return entry.FullName;
            }
        }
    }
}
