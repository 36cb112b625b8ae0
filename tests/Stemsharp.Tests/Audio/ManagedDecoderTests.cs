using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Stemsharp.Audio;
using Xunit;

namespace Stemsharp.Tests.Audio;

/// <summary>The decoders inside, held against FFmpeg's on the same files: kept ones (tests/golden/media), and those that an FFmpeg here makes.</summary>
public class ManagedDecoderTests
{
    private static readonly AudioInputOptions Managed = new() { Decoder = AudioDecoder.Managed, FFmpegPath = "/nowhere/ffmpeg" };

    private static string Encode(TemporaryFolder folder, EncodingOptions options, int rate, int channels, int frames, float level = 0.9f)
    {
        string path = folder.File($"{options.Format}-{rate}-{channels}-{frames}-{options.BitrateKbps}-{options.SampleFormat}.{options.Format.Extension()}");
        float[] music = [.. Signals.Music(frames, channels, 3).Select(s => s * level)];
        Signals.WriteAll(AudioFiles.Create(path, rate, channels, options), music);
        return path;
    }

    private static float[] Decode(string path, AudioInputOptions options, out AudioSource source)
    {
        source = AudioSource.Open(path, options);
        using IAudioReader reader = source.OpenReader();
        return Signals.ReadAll(reader, 999);
    }

    /// <summary>A small file of a format, made without FFmpeg.</summary>
    private static string Sample(TemporaryFolder folder, AudioFormat format, AudioTags? tags = null)
    {
        string path = folder.File("sample." + format.Extension());
        if (format == AudioFormat.Flac)
        {
            Signals.WriteAll(FlacWriter.Create(path, 48000, 2, new EncodingOptions { Format = format, Tags = tags }), Signals.Music(24_000, 2, 3));
        }
        else
        {
            File.Copy(RepositoryFiles.Golden("audio", "song." + format.Extension()), path, overwrite: true);
        }

        return path;
    }

    [Fact]
    public void Kept_files_are_decoded_as_FFmpeg_decoded_them()
    {
        foreach ((string name, double most) in new[] { ("song.mp3", -90.0), ("song.ogg", -90.0), ("song.opus", -80.0) })
        {
            float[] ours = Decode(RepositoryFiles.Golden("audio", name), Managed, out AudioSource source);
            float[] theirs = Decode(RepositoryFiles.Golden("audio", name + ".flac"), Managed, out AudioSource reference);
            using (source)
            using (reference)
            {
                Assert.Empty(source.Warnings);
                Assert.Equal("Paper Boats", source.ReadTags()["title"]);
                Assert.Equal(theirs.Length, ours.Length);
                double energy = ours.Zip(theirs).Sum(pair => Math.Pow(pair.First - pair.Second, 2));
                Assert.InRange(10 * Math.Log10(energy / ours.Length + 1e-30), -300, most);
            }
        }
    }

    /// <summary>Decodes with both, and says how far the difference is below full scale, in dB.</summary>
    private static double Difference(string path, string? reference = null)
    {
        float[] theirs = Decode(reference ?? path, new AudioInputOptions { Decoder = AudioDecoder.FFmpeg }, out AudioSource ffmpeg);
        float[] ours = Decode(path, Managed, out AudioSource managed);
        using (ffmpeg)
        using (managed)
        {
            Assert.Equal((ffmpeg.Info.SampleRate, ffmpeg.Info.Channels), (managed.Info.SampleRate, managed.Info.Channels));
            Assert.Empty(managed.Warnings);
            Assert.True(theirs.Length == ours.Length, $"{Path.GetFileName(path)}: {ours.Length} samples for {theirs.Length}");
            if (managed.Info.Length is long length)
            {
                Assert.Equal(length * managed.Info.Channels, ours.Length);
            }
        }

        double energy = 0;
        for (int i = 0; i < ours.Length; i++)
        {
            energy += Math.Pow(ours[i] - theirs[i], 2);
        }

        return 10 * Math.Log10(energy / ours.Length + 1e-30);
    }

