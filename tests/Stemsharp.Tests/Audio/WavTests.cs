using System.Buffers.Binary;
using FsCheck;
using FsCheck.Fluent;
using Stemsharp.Audio;
using Xunit;

namespace Stemsharp.Tests.Audio;

public class WavTests
{
    /// <summary>A WAV file put together by hand.</summary>
    private static byte[] Wav(
        ushort tag, ushort channels, uint rate, ushort bits, byte[] data, ushort? block = null,
        uint? dataSize = null, uint? riffSize = null, byte[]? before = null, byte[]? after = null, string id = "RIFF")
    {
        byte[] format = new byte[16];
        BinaryPrimitives.WriteUInt16LittleEndian(format, tag);
        BinaryPrimitives.WriteUInt16LittleEndian(format.AsSpan(2), channels);
        BinaryPrimitives.WriteUInt32LittleEndian(format.AsSpan(4), rate);
        BinaryPrimitives.WriteUInt16LittleEndian(format.AsSpan(12), block ?? (ushort)(channels * ((bits + 7) / 8)));
        BinaryPrimitives.WriteUInt16LittleEndian(format.AsSpan(14), bits);
        byte[] body = [.. "WAVE"u8, .. before ?? [], .. Chunk("fmt ", format), .. Chunk("data", data, dataSize), .. after ?? []];
        return [.. System.Text.Encoding.ASCII.GetBytes(id), .. BitConverter.GetBytes(riffSize ?? (uint)body.Length), .. body];
    }

    private static byte[] Chunk(string id, byte[] content, uint? size = null) =>
        [.. System.Text.Encoding.ASCII.GetBytes(id), .. BitConverter.GetBytes(size ?? (uint)content.Length), .. content, .. new byte[content.Length & 1]];

    private static WavReader Read(byte[] file) => new(new MemoryStream(file), "test.wav");

    [Theory]
    [InlineData(SampleFormat.UInt8, 1)]
    [InlineData(SampleFormat.Int16, 1)]
    [InlineData(SampleFormat.Int16, 2)]
    [InlineData(SampleFormat.Int24, 2)]
    [InlineData(SampleFormat.Int24, 3)]
    [InlineData(SampleFormat.Int32, 2)]
    [InlineData(SampleFormat.Float32, 1)]
    [InlineData(SampleFormat.Float64, 6)]
    public void What_is_written_is_read(SampleFormat format, int channels)
    {
        float[] samples = Signals.Noise(channels * 33_333, 8, 0.99);
        // What is on the grid of the format comes back exactly, dither or not.
        if (!format.IsFloat())
        {
            samples = TraktorStemTests.OnGrid(samples, Math.Min(format.Bits(), 24));
        }

        using TemporaryFolder folder = new();
        string path = folder.File("x.wav");
        Signals.WriteAll(AudioFiles.Create(path, 48000, channels, new EncodingOptions { SampleFormat = format }), samples);
        using AudioSource source = AudioSource.Open(path);
        Assert.Equal(33_333, source.Info.Length);
        Assert.Equal(format, source.Info.SampleFormat);
        Assert.Empty(source.Info.Warnings);
        using IAudioReader reader = source.OpenReader();
        Assert.Equal((48000, channels), (reader.SampleRate, reader.Channels));
        Assert.Equal(samples, Signals.ReadAll(reader));
    }

    [Fact]
    public void Integers_map_to_full_scale()
    {
        short[] shorts = [short.MinValue, -1, 0, 1, short.MaxValue];
        byte[] data = new byte[10];
        Buffer.BlockCopy(shorts, 0, data, 0, 10);
        Assert.Equal([-1f, -1 / 32768f, 0, 1 / 32768f, 32767 / 32768f], Signals.ReadAll(Read(Wav(1, 1, 8000, 16, data))));
        Assert.Equal([-1f, 0, 127 / 128f], Signals.ReadAll(Read(Wav(1, 1, 8000, 8, [0, 128, 255]))));
        Assert.Equal([-1f, 0.5f], Signals.ReadAll(Read(Wav(1, 1, 8000, 24, [0, 0, 0x80, 0, 0, 0x40]))));
        Assert.Equal([-1f, 0.5f], Signals.ReadAll(Read(Wav(1, 1, 8000, 32, [0, 0, 0, 0x80, 0, 0, 0, 0x40]))));
        // 24 bits in containers of 32, left-justified.
        Assert.Equal([0.5f], Signals.ReadAll(Read(Wav(1, 1, 8000, 24, [0, 0, 0, 0x40], block: 4))));
    }

