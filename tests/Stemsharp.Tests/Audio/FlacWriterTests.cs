using System.Diagnostics;
using Stemsharp.Audio;
using Xunit;
using Xunit.Abstractions;

namespace Stemsharp.Tests.Audio;

/// <summary>The FLAC encoder inside: read back by the decoder inside, by FFmpeg and by the reference's program.</summary>
public sealed class FlacWriterTests(ITestOutputHelper output) : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    /// <summary>Samples whose every one is an integer of so many bits, in kinds that lead to each form of a subframe.</summary>
    private static float[] Sound(string kind, int frames, int channels, int bits)
    {
        float scale = 1 << (bits - 1);
        Random random = new(5);
        float[] music = Signals.Music(frames, channels, 3);
        float[] sound = new float[frames * channels];
        for (int i = 0; i < sound.Length; i++)
        {
            float value = kind switch
            {
                "silence" => 0,
                "constant" => 0.25f,
                "noise" => 2 * random.NextSingle() - 1,
                "quiet" => random.Next(-2, 3) / scale,
                "sine" => 0.9f * MathF.Sin(0.01f * (i / channels)),
                "shifted" => MathF.Round(music[i] * scale / 16) * 16 / scale,
                "square" => i / channels / 50 % 2 == 0 ? 1 : -1,
                "sides" => (i % channels == 0 ? 1 : -1) * music[i / channels * channels],
                "clicks" => i % 4001 == 0 ? 1 : i % 4001 == 1 ? -1 : 0,
                _ => music[i],
            };
            sound[i] = Math.Clamp(MathF.Round(value * scale), -scale, scale - 1) / scale;
        }

        return sound;
    }

    private string Write(string name, float[] samples, int rate, int channels, SampleFormat depth, AudioTags? tags = null)
    {
        string path = _folder.File(name + ".flac");
        Signals.WriteAll(FlacWriter.Create(path, rate, channels, new EncodingOptions { Format = AudioFormat.Flac, SampleFormat = depth, Tags = tags }), samples);
        return path;
    }

    private static float[] Read(string path, AudioDecoder decoder)
    {
        using AudioSource source = AudioSource.Open(path, new AudioInputOptions { Decoder = decoder });
        using IAudioReader reader = source.OpenReader();
        float[] samples = Signals.ReadAll(reader);
        Assert.Empty(source.Warnings);
        return samples;
    }

    private IEnumerable<(string Path, float[] Samples)> WriteMany()
    {
        int number = 0;
        foreach (string kind in new[] { "silence", "constant", "noise", "quiet", "sine", "shifted", "square", "sides", "clicks", "music" })
        {
            foreach (SampleFormat depth in new[] { SampleFormat.Int16, SampleFormat.Int24 })
            {
                float[] samples = Sound(kind, 20_000, 2, depth.Bits());
                yield return (Write($"{number++}-{kind}", samples, 44100, 2, depth), samples);
            }
        }

        foreach ((int rate, int channels, int frames) in new[]
        {
            (8000, 1, 1), (8000, 1, 2), (44100, 2, 15), (44100, 1, 17), (44100, 2, 4607), (44100, 2, 4608), (44100, 2, 4609), (44100, 2, 4608 + 256), (96_000, 6, 20_001),
            (192_000, 8, 17_000), (12_345, 3, 5000), (1000, 1, 3000), (88_200, 2, 9217), (655_350, 2, 20_000), (384_001, 1, 3), (37_000, 5, 400),
        })
        {
            float[] samples = Sound("music", frames, channels, 16);
            yield return (Write($"{number++}-{rate}-{channels}", samples, rate, channels, SampleFormat.Int16), samples);
        }
    }

    [Fact]
    public void What_is_written_comes_back_by_the_decoder_inside()
    {
        foreach ((string path, float[] samples) in WriteMany())
        {
            Assert.True(samples.AsSpan().SequenceEqual(Read(path, AudioDecoder.Managed)), path);
            using AudioSource source = AudioSource.Open(path, new AudioInputOptions { Decoder = AudioDecoder.Managed });
            Assert.Equal(samples.Length / source.Info.Channels, source.Info.EstimatedLength);
        }
    }

    [ToolFact("ffmpeg")]
    public void What_is_written_comes_back_by_FFmpeg()
    {
        foreach ((string path, float[] samples) in WriteMany())
        {
            Assert.True(samples.AsSpan().SequenceEqual(Read(path, AudioDecoder.FFmpeg)), path);
        }

        CheckTags(AudioDecoder.FFmpeg);
    }

    [ToolFact("flac")]
    public void The_reference_finds_every_file_whole()
    {
        string[] files = [.. WriteMany().Select(file => file.Path)];
        ProcessStartInfo start = new("flac") { RedirectStandardError = true };
        foreach (string argument in (string[])["--test", "--silent", "--warnings-as-errors", .. files])
        {
            start.ArgumentList.Add(argument);
        }

        using Process flac = Process.Start(start)!;
        string said = flac.StandardError.ReadToEnd();
        flac.WaitForExit();
        Assert.True(flac.ExitCode == 0, said);
    }

    [Fact]
    public void Tags_and_cover_come_back() => CheckTags(AudioDecoder.Managed);

    private void CheckTags(AudioDecoder decoder)
    {
        AudioTags tags = new()
        {
            Values = new Dictionary<string, string> { ["title"] = "Müller 曲 = x", ["album_artist"] = "Various", ["track"] = "3", ["disc"] = "1", ["comment"] = "two\nlines" },
            Cover = new CoverArt("image/png", Convert.FromBase64String(TagTests.TinyPng)),
        };
        string path = Write("tagged", Sound("music", 3000, 2, 16), 44100, 2, SampleFormat.Int16, tags);
        using AudioSource source = AudioSource.Open(path, new AudioInputOptions { Decoder = decoder });
        AudioTags read = source.ReadTags();
        foreach ((string name, string value) in tags.Values)
        {
            Assert.Equal(value, read[name]);
        }

        Assert.Equal("image/png", read.Cover!.MimeType);
        Assert.True(tags.Cover.Data.Span.SequenceEqual(read.Cover.Data.Span));
    }

    [Fact]
    public void A_file_that_is_given_up_leaves_nothing()
    {
        using (FlacWriter writer = FlacWriter.Create(_folder.File("song.flac"), 44100, 2, new EncodingOptions { Format = AudioFormat.Flac }))
        {
            writer.Write(Sound("music", 10_000, 2, 16));
        }

        Assert.Empty(Directory.GetFiles(_folder.Path));
    }

    [ToolFact("ffmpeg")]
    public void A_song_is_as_small_as_by_FFmpeg()
    {
        const int padding = 8192;
        foreach (string name in new[] { "mix", "vocals", "drums", "bass", "other" })
        {
            foreach (SampleFormat depth in new[] { SampleFormat.Int16, SampleFormat.Int24 })
            {
                using AudioSource source = AudioSource.Open(RepositoryFiles.Sample("song", name + ".wav"));
                using IAudioReader reader = source.OpenReader();
                // Another level, so that all 24 bits are in use.
                float[] samples = [.. Signals.ReadAll(reader).Select(s => depth == SampleFormat.Int24 ? 0.777f * s : s)];
                string theirs = _folder.File("theirs.flac");
                Signals.WriteAll(
                    AudioFiles.Create(theirs, reader.SampleRate, reader.Channels, new EncodingOptions { Format = AudioFormat.Flac, SampleFormat = depth, FFmpegPath = FFmpegTool.Find(null, "The test").Path }), samples);
                long ours = new FileInfo(Write(name, samples, reader.SampleRate, reader.Channels, depth)).Length, bytes = new FileInfo(theirs).Length - padding;
                output.WriteLine($"{name}, {depth.Bits()} bit: {ours} bytes, FFmpeg {bytes} without padding: {100.0 * ours / bytes - 100:+0.0;-0.0} %");
                Assert.InRange(ours, 0, (long)(bytes * 1.03));
            }
        }
    }
}
