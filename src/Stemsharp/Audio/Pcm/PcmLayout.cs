namespace Stemsharp.Audio;

/// <summary>Plain samples inside a file: where they are and how they are stored.</summary>
internal sealed record PcmLayout
{
    /// <summary>The container in words.</summary>
    public required string Container { get; init; }

    public required int SampleRate { get; init; }

    public required int Channels { get; init; }

    public required SampleFormat Format { get; init; }

    /// <summary>Whether the first byte of a sample is its highest.</summary>
    public bool IsBigEndian { get; init; }

    /// <summary>Whether 8-bit samples are signed; WAV's are not.</summary>
    public bool IsSigned { get; init; }

    public required long Offset { get; init; }

    /// <summary>Bytes that the header promises; the file may end before.</summary>
    public required long Bytes { get; init; }

    /// <summary>Tags and cover.</summary>
    public AudioTags Tags { get; init; } = AudioTags.Empty;

    public int FrameBytes => Channels * Format.Bits() / 8;
}
