using System.Buffers.Binary;
using System.Text;

namespace Stemsharp.Audio;

/// <summary>
/// What the chunks of a RIFF, RF64 or BW64 file say: the format, where the samples are, and which other chunks exist.
/// Headers of streaming writers and truncated files are read as far as they make sense; each repair is a warning.
/// </summary>
internal sealed record WavHeader
{
    private const int PcmTag = 1, FloatTag = 3, ExtensibleTag = 0xFFFE;

    /// <summary>Sizes that are a streaming writer's placeholder begin here (SoX writes a little less than 2³¹).</summary>
    private const long SmallestPlaceholder = 0x7FFF_0000;

    private const int MaximumChunks = 4096;

    public required int SampleRate { get; init; }
    public required int Channels { get; init; }

    /// <summary>Bytes from one frame to the next.</summary>
    public required int FrameBytes { get; init; }

    /// <summary>How samples are stored; <see langword="null"/> for a codec inside WAV that is not plain samples.</summary>
    public required SampleFormat? Format { get; init; }

    /// <summary>The codec's number as in the format chunk (or in its GUID).</summary>
    public required int FormatTag { get; init; }

    /// <summary>Bits that carry information, at most the container's.</summary>
    public required int ValidBits { get; init; }

    /// <summary>The channel mask of an extensible format; null where there is none that fits the channels.</summary>
    public int? SpeakerMask { get; init; }

    public required long DataOffset { get; init; }

    /// <summary>Bytes of whole frames.</summary>
    public required long DataBytes { get; init; }

    public required IReadOnlyList<WavChunk> Chunks { get; init; }
    public required IReadOnlyList<string> Warnings { get; init; }

    public long Frames => DataBytes / FrameBytes;

    /// <summary>Whether a file begins as a WAV file of any kind does, the refused big-endian one included.</summary>
    public static bool Looks(ReadOnlySpan<byte> start) =>
        start.Length >= 12
        && (start.StartsWith("RIFF"u8) || start.StartsWith("RF64"u8) || start.StartsWith("BW64"u8) || start.StartsWith("RIFX"u8))
        && start.Slice(8, 4).SequenceEqual("WAVE"u8);

    /// <summary>Reads the header of a seekable stream that stands at its start.</summary>
    /// <param name="stream">The file.</param>
    /// <param name="name">Its name, for messages.</param>
    /// <exception cref="AudioException">It is no WAV file, or one that makes no sense.</exception>
    public static WavHeader Parse(Stream stream, string name)
    {
        long length = stream.Length;
        Span<byte> head = stackalloc byte[12];
        int got = stream.ReadAtLeast(head, head.Length, throwOnEndOfStream: false);
        if (got == 0)
        {
            throw new AudioException($"'{name}' is empty (0 bytes). Give an audio file.") { Failure = AudioFailure.NotAudio };
        }

        if (!Looks(head[..got]))
        {
            throw new AudioException($"'{name}' is not a WAV file: it begins with {Describe(head[..got])}, a WAV file with 'RIFF' or 'RF64'.") { Failure = AudioFailure.NotAudio };
        }

        if (head.StartsWith("RIFX"u8))
        {
            throw new AudioException($"'{name}' is a big-endian WAV file (RIFX), which is not supported. Convert it to RIFF, for example with FFmpeg or SoX.") { Failure = AudioFailure.Unsupported };
        }

        bool big = !head.StartsWith("RIFF"u8);
        long riffSize = BinaryPrimitives.ReadUInt32LittleEndian(head[4..]);
        long? dataSize64 = null;
        List<WavChunk> chunks = [];
        List<string> warnings = [];
        byte[]? format = null;
        WavChunk? data = null;
        long position = 12;
        Span<byte> chunkHead = stackalloc byte[8];
        Span<byte> sizes = stackalloc byte[24];
        while (position + 8 <= length && chunks.Count < MaximumChunks)
        {
            stream.Position = position;
            stream.ReadExactly(chunkHead);
            long size = BinaryPrimitives.ReadUInt32LittleEndian(chunkHead[4..]);
            string id = Encoding.Latin1.GetString(chunkHead[..4]);
            position += 8;
            if (id == "data" && data is null)
            {
                data = ResolveData(stream, position, size, dataSize64, riffSize, big, warnings);
                chunks.Add(data.Value);
                position = WavChunks.Behind(stream, position, data.Value.Size, warnings);
                continue;
            }

            if (id == "data")
            {
                warnings.Add($"The file has another data chunk, {size} bytes at byte {position}; the first one is read, as other programs do.");
            }

            if (id == "fmt " && format is null)
            {
                if (size is < 14 or > 4096 || position + size > length)
                {
                    throw new AudioException($"'{name}' is a broken WAV file: its format chunk has {size} bytes, valid are 16 to 4096.") { Failure = AudioFailure.Damaged };
                }

                format = new byte[size];
                stream.ReadExactly(format);
                if (data is not null)
                {
                    warnings.Add("The format comes behind the samples, where it does not belong; it is taken from there.");
                }
            }
            else if (id == "ds64" && big && size >= 24 && position + 24 <= length)
            {
                stream.ReadExactly(sizes);
                riffSize = BinaryPrimitives.ReadInt64LittleEndian(sizes);
                dataSize64 = BinaryPrimitives.ReadInt64LittleEndian(sizes[8..]);
            }

            chunks.Add(new WavChunk(id, position, Math.Min(size, length - position)));
            position = WavChunks.Behind(stream, position, size, warnings);
        }

        if (format is null)
        {
            throw new AudioException($"'{name}' is a broken WAV file: it has no format chunk.") { Failure = AudioFailure.Damaged };
        }

        if (data is null)
        {
            throw new AudioException($"'{name}' is a broken WAV file: it has no data chunk, that is, no samples.") { Failure = AudioFailure.Damaged };
        }

        return Interpret(format, data.Value, chunks, warnings, name);
    }

