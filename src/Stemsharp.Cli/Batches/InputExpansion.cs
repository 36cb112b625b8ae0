namespace Stemsharp.Cli.Batches;

/// <summary>Turns what stands on the command line into tracks: files, folders, patterns, playlists, "-".</summary>
internal sealed class InputExpansion
{
    // What FFmpeg decodes and people keep music in. A file named directly is tried whatever it is called.
    private static readonly HashSet<string> s_musicExtensions = new(StringComparer.OrdinalIgnoreCase)
    {
        ".wav", ".wave", ".rf64", ".w64", ".bwf", ".aif", ".aiff", ".aifc", ".au", ".snd", ".caf",
        ".flac", ".alac", ".ape", ".wv", ".tta", ".tak", ".mp3", ".mp2", ".mpc", ".m4a", ".m4b", ".aac",
        ".ogg", ".oga", ".opus", ".spx", ".wma", ".ac3", ".eac3", ".dts", ".amr", ".dsf", ".dff",
        ".mp4", ".m4v", ".mov", ".mkv", ".mka", ".webm", ".avi", ".3gp",
    };

    private readonly FileSearch _search;
    private readonly List<Track> _tracks = [];
    private readonly List<RejectedInput> _rejected = [];
    private readonly HashSet<string> _seen = new(StringComparer.Ordinal);

    private InputExpansion(string excludedFolder) => _search = new FileSearch(excludedFolder);

    /// <summary>Tracks in the order of the inputs, a folder's in order of their paths, each file once.</summary>
    internal IReadOnlyList<Track> Tracks => _tracks;

    /// <summary>Inputs that are missing, hold nothing or cannot be read.</summary>
    internal IReadOnlyList<RejectedInput> Rejected => [.. _rejected, .. _search.Unreadable];

    /// <summary>What was passed over in searches, in sentences.</summary>
    internal IReadOnlyList<string> Notes => _search.PassedOver;

    /// <summary>Files alone, each once: what is a folder, a pattern or "-" is no file of a list.</summary>
    internal static InputExpansion OfFiles(IEnumerable<string> files)
    {
        InputExpansion expansion = new("");
        foreach (string file in files)
        {
            if (FileNames.Find(file.Replace('\0', '?')) is not { } path)
            {
                expansion.Reject(file, file.Contains('\uFFFD') ? FileSearch.UnnameableReason : "there is no such file");
            }
            else if (Directory.Exists(path))
            {
                expansion.Reject(file, "it is a folder; a list names files");
            }
            else
            {
                expansion.AddFile(path, file, folder: "");
            }
        }

        return expansion;
    }

    /// <summary>One file, with the folder that it was found in.</summary>
    /// <param name="path">Where it is.</param>
    /// <param name="folder">See <see cref="Track.Folder"/>.</param>
    internal static InputExpansion OfFile(string path, string folder)
    {
        InputExpansion expansion = new("");
        if (File.Exists(path))
        {
            expansion.AddFile(path, path, folder);
        }
        else
        {
            expansion.Reject(path, "there is no such file");
        }

        return expansion;
    }

    /// <summary>One file that was fetched from elsewhere.</summary>
    /// <param name="path">Where it is now.</param>
    /// <param name="source">What records call it.</param>
    /// <param name="folder">See <see cref="Track.Folder"/>.</param>
    internal static InputExpansion OfFetched(string path, string source, string folder)
    {
        InputExpansion expansion = new("");
        expansion.AddTrack(new Track(path, source, folder) { Source = source });
        return expansion;
    }

    /// <summary>Expands all inputs.</summary>
    /// <param name="inputs">As on the command line.</param>
    /// <param name="outputFolder">Left out of every search: stems are no tracks.</param>
    internal static InputExpansion Expand(IEnumerable<string> inputs, string outputFolder)
    {
        InputExpansion expansion = new(Path.TrimEndingDirectorySeparator(Path.GetFullPath(outputFolder)));
        foreach (string input in inputs)
        {
            expansion.AddInput(input);
        }

        return expansion;
    }

    private void AddInput(string input)
    {
        if (input == "-")
        {
            AddTrack(Track.StandardInput);
        }
        else if (input.Length == 0 || input.Contains('\0'))
        {
            Reject(input, "an empty name is no file");
        }
        else if (FileNames.Find(input) is { } path)
        {
            if (Directory.Exists(path))
            {
                AddFolder(path);
            }
            else if (Playlist.IsPlaylist(path))
            {
                AddPlaylist(path);
            }
            else
            {
                AddFile(path, input, folder: "");
            }
        }
        else if (GlobPattern.IsPattern(input))
        {
            AddPattern(input);
        }
        else
        {
            Reject(input, input.Contains('\uFFFD') ? FileSearch.UnnameableReason : "there is no such file; quote a path that contains spaces");
        }
    }

    private void AddFolder(string folder)
    {
        string root = Path.GetFullPath(folder);
        int before = Count;
        foreach (string file in _search.Files(root, IsMusic))
        {
            AddFound(file, root, Path.Combine(folder, Path.GetRelativePath(root, file)));
        }

        if (Count == before)
        {
            Reject(folder, "the folder holds no audio file that is not already in the batch");
        }
    }

    private void AddPattern(string pattern)
    {
        GlobPattern glob = GlobPattern.Parse(pattern);
        int before = Count;
        string root = Path.GetFullPath(glob.Root.Length == 0 ? "." : glob.Root);
        // A pattern that spells the extension out is taken at its word; "*" means music.
        bool IsWanted(string file) => glob.IsMatch(Path.GetRelativePath(root, file)) && (glob.NamesExtension || IsMusic(file));
        foreach (string file in _search.Files(root, IsWanted))
        {
            AddFound(file, root, Path.Combine(glob.Root, Path.GetRelativePath(root, file)));
        }

        if (Count == before)
        {
            Reject(pattern, "the pattern matches no audio file that is not already in the batch");
        }
    }

    private void AddPlaylist(string playlist)
    {
        int before = Count;
        bool isEmpty = true;
        try
        {
            foreach ((string entry, string? path, string? problem) in Playlist.Read(playlist))
            {
                isEmpty = false;
                if (path is null)
                {
                    Reject($"{playlist}: {entry}", problem!);
                }
                else if (path.Contains('\uFFFD') && !File.Exists(path))
                {
                    Reject($"{playlist}: {entry}", FileSearch.UnnameableReason);
                }
                else if (!File.Exists(path))
                {
                    Reject($"{playlist}: {entry}", "there is no such file");
                }
                else
                {
                    AddFile(path, entry, folder: "");
                }
            }
        }
        catch (StemsharpException exception)
        {
            Reject(playlist, exception.Message);
        }

        // What all is in the batch already is no fault of a playlist.
        if (isEmpty && Count == before)
        {
            Reject(playlist, "the playlist names no file");
        }
    }

    private int Count => _tracks.Count + _rejected.Count + _search.Unreadable.Count;

    private void AddFound(string file, string root, string shown)
    {
        string folder = Path.GetDirectoryName(Path.GetRelativePath(root, file)) ?? "";
        AddFile(file, shown, folder);
    }

    private void AddFile(string path, string shown, string folder) =>
        AddTrack(new Track(Path.GetFullPath(path), shown, folder));

    private void AddTrack(Track track)
    {
        if (_seen.Add(track.Path))
        {
            _tracks.Add(track);
        }
    }

    private void Reject(string shown, string message) => _rejected.Add(new RejectedInput(shown, message));

    private static bool IsMusic(string path) => s_musicExtensions.Contains(Path.GetExtension(path));
}