    /// <summary>How far a kept file is from what FFmpeg decoded it to, in dB below full scale.</summary>
    private static double DifferenceOfKept(string name, float level = 1)
    {
        float[] ours = Decode(RepositoryFiles.Golden("media", name), Managed, out AudioSource source);
        float[] theirs = Decode(RepositoryFiles.Golden("media", name + ".flac"), Managed, out AudioSource reference);
        using (source)
        using (reference)
        {
            Assert.Empty(source.Warnings);
            Assert.Equal((reference.Info.SampleRate, reference.Info.Channels), (source.Info.SampleRate, source.Info.Channels));
            Assert.True(theirs.Length == ours.Length, $"{name}: {ours.Length} samples for {theirs.Length}");
            double energy = ours.Zip(theirs).Sum(pair => Math.Pow(pair.First - level * pair.Second, 2));
            return 10 * Math.Log10(energy / ours.Length + 1e-30);
        }
    }

    /// <summary>
    /// Of every kind of file: rates of all MPEG versions, one channel and six, low bit rates and high ones. What the file at 24 kHz is decoded to
    /// is mpg123's: FFmpeg begins a band there two lines early, where the standard has it otherwise.
    /// </summary>
    [Theory]
    [InlineData("v2.mp3", -90)]
    [InlineData("48k-128.mp3", -90)]
    [InlineData("32k-mono-64.mp3", -90)]
    [InlineData("24k-mono-64.mp3", -90)]
    [InlineData("22k-64.mp3", -90)]
    [InlineData("16k-mono-24.mp3", -90)]
    [InlineData("11k-32.mp3", -90)]
    [InlineData("mono-320.mp3", -90)]
    [InlineData("q5.ogg", -90)]
    [InlineData("48k-mono-80.ogg", -90)]
    [InlineData("22k-64.ogg", -90)]
    [InlineData("stereo.opus", -80)]
    [InlineData("mono-64.opus", -80)]
    [InlineData("surround.opus", -80)]
    [InlineData("speech-24.opus", -55)]
    public void Kept_files_of_every_kind_are_aligned_and_as_FFmpeg_decoded_them(string name, double most) => Assert.InRange(DifferenceOfKept(name), -300, most);

    // Frames of silence, of 8 kbit/s or the like; side information follows the head.
    private static byte[] Frames(byte second, byte third, byte fourth, int frameBytes, params byte[] side)
    {
        byte[] file = new byte[12 * frameBytes];
        for (int frame = 0; frame < 12; frame++)
        {
            byte[] head = [0xFF, second, third, fourth, .. side];
            head.CopyTo(file, frame * frameBytes);
        }

        return file;
    }

    /// <summary>What the libraries decode otherwise than the standard says goes to FFmpeg, and without it is refused in one line.</summary>
    [Fact]
    public void What_would_not_sound_right_is_refused_by_its_kind()
    {
        // Main data at 0, no private bits, 38 bits of a channel, then other windows of kind 2 with long blocks below.
        byte[] mixed = [0, 0, 0, 0, 0, 0b_0000_0001, 0b_1010_0000], pure = [0, 0, 0, 0, 0, 0b_0000_0001, 0b_1000_0000];
        byte[] vorbis = File.ReadAllBytes(RepositoryFiles.Golden("media", "q5.ogg"));
        vorbis[vorbis.AsSpan().IndexOf("\u0001vorbis"u8) + 11] = 6;
        using TemporaryFolder folder = new();
        foreach ((string name, string? reason, byte[] file) in new (string, string?, byte[])[]
        {
            ("8k.mp3", "an MP3 file at 8 kHz, needs FFmpeg", Frames(0xE3, 0x18, 0xC0, 72)),
            ("11k.mp3", null, Frames(0xE3, 0x10, 0xC0, 52)),
            ("intensity.mp3", "an MP3 file with intensity stereo, needs FFmpeg", Frames(0xFB, 0x90, 0x50, 417)),
            ("both.mp3", "an MP3 file with intensity stereo, needs FFmpeg", Frames(0xFB, 0x90, 0x70, 417)),
            ("sides.mp3", null, Frames(0xFB, 0x90, 0x60, 417)),
            ("stereo.mp3", null, Frames(0xFB, 0x90, 0x10, 417)),
            ("mixed.mp3", "an MP3 file at 16000 Hz with mixed blocks, needs FFmpeg", Frames(0xF3, 0x18, 0xC0, 36, mixed)),
            ("short.mp3", null, Frames(0xF3, 0x18, 0xC0, 36, pure)),
            ("six.ogg", "an Ogg Vorbis file with 6 channels, needs FFmpeg", vorbis),
        })
        {
            string path = folder.Write(name, file);
            if (reason is null)
            {
                using AudioSource source = AudioSource.Open(path, Managed);
                using IAudioReader reader = source.OpenReader();
                Assert.All(Signals.ReadAll(reader), sample => Assert.Equal(0, sample));
            }
            else
            {
                Assert.StartsWith($"Reading '{name}', {reason}, ", Assert.Throws<ExternalToolException>(() => AudioSource.Open(path, Managed)).Message);
            }
        }
    }

