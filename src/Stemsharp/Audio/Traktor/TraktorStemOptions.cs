namespace Stemsharp.Audio;

/// <summary>How the five tracks of a stem file are stored.</summary>
public enum TraktorStemCodec
{
    /// <summary>AAC, lossy.</summary>
    Aac,

    /// <summary>Apple Lossless, 16 or 24 bit.</summary>
    Alac,
}

/// <summary>How a Traktor stem file (.stem.mp4) is written.</summary>
public sealed record TraktorStemOptions
{
    /// <summary>The tracks' codec. Default AAC.</summary>
    public TraktorStemCodec Codec { get; init; } = TraktorStemCodec.Aac;

    /// <summary>Bit rate of each AAC track in kbit/s, 8 … 512. Default 256.</summary>
    public int BitrateKbps { get; init; } = 256;

    /// <summary>Depth of Apple Lossless tracks: 16- or 24-bit integers. Default 16.</summary>
    public SampleFormat SampleFormat { get; init; } = SampleFormat.Int16;

    /// <summary>Whether samples are dithered where they are rounded to integers. Default on.</summary>
    public bool Dither { get; init; } = true;

    /// <summary>Tags and cover art to write; default none.</summary>
    public AudioTags? Tags { get; init; }

    /// <summary>Path of the FFmpeg program; default: environment variable STEMSHARP_FFMPEG, then PATH.</summary>
    public string? FFmpegPath { get; init; }
}
