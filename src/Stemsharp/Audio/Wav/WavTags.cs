using System.Buffers.Binary;
using System.Text;

namespace Stemsharp.Audio;

/// <summary>
/// Tags in WAV files: the LIST/INFO chunk that most programs read, and an id3 chunk for what INFO has no place for
/// (the cover, album artist, disc). Reading merges both; id3 wins, since its text has a defined encoding.
/// </summary>
internal static class WavTags
{
    private const int MaximumChunkBytes = 64 << 20;

    /// <summary>INFO's identifiers and the generic names. The first of several identifiers is the one that is written.</summary>
    private static readonly (string Id, string Name)[] Fields =
    [
        ("INAM", "title"), ("IART", "artist"), ("IPRD", "album"), ("IPRT", "track"), ("ITRK", "track"), ("ICRD", "date"),
        ("IGNR", "genre"), ("ICMT", "comment"), ("ICOP", "copyright"), ("IMUS", "composer"), ("ILNG", "language"),
        ("ISFT", "encoder"), ("ISRC", "source"), ("ITCH", "encoded_by"), ("IENG", "engineer"), ("IWRI", "lyricist"),
        ("IKEY", "keywords"), ("ISBJ", "subject"),
    ];

    /// <summary>The chunks to append for these tags.</summary>
    /// <param name="tags">Tags, cover and place in time.</param>
    /// <param name="sampleRate">The file's rate.</param>
    public static IEnumerable<(string Id, byte[] Content)> Chunks(AudioTags tags, int sampleRate)
    {
        foreach ((string Id, byte[] Content) chunk in tags.Broadcast is { } position ? BroadcastChunks.Write(position, sampleRate) : [])
        {
            yield return chunk;
        }

        if (tags.Values.Count == 0 && tags.Cover is null)
        {
            yield break;
        }

        using MemoryStream info = new();
        info.Write("INFO"u8);
        bool all = true;
        Span<byte> size = stackalloc byte[4];
        foreach ((string name, string value) in tags.Values)
        {
            string? id = Array.Find(Fields, field => field.Name == name).Id;
            if (id is null)
            {
                all = false;
                continue;
            }

            byte[] text = Encoding.UTF8.GetBytes(value + '\0');
            info.Write(Encoding.ASCII.GetBytes(id));
            BinaryPrimitives.WriteInt32LittleEndian(size, text.Length);
            info.Write(size);
            info.Write(text);
            if ((text.Length & 1) != 0)
            {
                info.WriteByte(0);
            }
        }

        if (info.Length > 4)
        {
            yield return ("LIST", info.ToArray());
        }

        if (!all || tags.Cover is not null)
        {
            yield return ("id3 ", Id3.Write(tags));
        }
    }

    /// <summary>Reads what the header found. Broken tags are no reason to refuse a recording: they are left out.</summary>
    public static AudioTags Read(Stream stream, WavHeader header)
    {
        Dictionary<string, string> values = [];
        CoverArt? cover = null;
        BroadcastPosition? position = null;
        string? xml = null;
        foreach (WavChunk chunk in header.Chunks)
        {
            if (chunk.Size > MaximumChunkBytes || chunk.Id is not ("LIST" or "id3 " or "ID3 " or "bext" or "iXML"))
            {
                continue;
            }

            byte[] content = new byte[chunk.Size];
            stream.Position = chunk.Offset;
            int got = stream.ReadAtLeast(content, content.Length, throwOnEndOfStream: false);
            ReadOnlySpan<byte> bytes = content.AsSpan(0, got);
            switch (chunk.Id)
            {
                case "LIST":
                    ReadInfo(bytes, values);
                    break;
                case "bext":
                    position ??= BroadcastChunks.Read(bytes, header.SampleRate);
                    break;
                case "iXML":
                    xml ??= BroadcastChunks.ReadXml(bytes);
                    break;
                default:
                    AudioTags id3 = Id3.Read(bytes);
                    foreach ((string name, string value) in id3.Values)
                    {
                        values[name] = value;
                    }

                    cover ??= id3.Cover;
                    break;
            }
        }

        return new AudioTags { Values = values, Cover = cover, Broadcast = position is null ? null : position with { IXml = xml } };
    }

    private static void ReadInfo(ReadOnlySpan<byte> list, Dictionary<string, string> values)
    {
        if (!list.StartsWith("INFO"u8))
        {
            return;
        }

        list = list[4..];
        while (list.Length >= 8)
        {
            string id = Encoding.Latin1.GetString(list[..4]);
            uint size = BinaryPrimitives.ReadUInt32LittleEndian(list[4..]);
            list = list[8..];
            int take = (int)Math.Min(size, (uint)list.Length);
            string? name = Array.Find(Fields, field => field.Id == id).Name;
            string value = Text(list[..take]);
            if (name is not null && value.Length > 0)
            {
                values.TryAdd(name, value);
            }

            list = list[Math.Min(take + (take & 1), list.Length)..];
        }
    }

    /// <summary>UTF-8 where the bytes are that, else Latin-1, which is what older programs wrote.</summary>
    private static string Text(ReadOnlySpan<byte> bytes)
    {
        int end = bytes.IndexOf((byte)0);
        if (end >= 0)
        {
            bytes = bytes[..end];
        }

        try
        {
            return new UTF8Encoding(false, throwOnInvalidBytes: true).GetString(bytes).Trim();
        }
        catch (DecoderFallbackException)
        {
            return Encoding.Latin1.GetString(bytes).Trim();
        }
    }
}
