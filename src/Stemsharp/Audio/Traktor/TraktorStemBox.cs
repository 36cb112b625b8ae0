using System.Buffers.Binary;
using System.Text.Json;

namespace Stemsharp.Audio;

/// <summary>The <c>stem</c> box in moov/udta that makes an MPEG-4 file with five tracks a stem file.</summary>
internal static class TraktorStemBox
{
    /// <summary>Name and colour of each stem, as Traktor's own creator tool has them.</summary>
    private static readonly (string Name, string Color)[] Entries =
        [("Drums", "#009E73"), ("Bass", "#D55E00"), ("Other", "#CC79A7"), ("Vocals", "#56B4E9")];

    /// <summary>Adds the box to a file whose moov is its last box, which is how FFmpeg writes it.</summary>
    /// <param name="path">Changed in place; nothing but the end is written, so that no sample moves.</param>
    /// <exception cref="AudioException">The file has another structure.</exception>
    public static void Append(string path)
    {
        using FileStream file = new(path, FileMode.Open, FileAccess.ReadWrite, FileShare.None);
        Box movie = Last(file, 0, file.Length, "moov") ?? throw Unexpected();
        Box? user = Last(file, movie.Content, file.Length, "udta");
        byte[] content = Metadata();
        byte[] stem = Wrap("stem", content);
        if (user is null)
        {
            stem = Wrap("udta", stem);
        }

        file.Position = file.Length;
        file.Write(stem);
        Grow(file, movie, stem.Length);
        if (user is { } found)
        {
            Grow(file, found, stem.Length);
        }
    }

    private readonly record struct Box(long Start, long Size, long Content);

    /// <summary>The box of a type that ends where its parent ends.</summary>
    private static Box? Last(FileStream file, long from, long end, string type)
    {
        byte[] head = new byte[16];
        for (long position = from; position + 8 <= end;)
        {
            file.Position = position;
            int got = file.ReadAtLeast(head, 16, throwOnEndOfStream: false);
            long size = BinaryPrimitives.ReadUInt32BigEndian(head);
            long content = position + 8;
            if (size == 1 && got == 16)
            {
                size = BinaryPrimitives.ReadInt64BigEndian(head.AsSpan(8));
                content += 8;
            }

            if (size < content - position || position + size > end)
            {
                throw Unexpected();
            }

            bool wanted = head.AsSpan(4, 4).SequenceEqual(System.Text.Encoding.ASCII.GetBytes(type));
            if (wanted && position + size == end && content == position + 8)
            {
                return new Box(position, size, content);
            }

            position += size;
        }

        return null;
    }

    private static void Grow(FileStream file, Box box, int bytes)
    {
        long size = box.Size + bytes;
        if (size > uint.MaxValue)
        {
            throw Unexpected();
        }

        Span<byte> field = stackalloc byte[4];
        BinaryPrimitives.WriteUInt32BigEndian(field, (uint)size);
        file.Position = box.Start;
        file.Write(field);
    }

    private static byte[] Wrap(string type, byte[] content)
    {
        byte[] box = new byte[8 + content.Length];
        BinaryPrimitives.WriteInt32BigEndian(box, box.Length);
        System.Text.Encoding.ASCII.GetBytes(type, box.AsSpan(4));
        content.CopyTo(box, 8);
        return box;
    }

    /// <summary>The box's JSON: the stems, and mastering effects that are off.</summary>
    private static byte[] Metadata()
    {
        using MemoryStream text = new();
        using (Utf8JsonWriter json = new(text))
        {
            json.WriteStartObject();
            json.WriteStartObject("mastering_dsp");
            json.WriteStartObject("compressor");
            json.WriteBoolean("enabled", false);
            foreach ((string name, double value) in ((string, double)[])
                [("ratio", 3), ("output_gain", 0.5), ("release", 0.3), ("attack", 0.003), ("input_gain", 0.5), ("threshold", 0), ("hp_cutoff", 300), ("dry_wet", 50)])
            {
                json.WriteNumber(name, value);
            }

            json.WriteEndObject();
            json.WriteStartObject("limiter");
            json.WriteBoolean("enabled", false);
            foreach ((string name, double value) in ((string, double)[])[("release", 0.05), ("threshold", 0), ("ceiling", -0.35)])
            {
                json.WriteNumber(name, value);
            }

            json.WriteEndObject();
            json.WriteEndObject();
            json.WriteNumber("version", 1);
            json.WriteStartArray("stems");
            foreach ((string name, string color) in Entries)
            {
                json.WriteStartObject();
                json.WriteString("name", name);
                json.WriteString("color", color);
                json.WriteEndObject();
            }

            json.WriteEndArray();
            json.WriteEndObject();
        }

        return text.ToArray();
    }

    private static AudioException Unexpected() =>
        new("The stem file can't be finished: FFmpeg wrote an MPEG-4 file whose index is not at its end. Try another version of FFmpeg.");
}