    [Fact]
    public void Beyond_full_scale_nothing_is_cut()
    {
        Assert.InRange(DifferenceOfKept("loud.mp3", level: 4), -300, -90);
        Assert.True(Decode(RepositoryFiles.Golden("media", "loud.mp3"), Managed, out AudioSource source).Max(MathF.Abs) > 1.05f);
        source.Dispose();
    }

    [Theory]
    [InlineData("ffmpeg-16.flac", SampleFormat.Int16, 44100, 2, "c2382e742a8eebe87c8c4997ad484631fc0454dd43fb1278203a21638a7bf47e")]
    [InlineData("ffmpeg-24-96k.flac", SampleFormat.Int24, 96000, 2, "8a8efcf8756b6b068eb6f00eaf944a07c3692d42f7dcee84dd75350e1d8b42e8")]
    [InlineData("ffmpeg-ten.flac", SampleFormat.Int16, 8000, 1, "9c28ef746bbe745c962535af18e37726d9b12469919acbfbceef47b767459c7c")]
    [InlineData("ffmpeg-24-six.flac", SampleFormat.Int24, 44100, 6, "b14f1e8bf8560edf0d56d4e7d42e90ead4e0d711ab3be4a3f5387951b2baca8a")]
    [InlineData("ffmpeg-three.flac", SampleFormat.Int16, 32000, 3, "6de886ad983baf83a74618ff732a87a80672864712c33e77ac91f85ba2be58aa")]
    public void Kept_flac_is_exact(string name, SampleFormat depth, int rate, int channels, string sha256)
    {
        float[] samples = Decode(RepositoryFiles.Golden("media", name), Managed, out AudioSource source);
        using (source)
        {
            Assert.Equal((depth, rate, channels, (long?)(samples.Length / channels)), (source.Info.SampleFormat, source.Info.SampleRate, source.Info.Channels, source.Info.EstimatedLength));
            Assert.Equal(sha256, Convert.ToHexStringLower(SHA256.HashData(MemoryMarshal.AsBytes(samples.AsSpan()))));
        }
    }

    /// <summary>Longer ones, as the FFmpeg of this machine encodes and decodes them.</summary>
    [ToolFact("ffmpeg")]
    public void Files_of_this_machines_FFmpeg_are_decoded_as_it_decodes_them()
    {
        Flac();
        Mp3();
        Vorbis();
        Opus();
    }

    private static void Flac()
    {
        using TemporaryFolder folder = new();
        foreach ((SampleFormat depth, int rate, int channels, int frames) in new[]
        {
            (SampleFormat.Int16, 44100, 2, 100_000), (SampleFormat.Int24, 96000, 2, 50_001), (SampleFormat.Int16, 8000, 1, 10), (SampleFormat.Int24, 44100, 6, 9_999), (SampleFormat.Int16, 32000, 3, 4097),
        })
        {
            string path = Encode(folder, new EncodingOptions { Format = AudioFormat.Flac, SampleFormat = depth }, rate, channels, frames);
            Assert.Equal(-300, Difference(path), 1.0);
            using AudioSource source = AudioSource.Open(path, Managed);
            Assert.Equal((depth, (long?)frames), (source.Info.SampleFormat, source.Info.EstimatedLength));
        }
    }

    private static void Mp3()
    {
        using TemporaryFolder folder = new();
        foreach ((int rate, int channels, int? kbps, int frames) in new (int, int, int?, int)[]
        {
            (44100, 2, null, 100_000), (48000, 2, 128, 50_001), (32000, 1, 64, 30_000), (22050, 2, 64, 30_000), (16000, 1, 24, 20_000), (11025, 2, 32, 12_345), (44100, 1, 320, 1000),
        })
        {
            Assert.InRange(Difference(Encode(folder, new EncodingOptions { Format = AudioFormat.Mp3, BitrateKbps = kbps }, rate, channels, frames)), -300, -90);
        }
    }

