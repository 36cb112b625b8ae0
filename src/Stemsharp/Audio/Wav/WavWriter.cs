using System.Buffers.Binary;

namespace Stemsharp.Audio;

/// <summary>
/// Writes a WAV file block by block. A JUNK chunk behind the RIFF header keeps room for the 64-bit sizes: a file that
/// grows past 4 GB becomes RF64 when it is finished.
/// </summary>
internal sealed class WavWriter : PcmWriter
{
    private const int JunkOffset = 12, JunkBytes = 28;
    private readonly Stream _stream;
    private readonly byte[] _trailer;
    private readonly long _limit;
    private readonly bool _patch;
    private long _dataBytes;

    /// <param name="stream">Where the file goes; disposed with the writer when it belongs to <paramref name="file"/>.</param>
    /// <param name="sampleRate">Frames per second.</param>
    /// <param name="channels">Samples in a frame, at most 128.</param>
    /// <param name="options">Depth, dither and tags.</param>
    /// <param name="file">The temporary file behind the stream, where there is one.</param>
    /// <param name="length">Frames that will be written, which the header tells from the start; unknown: it says so, and is patched where the stream can seek.</param>
    /// <param name="limit">Most bytes that a RIFF file may have; another value only in tests.</param>
    public WavWriter(
        Stream stream, int sampleRate, int channels, EncodingOptions options,
        OutputFile? file = null, long? length = null, long limit = uint.MaxValue)
        : base(file, sampleRate, channels, options.SampleFormat, options)
    {
        _stream = stream;
        _limit = limit;
        _patch = stream.CanSeek;
        // Behind samples without a known end a reader would take tags for samples.
        _trailer = _patch || length is not null ? Trailer(options.Tags ?? AudioTags.Empty, sampleRate) : [];
        Emit(Header(length is long frames ? frames * FrameBytes : null));
    }

