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

    private readonly string _excludedFolder;
    private readonly List<Track> _tracks = [];
    private readonly List<RejectedInput> _rejected = [];
    private readonly HashSet<string> _seen = new(StringComparer.Ordinal);

    private InputExpansion(string excludedFolder) => _excludedFolder = excludedFolder;

    /// <summary>Tracks in the order of the inputs, a folder's in order of their paths, each file once.</summary>
    internal IReadOnlyList<Track> Tracks => _tracks;

    /// <summary>Inputs that are missing or hold nothing.</summary>
    internal IReadOnlyList<RejectedInput> Rejected => _rejected;

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
        else if (Directory.Exists(input))
        {
            AddFolder(input);
        }
        else if (!File.Exists(input) && GlobPattern.IsPattern(input))
        {
            AddPattern(input);
        }
        else if (Playlist.IsPlaylist(input) && File.Exists(input))
        {
            AddPlaylist(input);
        }
        else if (File.Exists(input))
        {
            AddFile(input, input, folder: "");
        }
        else
        {
            Reject(input, "there is no such file; quote a path that contains spaces");
        }
    }

    private void AddFolder(string folder)
    {
        string root = Path.GetFullPath(folder);
        int before = _tracks.Count;
        foreach (string file in FileSearch.Files(root, _excludedFolder).Where(IsMusic))
        {
            AddFound(file, root, Path.Combine(folder, Path.GetRelativePath(root, file)));
        }

        if (_tracks.Count == before)
        {
            Reject(folder, "the folder holds no audio file that is not already in the batch");
        }
    }

    private void AddPattern(string pattern)
    {
        GlobPattern glob = GlobPattern.Parse(pattern);
        int before = _tracks.Count;
        string root = Path.GetFullPath(glob.Root.Length == 0 ? "." : glob.Root);
        foreach (string file in FileSearch.Files(root, _excludedFolder))
        {
            string relative = Path.GetRelativePath(root, file);
            // A pattern that spells the extension out is taken at its word; "*" means music.
            if (glob.IsMatch(relative) && (glob.NamesExtension || IsMusic(file)))
            {
                AddFound(file, root, Path.Combine(glob.Root, relative));
            }
        }

        if (_tracks.Count == before)
        {
            Reject(pattern, "the pattern matches no audio file that is not already in the batch");
        }
    }

    private void AddPlaylist(string playlist)
    {
        int before = _tracks.Count + _rejected.Count;
        try
        {
            foreach ((string entry, string? path, string? problem) in Playlist.Read(playlist))
            {
                if (path is null)
                {
                    Reject($"{playlist}: {entry}", problem!);
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

        if (_tracks.Count + _rejected.Count == before)
        {
            Reject(playlist, "the playlist names no file");
        }
    }

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