    private static void Vorbis()
    {
        using TemporaryFolder folder = new();
        foreach ((int rate, int channels, int? kbps, int frames) in new (int, int, int?, int)[] { (44100, 2, null, 100_000), (48000, 1, 80, 50_001), (22050, 2, 64, 30_000) })
        {
            Assert.InRange(Difference(Encode(folder, new EncodingOptions { Format = AudioFormat.Ogg, BitrateKbps = kbps }, rate, channels, frames)), -300, -90);
        }
    }

    private static void Opus()
    {
        using TemporaryFolder folder = new();
        // Measured: -88 dB where the codec works on spectra, -60 dB where it predicts speech, as it does at low rates.
        foreach ((int channels, int? kbps, int frames, double most) in new (int, int?, int, double)[] { (2, null, 100_000, -80), (1, 64, 50_001, -80), (6, 256, 30_000, -80), (2, 24, 30_000, -55) })
        {
            string path = Encode(folder, new EncodingOptions { Format = AudioFormat.Opus, BitrateKbps = kbps }, 48000, channels, frames);
            // FFmpeg's own decoder is no reference: it is 30 dB off the reference decoder where speech is predicted.
            string reference = path + ".wav";
            FFmpegProcess.Ask(FFmpegTool.Find(null, "The test").Path, ["-nostdin", "-loglevel", "error", "-c:a", "libopus", "-i", path, "-c:a", "pcm_f32le", reference], TimeSpan.FromMinutes(1), "libopus");
            Assert.InRange(Difference(path, reference), -300, most);
        }
    }

    [Fact]
    public void A_part_is_the_same_part()
    {
        using TemporaryFolder folder = new();
        foreach (AudioFormat format in new[] { AudioFormat.Flac, AudioFormat.Mp3, AudioFormat.Ogg, AudioFormat.Opus })
        {
            string path = Sample(folder, format);
            float[] whole = Decode(path, Managed, out AudioSource all);
            int rate = all.Info.SampleRate;
            float[] part = Decode(path, Managed with { Start = TimeSpan.FromSeconds(0.1), Duration = TimeSpan.FromSeconds(0.2) }, out AudioSource cut);
            Assert.Equal(whole[(2 * rate / 10)..(2 * rate * 3 / 10)], part);
            Assert.Empty(cut.Warnings);
            all.Dispose();
            cut.Dispose();
        }
    }

    /// <summary>As FFmpeg wrote them into each format.</summary>
    [Theory]
    [InlineData("tagged.mp3")]
    [InlineData("tagged.ogg")]
    [InlineData("tagged.opus")]
    [InlineData("tagged.flac")]
    public void Tags_and_cover_of_kept_files_are_read(string name)
    {
        using AudioSource source = AudioSource.Open(RepositoryFiles.Golden("media", name), Managed);
        AudioTags read = source.ReadTags();
        Dictionary<string, string> expected = new() { ["title"] = "Müller 曲", ["artist"] = "Ensemble", ["album_artist"] = "Various", ["track"] = "3", ["genre"] = "Jazz" };
        Assert.Equal(expected.OrderBy(t => t.Key), read.Values.OrderBy(t => t.Key));
        Assert.Equal("image/png", read.Cover?.MimeType);
        Assert.Equal(Convert.FromBase64String(TagTests.TinyPng), read.Cover!.Data.ToArray());
    }