    [Fact]
    public void Unknown_and_odd_chunks_are_passed_over()
    {
        byte[] file = Wav(1, 1, 8000, 8, [128, 129, 130], before: [.. Chunk("bext", [1, 2, 3]), .. Chunk("junk", new byte[7])], after: Chunk("cue ", [1]));
        WavReader reader = Read(file);
        Assert.Empty(reader.Header.Warnings);
        Assert.Equal([0, 1 / 128f, 2 / 128f], Signals.ReadAll(reader));
    }

    [Theory]
    [InlineData(0u, 0u)]
    [InlineData(0u, 36u)]
    [InlineData(0xFFFFFFFFu, 0xFFFFFFFFu)]
    [InlineData(0x7FFFFFDAu, 0x7FFFFFFEu)]
    [InlineData(0x7FFFF000u, 0x7FFFF024u)]
    public void Headers_of_streaming_writers_are_understood(uint dataSize, uint riffSize)
    {
        WavReader reader = Read(Wav(1, 2, 44100, 16, new byte[4000], dataSize: dataSize, riffSize: riffSize));
        Assert.Equal(1000, reader.Length);
        Assert.Contains("no length", Assert.Single(reader.Header.Warnings));
    }

    [Fact]
    public void An_honest_empty_data_chunk_stays_empty()
    {
        byte[] file = Wav(1, 2, 44100, 16, [], after: Chunk("LIST", new byte[400]));
        Assert.Equal(0, Read(file).Length);
        using TemporaryFolder folder = new();
        Assert.Contains("no samples", Assert.Throws<AudioException>(() => AudioSource.Open(folder.Write("x.wav", file))).Message);
    }

    [Fact]
    public void Truncated_data_is_read_with_a_warning()
    {
        WavReader reader = Read(Wav(1, 2, 44100, 16, new byte[4002], dataSize: 10_000));
        Assert.Equal(1000, reader.Length);
        Assert.Equal(2, reader.Header.Warnings.Count);
        Assert.Contains("truncated", reader.Header.Warnings[0]);
        Assert.Contains("within a frame", reader.Header.Warnings[1]);
        Assert.Equal(2000, Signals.ReadAll(reader).Length);
    }

    private static float[] Repaired(byte[] file, string warning)
    {
        WavReader reader = Read(file);
        Assert.Contains(warning, Assert.Single(reader.Header.Warnings));
        return Signals.ReadAll(reader);
    }

    private static readonly byte[] Two = [0, 0x40, 0, 0xC0];

    [Fact]
    public void Of_two_data_chunks_the_first_counts() =>
        Assert.Equal([0.5f, -0.5f], Repaired(Wav(1, 2, 44100, 16, Two, after: Chunk("data", new byte[40])), "another data chunk, 40 bytes"));

    [Fact]
    public void A_chunk_that_lacks_its_last_byte_hides_nothing()
    {
        byte[] odd = [.. "junk"u8, 3, 0, 0, 0, 1, 2, 3];
        Assert.Equal([0.5f, -0.5f], Repaired(Wav(1, 2, 44100, 16, Two, before: odd), "lacks the byte"));
        // Behind the samples, too: a title after 8-bit samples of an odd number.
        byte[] title = [.. "LIST"u8, 14, 0, 0, 0, .. "INFOINAM"u8, 2, 0, 0, 0, (byte)'A', 0];
        byte[] file = Wav(1, 1, 44100, 8, [128, 128, 128], after: title);
        byte[] unpadded = [.. file[..47], .. file[48..]];
        WavReader reader = Read(unpadded);
        Assert.Equal(3, reader.Length);
        Assert.Equal("A", WavTags.Read(new MemoryStream(unpadded), reader.Header)["title"]);
    }

    [Fact]
    public void A_format_behind_the_samples_is_found()
    {
        byte[] file = Wav(1, 2, 44100, 16, Two);
        byte[] turned = [.. file[..12], .. file[36..], .. file[12..36]];
        Assert.Equal([0.5f, -0.5f], Repaired(turned, "behind the samples"));
    }

