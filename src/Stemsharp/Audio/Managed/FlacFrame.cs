namespace Stemsharp.Audio;

/// <summary>What a FLAC file says of its sound, as RFC 9639 lays it out.</summary>
internal sealed record FlacStreamInfo(int SmallestBlock, int LargestBlock, int LargestFrame, int SampleRate, int Channels, int Bits, long Samples, byte[] Md5);

/// <summary>Decodes one frame of FLAC.</summary>
internal static class FlacFrame
{
    private const int IndependentChannels = 8, LeftSide = 8, SideRight = 9, MidSide = 10;

    /// <summary>Rates by their code; 0: only the file's head tells it.</summary>
    internal static readonly int[] Rates = [0, 88_200, 176_400, 192_000, 8000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000, 96_000];
    private static readonly int[] s_bits = [0, 8, 12, -1, 16, 20, 24, 32];

    /// <summary>Reads a frame.</summary>
    /// <param name="bytes">Begin with it.</param>
    /// <param name="info">What the stream says; a frame that differs is none of it.</param>
    /// <param name="samples">[channel][sample], overwritten; each at least <see cref="FlacStreamInfo.LargestBlock"/> long.</param>
    /// <param name="first">The number of its first sample.</param>
    /// <param name="length">Its samples per channel.</param>
    /// <param name="used">Its bytes.</param>
    /// <returns>Whether there is a frame and its checksums fit.</returns>
    public static bool TryRead(ReadOnlySpan<byte> bytes, FlacStreamInfo info, int[][] samples, out long first, out int length, out int used)
    {
        first = 0;
        length = used = 0;
        if (bytes.Length < 6 || bytes[0] != 0xFF || (bytes[1] & 0xFE) != 0xF8)
        {
            return false;
        }

        FlacBits bits = new(bytes);
        bits.Read(15);
        bool variable = bits.Read(1) == 1;
        int blockCode = (int)bits.Read(4), rateCode = (int)bits.Read(4), layout = (int)bits.Read(4), bitsCode = (int)bits.Read(3);
        if (blockCode == 0 || rateCode == 15 || layout > MidSide || bits.Read(1) != 0 || !TryReadNumber(ref bits, out long number))
        {
            return false;
        }

        length = blockCode switch
        {
            1 => 192,
            <= 5 => 576 << (blockCode - 2),
            6 => (int)bits.Read(8) + 1,
            7 => (int)bits.Read(16) + 1,
            _ => 256 << (blockCode - 8),
        };
        int rate = rateCode switch
        {
            12 => (int)bits.Read(8) * 1000,
            13 => (int)bits.Read(16),
            14 => (int)bits.Read(16) * 10,
            _ => Rates[rateCode],
        };
        int header = bits.Bytes;
        int channels = layout < IndependentChannels ? layout + 1 : 2, depth = s_bits[bitsCode] == 0 ? info.Bits : s_bits[bitsCode];
        if (bits.Read(8) != FlacChecksums.Crc8(bytes[..Math.Min(header, bytes.Length)]) || bits.IsBeyond || length > info.LargestBlock || channels != info.Channels
            || depth != info.Bits || (rate != 0 && rate != info.SampleRate))
        {
            return false;
        }

        first = variable ? number : number * info.SmallestBlock;
        for (int c = 0; c < channels; c++)
        {
            bool isSide = (layout is LeftSide or MidSide && c == 1) || (layout == SideRight && c == 0);
            if (!TryReadSubframe(ref bits, samples[c].AsSpan(0, length), depth + (isSide ? 1 : 0)))
            {
                return false;
            }
        }

        bits.Align();
        used = bits.Bytes;
        if (bits.Read(16) != (used <= bytes.Length ? FlacChecksums.Crc16(bytes[..used]) : -1L) || bits.IsBeyond)
        {
            return false;
        }

        used += 2;
        Join(layout, samples, length);
        return true;
    }

    // As UTF-8, with up to 36 bits.
    private static bool TryReadNumber(ref FlacBits bits, out long number)
    {
        number = bits.Read(8);
        if (number < 0x80)
        {
            return true;
        }

        int more = System.Numerics.BitOperations.LeadingZeroCount((uint)~(number << 24)) - 1;
        if (more is < 1 or > 6)
        {
            return false;
        }

        number &= (1L << (6 - more)) - 1;
        for (int i = 0; i < more; i++)
        {
            uint next = bits.Read(8);
            if ((next & 0xC0) != 0x80)
            {
                return false;
            }

            number = number << 6 | (next & 0x3F);
        }

        return true;
    }

