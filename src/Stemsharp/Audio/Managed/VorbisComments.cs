using System.Buffers.Binary;
using System.Text;

namespace Stemsharp.Audio;

/// <summary>The tags of FLAC, Ogg Vorbis and Opus: fields of the form NAME=value, and pictures as FLAC lays them out.</summary>
internal static class VorbisComments
{
    private const int FrontCover = 3;
    private const string Vendor = "Stemsharp";

    private static readonly Dictionary<string, string> s_names = new()
    {
        ["tracknumber"] = "track",
        ["discnumber"] = "disc",
        ["albumartist"] = "album_artist",
        ["description"] = "comment",
    };

    /// <summary>Reads a block of comments, without what comes before the vendor's name. What is broken is left out.</summary>
    public static AudioTags Read(ReadOnlySpan<byte> block)
    {
        List<string> fields = [];
        if (TryTake(ref block, out _) && block.Length >= 4)
        {
            int count = BinaryPrimitives.ReadInt32LittleEndian(block);
            block = block[4..];
            for (int i = 0; i < count && TryTake(ref block, out ReadOnlySpan<byte> field); i++)
            {
                fields.Add(Encoding.UTF8.GetString(field));
            }
        }

        return Of(fields);
    }

    /// <summary>Tags of fields.</summary>
    public static AudioTags Of(IEnumerable<string> fields)
    {
        Dictionary<string, string> values = [];
        CoverArt? cover = null;
        foreach (string field in fields)
        {
            int equals = field.IndexOf('=');
            if (equals < 1)
            {
                continue;
            }

            string name = field[..equals].ToLowerInvariant(), value = field[(equals + 1)..].Trim('\0', ' ');
            if (name == "metadata_block_picture")
            {
                byte[] picture = new byte[value.Length];
                cover ??= Convert.TryFromBase64String(value, picture, out int bytes) ? Picture(picture.AsSpan(0, bytes)) : null;
            }
            else if (value.Length > 0 && FFmpegProbe.IsCarried(name))
            {
                values.TryAdd(s_names.GetValueOrDefault(name, name), value);
            }
        }

        return new AudioTags { Values = values, Cover = cover };
    }

    /// <summary>A block of comments, as <see cref="Read"/> takes it. The cover is not among them.</summary>
    public static byte[] Write(AudioTags tags)
    {
        List<string> fields = [];
        foreach ((string name, string value) in tags.Values)
        {
            string field = s_names.FirstOrDefault(pair => pair.Value == name).Key ?? name;
            // Names are of printable ASCII without '='.
            if (field.All(c => c is >= ' ' and <= '}' and not '='))
            {
                fields.Add($"{field.ToUpperInvariant()}={value}");
            }
        }

        using MemoryStream block = new();
        Put(Vendor);
        Span<byte> count = stackalloc byte[4];
        BinaryPrimitives.WriteInt32LittleEndian(count, fields.Count);
        block.Write(count);
        fields.ForEach(Put);
        return block.ToArray();

        void Put(string text)
        {
            byte[] bytes = Encoding.UTF8.GetBytes(text);
            Span<byte> length = stackalloc byte[4];
            BinaryPrimitives.WriteInt32LittleEndian(length, bytes.Length);
            block.Write(length);
            block.Write(bytes);
        }
    }

    /// <summary>FLAC's picture block: a front cover without description.</summary>
    public static byte[] PictureBlock(CoverArt cover)
    {
        byte[] mime = Encoding.ASCII.GetBytes(cover.MimeType);
        byte[] block = new byte[32 + mime.Length + cover.Data.Length];
        Span<byte> span = block;
        BinaryPrimitives.WriteInt32BigEndian(span, FrontCover);
        BinaryPrimitives.WriteInt32BigEndian(span[4..], mime.Length);
        mime.CopyTo(span[8..]);
        // Description, width, height, depth and colours stay 0: unknown.
        BinaryPrimitives.WriteInt32BigEndian(span[(28 + mime.Length)..], cover.Data.Length);
        cover.Data.Span.CopyTo(span[(32 + mime.Length)..]);
        return block;
    }

    /// <summary>A picture block's picture; null for other pictures than covers, and for links.</summary>
    public static CoverArt? Picture(ReadOnlySpan<byte> block)
    {
        if (block.Length < 32 || BinaryPrimitives.ReadInt32BigEndian(block) is not (FrontCover or 0))
        {
            return null;
        }

        block = block[4..];
        for (int text = 0; text < 2; text++)
        {
            uint length = block.Length < 4 ? uint.MaxValue : BinaryPrimitives.ReadUInt32BigEndian(block);
            if (length > block.Length - 4)
            {
                return null;
            }

            block = block[(4 + (int)length)..];
        }

        if (block.Length < 20 || BinaryPrimitives.ReadUInt32BigEndian(block[16..]) > block.Length - 20)
        {
            return null;
        }

        return Id3.Cover(block.Slice(20, BinaryPrimitives.ReadInt32BigEndian(block[16..])).ToArray());
    }

    private static bool TryTake(ref ReadOnlySpan<byte> block, out ReadOnlySpan<byte> text)
    {
        text = default;
        if (block.Length < 4 || BinaryPrimitives.ReadUInt32LittleEndian(block) > block.Length - 4)
        {
            return false;
        }

        int length = BinaryPrimitives.ReadInt32LittleEndian(block);
        text = block.Slice(4, length);
        block = block[(4 + length)..];
        return true;
    }
}
