namespace Stemsharp.Audio;

/// <summary>Encodes blocks as frames of the streamable subset: the counterpart of <see cref="FlacFrame"/>.</summary>
internal sealed class FlacFrameEncoder
{
    // About a tenth of a second, as FFmpeg has it: long enough for the heads to cost nothing, short enough for the music to be one thing.
    private const double BlockSeconds = 0.105;
    private const int LeftSide = 8, SideRight = 9, MidSide = 10;
    private static readonly (int Samples, int Code)[] s_blocks =
        [(192, 1), (256, 8), (512, 9), (576, 2), (1024, 10), (1152, 3), (2048, 11), (2304, 4), (4096, 12), (4608, 5), (8192, 13), (16_384, 14)];

    private readonly int _sampleRate, _channels, _bits, _blockCode;
    private readonly FlacBitWriter _writer = new();
    private readonly FlacSubframe _subframe;
    private readonly int[] _mid, _side;
    private int _number;

    /// <param name="sampleRate">Frames per second, at most 655,350.</param>
    /// <param name="channels">1 … 8.</param>
    /// <param name="bits">16 or 24.</param>
    public FlacFrameEncoder(int sampleRate, int channels, int bits)
    {
        (_sampleRate, _channels, _bits) = (sampleRate, channels, bits);
        (BlockSamples, _blockCode) = s_blocks.Last(block => block.Samples <= Math.Max(sampleRate * BlockSeconds, s_blocks[0].Samples));
        _subframe = new FlacSubframe(BlockSamples);
        _mid = new int[BlockSamples];
        _side = new int[BlockSamples];
    }

    /// <summary>Samples in every block but the last.</summary>
    public int BlockSamples { get; }

    /// <summary>Encodes the next block.</summary>
    /// <param name="samples">[channel][sample].</param>
    /// <param name="length">Its samples; only the last one may have fewer than <see cref="BlockSamples"/>.</param>
    /// <returns>The frame; valid until the next one.</returns>
    public ReadOnlySpan<byte> Encode(int[][] samples, int length)
    {
        int layout = _channels == 2 ? Pair(samples[0].AsSpan(0, length), samples[1].AsSpan(0, length)) : _channels - 1;
        _writer.Clear();
        WriteHeader(layout, length);
        for (int c = 0; c < _channels; c++)
        {
            bool isSide = (layout is LeftSide or MidSide && c == 1) || (layout == SideRight && c == 0);
            int[] source = isSide ? _side : layout == MidSide ? _mid : samples[c];
            _subframe.Write(_writer, source.AsSpan(0, length), isSide ? _bits + 1 : _bits);
        }

        _writer.Align();
        _writer.Write(FlacChecksums.Crc16(_writer.Bytes), 16);
        _writer.Align();
        return _writer.Bytes;
    }

    // Two channels are stored as they are, or one of them is replaced by their difference, or both by middle and difference.
    private int Pair(ReadOnlySpan<int> left, ReadOnlySpan<int> right)
    {
        for (int i = 0; i < left.Length; i++)
        {
            _mid[i] = (left[i] + right[i]) >> 1;
            _side[i] = left[i] - right[i];
        }

        double a = Cost(left), b = Cost(right), mid = Cost(_mid.AsSpan(0, left.Length)), side = Cost(_side.AsSpan(0, left.Length));
        double least = Math.Min(Math.Min(a + b, a + side), Math.Min(side + b, mid + side));
        return least == mid + side ? MidSide : least == a + side ? LeftSide : least == side + b ? SideRight : 1;
    }

    // Bits of a sample, but for what is common to all.
    private static double Cost(ReadOnlySpan<int> samples) => Math.Log2(1 + (double)FlacSubframe.Roughness(samples) / samples.Length);

    private void WriteHeader(int layout, int length)
    {
        int block = length == BlockSamples ? _blockCode : length <= 256 ? 6 : 7;
        (int rate, int rateBits, int rateValue) = Rate();
        _writer.Write(0b11_1111_1111_1110 << 2, 16);
        _writer.Write((uint)block, 4);
        _writer.Write((uint)rate, 4);
        _writer.Write((uint)layout, 4);
        _writer.Write(_bits == 16 ? 4u : 6u, 3);
        _writer.Write(0, 1);
        WriteNumber((uint)_number++);
        if (length != BlockSamples)
        {
            _writer.Write((uint)length - 1, length <= 256 ? 8 : 16);
        }

        _writer.Write((uint)rateValue, rateBits);
        _writer.Align();
        _writer.Write(FlacChecksums.Crc8(_writer.Bytes), 8);
    }

    // By its code, in kHz, Hz or tens of Hz; else only the file's head tells it.
    private (int Code, int Bits, int Value) Rate()
    {
        int code = Array.IndexOf(FlacFrame.Rates, _sampleRate);
        return code > 0 ? (code, 0, 0)
            : _sampleRate % 1000 == 0 && _sampleRate < 256_000 ? (12, 8, _sampleRate / 1000)
            : _sampleRate <= ushort.MaxValue ? (13, 16, _sampleRate)
            : _sampleRate % 10 == 0 ? (14, 16, _sampleRate / 10)
            : (0, 0, 0);
    }

    // As UTF-8, with up to 31 bits.
    private void WriteNumber(uint number)
    {
        if (number < 0x80)
        {
            _writer.Write(number, 8);
            return;
        }

        int more = 1;
        while (number >> (5 * more + 6) != 0)
        {
            more++;
        }

        _writer.Write((0xFF80u >> more & 0xFF) | number >> (6 * more), 8);
        for (int i = more - 1; i >= 0; i--)
        {
            _writer.Write(0x80 | number >> (6 * i) & 0x3F, 8);
        }
    }
}
