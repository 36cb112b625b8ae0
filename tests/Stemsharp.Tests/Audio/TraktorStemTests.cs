using System.Buffers.Binary;
using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using Stemsharp.Audio;
using Xunit;

namespace Stemsharp.Tests.Audio;

public class TraktorStemTests
{
    private const int Frames = 30_011;

    [Fact]
    public void Six_stems_fold_into_four()
    {
        Assert.Equal([0, 1, 2, 3], TraktorStemFile.Fold(["drums", "bass", "other", "vocals"]));
        Assert.Equal([0, 1, 2, 3, 2, 2], TraktorStemFile.Fold(["drums", "bass", "other", "vocals", "guitar", "piano"]));
        Assert.Equal([3, 0, 1, 2], TraktorStemFile.Fold(["Vocals", "Drums", "Bass", "Piano"]));
        Assert.Equal(
            [0, 0, 0, 0, 0, 0, 0, 1, 3, 3, 3, 3, 3, 2, 2, 2],
            TraktorStemFile.Fold(["Kick", "snare", "toms", "hi-hat", "ride", "crash", "bass drum", "Bass", "lead", "Backing Vocals", "male", "female", "dialog", "lead guitar", "no_vocals", "kazoo"]));
        OptionException error = Assert.Throws<OptionException>(() => TraktorStemFile.Fold(["vocals", "no_vocals"]));
        Assert.Contains("no drums", error.Message);
    }

    [ToolTheory("ffmpeg")]
    [InlineData(TraktorStemCodec.Alac)]
    [InlineData(TraktorStemCodec.Aac)]
    public void Stem_files_of_a_real_FFmpeg_hold_mix_and_stems(TraktorStemCodec codec)
    {
        if (codec == TraktorStemCodec.Alac)
        {
            CheckLossless();
        }
        else
        {
            CheckLossy();
        }
    }

    /// <summary>What is added to FFmpeg's file, and what FFmpeg is told: five tracks, a pair of channels each.</summary>
    [Fact]
    public void The_names_of_the_stems_are_added_to_what_FFmpeg_writes()
    {
        if (OperatingSystem.IsWindows())
        {
            return;
        }

        using TemporaryFolder tools = new(), folder = new();
        string tool = FakeFFmpeg.Make(tools.Path, $"printf '%s\\n' \"$@\" > '{tools.File("arguments")}'; cat > '{tools.File("samples")}'; cp '{RepositoryFiles.Golden("media", "five-tracks.mp4")}' \"$out\"");
        string path = folder.File("song.stem.mp4");
        float[] samples = Signals.Noise(100 * TraktorStemFile.Channels, 3);
        Signals.WriteAll(TraktorStemFile.Create(path, 44100, new TraktorStemOptions { FFmpegPath = tool, BitrateKbps = 200 }), samples);
        Assert.Equal([path], Directory.GetFiles(folder.Path));
        CheckBoxes(path);
        Assert.Equal(MemoryMarshal.AsBytes(samples.AsSpan()).ToArray(), File.ReadAllBytes(tools.File("samples")));
        string arguments = string.Join(' ', File.ReadAllLines(tools.File("arguments")));
        for (int track = 0; track < 5; track++)
        {
            Assert.Contains($"[i{track}]pan=stereo|c0=c{2 * track}|c1=c{2 * track + 1}[o{track}]", arguments);
            Assert.Contains($"-disposition:a:{track} {(track == 0 ? "default" : "0")} ", arguments);
        }

        Assert.Contains("-c:a aac -movie_timescale 44100 -b:a 200k", arguments);
    }

    private static void CheckLossless()
    {
        using TemporaryFolder folder = new();
        string path = folder.File("song.stem.mp4");
        float[] samples = OnGrid(Signals.Noise(Frames * TraktorStemFile.Channels, 3), 16);
        byte[] cover = Convert.FromBase64String(TagTests.TinyPng);
        AudioTags tags = AudioTags.Empty.With("title", "Ein Stück").With("artist", "Wir") with { Cover = new CoverArt("image/png", cover) };
        Signals.WriteAll(TraktorStemFile.Create(path, 44100, new TraktorStemOptions { Codec = TraktorStemCodec.Alac, Tags = tags }), samples);
        Assert.Single(Directory.GetFiles(folder.Path));

        for (int track = 0; track < 5; track++)
        {
            float[] decoded = DecodeTrack(path, track);
            Assert.Equal(2 * Frames, decoded.Length);
            for (int i = 0; i < Frames; i++)
            {
                for (int c = 0; c < 2; c++)
                {
                    Assert.Equal(samples[i * TraktorStemFile.Channels + 2 * track + c], decoded[2 * i + c]);
                }
            }
        }

        CheckBoxes(path);
        using AudioSource source = AudioSource.Open(path);
        Assert.Equal("Ein Stück", source.ReadTags()["title"]);
        Assert.Equal(cover, source.ReadTags().Cover!.Data.ToArray());
        Assert.Equal(SampleFormat.Int16, source.Info.SampleFormat);
    }

