using System.Buffers.Binary;
using System.Numerics;

namespace Stemsharp.Audio;

/// <summary>Reads bits, the highest of a byte first. Beyond the end it reads zeros and says so.</summary>
internal ref struct FlacBits(ReadOnlySpan<byte> bytes)
{
    private readonly ReadOnlySpan<byte> _bytes = bytes;

    /// <summary>Bits read so far.</summary>
    public int Position { get; private set; }

    /// <summary>Whether more was read than there is.</summary>
    public readonly bool IsBeyond => Position > _bytes.Length * 8;

    /// <summary>Bytes read so far; the rest of a byte counts as read.</summary>
    public readonly int Bytes => (Position + 7) >> 3;

    /// <summary>The next 0 … 32 bits as a whole number.</summary>
    public uint Read(int count)
    {
        uint value = count == 0 ? 0 : (uint)(Peek() >> (64 - count));
        Position += count;
        return value;
    }

    /// <summary>The next 1 … 32 bits as a signed number.</summary>
    public int ReadSigned(int count) => (int)(Read(count) << (32 - count)) >> (32 - count);

    /// <summary>Zeros up to the next one, which is read too; at most as many as there are.</summary>
    public int ReadUnary()
    {
        int count = 0;
        while (Position < _bytes.Length * 8)
        {
            ulong next = Peek();
            // The last bits of a word may not be there yet.
            int zeros = Math.Min(BitOperations.LeadingZeroCount(next), 56);
            if (zeros < 56)
            {
                Position += zeros + 1;
                return count + zeros;
            }

            Position += 56;
            count += 56;
        }

        Position++;
        return count;
    }

    /// <summary>Leaves out what is left of a byte.</summary>
    public void Align() => Position = Bytes * 8;

    // At least 57 bits from here on.
    private readonly ulong Peek()
    {
        int at = Position >> 3;
        ulong word = 0;
        if (at + 8 <= _bytes.Length)
        {
            word = BinaryPrimitives.ReadUInt64BigEndian(_bytes[at..]);
        }
        else
        {
            for (int i = 0; i < 8; i++)
            {
                word = word << 8 | (at + i < _bytes.Length ? _bytes[at + i] : 0u);
            }
        }

        return word << (Position & 7);
    }
}
