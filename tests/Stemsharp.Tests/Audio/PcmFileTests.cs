using System.Buffers.Binary;
using Stemsharp.Audio;
using Xunit;

namespace Stemsharp.Tests.Audio;

/// <summary>AIFF, AIFF-C, CAF and W64, made here byte by byte.</summary>
public sealed class PcmFileTests : IDisposable
{
    private const int Rate = 44_100, Frames = 300;
    private static readonly AudioInputOptions s_managed = new() { Decoder = AudioDecoder.Managed, FFmpegPath = "/nowhere/ffmpeg" };
    private static readonly byte[] s_w64Riff = [.. "riff"u8, 0x2E, 0x91, 0xCF, 0x11, 0xA5, 0xD6, 0x28, 0xDB, 0x04, 0xC1, 0, 0];
    private static readonly byte[] s_w64Tail = [0xF3, 0xAC, 0xD3, 0x11, 0x8C, 0xD1, 0, 0xC0, 0x4F, 0x8E, 0xDB, 0x8A];

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    private static byte[] Big(params ReadOnlySpan<(long Value, int Bytes)> fields) => Numbers(fields, isBig: true);

    private static byte[] Little(params ReadOnlySpan<(long Value, int Bytes)> fields) => Numbers(fields, isBig: false);

    private static byte[] Numbers(ReadOnlySpan<(long Value, int Bytes)> fields, bool isBig)
    {
        List<byte> bytes = [];
        foreach ((long value, int count) in fields)
        {
            byte[] one = BitConverter.GetBytes(value)[..count];
            bytes.AddRange(isBig ? one.Reverse() : one);
        }

        return [.. bytes];
    }

    /// <summary>Stereo samples of 16 bits, as integers and as bytes.</summary>
    private static short[] Samples() => [.. Enumerable.Range(0, 2 * Frames).Select(i => (short)(i * 7919 % 65536 - 32768))];

    private static byte[] Bytes(bool isBig)
    {
        byte[] bytes = new byte[4 * Frames];
        for (int i = 0; i < 2 * Frames; i++)
        {
            if (isBig)
            {
                BinaryPrimitives.WriteInt16BigEndian(bytes.AsSpan(2 * i), Samples()[i]);
            }
            else
            {
                BinaryPrimitives.WriteInt16LittleEndian(bytes.AsSpan(2 * i), Samples()[i]);
            }
        }

        return bytes;
    }

    // 44,100 as a number of 80 bits.
    private static byte[] Extended => [0x40, 0x0E, 0xAC, 0x44, 0, 0, 0, 0, 0, 0];

    private static byte[] Aiff()
    {
        byte[] common = [.. "COMM"u8, .. Big((18, 4), (2, 2), (Frames, 4), (16, 2)), .. Extended];
        byte[] name = [.. "NAME"u8, .. Big((5, 4)), .. "Title"u8, 0];
        byte[] sound = [.. "SSND"u8, .. Big((8 + 4 * Frames, 4), (0, 4), (0, 4)), .. Bytes(isBig: true)];
        return [.. "FORM"u8, .. Big((4 + common.Length + name.Length + sound.Length, 4)), .. "AIFF"u8, .. common, .. name, .. sound];
    }

    private static byte[] AiffC()
    {
        byte[] common = [.. "COMM"u8, .. Big((24, 4), (2, 2), (Frames, 4), (16, 2)), .. Extended, .. "sowt"u8, 0, 0];
        byte[] sound = [.. "SSND"u8, .. Big((8 + 4 * Frames, 4), (0, 4), (0, 4)), .. Bytes(isBig: false)];
        return [.. "FORM"u8, .. Big((4 + common.Length + sound.Length, 4)), .. "AIFC"u8, .. common, .. sound];
    }

    private static byte[] Caf()
    {
        byte[] rate = new byte[8];
        BinaryPrimitives.WriteDoubleBigEndian(rate, Rate);
        byte[] description = [.. "desc"u8, .. Big((32, 8)), .. rate, .. "lpcm"u8, .. Big((2, 4), (4, 4), (1, 4), (2, 4), (16, 4))];
        return [.. "caff"u8, .. Big((1, 2), (0, 2)), .. description, .. "data"u8, .. Big((-1, 8), (0, 4)), .. Bytes(isBig: false)];
    }

    private static byte[] W64()
    {
        byte[] format = [.. "fmt "u8, .. s_w64Tail, .. Little((40, 8), (1, 2), (2, 2), (Rate, 4), (4 * Rate, 4), (4, 2), (16, 2))];
        byte[] sound = [.. "data"u8, .. s_w64Tail, .. Little((24 + 4 * Frames, 8)), .. Bytes(isBig: false)];
        byte[] wave = [.. "wave"u8, .. s_w64Tail];
        return [.. s_w64Riff, .. Little((24 + wave.Length + format.Length + sound.Length, 8)), .. wave, .. format, .. sound];
    }

    public static TheoryData<string> Kinds => new("AIFF", "AIFF-C", "CAF", "W64");

    private static byte[] File(string kind) => kind switch { "AIFF" => Aiff(), "AIFF-C" => AiffC(), "CAF" => Caf(), _ => W64() };

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Samples_are_read_exactly(string kind)
    {
        using AudioSource source = AudioSource.Open(_folder.Write("song.bin", File(kind)), s_managed);
        Assert.Equal((Rate, 2, (long?)Frames, (SampleFormat?)SampleFormat.Int16), (source.Info.SampleRate, source.Info.Channels, source.Info.Length, source.Info.SampleFormat));
        using IAudioReader reader = source.OpenReader();
        Assert.Equal(Samples().Select(sample => sample / 32768f), Signals.ReadAll(reader, 77));
        Assert.Empty(source.Warnings);
        Assert.Equal(kind == "AIFF" ? "Title" : null, source.ReadTags()["title"]);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Mutated_files_give_samples_or_one_clear_error(string kind)
    {
        byte[] whole = File(kind);
        Random random = new(11);
        int read = 0, refused = 0;
        for (int i = 0; i < 500; i++)
        {
            byte[] mutated = [.. random.Next(3) == 0 ? whole[..random.Next(8, whole.Length + 1)] : whole];
            for (int changes = random.Next(1, 12); changes > 0; changes--)
            {
                int at = random.Next(Math.Min(mutated.Length, 140));
                if (random.Next(3) == 0 && at + 8 <= mutated.Length)
                {
                    BinaryPrimitives.WriteInt64BigEndian(mutated.AsSpan(at), random.Next(3) switch { 0 => random.Next(-2, 3), 1 => long.MaxValue - random.Next(3), _ => random.NextInt64() });
                }
                else
                {
                    mutated[at] = (byte)random.Next(256);
                }
            }

            string path = _folder.Write("mutated.bin", mutated);
            try
            {
                using AudioSource source = AudioSource.Open(path, s_managed);
                using IAudioReader reader = source.OpenReader();
                float[] block = new float[4096 * reader.Channels];
                long frames = 0;
                for (int got; (got = reader.Read(block)) > 0;)
                {
                    frames += got;
                }

                Assert.InRange(frames * reader.Channels, 0, mutated.Length);
                source.ReadTags();
                read++;
            }
            catch (StemsharpException error)
            {
                Assert.DoesNotContain("\n", error.Message);
                refused++;
            }
        }

        Assert.True(read > 20 && refused > 20, $"{read} read, {refused} refused");
    }
}
