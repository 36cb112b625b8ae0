using NLayer;

namespace Stemsharp.Audio;

/// <summary>A frame of MPEG audio, layers 1 to 3, as the decoder takes it.</summary>
internal sealed class Mp3Frame : IMpegFrame
{
    /// <summary>Bytes of a frame's head.</summary>
    public const int HeadBytes = 4;

    /// <summary>Layer 2 at 384 kbit/s and 32 kHz, with padding.</summary>
    public const int LargestBytes = 1729;

    private static readonly int[][] s_bitrates =
    [
        [0, 32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448],
        [0, 32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384],
        [0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320],
        [0, 32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256],
        [0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160],
    ];

    private static readonly int[] s_rates = [44_100, 48_000, 32_000];

    private readonly byte[] _bytes = new byte[LargestBytes];
    private int _bit;

    public int SampleRate { get; private set; }
    public int SampleRateIndex { get; private set; }
    public int FrameLength { get; private set; }
    public int BitRate { get; private set; }
    public MpegVersion Version { get; private set; }
    public MpegLayer Layer { get; private set; }
    public MpegChannelMode ChannelMode { get; private set; }
    public int ChannelModeExtension { get; private set; }
    public int SampleCount { get; private set; }
    public int BitRateIndex { get; private set; }
    public bool IsCopyrighted { get; private set; }
    public bool HasCrc { get; private set; }
    public bool IsCorrupted => false;

    /// <summary>Channels of the frame.</summary>
    public int Channels => ChannelMode == MpegChannelMode.Mono ? 1 : 2;

    /// <summary>Whether a layer-3 frame's right channel is, in part, the left one at another level.</summary>
    public bool IsIntensityStereo => ChannelMode == MpegChannelMode.JointStereo && (ChannelModeExtension & 1) != 0;

    /// <summary>The frame's bytes.</summary>
    public ReadOnlySpan<byte> Bytes => _bytes.AsSpan(0, FrameLength);

    /// <summary>Bytes of a layer-3 frame's head and side information: what an encoder says of the whole file stands behind them.</summary>
    public int SideBytes => HeadBytes + (Version == MpegVersion.Version1 ? Channels == 1 ? 17 : 32 : Channels == 1 ? 9 : 17);

    /// <summary>Whether a frame of the same stream: version, layer and rate never change.</summary>
    public bool IsLike(Mp3Frame other) => Version == other.Version && Layer == other.Layer && SampleRate == other.SampleRate;

    /// <summary>Reads a frame's head. Free-format frames, whose length is not told, are none.</summary>
    public bool TryReadHead(ReadOnlySpan<byte> head)
    {
        if (head.Length < HeadBytes || head[0] != 0xFF || (head[1] & 0xE0) != 0xE0)
        {
            return false;
        }

        int version = head[1] >> 3 & 3, layer = 4 - (head[1] >> 1 & 3), bitrate = head[2] >> 4, rate = head[2] >> 2 & 3, padding = head[2] >> 1 & 1;
        if (version == 1 || layer == 4 || bitrate is 0 or 15 || rate == 3)
        {
            return false;
        }

        bool first = version == 3;
        Version = first ? MpegVersion.Version1 : version == 2 ? MpegVersion.Version2 : MpegVersion.Version25;
        Layer = layer switch { 1 => MpegLayer.LayerI, 2 => MpegLayer.LayerII, _ => MpegLayer.LayerIII };
        SampleRateIndex = rate;
        SampleRate = s_rates[rate] >> (first ? 0 : version == 2 ? 1 : 2);
        BitRateIndex = bitrate;
        BitRate = 1000 * s_bitrates[first ? layer - 1 : layer == 1 ? 3 : 4][bitrate];
        SampleCount = layer == 1 ? 384 : layer == 2 || first ? 1152 : 576;
        FrameLength = layer == 1 ? (12 * BitRate / SampleRate + padding) * 4 : SampleCount / 8 * BitRate / SampleRate + padding;
        HasCrc = (head[1] & 1) == 0;
        ChannelMode = (MpegChannelMode)(head[3] >> 6);
        ChannelModeExtension = head[3] >> 4 & 3;
        IsCopyrighted = (head[3] & 8) != 0;
        return FrameLength is > HeadBytes and <= LargestBytes;
    }

    /// <summary>Takes the frame whose head was read.</summary>
    /// <param name="bytes">The whole frame; what is missing at a file's end is zero.</param>
    public void Take(ReadOnlySpan<byte> bytes)
    {
        bytes = bytes[..Math.Min(bytes.Length, FrameLength)];
        bytes.CopyTo(_bytes);
        _bytes.AsSpan(bytes.Length).Clear();
        Reset();
    }

    /// <summary>Whether a channel of a layer-3 frame of MPEG 2 or 2.5 is in mixed blocks: long ones below, short ones above.</summary>
    public bool HasMixedBlocks()
    {
        // The side information: where its main data begin and private bits; then for each channel what comes before the windows, whether there
        // are other windows than the usual one, their kind, whether with long blocks, and the rest.
        const int mainDataBits = 8, beforeWindows = 38, kindBits = 2, shortBlocks = 2, rest = 21;
        Reset();
        ReadBits(mainDataBits + Channels);
        bool isMixed = false;
        for (int channel = 0; channel < Channels; channel++)
        {
            ReadBits(beforeWindows);
            bool isOther = ReadBits(1) == 1, isShort = ReadBits(kindBits) == shortBlocks, hasLong = ReadBits(1) == 1;
            isMixed |= isOther && isShort && hasLong;
            ReadBits(rest);
        }

        return isMixed;
    }

    public void Reset() => _bit = 8 * (HeadBytes + (HasCrc ? 2 : 0));

    public int ReadBits(int bitCount)
    {
        int value = 0;
        for (int i = 0; i < bitCount; i++, _bit++)
        {
            int at = _bit >> 3;
            value = value << 1 | (at < FrameLength ? _bytes[at] >> (7 - (_bit & 7)) & 1 : 0);
        }

        return value;
    }
}
