using System.Buffers.Binary;
using System.Text;

namespace Stemsharp.Audio;

/// <summary>Reads the chunks of AIFF and AIFF-C files.</summary>
internal static class AiffLayout
{
    private const int LargestTag = 64 << 20, MostChunks = 1000;

    private static readonly Dictionary<string, string> s_texts = new() { ["NAME"] = "title", ["AUTH"] = "artist", ["(c) "] = "copyright", ["ANNO"] = "comment" };

    public static bool Looks(ReadOnlySpan<byte> head) =>
        head.Length >= 12 && head.StartsWith("FORM"u8) && (head[8..].StartsWith("AIFF"u8) || head[8..].StartsWith("AIFC"u8));

    /// <summary>Where the samples are; null for a codec that is no plain samples.</summary>
    /// <exception cref="EndOfStreamException">The file ends too early.</exception>
    public static PcmLayout? TryRead(Stream file)
    {
        Span<byte> chunk = stackalloc byte[8];
        byte[]? common = null;
        (long Offset, long Bytes)? sound = null;
        Dictionary<string, string> values = [];
        AudioTags id3 = AudioTags.Empty;
        long at = 12;
        for (int i = 0; i < MostChunks && at + chunk.Length <= file.Length; i++)
        {
            file.Position = at;
            file.ReadExactly(chunk);
            string id = Encoding.Latin1.GetString(chunk[..4]);
            long size = BinaryPrimitives.ReadUInt32BigEndian(chunk[4..]), rest = file.Length - file.Position;
            at += 8 + size + (size & 1);
            if (id == "SSND" && sound is null)
            {
                file.ReadExactly(chunk);
                long skip = BinaryPrimitives.ReadUInt32BigEndian(chunk);
                sound = (file.Position + skip, size - 8 - skip);
            }
            else if (size <= Math.Min(rest, LargestTag) && (id is "COMM" or "ID3 " || s_texts.ContainsKey(id)))
            {
                byte[] content = new byte[size];
                file.ReadExactly(content);
                if (id == "COMM")
                {
                    common ??= content;
                }
                else if (id == "ID3 ")
                {
                    id3 = Id3.Read(content);
                }
                else if (Encoding.UTF8.GetString(content).Trim('\0', ' ') is { Length: > 0 } text)
                {
                    values.TryAdd(s_texts[id], text);
                }
            }
        }

        if (common is not { Length: >= 18 } || sound is not { Bytes: > 0 } samples)
        {
            return null;
        }

        foreach ((string name, string value) in id3.Values)
        {
            values[name] = value;
        }

        int bits = BinaryPrimitives.ReadInt16BigEndian(common.AsSpan(6));
        string codec = common.Length >= 22 ? Encoding.Latin1.GetString(common, 18, 4) : "NONE";
        SampleFormat? format = codec.ToLowerInvariant() switch
        {
            "none" or "twos" or "sowt" or "in16" or "in24" or "in32" => bits switch
            {
                > 0 and <= 8 => SampleFormat.UInt8,
                > 8 and <= 16 => SampleFormat.Int16,
                > 16 and <= 24 => SampleFormat.Int24,
                > 24 and <= 32 => SampleFormat.Int32,
                _ => null,
            },
            "raw " => SampleFormat.UInt8,
            "fl32" => SampleFormat.Float32,
            "fl64" => SampleFormat.Float64,
            _ => null,
        };
        int channels = BinaryPrimitives.ReadInt16BigEndian(common);
        double rate = Extended(common.AsSpan(8, 10));
        if (format is not { } stored || channels < 1 || rate is not (>= 1 and < 1e7))
        {
            return null;
        }

        return new PcmLayout
        {
            Container = codec == "NONE" && common.Length < 22 ? "AIFF" : "AIFF-C",
            SampleRate = (int)Math.Round(rate),
            Channels = channels,
            Format = stored,
            IsBigEndian = codec != "sowt",
            IsSigned = codec != "raw ",
            Offset = samples.Offset,
            Bytes = Math.Min(samples.Bytes, BinaryPrimitives.ReadUInt32BigEndian(common.AsSpan(2)) * (long)channels * stored.Bits() / 8),
            Tags = new AudioTags { Values = values, Cover = id3.Cover },
        };
    }

    /// <summary>A number of 80 bits: sign and exponent in two bytes, then the mantissa with its leading one.</summary>
    private static double Extended(ReadOnlySpan<byte> bytes)
    {
        int exponent = BinaryPrimitives.ReadInt16BigEndian(bytes) & 0x7FFF;
        return BinaryPrimitives.ReadUInt64BigEndian(bytes[2..]) * Math.Pow(2, exponent - 16383 - 63);
    }
}