    /// <summary>Where the samples end, when the size field may be a placeholder or promise more than there is.</summary>
    private static WavChunk ResolveData(
        Stream stream, long offset, long size, long? size64, long riffSize, bool big, List<string> warnings)
    {
        long length = stream.Length;
        long rest = length - offset;
        long claimed = big && size64 is long given && size == 0xFFFF_FFFF ? given : size;

        // A size of zero is honest only when the outer size agrees with the file; streaming writers leave both unset.
        bool unset = claimed == 0 && rest > 0 && (riffSize == 0 || riffSize >= SmallestPlaceholder || riffSize + 8 < offset || riffSize + 9 < length);
        if (unset)
        {
            warnings.Add("The header gives no length, as streaming writers leave it; everything up to the file's end is read as samples.");
            return new WavChunk("data", offset, rest);
        }

        if (claimed < 0 || claimed > rest)
        {
            bool placeholder = claimed < 0 || (claimed >= SmallestPlaceholder && (!big || size64 is null or < 0));
            warnings.Add(placeholder
                ? "The header gives no length, as streaming writers leave it; everything up to the file's end is read as samples."
                : $"The file is truncated: its header promises {claimed} bytes of samples, {rest} are there and are read.");
            return new WavChunk("data", offset, rest);
        }

        long wraps = big ? 0 : (rest - claimed) >> 32;
        if (wraps > 0 && !WavChunks.LeadToTheEnd(stream, WavChunks.Padded(offset, claimed)))
        {
            warnings.Add($"The header's size has wrapped beyond 4 GB: it promises {claimed} bytes of samples, {claimed + (wraps << 32)} are there and are read.");
            return new WavChunk("data", offset, claimed + (wraps << 32));
        }

        return new WavChunk("data", offset, claimed);
    }