    [Theory]
    [InlineData("16.aiff", SampleFormat.Int16)]
    [InlineData("24.aiff", SampleFormat.Int24)]
    [InlineData("float.aiff", SampleFormat.Float32)]
    [InlineData("sowt.aiff", SampleFormat.Int16)]
    [InlineData("16.caf", SampleFormat.Int16)]
    [InlineData("24-little.caf", SampleFormat.Int24)]
    [InlineData("float.caf", SampleFormat.Float32)]
    [InlineData("16.w64", SampleFormat.Int16)]
    [InlineData("24.w64", SampleFormat.Int24)]
    [InlineData("float.w64", SampleFormat.Float32)]
    public void Plain_samples_in_other_containers_are_exact(string name, SampleFormat depth)
    {
        using TemporaryFolder folder = new();
        float[] samples = Decode(RepositoryFiles.Golden("media", "plain.wav"), Managed, out AudioSource wav);
        wav.Dispose();
        Assert.Equal(1200, samples.Length);
        string path = folder.File(name);
        File.Copy(RepositoryFiles.Golden("media", name), path);
        float[] read = Decode(path, Managed, out AudioSource source);
        Assert.Equal(samples, read);
        Assert.Equal((44100, 2, (long?)600, (SampleFormat?)depth), (source.Info.SampleRate, source.Info.Channels, source.Info.Length, source.Info.SampleFormat));
        Assert.Equal(samples[200..400], Decode(path, Managed with { Start = TimeSpan.FromSeconds(100 / 44100.0), Duration = TimeSpan.FromSeconds(100 / 44100.0) }, out AudioSource part));
        source.Dispose();
        part.Dispose();

        byte[] all = File.ReadAllBytes(path);
        File.WriteAllBytes(path, all[..(all.Length / 2)]);
        using AudioSource half = AudioSource.Open(path, Managed);
        Assert.Contains("truncated", Assert.Single(half.Warnings));
    }

    [Fact]
    public void Damage_is_told_and_what_follows_keeps_its_place()
    {
        using TemporaryFolder folder = new();
        string path = folder.File("damaged.flac");
        Signals.WriteAll(FlacWriter.Create(path, 44100, 2, new EncodingOptions { Format = AudioFormat.Flac }), Signals.Music(44_100 * 4, 2, 3));
        float[] whole = Decode(path, Managed, out AudioSource intact);
        intact.Dispose();
        byte[] all = File.ReadAllBytes(path);
        all.AsSpan(all.Length / 2, 100).Fill(0x55);
        File.WriteAllBytes(path, all);
        float[] read = Decode(path, Managed, out AudioSource broken);
        Assert.Matches(@"damaged at (1\.[89]\d?|2|2\.\d\d?) s", Assert.Single(broken.Warnings));
        Assert.Equal(whole.Length, read.Length);
        Assert.Equal(whole[^100_000..], read[^100_000..]);
        Assert.InRange(whole.Zip(read).Count(p => p.First != p.Second), 1, 40_000);
        broken.Dispose();

        File.WriteAllBytes(path, all[..(all.Length / 4)]);
        Decode(path, Managed, out AudioSource cut);
        Assert.Contains(cut.Warnings, w => w.Contains("promises 4 s", StringComparison.Ordinal));
        cut.Dispose();
        Assert.Throws<AudioException>(() => Decode(path, Managed with { Strict = true }, out _));

        foreach (AudioFormat format in new[] { AudioFormat.Mp3, AudioFormat.Ogg, AudioFormat.Opus })
        {
            path = Sample(folder, format);
            all = File.ReadAllBytes(path);
            File.WriteAllBytes(path, all[..(all.Length * 4 / 5)]);
            Decode(path, Managed, out AudioSource half);
            Assert.True(half.Warnings.Count > 0, $"{format} says nothing");
            half.Dispose();
        }
    }

    [Fact]
    public void Mutated_files_give_samples_or_one_clear_error()
    {
        using TemporaryFolder folder = new();
        Random random = new(7);
        foreach (AudioFormat format in new[] { AudioFormat.Flac, AudioFormat.Mp3, AudioFormat.Ogg, AudioFormat.Opus })
        {
            string path = Sample(folder, format);
            byte[] all = File.ReadAllBytes(path);
            for (int i = 0; i < 500; i++)
            {
                byte[] mutated = [.. all[..random.Next(all.Length / 2, all.Length + 1)]];
                for (int changes = random.Next(1, 20); changes > 0; changes--)
                {
                    mutated[random.Next(i % 2 == 0 ? Math.Min(300, mutated.Length) : mutated.Length)] = (byte)random.Next(256);
                }

                File.WriteAllBytes(path, mutated);
                try
                {
                    using AudioSource source = AudioSource.Open(path, Managed with { MaximumDuration = TimeSpan.FromHours(1) });
                    using IAudioReader reader = source.OpenReader();
                    float[] block = new float[4096 * reader.Channels];
                    long frames = 0;
                    for (int got; (got = reader.Read(block)) > 0 && frames < 48_000 * 3600L;)
                    {
                        frames += got;
                    }
                }
                catch (StemsharpException error)
                {
                    Assert.DoesNotContain("\n", error.Message);
                }
            }
        }
    }
}
