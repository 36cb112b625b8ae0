using Stemsharp.Audio;

namespace Stemsharp.Files;

/// <summary>What files keep of the input that they were separated from.</summary>
internal static class SourceForm
{
    /// <summary>The depth of files that are to have the input's.</summary>
    /// <param name="source">The input's; null where it has none.</param>
    /// <param name="format">The files' format.</param>
    /// <param name="exactSum">Whether they have to add up exactly.</param>
    public static SampleFormat Depth(SampleFormat? source, AudioFormat format, bool exactSum)
    {
        SampleFormat depth = source switch
        {
            SampleFormat.Int24 => SampleFormat.Int24,
            // A float holds 24 bits, so that an exact sum in 32-bit integers would not be exact.
            SampleFormat.Int32 => exactSum ? SampleFormat.Int24 : SampleFormat.Int32,
            SampleFormat.Float32 or SampleFormat.Float64 => SampleFormat.Float32,
            // Compressed sources have no depth, and separating an 8-bit one leaves more than 8 bits.
            _ => SampleFormat.Int16,
        };
        return format == AudioFormat.Flac && depth != SampleFormat.Int16 ? SampleFormat.Int24 : depth;
    }

    /// <summary>A stem's tags: the input's, with the stem's name behind the title and its place in time; null where there are none.</summary>
    public static AudioTags? Tags(AudioTags tags, string stem)
    {
        if (tags.Values.Count == 0 && tags.Cover is null && tags.Broadcast is null)
        {
            return null;
        }

        return tags["title"] is { Length: > 0 } title ? tags.With("title", $"{title} ({stem})") : tags;
    }
}