    private static WavHeader Interpret(
        ReadOnlySpan<byte> format, WavChunk data, List<WavChunk> chunks, List<string> warnings, string name)
    {
        int tag = BinaryPrimitives.ReadUInt16LittleEndian(format);
        int channels = BinaryPrimitives.ReadUInt16LittleEndian(format[2..]);
        long rate = BinaryPrimitives.ReadUInt32LittleEndian(format[4..]);
        int block = BinaryPrimitives.ReadUInt16LittleEndian(format[12..]);
        int bits = format.Length >= 16 ? BinaryPrimitives.ReadUInt16LittleEndian(format[14..]) : 0;
        int valid = bits;
        int? mask = null;
        if (tag == ExtensibleTag)
        {
            if (format.Length < 40)
            {
                throw new AudioException($"'{name}' is a broken WAV file: its extensible format chunk has {format.Length} bytes, 40 are needed.") { Failure = AudioFailure.Damaged };
            }

            int stated = BinaryPrimitives.ReadUInt16LittleEndian(format[18..]);
            if (stated > 0 && stated <= bits)
            {
                valid = stated;
            }
            int speakers = BinaryPrimitives.ReadInt32LittleEndian(format[20..]);
            mask = System.Numerics.BitOperations.PopCount((uint)speakers) == channels ? speakers : null;
            // KSDATAFORMAT_SUBTYPE GUIDs are the plain tag followed by a fixed tail.
            ReadOnlySpan<byte> tail = [0, 0, 0, 0, 0x10, 0, 0x80, 0, 0, 0xAA, 0, 0x38, 0x9B, 0x71];
            tag = format.Slice(26, 14).SequenceEqual(tail) ? BinaryPrimitives.ReadUInt16LittleEndian(format[24..]) : -1;
        }

        if (channels is < 1 or > 128)
        {
            throw new AudioException($"'{name}' is a broken WAV file: its header says {channels} channels, valid are 1 to 128.") { Failure = AudioFailure.Damaged };
        }

        if (!SampleRates.IsRead(rate))
        {
            throw new AudioException($"'{name}' is a broken WAV file: its header says {rate} samples per second; {SampleRates.Read} are read.") { Failure = AudioFailure.Damaged };
        }

        SampleFormat? stored = null;
        if (tag is PcmTag or FloatTag)
        {
            int container = Container(block, channels, bits, name, warnings);
            stored = (tag, container) switch
            {
                (PcmTag, 1) => SampleFormat.UInt8,
                (PcmTag, 2) => SampleFormat.Int16,
                (PcmTag, 3) => SampleFormat.Int24,
                (PcmTag, 4) => SampleFormat.Int32,
                (FloatTag, 4) => SampleFormat.Float32,
                (FloatTag, 8) => SampleFormat.Float64,
                _ => throw new AudioException(
                    $"'{name}' holds {container * 8}-bit {(tag == PcmTag ? "integers" : "floating-point numbers")}; "
                    + "supported are integers of 8, 16, 24 and 32 bit and floating-point numbers of 32 and 64 bit.")
                { Failure = AudioFailure.Unsupported },
            };
            block = container * channels;
        }
        else
        {
            block = Math.Max(block, 1);
        }

        if (stored is not null && data.Size % block != 0)
        {
            warnings.Add($"The samples end within a frame; the last {data.Size % block} bytes are left out.");
        }

        return new WavHeader
        {
            SampleRate = (int)rate,
            Channels = channels,
            FrameBytes = block,
            Format = stored,
            FormatTag = tag,
            ValidBits = valid,
            SpeakerMask = mask,
            DataOffset = data.Offset,
            DataBytes = data.Size - data.Size % block,
            Chunks = chunks,
            Warnings = warnings,
        };
    }

    /// <summary>Bytes that one sample takes: the frame's share where the frame size makes sense, else as the bits say.</summary>
    private static int Container(int block, int channels, int bits, string name, List<string> warnings)
    {
        if (bits is < 1 or > 64)
        {
            throw new AudioException($"'{name}' is a broken WAV file: its header says {bits} bits per sample, valid are 8 to 64.") { Failure = AudioFailure.Damaged };
        }

        int needed = (bits + 7) / 8;
        if (block % channels == 0 && block / channels >= needed && block / channels <= 8)
        {
            return block / channels;
        }

        warnings.Add($"The header says {block} bytes per frame, which does not fit {channels} channels of {bits} bits; {needed * channels} are assumed.");
        return needed;
    }

    private static string Describe(ReadOnlySpan<byte> start)
    {
        foreach (byte b in start)
        {
            if (b is < 0x20 or > 0x7E && b is not ((byte)'\n' or (byte)'\r' or (byte)'\t'))
            {
                return "the bytes " + Convert.ToHexString(start);
            }
        }

        return $"the text '{Encoding.ASCII.GetString(start).ReplaceLineEndings(" ").Trim()}'";
    }
}