    [Theory]
    [InlineData(1, 0, false)]
    [InlineData(1, 40, false)]
    [InlineData(2, 0, false)]
    [InlineData(1, 40, true)]
    public void A_size_that_wrapped_beyond_4_GB_is_unwrapped(int wraps, int trailer, bool honest)
    {
        const int claimed = 400;
        using SparseStream stream = new();
        byte[] file = Wav(1, 2, 44100, 16, new byte[claimed]);
        long bytes = claimed + ((long)wraps << 32);
        stream.Write(file);
        if (honest)
        {
            // Few samples, and a huge chunk of something else behind them.
            stream.Position = file.Length;
            stream.Write([.. "junk"u8, .. BitConverter.GetBytes(uint.MaxValue)]);
            stream.Position = file.Length + 8L + uint.MaxValue + 1;
        }
        else
        {
            stream.Position = 44 + bytes;
        }

        stream.Write(trailer == 0 ? [] : Chunk("junk", new byte[trailer - 8]));
        stream.SetLength(stream.Position);
        stream.Position = 0;
        WavReader reader = new(stream, "large.wav");
        Assert.Equal(honest ? claimed / 4 : bytes / 4, reader.Length);
        Assert.Equal(honest ? 0 : 1, reader.Header.Warnings.Count(w => w.Contains("wrapped beyond 4 GB")));
    }

    public static TheoryData<byte[], string> Refused => new()
    {
        { [], "is empty" },
        { "RIFF"u8.ToArray(), "not a WAV" },
        { "hello, this is some text"u8.ToArray(), "the text 'hello, this" },
        { Wav(1, 2, 44100, 16, new byte[8], id: "RIFX"), "big-endian" },
        { Wav(1, 0, 44100, 16, new byte[8]), "0 channels" },
        { Wav(1, 60000, 44100, 16, new byte[8]), "60000 channels" },
        { Wav(1, 2, 0, 16, new byte[8]), "0 samples per second" },
        { Wav(1, 2, 4_000_000_000, 16, new byte[8]), "4000000000 samples per second" },
        { Wav(1, 2, 44100, 0, new byte[8]), "0 bits" },
        { Wav(1, 2, 44100, 200, new byte[8]), "200 bits" },
        { Wav(1, 2, 44100, 64, new byte[16]), "64-bit integers" },
        { Wav(3, 2, 44100, 16, new byte[8]), "16-bit floating" },
        { Wav(0xFFFE, 2, 44100, 16, new byte[8]), "extensible" },
        { Wav(0x55, 2, 44100, 16, new byte[8]), "codec number 85" },
        { Wav(1, 2, 44100, 16, [])[..36], "no data chunk" },
        { [.. "RIFF\0\0\0\0WAVE"u8, .. Chunk("data", [1, 2])], "no format chunk" },
        { [.. "RIFF\0\0\0\0WAVE"u8, .. Chunk("fmt ", [1, 2])], "format chunk has 2 bytes" },
    };

    [Theory]
    [MemberData(nameof(Refused))]
    public void Nonsense_is_refused_with_its_reason(byte[] file, string reason)
    {
        AudioException error = Assert.Throws<AudioException>(() => Read(file));
        Assert.Contains(reason, error.Message);
        Assert.Contains("test.wav", error.Message);
    }

    [Fact]
    public void A_wrong_frame_size_is_repaired()
    {
        WavReader reader = Read(Wav(1, 2, 44100, 16, new byte[8], block: 0));
        Assert.Equal(2, reader.Length);
        Assert.Single(reader.Header.Warnings);
    }

    [Fact]
    public void Large_files_become_rf64()
    {
        float[] samples = TraktorStemTests.OnGrid(Signals.Noise(2 * 1001, 2), 16);
        foreach (bool large in new[] { false, true })
        {
            MemoryStream stream = new();
            using WavWriter writer = new(stream, 44100, 2, new EncodingOptions(), limit: large ? 4000 : uint.MaxValue);
            writer.Write(samples);
            writer.Complete();
            byte[] file = stream.ToArray();
            Assert.Equal(large ? "RF64" : "RIFF", System.Text.Encoding.ASCII.GetString(file, 0, 4));
            WavReader reader = Read(file);
            Assert.Empty(reader.Header.Warnings);
            Assert.Equal(samples, Signals.ReadAll(reader));
        }
    }

