namespace Stemsharp.Audio;

/// <summary>How a recording is written.</summary>
public sealed record EncodingOptions
{
    /// <summary>The kind of file. Default WAV.</summary>
    public AudioFormat Format { get; init; } = AudioFormat.Wav;

    /// <summary>
    /// How samples are stored in a lossless format; lossy ones ignore it. Default 16 bit. FLAC takes 16 and 24 bit.
    /// </summary>
    public SampleFormat SampleFormat { get; init; } = SampleFormat.Int16;

    /// <summary>
    /// Whether triangular dither of ±1 step is added where samples are rounded to integers. A sample that is on the
    /// integers' grid already loses nothing and stays exactly as it is. Default on.
    /// </summary>
    public bool Dither { get; init; } = true;

    /// <summary>The dither's seed: the same samples and seed give the same file. Default 0.</summary>
    public ulong DitherSeed { get; init; }

    /// <summary>
    /// Bit rate of a lossy format in kbit/s, for both channels together. Default (<see langword="null"/>): MP3 320, AAC 256, Opus 192,
    /// Vorbis 256. Valid are 8 … 512, for MP3 at most 320.
    /// </summary>
    public int? BitrateKbps { get; init; }

    /// <summary>MP3's balance of quality and speed, 2 (best) … 7 (fastest). Default 2.</summary>
    public int Mp3Preset { get; init; } = 2;

    /// <summary>
    /// Frames per second in the file; default (<see langword="null"/>) the rate that samples arrive with. Samples are resampled
    /// where the two differ. Opus is always 48,000, and MP3 and Ogg take at most 48,000 and 192,000.
    /// </summary>
    public int? SampleRate { get; init; }

    /// <summary>
    /// Frames that the file has, at its own rate, where resampling may leave one more: the surplus is cut. Lets a
    /// stem return to its source's rate with exactly its source's length.
    /// </summary>
    public long? Length { get; init; }

    /// <summary>Tags and cover art to write; default none.</summary>
    public AudioTags? Tags { get; init; }

    /// <summary>Path of the FFmpeg program; default: environment variable STEMSHARP_FFMPEG, then PATH.</summary>
    public string? FFmpegPath { get; init; }
}
