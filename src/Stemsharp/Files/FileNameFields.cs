using Stemsharp.Audio;

namespace Stemsharp.Files;

/// <summary>What the fields of a <see cref="FileNamePattern"/> stand for, but for the stem.</summary>
internal sealed record FileNameFields
{
    /// <summary>The input's path, or what stands for it.</summary>
    public required string Path { get; init; }

    /// <summary>Whether <see cref="Path"/> lies in a folder that names it.</summary>
    public bool HasFolder { get; init; } = true;

    /// <summary>The model's name.</summary>
    public required string Model { get; init; }

    /// <summary>The files' extension, without a dot.</summary>
    public required string Extension { get; init; }

    /// <summary>The input's tags.</summary>
    public AudioTags Tags { get; init; } = AudioTags.Empty;

    /// <summary>The name of a path without what follows its last dot, as the original names a track's folder.</summary>
    /// <param name="path">A path.</param>
    public static string TrackOf(string path) => Split(path).Track;

    /// <summary>The values of all fields for one stem.</summary>
    /// <param name="stem">Its name.</param>
    public IReadOnlyDictionary<string, string?> Of(string stem)
    {
        (string track, string extension) = Split(Path);
        return new Dictionary<string, string?>
        {
            ["track"] = track,
            ["trackext"] = extension,
            ["stem"] = stem,
            ["ext"] = Extension,
            ["model"] = Model,
            ["folder"] = HasFolder ? System.IO.Path.GetFileName(System.IO.Path.GetDirectoryName(Path)) : null,
            ["artist"] = Tags["artist"],
            ["album"] = Tags["album"],
            ["title"] = Tags["title"] ?? track,
            ["tracknumber"] = Tags["track"],
        };
    }

    // Without a dot the extension is the whole name, as in the original.
    private static (string Track, string Extension) Split(string path)
    {
        string name = System.IO.Path.GetFileName(path);
        int dot = name.LastIndexOf('.');
        return dot > 0 ? (name[..dot], name[(dot + 1)..]) : (name, name);
    }
}