    private static bool TryReadSubframe(ref FlacBits bits, Span<int> samples, int depth)
    {
        if (bits.Read(1) != 0)
        {
            return false;
        }

        int type = (int)bits.Read(6);
        int wasted = bits.Read(1) == 1 ? bits.ReadUnary() + 1 : 0;
        depth -= wasted;
        if (depth < 1)
        {
            return false;
        }

        bool fine = type switch
        {
            0 => Constant(ref bits, samples, depth),
            1 => Verbatim(ref bits, samples, depth),
            >= 8 and <= 12 => Fixed(ref bits, samples, depth, type - 8),
            >= 32 => Linear(ref bits, samples, depth, type - 31),
            _ => false,
        };
        for (int i = 0; wasted > 0 && i < samples.Length; i++)
        {
            samples[i] <<= wasted;
        }

        return fine && !bits.IsBeyond;
    }

    private static bool Constant(ref FlacBits bits, Span<int> samples, int depth)
    {
        samples.Fill(bits.ReadSigned(depth));
        return true;
    }

    private static bool Verbatim(ref FlacBits bits, Span<int> samples, int depth)
    {
        for (int i = 0; i < samples.Length; i++)
        {
            samples[i] = bits.ReadSigned(depth);
        }

        return true;
    }

    private static bool Fixed(ref FlacBits bits, Span<int> samples, int depth, int order)
    {
        if (!Begin(ref bits, samples, depth, order) || !TryReadResidual(ref bits, samples, order))
        {
            return false;
        }

        for (int i = order; i < samples.Length; i++)
        {
            samples[i] += order switch
            {
                0 => 0,
                1 => samples[i - 1],
                2 => 2 * samples[i - 1] - samples[i - 2],
                3 => 3 * samples[i - 1] - 3 * samples[i - 2] + samples[i - 3],
                _ => 4 * samples[i - 1] - 6 * samples[i - 2] + 4 * samples[i - 3] - samples[i - 4],
            };
        }

        return true;
    }

    private static bool Linear(ref FlacBits bits, Span<int> samples, int depth, int order)
    {
        if (!Begin(ref bits, samples, depth, order))
        {
            return false;
        }

        int precision = (int)bits.Read(4) + 1, shift = bits.ReadSigned(5);
        if (precision == 16 || shift < 0)
        {
            return false;
        }

        // Turned round, so that both run the same way.
        Span<int> factors = stackalloc int[order];
        for (int i = order - 1; i >= 0; i--)
        {
            factors[i] = bits.ReadSigned(precision);
        }

        if (!TryReadResidual(ref bits, samples, order))
        {
            return false;
        }

        for (int i = order; i < samples.Length; i++)
        {
            ReadOnlySpan<int> before = samples.Slice(i - order, order);
            long sum = 0;
            for (int k = 0; k < before.Length; k++)
            {
                sum += (long)factors[k] * before[k];
            }

            samples[i] += (int)(sum >> shift);
        }

        return true;
    }

    private static bool Begin(ref FlacBits bits, Span<int> samples, int depth, int order) =>
        order <= samples.Length && Verbatim(ref bits, samples[..order], depth);

    private static bool TryReadResidual(ref FlacBits bits, Span<int> samples, int order)
    {
        uint method = bits.Read(2);
        int partitions = 1 << (int)bits.Read(4), each = samples.Length / partitions;
        if (method > 1 || each * partitions != samples.Length || each < order)
        {
            return false;
        }

        int width = method == 0 ? 4 : 5, escape = (1 << width) - 1;
        for (int p = 0; p < partitions; p++)
        {
            Span<int> part = samples.Slice(p * each, each)[(p == 0 ? order : 0)..];
            int parameter = (int)bits.Read(width);
            if (parameter == escape)
            {
                int raw = (int)bits.Read(5);
                for (int i = 0; i < part.Length; i++)
                {
                    part[i] = raw == 0 ? 0 : bits.ReadSigned(raw);
                }
            }
            else
            {
                for (int i = 0; i < part.Length; i++)
                {
                    uint folded = (uint)bits.ReadUnary() << parameter | bits.Read(parameter);
                    part[i] = (int)(folded >> 1) ^ -(int)(folded & 1);
                }
            }

            if (bits.IsBeyond)
            {
                return false;
            }
        }

        return true;
    }

    private static void Join(int layout, int[][] samples, int length)
    {
        if (layout < IndependentChannels)
        {
            return;
        }

        Span<int> a = samples[0].AsSpan(0, length), b = samples[1].AsSpan(0, length);
        for (int i = 0; i < length; i++)
        {
            if (layout == LeftSide)
            {
                b[i] = a[i] - b[i];
            }
            else if (layout == SideRight)
            {
                a[i] += b[i];
            }
            else
            {
                int side = b[i], mid = a[i] << 1 | (side & 1);
                a[i] = (mid + side) >> 1;
                b[i] = (mid - side) >> 1;
            }
        }
    }
}
