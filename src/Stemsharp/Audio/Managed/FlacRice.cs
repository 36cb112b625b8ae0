using System.Numerics;

namespace Stemsharp.Audio;

/// <summary>Residuals in partitions of Rice codes, each with the parameter that is best for it.</summary>
internal sealed class FlacRice
{
    /// <summary>Most that the streamable subset has: 2⁸ partitions.</summary>
    private const int HighestOrder = 8, LargestShort = 14, LargestLong = 30;

    private readonly uint[] _folded;
    private readonly ulong[] _sums = new ulong[1 << HighestOrder];
    private readonly byte[] _tried = new byte[1 << HighestOrder], _parameters = new byte[1 << HighestOrder];
    private int _order, _first, _length;
    private bool _isLong;

    /// <param name="block">Samples in the longest block.</param>
    public FlacRice(int block) => _folded = new uint[block];

    /// <summary>Bits that the residuals take, as far as their sums tell.</summary>
    public long Bits { get; private set; }

    /// <summary>Chooses partitions and parameters.</summary>
    /// <param name="residuals">A block; those of the first <paramref name="warmUp"/> samples are not coded.</param>
    /// <param name="warmUp">Samples that are stored as they are.</param>
    /// <param name="depth">Bits of a sample; up to 16, parameters have four bits.</param>
    public void Choose(ReadOnlySpan<int> residuals, int warmUp, int depth)
    {
        _first = warmUp;
        _length = residuals.Length;
        Fold(residuals);
        int highest = Math.Min(HighestOrder, BitOperations.TrailingZeroCount(_length));
        while (highest > 0 && _length >> highest <= warmUp)
        {
            highest--;
        }

        Sum(highest);
        int largest = depth > 16 ? LargestLong : LargestShort;
        Bits = long.MaxValue;
        for (int order = highest; order >= 0; order--)
        {
            long bits = Cost(order, largest, out bool isLong);
            if (bits < Bits)
            {
                (Bits, _order, _isLong) = (bits, order, isLong);
                _tried.AsSpan(0, 1 << order).CopyTo(_parameters);
            }

            for (int p = 0; p < 1 << order >> 1; p++)
            {
                _sums[p] = _sums[2 * p] + _sums[2 * p + 1];
            }
        }
    }

    /// <summary>Writes what was chosen.</summary>
    public void Write(FlacBitWriter bits)
    {
        bits.Write(_isLong ? 1u : 0u, 2);
        bits.Write((uint)_order, 4);
        int each = _length >> _order;
        for (int p = 0; p < 1 << _order; p++)
        {
            int k = _parameters[p];
            bits.Write((uint)k, _isLong ? 5 : 4);
            uint stop = 1u << k, mask = stop - 1;
            for (int i = p == 0 ? _first : p * each; i < (p + 1) * each; i++)
            {
                uint value = _folded[i], quotient = value >> k;
                if (quotient + k < 32)
                {
                    bits.Write(stop | value & mask, (int)quotient + 1 + k);
                }
                else
                {
                    bits.WriteUnary(quotient);
                    bits.Write(value & mask, k);
                }
            }
        }
    }

    // 0, -1, 1, -2, … become 0, 1, 2, 3, …
    private void Fold(ReadOnlySpan<int> residuals)
    {
        Span<uint> folded = _folded.AsSpan(0, residuals.Length);
        int i = 0;
        for (; i <= residuals.Length - Vector<int>.Count; i += Vector<int>.Count)
        {
            Vector<int> value = new(residuals[i..]);
            ((value << 1) ^ (value >> 31)).As<int, uint>().CopyTo(folded[i..]);
        }

        for (; i < residuals.Length; i++)
        {
            folded[i] = (uint)(residuals[i] << 1 ^ residuals[i] >> 31);
        }
    }

    private void Sum(int order)
    {
        int each = _length >> order;
        for (int p = 0; p < 1 << order; p++)
        {
            ulong sum = 0;
            foreach (uint value in _folded.AsSpan(p * each, each)[(p == 0 ? _first : 0)..])
            {
                sum += value;
            }

            _sums[p] = sum;
        }
    }

    private long Cost(int order, int largest, out bool isLong)
    {
        int each = _length >> order;
        int highest = 0;
        long bits = 6;
        for (int p = 0; p < 1 << order; p++)
        {
            int count = p == 0 ? each - _first : each;
            // The mean without what rounding down takes away on average.
            ulong sum = _sums[p], rest = sum > (ulong)count >> 1 ? sum - ((ulong)count >> 1) : 0;
            int k = rest > (ulong)count ? Math.Min(BitOperations.Log2(rest / (ulong)count), largest) : 0;
            _tried[p] = (byte)k;
            highest = Math.Max(highest, k);
            bits += (long)count * (k + 1) + (long)(rest >> k);
        }

        isLong = highest > LargestShort;
        return bits + ((long)(isLong ? 5 : 4) << order);
    }
}
