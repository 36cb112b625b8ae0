using System.Buffers.Binary;
using System.Text;
using Stemsharp.Checkpoints.Zip;

namespace Stemsharp.Checkpoints.Writing;

/// <summary>
/// A zip of stored entries as torch.save lays it out: data aligned to 64 bytes, no dates, so that the same content
/// gives the same bytes. Below 4 GiB, hence without zip64.
/// </summary>
internal sealed class StoredZipWriter(HashedFile file)
{
    private const int Alignment = 64;

    private readonly List<(byte[] Name, uint Crc, uint Size, uint Offset)> _entries = [];

    public void Add(string name, ReadOnlySpan<byte> data)
    {
        if (file.Position + data.Length > uint.MaxValue - (1 << 24))
        {
            throw new ModelException("A .th file of more than 4 GiB cannot be written; write .safetensors instead.") { Failure = ModelFailure.Unsupported };
        }

        byte[] nameBytes = Encoding.UTF8.GetBytes(name);
        uint crc = Crc32.Append(0, data), offset = (uint)file.Position;
        // The padding sits in an extra field of id 'FB', four bytes of header included.
        int unpadded = (int)((offset + 30 + nameBytes.Length + 4) % Alignment);
        int padding = unpadded == 0 ? 0 : Alignment - unpadded;
        Span<byte> header = stackalloc byte[30];
        header.Clear();
        BinaryPrimitives.WriteUInt32LittleEndian(header, 0x04034b50);
        BinaryPrimitives.WriteUInt16LittleEndian(header[4..], 20);
        WriteCommon(header[6..], crc, (uint)data.Length, nameBytes.Length, 4 + padding);
        file.Write(header);
        file.Write(nameBytes);
        Span<byte> extra = stackalloc byte[4 + Alignment];
        extra.Fill((byte)'Z');
        extra[0] = (byte)'F';
        extra[1] = (byte)'B';
        BinaryPrimitives.WriteUInt16LittleEndian(extra[2..], (ushort)padding);
        file.Write(extra[..(4 + padding)]);
        file.Write(data);
        _entries.Add((nameBytes, crc, (uint)data.Length, offset));
    }

    public void Finish()
    {
        long start = file.Position;
        Span<byte> header = stackalloc byte[46];
        foreach ((byte[] name, uint crc, uint size, uint offset) in _entries)
        {
            header.Clear();
            BinaryPrimitives.WriteUInt32LittleEndian(header, 0x02014b50);
            BinaryPrimitives.WriteUInt16LittleEndian(header[4..], 20);
            BinaryPrimitives.WriteUInt16LittleEndian(header[6..], 20);
            WriteCommon(header[8..], crc, size, name.Length, 0);
            BinaryPrimitives.WriteUInt32LittleEndian(header[42..], offset);
            file.Write(header);
            file.Write(name);
        }

        Span<byte> end = stackalloc byte[22];
        end.Clear();
        BinaryPrimitives.WriteUInt32LittleEndian(end, 0x06054b50);
        BinaryPrimitives.WriteUInt16LittleEndian(end[8..], (ushort)_entries.Count);
        BinaryPrimitives.WriteUInt16LittleEndian(end[10..], (ushort)_entries.Count);
        BinaryPrimitives.WriteUInt32LittleEndian(end[12..], (uint)(file.Position - start));
        BinaryPrimitives.WriteUInt32LittleEndian(end[16..], (uint)start);
        file.Write(end);
    }

    // The fields that local and central headers share, from the flags on; UTF-8 names, stored, no date.
    private static void WriteCommon(Span<byte> fields, uint crc, uint size, int nameLength, int extraLength)
    {
        BinaryPrimitives.WriteUInt16LittleEndian(fields, 0x0800);
        BinaryPrimitives.WriteUInt32LittleEndian(fields[8..], crc);
        BinaryPrimitives.WriteUInt32LittleEndian(fields[12..], size);
        BinaryPrimitives.WriteUInt32LittleEndian(fields[16..], size);
        BinaryPrimitives.WriteUInt16LittleEndian(fields[20..], (ushort)nameLength);
        BinaryPrimitives.WriteUInt16LittleEndian(fields[22..], (ushort)extraLength);
    }
}