    [Fact]
    public void Beyond_4_GB_nothing_overflows()
    {
        // The writer's position is all that matters; the samples themselves go nowhere.
        using SparseStream stream = new();
        using WavWriter writer = new(stream, 192000, 2, new EncodingOptions { SampleFormat = SampleFormat.Float32 });
        float[] block = new float[1 << 24];
        for (int i = 0; i < 70; i++)
        {
            writer.Write(block);
        }

        writer.Write([0.5f, -0.5f]);
        writer.Complete();
        long frames = 70L * (1 << 23) + 1;
        Assert.True(stream.Length > uint.MaxValue);

        stream.Position = 0;
        WavReader reader = new(stream, "large.wav");
        Assert.Equal(frames, reader.Length);
        Assert.Empty(reader.Header.Warnings);
        reader.Seek(frames - 1);
        Assert.Equal([0.5f, -0.5f], Signals.ReadAll(reader));
    }

    [Fact]
    public void Streams_that_cannot_seek_get_a_header_that_says_so()
    {
        float[] samples = TraktorStemTests.OnGrid(Signals.Noise(2 * 500, 2), 24);
        foreach (long? length in new long?[] { null, 500 })
        {
            MemoryStream target = new();
            EncodingOptions options = new() { SampleFormat = SampleFormat.Int24, Tags = AudioTags.Empty.With("title", "A song") };
            using IAudioWriter writer = AudioFiles.Create(new ForwardStream(target), 44100, 2, options, length);
            writer.Write(samples);
            writer.Complete();
            WavReader reader = Read(target.ToArray());
            Assert.Equal(length is null ? 1 : 0, reader.Header.Warnings.Count);
            Assert.Equal(samples, Signals.ReadAll(reader));
            // Behind samples whose end is not known there is no place for tags.
            Assert.Equal(length is null ? null : "A song", WavTags.Read(new MemoryStream(target.ToArray()), reader.Header)["title"]);
        }
    }

    [Fact]
    public void Disposing_without_completing_leaves_nothing()
    {
        using TemporaryFolder folder = new();
        using (IAudioWriter writer = AudioFiles.Create(folder.File("x.wav"), 44100, 1))
        {
            writer.Write(new float[1000]);
        }

        Assert.Empty(Directory.GetFileSystemEntries(folder.Path));
    }

    [Fact]
    public void Completing_replaces_what_was_there()
    {
        using TemporaryFolder folder = new();
        string path = folder.Write("x.wav", "old"u8);
        using IAudioWriter writer = AudioFiles.Create(path, 44100, 1);
        writer.Write(new float[10]);
        Assert.Equal("old", File.ReadAllText(path));
        writer.Complete();
        Assert.Equal([path], Directory.GetFiles(folder.Path));
        Assert.True(new FileInfo(path).Length > 20);
    }

    [Fact]
    public void Places_that_cannot_be_written_say_why()
    {
        using TemporaryFolder folder = new();
        Assert.Contains("folder does not exist", Assert.Throws<OutputException>(() => AudioFiles.Create(folder.File("no/x.wav"), 44100, 2)).Message);
        Assert.Contains("is a folder", Assert.Throws<OutputException>(() => AudioFiles.Create(folder.Path, 44100, 2)).Message);
    }

    [Fact]
    public void Dither_is_triangular_and_repeats()
    {
        // A constant of 0.3 steps: the mean is kept, the error's deviation is √(3/12) steps whatever the level.
        float[] level = [.. Enumerable.Repeat(0.3f / 32768, 200_000)];
        int[] first = new int[level.Length], second = new int[level.Length];
        new Quantiser(16, dither: true, seed: 5).Quantise(level, first);
        new Quantiser(16, dither: true, seed: 5).Quantise(level, second);
        Assert.Equal(first, second);
        Assert.InRange(first.Average(), 0.295, 0.305);
        Assert.InRange(first.Select(value => Math.Pow(value - 0.3, 2)).Average(), 0.245, 0.255);
        new Quantiser(16, dither: false, seed: 5).Quantise(level, second);
        Assert.All(second, value => Assert.Equal(0, value));
    }

