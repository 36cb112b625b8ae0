using System.Buffers.Binary;

namespace Stemsharp.Audio;

/// <summary>Reads the chunks of Sony's Wave64 files: WAV's, with longer names and sizes that count themselves.</summary>
internal static class W64Layout
{
    private const int HeadBytes = 24, FileHeadBytes = 40, MostChunks = 1000;
    private const int PcmTag = 1, FloatTag = 3, ExtensibleTag = 0xFFFE;

    // The names begin like WAV's, and all but the first go on alike.
    private static ReadOnlySpan<byte> File => [(byte)'r', (byte)'i', (byte)'f', (byte)'f', 0x2E, 0x91, 0xCF, 0x11, 0xA5, 0xD6, 0x28, 0xDB, 0x04, 0xC1, 0, 0];

    private static ReadOnlySpan<byte> Tail => [0xF3, 0xAC, 0xD3, 0x11, 0x8C, 0xD1, 0, 0xC0, 0x4F, 0x8E, 0xDB, 0x8A];

    public static bool Looks(ReadOnlySpan<byte> head) => head.StartsWith(File);

    /// <summary>Where the samples are; null for a codec that is no plain samples.</summary>
    /// <exception cref="EndOfStreamException">The file ends too early.</exception>
    public static PcmLayout? TryRead(Stream file)
    {
        Span<byte> head = stackalloc byte[HeadBytes], format = stackalloc byte[40];
        int formatBytes = 0;
        (long Offset, long Bytes)? sound = null;
        long at = FileHeadBytes;
        for (int i = 0; i < MostChunks && at + HeadBytes <= file.Length; i++)
        {
            file.Position = at;
            file.ReadExactly(head);
            long size = BinaryPrimitives.ReadInt64LittleEndian(head[16..]);
            bool known = head.Slice(4, Tail.Length).SequenceEqual(Tail);
            if (known && head.StartsWith("fmt "u8) && size >= HeadBytes + 16)
            {
                formatBytes = (int)Math.Min(format.Length, size - HeadBytes);
                file.ReadExactly(format[..formatBytes]);
            }
            else if (known && head.StartsWith("data"u8) && sound is null)
            {
                sound = (at + HeadBytes, size > HeadBytes ? size - HeadBytes : file.Length - at - HeadBytes);
            }

            if (size < HeadBytes || size > file.Length)
            {
                break;
            }

            at += (size + 7) & ~7L;
        }

        if (formatBytes == 0 || sound is not { Bytes: > 0 } samples)
        {
            return null;
        }

        int tag = BinaryPrimitives.ReadUInt16LittleEndian(format), channels = BinaryPrimitives.ReadUInt16LittleEndian(format[2..]);
        int block = BinaryPrimitives.ReadUInt16LittleEndian(format[12..]);
        tag = tag == ExtensibleTag && formatBytes >= 26 ? BinaryPrimitives.ReadUInt16LittleEndian(format[24..]) : tag;
        SampleFormat? stored = channels == 0 || block % channels != 0 ? null : (tag, block / channels) switch
        {
            (PcmTag, 1) => SampleFormat.UInt8,
            (PcmTag, 2) => SampleFormat.Int16,
            (PcmTag, 3) => SampleFormat.Int24,
            (PcmTag, 4) => SampleFormat.Int32,
            (FloatTag, 4) => SampleFormat.Float32,
            (FloatTag, 8) => SampleFormat.Float64,
            _ => null,
        };
        return stored is not { } kind ? null : new PcmLayout
        {
            Container = "W64",
            SampleRate = (int)Math.Min(int.MaxValue, BinaryPrimitives.ReadUInt32LittleEndian(format[4..])),
            Channels = channels,
            Format = kind,
            Offset = samples.Offset,
            Bytes = samples.Bytes,
        };
    }
}
