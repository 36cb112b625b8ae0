using System.Buffers.Binary;

namespace Stemsharp.Audio;

/// <summary>Writes bits, the highest of a byte first: the counterpart of <see cref="FlacBits"/>.</summary>
internal sealed class FlacBitWriter
{
    private byte[] _bytes = new byte[1 << 14];
    private ulong _word;
    private int _waiting, _length;

    /// <summary>The bytes so far; only where no bits wait for a byte to be whole.</summary>
    public ReadOnlySpan<byte> Bytes => _bytes.AsSpan(0, _length);

    /// <summary>Begins anew.</summary>
    public void Clear() => (_word, _waiting, _length) = (0, 0, 0);

    /// <summary>Writes the lowest 0 … 32 bits of a value; the others must be 0.</summary>
    public void Write(uint value, int count)
    {
        _word = _word << count | value;
        _waiting += count;
        if (_waiting >= 32)
        {
            if (_length + 8 > _bytes.Length)
            {
                Array.Resize(ref _bytes, 2 * _bytes.Length);
            }

            _waiting -= 32;
            BinaryPrimitives.WriteUInt32BigEndian(_bytes.AsSpan(_length), (uint)(_word >> _waiting));
            _length += 4;
        }
    }

    /// <summary>Writes a signed number of 1 … 32 bits.</summary>
    public void WriteSigned(int value, int count) => Write((uint)value & uint.MaxValue >> (32 - count), count);

    /// <summary>Writes zeros and a one.</summary>
    public void WriteUnary(uint zeros)
    {
        for (; zeros > 31; zeros -= 32)
        {
            Write(0, 32);
        }

        Write(1, (int)zeros + 1);
    }

    /// <summary>Fills a byte that has begun with zeros, and keeps every whole byte.</summary>
    public void Align()
    {
        Write(0, -_waiting & 7);
        for (; _waiting > 0; _waiting -= 8)
        {
            _bytes[_length++] = (byte)(_word >> (_waiting - 8));
        }
    }
}
