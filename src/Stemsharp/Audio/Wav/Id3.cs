using System.Buffers.Binary;
using System.Text;

namespace Stemsharp.Audio;

/// <summary>The part of ID3v2 that a WAV file's id3 chunk needs: text frames, comments and the cover.</summary>
internal static class Id3
{
    private static readonly (string Id, string Name)[] Frames =
    [
        ("TIT2", "title"), ("TPE1", "artist"), ("TALB", "album"), ("TPE2", "album_artist"), ("TRCK", "track"), ("TPOS", "disc"),
        ("TYER", "date"), ("TDRC", "date"), ("TCON", "genre"), ("TCOM", "composer"), ("TCOP", "copyright"), ("TBPM", "TBPM"),
        ("TKEY", "TKEY"), ("TSRC", "TSRC"), ("TPUB", "publisher"), ("TLAN", "language"), ("TENC", "encoded_by"), ("TSSE", "encoder"),
        ("TPE3", "performer"), ("TEXT", "lyricist"),
    ];

    /// <summary>An ID3v2.3 tag, the version that every program reads. Text is UTF-16 unless it is plain ASCII.</summary>
    public static byte[] Write(AudioTags tags)
    {
        using MemoryStream frames = new();
        foreach ((string name, string value) in tags.Values)
        {
            // 2.3 has no TDRC; its TYER holds a year.
            string? id = name == "date" ? "TYER" : Array.Find(Frames, frame => frame.Name == name).Id;
            if (name == "comment")
            {
                WriteFrame(frames, "COMM", [.. EncodingByte(value), .. "eng"u8, .. Terminated("", value), .. Text(value)]);
            }
            else if (id is not null)
            {
                WriteFrame(frames, id, [.. EncodingByte(value), .. Text(name == "date" && value.Length > 4 ? value[..4] : value)]);
            }
            else
            {
                WriteFrame(frames, "TXXX", [.. EncodingByte(name + value), .. Terminated(name, name + value), .. TextAs(value, name + value)]);
            }
        }

        if (tags.Cover is { } cover)
        {
            WriteFrame(frames, "APIC", [0, .. Encoding.Latin1.GetBytes(cover.MimeType), 0, 3, 0, .. cover.Data.Span]);
        }

        byte[] body = frames.ToArray();
        byte[] tag = new byte[10 + body.Length];
        "ID3"u8.CopyTo(tag);
        tag[3] = 3;
        for (int i = 0; i < 4; i++)
        {
            tag[6 + i] = (byte)(body.Length >> (21 - 7 * i) & 0x7F);
        }

        body.CopyTo(tag, 10);
        return tag;
    }

    /// <summary>Reads a tag of version 2.3 or 2.4; others, and broken ones, give what could be read.</summary>
    public static AudioTags Read(ReadOnlySpan<byte> tag)
    {
        Dictionary<string, string> values = [];
        CoverArt? cover = null;
        if (tag.Length < 10 || !tag.StartsWith("ID3"u8) || tag[3] is not (3 or 4))
        {
            return AudioTags.Empty;
        }

        int version = tag[3];
        byte flags = tag[5];
        int size = Math.Min(SyncSafe(tag[6..]), tag.Length - 10);
        ReadOnlySpan<byte> body = tag.Slice(10, size);
        // Version 2.3 removes synchronisation from the tag as a whole, 2.4 frame by frame.
        if ((flags & 0x80) != 0 && version == 3)
        {
            body = Resynchronise(body);
        }

        if ((flags & 0x40) != 0 && body.Length >= 4)
        {
            int extended = version == 4 ? SyncSafe(body) : BinaryPrimitives.ReadInt32BigEndian(body) + 4;
            if (extended < 0 || extended > body.Length)
            {
                return AudioTags.Empty;
            }

            body = body[extended..];
        }

        while (body.Length > 10 && body[0] != 0)
        {
            string id = Encoding.Latin1.GetString(body[..4]);
            int length = version == 4 ? SyncSafe(body[4..]) : BinaryPrimitives.ReadInt32BigEndian(body[4..]);
            byte format = body[9];
            if (length < 0 || length > body.Length - 10)
            {
                break;
            }

            ReadOnlySpan<byte> content = body.Slice(10, length);
            body = body[(10 + length)..];
            // Compressed or encrypted frames are left out.
            if (version == 3 ? (format & 0xC0) != 0 : (format & 0x0C) != 0)
            {
                continue;
            }

            if (version == 4 && (format & 0x01) != 0 && content.Length >= 4)
            {
                content = content[4..];
            }

            if (version == 4 && (format & 0x02) != 0)
            {
                content = Resynchronise(content);
            }

            if (content.Length < 2)
            {
                continue;
            }

            if (id == "APIC")
            {
                cover ??= Picture(content);
            }
            else
            {
                ReadText(id, content, values);
            }
        }

        return new AudioTags { Values = values, Cover = cover };
    }

    /// <summary>The bytes that tags of this kind take from a position on; 0 where there is none.</summary>
    /// <param name="stream">A file.</param>
    /// <param name="start">The position.</param>
    public static long LengthAt(Stream stream, long start)
    {
        long at = start;
        Span<byte> head = stackalloc byte[10];
        while (at + head.Length <= stream.Length)
        {
            stream.Position = at;
            stream.ReadExactly(head);
            if (!head.StartsWith("ID3"u8) || head[3] == 0xFF)
            {
                break;
            }

            // A footer repeats the head.
            at += head.Length + SyncSafe(head[6..]) + ((head[5] & 0x10) != 0 ? head.Length : 0);
        }

        return Math.Min(at, stream.Length) - start;
    }