    [Fact]
    public void Clipping_is_counted_and_not_wrapped()
    {
        int[] integers = new int[6];
        Quantiser quantiser = new(16, dither: true, seed: 1);
        quantiser.Quantise([1f, -1f, 1.5f, -7f, float.NaN, float.PositiveInfinity], integers);
        Assert.Equal([32767, -32768, 32767, -32768, 0, 32767], integers);
        Assert.Equal(3, quantiser.ClippedSamples);
    }

    [Fact]
    public void Mutated_files_give_samples_or_one_clear_error()
    {
        byte[][] seeds =
        [
            Wav(1, 2, 44100, 16, new byte[400], before: Chunk("bext", new byte[33]), after: Chunk("LIST", [.. "INFOINAM"u8, 4, 0, 0, 0, .. "abcd"u8])),
            Wav(3, 1, 44100, 32, new byte[400]),
            Written(SampleFormat.Int24),
            Written(SampleFormat.Float64),
        ];
        Prop.ForAll(
    Gen.Choose(0, seeds.Length - 1).SelectMany(seed => Gen.Choose(0, int.MaxValue).Select(salt => (seed, salt))).ToArbitrary(),
    pick =>
    {
        Random random = new(pick.salt);
        byte[] file = (byte[])seeds[pick.seed].Clone();
        for (int i = random.Next(1, 8); i > 0; i--)
        {
            int at = random.Next(Math.Min(file.Length, 140));
            if (random.Next(3) == 0 && at + 4 <= file.Length)
            {
                BinaryPrimitives.WriteInt32LittleEndian(file.AsSpan(at), random.Next(4) - 2);
            }
            else
            {
                file[at] = (byte)random.Next(256);
            }
        }

        if (random.Next(4) == 0)
        {
            file = file[..random.Next(file.Length)];
        }

        try
        {
            using WavReader reader = Read(file);
            Assert.InRange(Signals.ReadAll(reader).Length / reader.Channels, reader.Length!.Value, reader.Length!.Value);
            WavTags.Read(new MemoryStream(file), reader.Header);
        }
        catch (AudioException error)
        {
            Assert.Contains("test.wav", error.Message);
        }
    }).Check(Config.QuickThrowOnFailure.WithMaxTest(3000));
    }

    private static byte[] Written(SampleFormat format)
    {
        MemoryStream stream = new();
        using WavWriter writer = new(stream, 48000, 2, new EncodingOptions { SampleFormat = format, Tags = AudioTags.Empty.With("disc", "1") });
        writer.Write(new float[100]);
        writer.Complete();
        return stream.ToArray();
    }

    /// <summary>A stream of which only what is not zero takes memory.</summary>
    private sealed class SparseStream : Stream
    {
        private readonly SortedDictionary<long, byte[]> _written = [];
        private long _length;
        public override bool CanRead => true;
        public override bool CanSeek => true;
        public override bool CanWrite => true;
        public override long Length => _length;
        public override long Position { get; set; }
        public override void Flush() { }

        public override int Read(byte[] buffer, int offset, int count)
        {
            count = (int)Math.Min(count, _length - Position);
            Array.Clear(buffer, offset, count);
            foreach ((long at, byte[] bytes) in _written)
            {
                long from = Math.Max(at, Position), to = Math.Min(at + bytes.Length, Position + count);
                if (from < to)
                {
                    Array.Copy(bytes, from - at, buffer, offset + from - Position, to - from);
                }
            }

            Position += count;
            return count;
        }

        public override void Write(ReadOnlySpan<byte> buffer)
        {
            if (buffer.ContainsAnyExcept((byte)0))
            {
                _written[Position] = buffer.ToArray();
            }

            Position += buffer.Length;
            _length = Math.Max(_length, Position);
        }

        public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));
        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();
        public override void SetLength(long value) => _length = value;
    }

    private sealed class ForwardStream(Stream inner) : Stream
    {
        public override bool CanRead => false;
        public override bool CanSeek => false;
        public override bool CanWrite => true;
        public override long Length => throw new NotSupportedException();
        public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }
        public override void Flush() => inner.Flush();
        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();
        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();
        public override void SetLength(long value) => throw new NotSupportedException();
        public override void Write(byte[] buffer, int offset, int count) => inner.Write(buffer, offset, count);
    }
}
