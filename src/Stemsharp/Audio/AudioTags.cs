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

    /// <summary>Where the recording belongs in time, as broadcast WAV files say it; <see langword="null"/> where nothing says so.</summary>
    public BroadcastPosition? Broadcast { get; init; }

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

/// <summary>What the chunks <c>bext</c> and <c>iXML</c> of a broadcast WAV file say: editors put such a file at its place in a session.</summary>
public sealed record BroadcastPosition
{
    /// <summary>Frames from midnight to the recording's first one, at <see cref="SampleRate"/>.</summary>
    public required long TimeReference { get; init; }

    /// <summary>The rate that <see cref="TimeReference"/> counts in, in Hz.</summary>
    public required int SampleRate { get; init; }

    /// <summary>What was recorded, at most 256 characters.</summary>
    public string Description { get; init; } = "";

    /// <summary>Who recorded it, at most 32 characters.</summary>
    public string Originator { get; init; } = "";

    /// <summary>The originator's reference, at most 32 characters.</summary>
    public string OriginatorReference { get; init; } = "";

    /// <summary>The day, as <c>yyyy-mm-dd</c>.</summary>
    public string Date { get; init; } = "";

    /// <summary>The time of day, as <c>hh:mm:ss</c>.</summary>
    public string Time { get; init; } = "";

    /// <summary>The iXML document; <see langword="null"/> for none.</summary>
    public string? IXml { get; init; }

    /// <summary>The same place told at another rate, of a part that begins later.</summary>
    /// <param name="sampleRate">The rate to count in, in Hz.</param>
    /// <param name="start">Where the part begins in this recording.</param>
    public BroadcastPosition At(int sampleRate, TimeSpan start = default) => sampleRate == SampleRate && start == default ? this : this with
    {
        TimeReference = (long)Math.Round((TimeReference / (double)SampleRate + start.TotalSeconds) * sampleRate),
        SampleRate = sampleRate,
    };
}
