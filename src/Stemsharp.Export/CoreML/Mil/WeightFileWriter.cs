using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Stemsharp.Export.CoreML.Mil;

/// <summary>Writes weight.bin: a header, then blobs, each behind 64 bytes of metadata at a multiple of 64.</summary>
internal sealed class WeightFileWriter : IDisposable
{
    private const int Alignment = 64;
    private readonly Stream _stream;
    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private readonly Dictionary<(MilType, string), ulong> _known = [];
    private uint _count;

    public WeightFileWriter(Stream stream)
    {
        _stream = stream;
        _stream.Write(new byte[Alignment]);
    }

    /// <summary>Appends a blob, or finds the equal one that is there already.</summary>
    /// <param name="type">The elements' type.</param>
    /// <param name="data">Little-endian elements; those narrower than a byte are packed from the low bit up.</param>
    /// <param name="elements">How many there are.</param>
    /// <returns>The offset of the blob's metadata, which is how programs refer to it.</returns>
    public ulong Add(MilType type, ReadOnlySpan<byte> data, long elements)
    {
        byte[] digest = SHA256.HashData(data);
        (MilType, string) key = (type, Convert.ToHexString(digest));
        if (_known.TryGetValue(key, out ulong known))
        {
            return known;
        }

        _hash.AppendData([(byte)type]);
        _hash.AppendData(digest);

        int gap = (int)(-_stream.Position & (Alignment - 1));
        _stream.Write(new byte[gap]);
        ulong offset = (ulong)_stream.Position;
        Span<byte> metadata = stackalloc byte[Alignment];
        metadata.Clear();
        BinaryPrimitives.WriteUInt32LittleEndian(metadata, 0xDEADBEEF);
        BinaryPrimitives.WriteUInt32LittleEndian(metadata[4..], Code(type));
        BinaryPrimitives.WriteUInt64LittleEndian(metadata[8..], (ulong)data.Length);
        BinaryPrimitives.WriteUInt64LittleEndian(metadata[16..], offset + Alignment);
        BinaryPrimitives.WriteUInt64LittleEndian(metadata[24..], (ulong)(data.Length * 8L - elements * Bits(type)));
        _stream.Write(metadata);
        _stream.Write(data);
        _count++;
        _known.Add(key, offset);
        return offset;
    }

    /// <summary>Writes the header, now that the number of blobs is known, and returns a digest of all blobs.</summary>
    public byte[] Complete()
    {
        Span<byte> header = stackalloc byte[8];
        BinaryPrimitives.WriteUInt32LittleEndian(header, _count);
        BinaryPrimitives.WriteUInt32LittleEndian(header[4..], 2);
        _stream.Position = 0;
        _stream.Write(header);
        _stream.Flush();
        return _hash.GetHashAndReset();
    }

    public void Dispose()
    {
        _hash.Dispose();
        _stream.Dispose();
    }

    private static int Bits(MilType type) => type switch
    {
        MilType.Float16 => 16,
        MilType.Float32 => 32,
        MilType.UInt4 => 4,
        MilType.UInt6 => 6,
        _ => 8,
    };

    // The file's own numbering, not that of the program's types.
    private static uint Code(MilType type) => type switch
    {
        MilType.Float16 => 1,
        MilType.Float32 => 2,
        MilType.UInt8 => 3,
        MilType.UInt4 => 11,
        MilType.UInt6 => 13,
        _ => throw new InvalidOperationException($"{type} is not stored in the weight file."),
    };
}
