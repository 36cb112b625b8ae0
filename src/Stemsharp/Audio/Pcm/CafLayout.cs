using System.Buffers.Binary;

namespace Stemsharp.Audio;

/// <summary>Reads the chunks of Apple's CAF files.</summary>
internal static class CafLayout
{
    private const int Float = 1, LittleEndian = 2, MostChunks = 1000;

    public static bool Looks(ReadOnlySpan<byte> head) => head.StartsWith("caff"u8);

    /// <summary>Where the samples are; null for a codec that is no plain samples.</summary>
    /// <exception cref="EndOfStreamException">The file ends too early.</exception>
    public static PcmLayout? TryRead(Stream file)
    {
        Span<byte> chunk = stackalloc byte[12], description = stackalloc byte[32];
        bool isDescribed = false;
        (long Offset, long Bytes)? sound = null;
        long at = 8;
        for (int i = 0; i < MostChunks && at + chunk.Length <= file.Length; i++)
        {
            file.Position = at;
            file.ReadExactly(chunk);
            long size = BinaryPrimitives.ReadInt64BigEndian(chunk[4..]);
            if (chunk.StartsWith("desc"u8))
            {
                file.ReadExactly(description);
                isDescribed = true;
            }
            else if (chunk.StartsWith("data"u8) && sound is null)
            {
                // Behind a number of edits; a size of -1 means up to the end.
                sound = (at + chunk.Length + 4, (size < 0 ? file.Length - at - chunk.Length : size) - 4);
            }

            if (size < 0)
            {
                break;
            }

            at = size > file.Length ? file.Length : at + chunk.Length + size;
        }

        if (!isDescribed || sound is not { Bytes: > 0 } samples || !description[8..].StartsWith("lpcm"u8))
        {
            return null;
        }

        double rate = BinaryPrimitives.ReadDoubleBigEndian(description);
        int flags = BinaryPrimitives.ReadInt32BigEndian(description[12..]), packet = BinaryPrimitives.ReadInt32BigEndian(description[16..]);
        int channels = BinaryPrimitives.ReadInt32BigEndian(description[24..]), bits = BinaryPrimitives.ReadInt32BigEndian(description[28..]);
        SampleFormat? format = ((flags & Float) != 0, bits) switch
        {
            (true, 32) => SampleFormat.Float32,
            (true, 64) => SampleFormat.Float64,
            (false, 8) => SampleFormat.UInt8,
            (false, 16) => SampleFormat.Int16,
            (false, 24) => SampleFormat.Int24,
            (false, 32) => SampleFormat.Int32,
            _ => null,
        };
        return format is not { } stored || channels is < 1 or > 128 || packet != channels * bits / 8 || rate is not (>= 1 and < 1e7) ? null : new PcmLayout
        {
            Container = "CAF",
            SampleRate = (int)Math.Round(rate),
            Channels = channels,
            Format = stored,
            IsBigEndian = (flags & LittleEndian) == 0,
            IsSigned = true,
            Offset = samples.Offset,
            Bytes = samples.Bytes,
        };
    }
}
