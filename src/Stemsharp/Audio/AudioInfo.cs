namespace Stemsharp.Audio;

/// <summary>What is known of a recording before it is read.</summary>
public sealed record AudioInfo
{
    /// <summary>Container and codec in words, such as <c>WAV, 24-bit integers</c> or <c>mp3 (mp3float)</c>.</summary>
    public required string Description { get; init; }

    /// <summary>Frames per second.</summary>
    public required int SampleRate { get; init; }

    /// <summary>Samples in a frame.</summary>
    public required int Channels { get; init; }

    /// <summary>Frames, where known exactly.</summary>
    public long? Length { get; init; }

    /// <summary>Frames, exact or estimated from the container's duration; <see langword="null"/> where it has none.</summary>
    public long? EstimatedLength { get; init; }

    /// <summary>
    /// The integer or float format that keeps all of the source's precision; <see langword="null"/> for lossy sources, which have no depth.
    /// </summary>
    public SampleFormat? SampleFormat { get; init; }

    /// <summary>Where the header and the data disagreed and how that was resolved, in sentences for the user.</summary>
    public IReadOnlyList<string> Warnings { get; init; } = [];

    /// <summary>What was chosen where there was a choice, such as one of several audio streams, in sentences for the user.</summary>
    public IReadOnlyList<string> Notes { get; init; } = [];

    /// <summary>
    /// Where each channel's loudspeaker stands, as the bits of WAV's channel mask in the order of the channels; <see langword="null"/> where the
    /// file does not say, and WAV's usual order counts.
    /// </summary>
    public int? SpeakerMask { get; init; }
}

/// <summary>Who decodes compressed files.</summary>
public enum AudioDecoder
{
    /// <summary>FFmpeg where it is there, else the decoders inside, for the formats that they know.</summary>
    Auto,

    /// <summary>FFmpeg, for everything but WAV files.</summary>
    FFmpeg,

    /// <summary>The decoders inside: FLAC, MP3, Ogg Vorbis and Opus; FFmpeg for every other format.</summary>
    Managed,
}

/// <summary>How recordings are opened.</summary>
public sealed record AudioInputOptions
{
    /// <summary>The defaults.</summary>
    public static AudioInputOptions Default { get; } = new();

    /// <summary>Path of the FFmpeg program; default: environment variable STEMSHARP_FFMPEG, then PATH.</summary>
    public string? FFmpegPath { get; init; }

    /// <summary>Who decodes compressed files. Default FFmpeg where it is there, else the decoders inside.</summary>
    public AudioDecoder Decoder { get; init; }

    /// <summary>How more channels than are wanted become fewer. Default as the original does it: the first ones are taken.</summary>
    public Downmix Downmix { get; init; }

    /// <summary>
    /// Which of several audio streams is read: its number among them from 1, or its language as the file writes it, such as <c>eng</c>. Default
    /// (<see langword="null"/>) the one marked as default, else the first.
    /// </summary>
    public string? Stream { get; init; }

    /// <summary>
    /// Whether the sound of a video keeps its place beside the picture: silence comes before sound that begins later, and what comes before the
    /// picture is left out. Default no: a recording begins with its sound, and <see cref="AudioInfo.Notes"/> tell by how much that differs.
    /// </summary>
    public bool KeepOffset { get; init; }

    /// <summary>How long FFmpeg may take to answer or to deliver the next samples before it is ended. Default 3 minutes.</summary>
    public TimeSpan StallLimit { get; init; } = TimeSpan.FromMinutes(3);

    /// <summary>The longest recording that is accepted; a bound against files made to never end. Default 48 hours.</summary>
    public TimeSpan MaximumDuration { get; init; } = TimeSpan.FromHours(48);

    /// <summary>Most bytes that are spooled from a stream. Default 32 GiB.</summary>
    public long MaximumSpoolBytes { get; init; } = 32L << 30;

    /// <summary>Where streams are spooled to; default the system's folder for temporary files.</summary>
    public string? TemporaryFolder { get; init; }

    /// <summary>Where reading begins. Default the recording's start.</summary>
    public TimeSpan Start { get; init; }

    /// <summary>
    /// Whether whatever would be a warning about the recording, such as a header that does not fit its data or damage that a decoder meets, is an
    /// <see cref="AudioException"/>. Default no.
    /// </summary>
    public bool Strict { get; init; }

    /// <summary>How much is read. Default (<see langword="null"/>) all to the end.</summary>
    public TimeSpan? Duration { get; init; }
}