    /// <summary>Creates a file under a temporary name.</summary>
    public static WavWriter Create(string path, int sampleRate, int channels, EncodingOptions options)
    {
        OutputFile file = new(path);
        try
        {
            FileStream? stream = null;
            file.Guard(() => stream = new FileStream(file.TemporaryPath, FileMode.Create, FileAccess.Write, FileShare.Read, bufferSize: 0));
            return new WavWriter(stream!, sampleRate, channels, options, file);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    protected override void WriteBytes(ReadOnlySpan<byte> bytes)
    {
        Emit(bytes);
        _dataBytes += bytes.Length;
    }

    protected override void FinishContent()
    {
        if ((_dataBytes & 1) != 0)
        {
            Emit([0]);
        }

        Emit(_trailer);
        if (_patch)
        {
            Patch();
        }

        try
        {
            _stream.Flush();
        }
        catch (Exception error) when (OutputException.IsOfFiles(error))
        {
            throw Failure(error);
        }

        Close();
    }

    protected override void Close()
    {
        if (File is not null)
        {
            _stream.Dispose();
        }
    }

    /// <summary>Everything up to the first sample. Sizes are filled in where they are known already.</summary>
    private byte[] Header(long? dataBytes)
    {
        int bits = Format.Bits();
        bool isFloat = Format.IsFloat();
        bool extensible = Channels > 2 || (!isFloat && bits > 16);
        int formatBytes = extensible ? 40 : isFloat ? 18 : 16;
        int factBytes = isFloat ? 12 : 0;
        byte[] header = new byte[JunkOffset + 8 + JunkBytes + 8 + formatBytes + factBytes + 8];
        Span<byte> span = header;
        WriteId(span, "RIFF");
        WriteId(span[8..], "WAVE");
        WriteId(span[JunkOffset..], "JUNK");
        BinaryPrimitives.WriteUInt32LittleEndian(span[16..], JunkBytes);
        Span<byte> format = span[(JunkOffset + 8 + JunkBytes)..];
        WriteId(format, "fmt ");
        BinaryPrimitives.WriteUInt32LittleEndian(format[4..], (uint)formatBytes);
        ushort tag = (ushort)(isFloat ? 3 : 1);
        BinaryPrimitives.WriteUInt16LittleEndian(format[8..], extensible ? (ushort)0xFFFE : tag);
        BinaryPrimitives.WriteUInt16LittleEndian(format[10..], (ushort)Channels);
        BinaryPrimitives.WriteUInt32LittleEndian(format[12..], (uint)SampleRate);
        BinaryPrimitives.WriteUInt32LittleEndian(format[16..], (uint)Math.Min((long)SampleRate * Channels * bits / 8, uint.MaxValue));
        BinaryPrimitives.WriteUInt16LittleEndian(format[20..], (ushort)(Channels * bits / 8));
        BinaryPrimitives.WriteUInt16LittleEndian(format[22..], (ushort)bits);
        if (extensible)
        {
            BinaryPrimitives.WriteUInt16LittleEndian(format[24..], 22);
            BinaryPrimitives.WriteUInt16LittleEndian(format[26..], (ushort)bits);
            // Front left and right for stereo; several stems side by side have no speakers.
            BinaryPrimitives.WriteUInt32LittleEndian(format[28..], Channels == 1 ? 4u : Channels == 2 ? 3u : 0u);
            ReadOnlySpan<byte> tail = [0, 0, 0, 0, 0x10, 0, 0x80, 0, 0, 0xAA, 0, 0x38, 0x9B, 0x71];
            BinaryPrimitives.WriteUInt16LittleEndian(format[32..], tag);
            tail.CopyTo(format[34..]);
        }

        if (isFloat)
        {
            Span<byte> fact = format[(8 + formatBytes)..];
            WriteId(fact, "fact");
            BinaryPrimitives.WriteUInt32LittleEndian(fact[4..], 4);
        }

        WriteId(span[^8..], "data");
        FillSizes(span, dataBytes, dataBytes is long known ? header.Length - 8 + known + (known & 1) + _trailer.Length : null);
        return header;
    }

    /// <summary>The chunks behind the samples.</summary>
    private static byte[] Trailer(AudioTags tags, int sampleRate)
    {
        List<byte> trailer = [];
        foreach ((string id, byte[] content) in WavTags.Chunks(tags, sampleRate))
        {
            byte[] chunk = new byte[8 + content.Length + (content.Length & 1)];
            WriteId(chunk, id);
            BinaryPrimitives.WriteUInt32LittleEndian(chunk.AsSpan(4), (uint)content.Length);
            content.CopyTo(chunk, 8);
            trailer.AddRange(chunk);
        }

        return [.. trailer];
    }

    /// <summary>Writes the sizes into a header: 32 bits, or the ds64 chunk, or "unknown".</summary>
    private void FillSizes(Span<byte> header, long? dataBytes, long? riffBytes)
    {
        Span<byte> dataSize = header[^4..];
        if (dataBytes is not long data || riffBytes is not long riff)
        {
            BinaryPrimitives.WriteUInt32LittleEndian(header[4..], uint.MaxValue);
            BinaryPrimitives.WriteUInt32LittleEndian(dataSize, uint.MaxValue);
            return;
        }

        long frames = data / (Channels * SampleCodec.Bytes(Format));
        if (Format.IsFloat())
        {
            BinaryPrimitives.WriteUInt32LittleEndian(header[^12..], (uint)Math.Min(frames, uint.MaxValue));
        }

        if (riff <= _limit)
        {
            BinaryPrimitives.WriteUInt32LittleEndian(header[4..], (uint)riff);
            BinaryPrimitives.WriteUInt32LittleEndian(dataSize, (uint)data);
            return;
        }

        WriteId(header, "RF64");
        BinaryPrimitives.WriteUInt32LittleEndian(header[4..], uint.MaxValue);
        BinaryPrimitives.WriteUInt32LittleEndian(dataSize, uint.MaxValue);
        Span<byte> sizes = header[JunkOffset..];
        WriteId(sizes, "ds64");
        BinaryPrimitives.WriteInt64LittleEndian(sizes[8..], riff);
        BinaryPrimitives.WriteInt64LittleEndian(sizes[16..], data);
        BinaryPrimitives.WriteInt64LittleEndian(sizes[24..], frames);
    }

    private void Patch()
    {
        try
        {
            long end = _stream.Position;
            byte[] header = Header(null);
            FillSizes(header, _dataBytes, end - 8);
            _stream.Position = 0;
            _stream.Write(header);
            _stream.Position = end;
        }
        catch (Exception error) when (OutputException.IsOfFiles(error))
        {
            throw Failure(error);
        }
    }

    private void Emit(ReadOnlySpan<byte> bytes)
    {
        try
        {
            _stream.Write(bytes);
        }
        catch (Exception error) when (OutputException.IsOfFiles(error))
        {
            throw Failure(error);
        }
    }

    private OutputException Failure(Exception error) =>
        File?.Failure(error) ?? new OutputException($"The WAV stream can't be written: {OutputException.WordsOf(error)}", error);

    private static void WriteId(Span<byte> target, string id)
    {
        for (int i = 0; i < 4; i++)
        {
            target[i] = (byte)id[i];
        }
    }
}
