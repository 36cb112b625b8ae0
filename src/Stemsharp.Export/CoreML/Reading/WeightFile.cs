using System.Buffers.Binary;

namespace Stemsharp.Export.CoreML.Reading;

/// <summary>weight.bin, every blob checked before it is read.</summary>
internal sealed class WeightFile : IDisposable
{
    public const string Reference = "@model_path/weights/weight.bin";
    private const int Alignment = 64;
    private readonly FileStream _stream;

    public WeightFile(string path)
    {
        Path = path;
        _stream = File.OpenRead(path);
        try
        {
            Span<byte> header = stackalloc byte[Alignment];
            if (_stream.Length < Alignment)
            {
                throw new FormatException($"the file has {_stream.Length} bytes, fewer than its header");
            }

            _stream.ReadExactly(header);
            Count = BinaryPrimitives.ReadUInt32LittleEndian(header);
            uint version = BinaryPrimitives.ReadUInt32LittleEndian(header[4..]);
            if (version != 2)
            {
                throw new FormatException($"the file has version {version}, not 2");
            }

            Walk();
        }
        catch
        {
            _stream.Dispose();
            throw;
        }
    }

    public string Path { get; }

    public uint Count { get; }

    public long Length => _stream.Length;

    /// <summary>The bytes of a blob that a literal refers to.</summary>
    /// <exception cref="FormatException">The blob is not there, or is not what the literal says.</exception>
    public byte[] Read(Literal literal)
    {
        long size = Check(literal);
        byte[] data = new byte[size];
        _stream.Position = (long)literal.Offset + Alignment;
        _stream.ReadExactly(data);
        return data;
    }

    /// <summary>Compares a blob's metadata with the literal that refers to it and returns the data's size.</summary>
    public long Check(Literal literal)
    {
        if (literal.File != Reference)
        {
            throw new FormatException($"its weights are in \"{literal.File}\", not in {Reference}");
        }

        (uint code, long size, ulong padding) = Metadata(literal.Offset);
        uint expected = Code(literal.Spec.Kind);
        if (code != expected)
        {
            throw new FormatException($"the weights at {literal.Offset} have the type code {code}, and {literal.Spec.Kind} is {expected}");
        }

        long bits = (long)literal.Spec.Elements * literal.Spec.Kind.Bits();
        if (size != (bits + 7) / 8)
        {
            throw new FormatException($"the weights at {literal.Offset} have {size} bytes, and {literal.Spec} needs {(bits + 7) / 8}");
        }

        if ((long)padding != size * 8 - bits)
        {
            throw new FormatException($"the weights at {literal.Offset} have {padding} bits of padding, not {size * 8 - bits}");
        }

        return size;
    }

    public void Dispose() => _stream.Dispose();

    // The header's count must be the number of blobs that follow one another to the file's end.
    private void Walk()
    {
        long position = Alignment;
        for (uint i = 0; i < Count; i++)
        {
            (_, long size, _) = Metadata((ulong)position);
            long end = position + Alignment + size;
            if (i == Count - 1 && end != Length)
            {
                throw new FormatException($"the last of {Count} blobs ends at {end}, the file at {Length}");
            }

            position = (end + Alignment - 1) / Alignment * Alignment;
        }
    }

    private (uint Code, long Size, ulong Padding) Metadata(ulong offset)
    {
        if (offset % Alignment != 0)
        {
            throw new FormatException($"the weights' offset {offset} is no multiple of {Alignment}");
        }

        if (offset < Alignment || offset > (ulong)Math.Max(0, Length - Alignment))
        {
            throw new FormatException($"the weights' offset {offset} lies outside of the file of {Length} bytes");
        }

        Span<byte> metadata = stackalloc byte[Alignment];
        _stream.Position = (long)offset;
        _stream.ReadExactly(metadata);
        if (BinaryPrimitives.ReadUInt32LittleEndian(metadata) != 0xDEADBEEF)
        {
            throw new FormatException($"no weights start at {offset}");
        }

        ulong size = BinaryPrimitives.ReadUInt64LittleEndian(metadata[8..]), start = BinaryPrimitives.ReadUInt64LittleEndian(metadata[16..]);
        if (start != offset + Alignment)
        {
            throw new FormatException($"the weights at {offset} say that their data is at {start}, not {offset + Alignment}");
        }

        if (size > (ulong)Length || start + size > (ulong)Length)
        {
            throw new FormatException($"the weights at {offset} need {size} bytes, and the file ends at {Length}");
        }

        return (BinaryPrimitives.ReadUInt32LittleEndian(metadata[4..]), (long)size, BinaryPrimitives.ReadUInt64LittleEndian(metadata[24..]));
    }

    private static uint Code(ElementKind kind) => kind switch
    {
        ElementKind.Float16 => 1,
        ElementKind.Float32 => 2,
        ElementKind.UInt8 => 3,
        ElementKind.Int8 => 4,
        ElementKind.Int16 => 6,
        ElementKind.UInt16 => 7,
        ElementKind.Int4 => 8,
        ElementKind.UInt1 => 9,
        ElementKind.UInt2 => 10,
        ElementKind.UInt4 => 11,
        ElementKind.UInt3 => 12,
        ElementKind.UInt6 => 13,
        ElementKind.Int32 => 14,
        ElementKind.UInt32 => 15,
        _ => throw new FormatException($"{kind} is not stored in the weight file"),
    };
}