    private static void CheckLossy()
    {
        using TemporaryFolder folder = new();
        string path = folder.File("song.stem.mp4");
        float[] music = Signals.Music(Frames, 1, 3), samples = new float[Frames * TraktorStemFile.Channels];
        for (int i = 0; i < samples.Length; i++)
        {
            samples[i] = music[i / TraktorStemFile.Channels];
        }

        Signals.WriteAll(TraktorStemFile.Create(path, 44100), samples);
        CheckBoxes(path);
        float[] mix = DecodeTrack(path, 0), vocals = DecodeTrack(path, 4);
        Assert.Equal(mix.Length, vocals.Length);
        double error = 0, energy = 0;
        for (int i = 0; i < Frames; i++)
        {
            error += Math.Pow(vocals[2 * i] - music[i], 2);
            energy += Math.Pow(music[i], 2);
        }

        Assert.True(error < 0.02 * energy, $"{10 * Math.Log10(error / energy)} dB off");
    }

    internal static float[] OnGrid(float[] samples, int bits)
    {
        double scale = Math.ScaleB(1, bits - 1);
        return [.. samples.Select(sample => (float)(Math.Round(sample * scale) / scale))];
    }

    private static float[] DecodeTrack(string path, int track)
    {
        ProcessStartInfo start = new("ffmpeg") { RedirectStandardOutput = true };
        foreach (string argument in (string[])["-v", "error", "-i", path, "-map", $"0:a:{track}", "-f", "f32le", "-"])
        {
            start.ArgumentList.Add(argument);
        }

        using Process process = Process.Start(start)!;
        using MemoryStream bytes = new();
        process.StandardOutput.BaseStream.CopyTo(bytes);
        process.WaitForExit();
        float[] samples = new float[bytes.Length / 4];
        Buffer.BlockCopy(bytes.ToArray(), 0, samples, 0, samples.Length * 4);
        return samples;
    }

    /// <summary>Five audio tracks of which the first alone is enabled, and the stem box with four stems.</summary>
    private static void CheckBoxes(string path)
    {
        byte[] file = File.ReadAllBytes(path);
        ReadOnlyMemory<byte> movie = Boxes(file).Single(box => box.Type == "moov").Content;
        ReadOnlyMemory<byte>[] audio = [.. Boxes(movie).Where(box => box.Type == "trak").Select(box => box.Content).Where(track => Find(track, "mdia", "hdlr").Span.Slice(8, 4).SequenceEqual("soun"u8))];
        Assert.Equal(5, audio.Length);
        for (int t = 0; t < 5; t++)
        {
            int flags = BinaryPrimitives.ReadInt32BigEndian(Find(audio[t], "tkhd").Span) & 0xFFFFFF;
            Assert.Equal(t == 0, (flags & 1) != 0);
        }

        ReadOnlyMemory<byte> user = Boxes(movie).Single(box => box.Type == "udta").Content;
        using JsonDocument json = JsonDocument.Parse(Boxes(user).Single(box => box.Type == "stem").Content);
        Assert.Equal(1, json.RootElement.GetProperty("version").GetInt32());
        Assert.Equal(["Drums", "Bass", "Other", "Vocals"], json.RootElement.GetProperty("stems").EnumerateArray().Select(stem => stem.GetProperty("name").GetString()));
        Assert.False(json.RootElement.GetProperty("mastering_dsp").GetProperty("limiter").GetProperty("enabled").GetBoolean());
    }

    private static ReadOnlyMemory<byte> Find(ReadOnlyMemory<byte> parent, params string[] types)
    {
        foreach (string type in types)
        {
            parent = Boxes(parent).First(box => box.Type == type).Content;
        }

        return parent;
    }

    private static List<(string Type, ReadOnlyMemory<byte> Content)> Boxes(ReadOnlyMemory<byte> parent)
    {
        List<(string, ReadOnlyMemory<byte>)> boxes = [];
        while (parent.Length >= 8)
        {
            int size = BinaryPrimitives.ReadInt32BigEndian(parent.Span);
            Assert.InRange(size, 8, parent.Length);
            boxes.Add((Encoding.ASCII.GetString(parent.Span.Slice(4, 4)), parent[8..size]));
            parent = parent[size..];
        }

        Assert.Equal(0, parent.Length);
        return boxes;
    }
}