    private static void ReadText(string id, ReadOnlySpan<byte> content, Dictionary<string, string> values)
    {
        byte encoding = content[0];
        if (id == "COMM" && content.Length > 4)
        {
            string description = Split(encoding, content[4..], out ReadOnlySpan<byte> rest);
            if (description.Length == 0)
            {
                Add("comment", Decode(encoding, rest));
            }
        }
        else if (id == "TXXX")
        {
            string description = Split(encoding, content[1..], out ReadOnlySpan<byte> rest);
            if (description.Length > 0)
            {
                Add(description, Decode(encoding, rest));
            }
        }
        else if (Array.Find(Frames, frame => frame.Id == id).Name is { } name)
        {
            // Several values are separated by NUL in 2.4.
            Add(name, Decode(encoding, content[1..]).Replace('\0', ';'));
        }

        void Add(string name, string value)
        {
            if (value.Length > 0)
            {
                values.TryAdd(name, value);
            }
        }
    }

    private static CoverArt? Picture(ReadOnlySpan<byte> content)
    {
        byte encoding = content[0];
        content = content[1..];
        int end = content.IndexOf((byte)0);
        if (end < 0 || end + 2 > content.Length)
        {
            return null;
        }

        Split(encoding, content[(end + 2)..], out ReadOnlySpan<byte> data);
        return Cover(data);
    }

    /// <summary>A cover from a picture's bytes: the type is what they are, not what somebody says they are.</summary>
    internal static CoverArt? Cover(ReadOnlySpan<byte> data)
    {
        string? mime = data.StartsWith((ReadOnlySpan<byte>)[0xFF, 0xD8, 0xFF]) ? "image/jpeg"
            : data.StartsWith((ReadOnlySpan<byte>)[0x89, (byte)'P', (byte)'N', (byte)'G']) ? "image/png" : null;
        return mime is null ? null : new CoverArt(mime, data.ToArray());
    }

    private static bool IsAscii(string value) => Ascii.IsValid(value);

    private static byte[] EncodingByte(string value) => [(byte)(IsAscii(value) ? 0 : 1)];

    private static byte[] Text(string value) => TextAs(value, value);

    private static byte[] TextAs(string value, string decides) =>
        IsAscii(decides) ? Encoding.ASCII.GetBytes(value) : [0xFF, 0xFE, .. Encoding.Unicode.GetBytes(value)];

    private static byte[] Terminated(string value, string decides) =>
        IsAscii(decides) ? [.. Encoding.ASCII.GetBytes(value), 0] : [0xFF, 0xFE, .. Encoding.Unicode.GetBytes(value), 0, 0];

    private static void WriteFrame(MemoryStream target, string id, byte[] content)
    {
        Span<byte> head = stackalloc byte[10];
        head.Clear();
        for (int i = 0; i < 4; i++)
        {
            head[i] = (byte)id[i];
        }

        BinaryPrimitives.WriteInt32BigEndian(head[4..], content.Length);
        target.Write(head);
        target.Write(content);
    }

    /// <summary>The text up to its terminator and what comes behind.</summary>
    private static string Split(byte encoding, ReadOnlySpan<byte> bytes, out ReadOnlySpan<byte> rest)
    {
        bool wide = encoding is 1 or 2;
        int step = wide ? 2 : 1;
        for (int i = 0; i + step <= bytes.Length; i += step)
        {
            if (bytes[i] != 0 || (wide && bytes[i + 1] != 0))
            {
                continue;
            }

            rest = bytes[(i + step)..];
            return Decode(encoding, bytes[..i]);
        }

        rest = [];
        return Decode(encoding, bytes);
    }

    private static string Decode(byte encoding, ReadOnlySpan<byte> bytes)
    {
        Encoding text = Encoding.Latin1;
        if (encoding == 3)
        {
            text = Encoding.UTF8;
        }
        else if (encoding is 1 or 2)
        {
            text = encoding == 2 ? Encoding.BigEndianUnicode : Encoding.Unicode;
            bool bigEndianMark = bytes.StartsWith((ReadOnlySpan<byte>)[0xFE, 0xFF]);
            if (bigEndianMark)
            {
                text = Encoding.BigEndianUnicode;
            }

            if (bigEndianMark || bytes.StartsWith((ReadOnlySpan<byte>)[0xFF, 0xFE]))
            {
                bytes = bytes[2..];
            }
        }

        return text.GetString(bytes).TrimEnd('\0').Trim();
    }

    private static int SyncSafe(ReadOnlySpan<byte> bytes) =>
        (bytes[0] & 0x7F) << 21 | (bytes[1] & 0x7F) << 14 | (bytes[2] & 0x7F) << 7 | (bytes[3] & 0x7F);

    /// <summary>Undoes the zero byte that follows each 0xFF.</summary>
    private static byte[] Resynchronise(ReadOnlySpan<byte> bytes)
    {
        byte[] result = new byte[bytes.Length];
        int count = 0;
        for (int i = 0; i < bytes.Length; i++)
        {
            result[count++] = bytes[i];
            if (bytes[i] == 0xFF && i + 1 < bytes.Length && bytes[i + 1] == 0)
            {
                i++;
            }
        }

        return result[..count];
    }
}
