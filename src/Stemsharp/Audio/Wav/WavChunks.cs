using System.Buffers.Binary;

namespace Stemsharp.Audio;

/// <summary>A run of bytes in a file.</summary>
internal readonly record struct WavChunk(string Id, long Offset, long Size);

/// <summary>Finds the way from chunk to chunk, also where writers left out what belongs between them.</summary>
internal static class WavChunks
{
    private const int MostSteps = 64;

    /// <summary>Where the next chunk begins by the rules: chunks of an odd size have a byte more.</summary>
    public static long Padded(long offset, long size) => offset + size + (size & 1);

    /// <summary>Where the next chunk really begins.</summary>
    /// <param name="stream">The file.</param>
    /// <param name="offset">Where the chunk's content begins.</param>
    /// <param name="size">Its bytes.</param>
    /// <param name="warnings">Told when the byte between is missing.</param>
    public static long Behind(Stream stream, long offset, long size, List<string> warnings)
    {
        long padded = Padded(offset, size);
        if ((size & 1) == 0 || IsChunk(stream, padded) || !IsChunk(stream, padded - 1))
        {
            return padded;
        }

        warnings.Add($"A chunk of {size} bytes lacks the byte that should follow an odd size; the next chunk is read from where it begins.");
        return padded - 1;
    }

    /// <summary>Whether chunk after chunk leads from here to the file's end.</summary>
    public static bool LeadToTheEnd(Stream stream, long position)
    {
        for (int step = 0; step < MostSteps && position < stream.Length - 1; step++)
        {
            if (!TryRead(stream, position, out long size))
            {
                return false;
            }

            position = Padded(position + 8, size);
        }

        return position >= stream.Length - 1;
    }

    private static bool IsChunk(Stream stream, long position) => TryRead(stream, position, out _);

    /// <summary>The size of a chunk, if there is one: a name of letters, and content that ends within the file.</summary>
    private static bool TryRead(Stream stream, long position, out long size)
    {
        size = 0;
        if (position + 8 > stream.Length)
        {
            return false;
        }

        Span<byte> head = stackalloc byte[8];
        stream.Position = position;
        stream.ReadExactly(head);
        foreach (byte letter in head[..4])
        {
            if (letter is < 0x20 or > 0x7E)
            {
                return false;
            }
        }

        size = BinaryPrimitives.ReadUInt32LittleEndian(head[4..]);
        return position + 8 + size <= stream.Length;
    }
}
