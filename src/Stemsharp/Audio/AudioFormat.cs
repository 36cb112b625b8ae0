namespace Stemsharp.Audio;

/// <summary>The kinds of files that Stemsharp writes. All but <see cref="Wav"/> need FFmpeg.</summary>
public enum AudioFormat
{
    /// <summary>RIFF WAVE, or RF64 beyond 4 GB; written natively.</summary>
    Wav,

    /// <summary>FLAC, 16 or 24 bit, lossless.</summary>
    Flac,

    /// <summary>MP3 (LAME).</summary>
    Mp3,

    /// <summary>AAC in an MPEG-4 file (.m4a).</summary>
    M4a,

    /// <summary>Opus in Ogg (.opus), always at 48 kHz.</summary>
    Opus,

    /// <summary>Vorbis in Ogg (.ogg).</summary>
    Ogg,
}

/// <summary>How a sample is stored.</summary>
public enum SampleFormat
{
    /// <summary>Unsigned 8-bit integers, as WAV has them.</summary>
    UInt8,

    /// <summary>Signed 16-bit integers.</summary>
    Int16,

    /// <summary>Signed 24-bit integers.</summary>
    Int24,

    /// <summary>Signed 32-bit integers.</summary>
    Int32,

    /// <summary>32-bit floating point.</summary>
    Float32,

    /// <summary>64-bit floating point.</summary>
    Float64,
}

/// <summary>Facts about <see cref="AudioFormat"/> and <see cref="SampleFormat"/>.</summary>
public static class AudioFormats
{
    /// <summary>The usual file extension, without a dot: <c>wav</c>, <c>flac</c>, <c>mp3</c>, <c>m4a</c>, <c>opus</c>, <c>ogg</c>.</summary>
    public static string Extension(this AudioFormat format) => format switch
    {
        AudioFormat.Wav => "wav",
        AudioFormat.Flac => "flac",
        AudioFormat.Mp3 => "mp3",
        AudioFormat.M4a => "m4a",
        AudioFormat.Opus => "opus",
        AudioFormat.Ogg => "ogg",
        _ => throw new ArgumentOutOfRangeException(nameof(format)),
    };

    /// <summary>Whether the format keeps every sample as it was given (after rounding to its depth).</summary>
    public static bool IsLossless(this AudioFormat format) => format is AudioFormat.Wav or AudioFormat.Flac;

    /// <summary>The format that a file name's extension means, upper or lower case.</summary>
    /// <returns><see langword="false"/> for an extension that is not known.</returns>
    public static bool TryFromPath(string path, out AudioFormat format)
    {
        AudioFormat? found = Path.GetExtension(path).ToLowerInvariant() switch
        {
            ".wav" or ".wave" or ".rf64" => AudioFormat.Wav,
            ".flac" => AudioFormat.Flac,
            ".mp3" => AudioFormat.Mp3,
            ".m4a" or ".aac" or ".mp4" => AudioFormat.M4a,
            ".opus" => AudioFormat.Opus,
            ".ogg" or ".oga" => AudioFormat.Ogg,
            _ => null,
        };
        format = found ?? default;
        return found is not null;
    }

    /// <summary>The format that a file name's extension means, upper or lower case.</summary>
    /// <exception cref="OptionException">The extension means none; the message lists those that do.</exception>
    public static AudioFormat FromPath(string path) => TryFromPath(path, out AudioFormat format)
        ? format
        : throw new OptionException($"'{Path.GetFileName(path)}' does not tell its format by its extension; valid are .{string.Join(", .", Enum.GetValues<AudioFormat>().Select(Extension))}.");

    /// <summary>Bits that a sample takes.</summary>
    public static int Bits(this SampleFormat format) => format switch
    {
        SampleFormat.UInt8 => 8,
        SampleFormat.Int16 => 16,
        SampleFormat.Int24 => 24,
        SampleFormat.Int32 or SampleFormat.Float32 => 32,
        SampleFormat.Float64 => 64,
        _ => throw new ArgumentOutOfRangeException(nameof(format)),
    };

    /// <summary>Whether samples are floating-point numbers.</summary>
    public static bool IsFloat(this SampleFormat format) => format is SampleFormat.Float32 or SampleFormat.Float64;
}
