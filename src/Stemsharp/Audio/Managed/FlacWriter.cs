using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Stemsharp.Audio;

/// <summary>
/// Writes FLAC of 16 or 24 bits without another program: the streamable subset, with the samples' MD5, tags and cover. As small as by FFmpeg's
/// level 5.
/// </summary>
internal sealed class FlacWriter : PcmWriter
{
    private const int StreamInfoBytes = 34, LastBlock = 0x80, LargestBlock = (1 << 24) - 1;
    private const long LargestLength = (1L << 36) - 1;
    private readonly FileStream _stream;
    private readonly FlacFrameEncoder _encoder;
    private readonly int[][] _block;
    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.MD5);
    private int _filled, _smallestFrame = int.MaxValue, _largestFrame;
    private long _frames;

    private FlacWriter(OutputFile file, FileStream stream, int sampleRate, int channels, EncodingOptions options)
        : base(file, sampleRate, channels, options.SampleFormat, options)
    {
        _stream = stream;
        _encoder = new FlacFrameEncoder(sampleRate, channels, options.SampleFormat.Bits());
        _block = [.. Enumerable.Range(0, channels).Select(_ => new int[_encoder.BlockSamples])];
        Emit(Head(options.Tags ?? AudioTags.Empty));
    }

    /// <summary>Creates a file under a temporary name.</summary>
    /// <param name="path">The final name.</param>
    /// <param name="sampleRate">Frames per second, at most 655,350.</param>
    /// <param name="channels">1 … 8.</param>
    /// <param name="options">Depth, dither and tags.</param>
    public static FlacWriter Create(string path, int sampleRate, int channels, EncodingOptions options)
    {
        OutputFile file = new(path);
        FileStream? stream = null;
        try
        {
            file.Guard(() => stream = new FileStream(file.TemporaryPath, FileMode.Create, FileAccess.Write, FileShare.Read, bufferSize: 1 << 16));
            return new FlacWriter(file, stream!, sampleRate, channels, options);
        }
        catch
        {
            stream?.Dispose();
            file.Dispose();
            throw;
        }
    }

    protected override void WriteBytes(ReadOnlySpan<byte> bytes)
    {
        _hash.AppendData(bytes);
        while (!bytes.IsEmpty)
        {
            int frames = Math.Min(bytes.Length / FrameBytes, _encoder.BlockSamples - _filled);
            Unpack(bytes[..(frames * FrameBytes)]);
            bytes = bytes[(frames * FrameBytes)..];
            _filled += frames;
            if (_filled == _encoder.BlockSamples)
            {
                EmitFrame();
            }
        }
    }

    protected override void FinishContent()
    {
        if (_filled > 0)
        {
            EmitFrame();
        }

        File!.Guard(() =>
        {
            _stream.Position = "fLaC"u8.Length + 4;
            _stream.Write(StreamInfo());
            _stream.Flush();
        });
        Close();
    }

    protected override void Close()
    {
        try
        {
            _stream.Dispose();
        }
        catch (IOException)
        {
            // What is still in its buffer belongs to a file that is given up; a finished one has been flushed.
        }

        _hash.Dispose();
    }

    private void Unpack(ReadOnlySpan<byte> bytes)
    {
        int at = 0, width = FrameBytes / Channels;
        for (int i = _filled; at < bytes.Length; i++)
        {
            foreach (int[] channel in _block)
            {
                channel[i] = width == 2
                    ? BinaryPrimitives.ReadInt16LittleEndian(bytes[at..])
                    : bytes[at] | bytes[at + 1] << 8 | (sbyte)bytes[at + 2] << 16;
                at += width;
            }
        }
    }

    private void EmitFrame()
    {
        ReadOnlySpan<byte> frame = _encoder.Encode(_block, _filled);
        _smallestFrame = Math.Min(_smallestFrame, frame.Length);
        _largestFrame = Math.Max(_largestFrame, frame.Length);
        _frames += _filled;
        _filled = 0;
        Emit(frame);
    }

    private byte[] Head(AudioTags tags)
    {
        List<(int Type, byte[] Content)> blocks = [(FlacRecording.StreamInfoBlock, new byte[StreamInfoBytes]), (FlacRecording.CommentBlock, VorbisComments.Write(tags))];
        if (tags.Cover is { } cover && VorbisComments.PictureBlock(cover) is { Length: <= LargestBlock } picture)
        {
            blocks.Add((FlacRecording.PictureBlock, picture));
        }

        using MemoryStream head = new();
        head.Write("fLaC"u8);
        Span<byte> begin = stackalloc byte[4];
        foreach ((int type, byte[] content) in blocks)
        {
            BinaryPrimitives.WriteInt32BigEndian(begin, content.Length);
            begin[0] = (byte)(type | (content == blocks[^1].Content ? LastBlock : 0));
            head.Write(begin);
            head.Write(content);
        }

        return head.ToArray();
    }

    private byte[] StreamInfo()
    {
        byte[] info = new byte[StreamInfoBytes];
        Span<byte> span = info;
        ulong smallest = _frames == 0 ? 0 : (ulong)_smallestFrame, largest = (ulong)_largestFrame, rate = (ulong)SampleRate;
        // Block sizes of 16 bits, frame sizes of 24, the rate of 20, channels of 3, depth of 5, the length of 36 (0: unknown), MD5.
        BinaryPrimitives.WriteUInt16BigEndian(span, (ushort)_encoder.BlockSamples);
        BinaryPrimitives.WriteUInt64BigEndian(span[2..], (ulong)_encoder.BlockSamples << 48 | smallest << 24 | largest);
        BinaryPrimitives.WriteUInt64BigEndian(
            span[10..], rate << 44 | (ulong)(Channels - 1) << 41 | (ulong)(Format.Bits() - 1) << 36 | (_frames <= LargestLength ? (ulong)_frames : 0));
        _hash.GetHashAndReset(span[18..]);
        return info;
    }

    private void Emit(ReadOnlySpan<byte> bytes)
    {
        try
        {
            _stream.Write(bytes);
        }
        catch (Exception error) when (OutputException.IsOfFiles(error))
        {
            throw File!.Failure(error);
        }
    }
}
