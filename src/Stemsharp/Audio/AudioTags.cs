namespace Stemsharp.Audio;

/// <summary>What a recording says about itself: title, artist, cover, and so on.</summary>
public sealed record AudioTags
{
    /// <summary>No tags and no cover.</summary>
    public static AudioTags Empty { get; } = new();

    /// <summary>
    /// Values by name, in FFmpeg's generic lower-case names: title, artist, album, album_artist, track, disc, date,
    /// genre, composer, comment, copyright, …
    /// </summary>
    public IReadOnlyDictionary<string, string> Values { get; init; } = new Dictionary<string, string>();

    /// <summary>The front cover, or <see langword="null"/>.</summary>
    public CoverArt? Cover { get; init; }

    /// <summary>The value of a tag, or <see langword="null"/>.</summary>
    /// <param name="name">A generic name such as <c>title</c>.</param>
    public string? this[string name] => Values.TryGetValue(name, out string? value) ? value : null;

    /// <summary>A copy in which one tag is set.</summary>
    /// <param name="name">A generic name such as <c>title</c>.</param>
    /// <param name="value">Its new value.</param>
    public AudioTags With(string name, string value) =>
        this with { Values = new Dictionary<string, string>(Values) { [name] = value } };
}

/// <summary>A picture that belongs to a recording.</summary>
/// <param name="MimeType"><c>image/jpeg</c> or <c>image/png</c>.</param>
/// <param name="Data">The picture's file.</param>
public sealed record CoverArt(string MimeType, ReadOnlyMemory<byte> Data);
