using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;

namespace Stemsharp.Tests.Checkpoints;

/// <summary>Writes zip archives field by field, so that each field can lie.</summary>
internal sealed class ZipBuilder
{
    private readonly List<byte> _body = [];
    private readonly List<byte> _directory = [];
    private int _count;

    /// <summary>The pickle and one storage '0', as torch.save lays them out.</summary>
    public static ZipBuilder Torch(byte[] pickle, byte[]? storage = null, bool deflate = false) =>
        new ZipBuilder().Add("x/data.pkl", pickle, deflate).Add("x/data/0", storage ?? new byte[16], deflate);

    public ZipBuilder Add(string name, byte[] data, bool deflate = false, int method = -1, int flags = 0, long size = -1, long offset = -1, uint? crc = null, string? localName = null)
    {
        byte[] stored = deflate ? Deflate(data) : data;
        long at = offset >= 0 ? offset : _body.Count;
        byte[] central = Fields(flags, method >= 0 ? method : deflate ? 8 : 0, crc ?? Crc(data), stored.Length, size >= 0 ? size : data.Length, Encoding.UTF8.GetByteCount(name));
        _directory.AddRange([0x50, 0x4b, 1, 2, 20, 0]);
        _directory.AddRange(central);
        _directory.AddRange(new byte[10]);
        _directory.AddRange(U32((uint)at));
        _directory.AddRange(Encoding.UTF8.GetBytes(name));
        _count++;
        if (offset >= 0)
        {
            return this;
        }

        byte[] local = Encoding.UTF8.GetBytes(localName ?? name);
        _body.AddRange([0x50, 0x4b, 3, 4]);
        _body.AddRange(central);
        BinaryPrimitives.WriteUInt16LittleEndian(System.Runtime.InteropServices.CollectionsMarshal.AsSpan(_body)[(_body.Count - 4)..], (ushort)local.Length);
        _body.AddRange(local);
        _body.AddRange(stored);
        return this;
    }

    public byte[] Build() =>
    [
        .. _body, .. _directory, 0x50, 0x4b, 5, 6, 0, 0, 0, 0, (byte)_count, (byte)(_count >> 8), (byte)_count, (byte)(_count >> 8),
        .. U32((uint)_directory.Count), .. U32((uint)_body.Count), 0, 0,
    ];

    /// <summary>The same archive with every size and offset of the directory in zip64 fields.</summary>
    public byte[] BuildZip64()
    {
        List<byte> directory = [];
        ReadOnlySpan<byte> plain = [.. _directory];
        for (int i = 0; i < _count; i++)
        {
            int name = BinaryPrimitives.ReadUInt16LittleEndian(plain[28..]);
            byte[] central = plain[..(46 + name)].ToArray();
            byte[] extra = new byte[28];
            extra[0] = 1;
            extra[2] = 24;
            plain.Slice(24, 4).CopyTo(extra.AsSpan(4));
            plain.Slice(20, 4).CopyTo(extra.AsSpan(12));
            plain.Slice(42, 4).CopyTo(extra.AsSpan(20));
            central.AsSpan(20, 8).Fill(0xff);
            central.AsSpan(42, 4).Fill(0xff);
            central[30] = 28;
            directory.AddRange([.. central, .. extra]);
            plain = plain[(46 + name)..];
        }

        return
        [
            .. _body, .. directory, 0x50, 0x4b, 6, 6, .. U64(44), 45, 0, 45, 0, .. new byte[8], .. U64(_count), .. U64(_count), .. U64(directory.Count), .. U64(_body.Count),
            0x50, 0x4b, 6, 7, .. new byte[4], .. U64(_body.Count + directory.Count), 1, 0, 0, 0,
            0x50, 0x4b, 5, 6, 0, 0, 0, 0, .. Enumerable.Repeat((byte)0xff, 12), 0, 0,
        ];
    }

    private static byte[] U64(long value) => BitConverter.GetBytes(value);

    // From the version (local) or flags on, up to the extra field's length.
    private static byte[] Fields(int flags, int method, uint crc, int compressed, long size, int nameLength)
    {
        byte[] fields = new byte[26];
        fields[0] = 20;
        BinaryPrimitives.WriteUInt16LittleEndian(fields.AsSpan(2), (ushort)flags);
        BinaryPrimitives.WriteUInt16LittleEndian(fields.AsSpan(4), (ushort)method);
        BinaryPrimitives.WriteUInt32LittleEndian(fields.AsSpan(10), crc);
        BinaryPrimitives.WriteUInt32LittleEndian(fields.AsSpan(14), (uint)compressed);
        BinaryPrimitives.WriteUInt32LittleEndian(fields.AsSpan(18), (uint)size);
        BinaryPrimitives.WriteUInt16LittleEndian(fields.AsSpan(22), (ushort)nameLength);
        return fields;
    }

    private static byte[] Deflate(byte[] data)
    {
        using MemoryStream output = new();
        using (DeflateStream deflate = new(output, CompressionLevel.SmallestSize, leaveOpen: true))
        {
            deflate.Write(data);
        }

        return output.ToArray();
    }

    // Bit by bit, independent of the code under test.
    private static uint Crc(byte[] data)
    {
        uint crc = uint.MaxValue;
        foreach (byte b in data)
        {
            crc ^= b;
            for (int bit = 0; bit < 8; bit++)
            {
                crc = (crc & 1) != 0 ? crc >> 1 ^ 0xEDB88320 : crc >> 1;
            }
        }

        return ~crc;
    }

    private static byte[] U32(uint value)
    {
        byte[] bytes = new byte[4];
        BinaryPrimitives.WriteUInt32LittleEndian(bytes, value);
        return bytes;
    }
}
