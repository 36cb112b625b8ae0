using Stemsharp.Audio;
using Xunit;

namespace Stemsharp.Tests.Audio;

/// <summary>More than two channels, and more than one stream.</summary>
public class ChannelTests
{
    private static float[] First(Downmix how, params float[] frame)
    {
        using ChannelReader reader = new(new Signals.Memory(frame, 48000, frame.Length), 2, how);
        return Signals.ReadAll(reader);
    }

    [Fact]
    public void Two_of_many_channels_are_made_as_asked()
    {
        // Left, right, centre, bass, back left, back right.
        Assert.Equal([1f, 2f], First(Downmix.First, 1, 2, 4, 8, 16, 32));
        Assert.Equal([(1 + 4 + 8 + 16) / 4f, (2 + 4 + 8 + 32) / 4f], First(Downmix.Mix, 1, 2, 4, 8, 16, 32));
        const float half = 0.70710678f, sum = 1 + half + half;
        float[] itu = First(Downmix.Itu, 1, 2, 4, 8, 16, 32);
        Assert.Equal((1 + half * 4 + half * 16) / sum, itu[0], 1e-6f);
        Assert.Equal((2 + half * 4 + half * 32) / sum, itu[1], 1e-6f);
        // Nothing gets louder than full scale, whatever the layout.
        for (int channels = 3; channels <= 12; channels++)
        {
            foreach (Downmix how in new[] { Downmix.Mix, Downmix.Itu })
            {
                Assert.All(First(how, [.. Enumerable.Repeat(1f, channels)]), s => Assert.InRange(s, 0.5f, 1.00001f));
            }
        }
    }

    [Fact]
    public void A_wav_file_says_where_its_channels_stand()
    {
        // Three channels: left, right and back centre, by the mask of an extensible format.
        byte[] format = new byte[40];
        BitConverter.TryWriteBytes(format, (ushort)0xFFFE);
        BitConverter.TryWriteBytes(format.AsSpan(2), (ushort)3);
        BitConverter.TryWriteBytes(format.AsSpan(4), 48000);
        BitConverter.TryWriteBytes(format.AsSpan(12), (ushort)6);
        BitConverter.TryWriteBytes(format.AsSpan(14), (ushort)16);
        BitConverter.TryWriteBytes(format.AsSpan(20), 0x103);
        byte[] guid = [1, 0, 0, 0, 0, 0, 0x10, 0, 0x80, 0, 0, 0xAA, 0, 0x38, 0x9B, 0x71];
        guid.CopyTo(format, 24);
        byte[] file = [.. "RIFF"u8, 74, 0, 0, 0, .. "WAVEfmt "u8, 40, 0, 0, 0, .. format, .. "data"u8, 6, 0, 0, 0, 0, 0x40, 0, 0, 0, 0x40];
        using TemporaryFolder folder = new();
        using AudioSource source = AudioSource.Open(folder.Write("x.wav", file), new AudioInputOptions { Downmix = Downmix.Itu });
        Assert.Equal(0x103, source.Info.SpeakerMask);
        using IAudioReader reader = source.OpenReader(48000, 2);
        float[] samples = Signals.ReadAll(reader);
        const float half = 0.70710678f;
        Assert.Equal((0.5f + half * 0.5f) / (1 + half), samples[0], 1e-6f);
        Assert.Equal(half * 0.5f / (1 + half), samples[1], 1e-6f);
    }

    [ToolFact("ffmpeg")]
    public void The_sound_of_a_video_keeps_its_place_when_asked()
    {
        using TemporaryFolder folder = new();
        void Make(string name, string soundAt, string pictureAt) => FFmpegProcess.Ask(
            FFmpegTool.Find(null, "The test").Path,
            [
                "-nostdin", "-loglevel", "error", "-itsoffset", pictureAt, "-f", "lavfi", "-i", "color=size=64x64:rate=10:d=2", "-itsoffset", soundAt,
                "-f", "lavfi", "-i", "sine=500:r=48000:d=1", "-c:v", "mpeg4", "-c:a", "pcm_s16le", folder.File(name),
            ],
            TimeSpan.FromMinutes(1), name);
        float[] Read(string name, bool keep, out AudioInfo info)
        {
            using AudioSource source = AudioSource.Open(folder.File(name), new AudioInputOptions { KeepOffset = keep });
            info = source.Info;
            using IAudioReader reader = source.OpenReader();
            float[] samples = Signals.ReadAll(reader);
            // Packets' durations are rounded to the container's clock.
            Assert.InRange(source.CountFrames(default)!.Value, samples.Length - 1024, samples.Length + 1024);
            return samples;
        }

        Make("late.mkv", "0.5", "0");
        float[] sound = Read("late.mkv", keep: false, out AudioInfo plain), placed = Read("late.mkv", keep: true, out AudioInfo kept);
        Assert.Contains("begins 0.5 s after the picture", Assert.Single(plain.Notes));
        Assert.Empty(kept.Notes);
        Assert.Equal(new float[24_000], placed[..24_000]);
        Assert.Equal(sound, placed[24_000..]);
        Assert.Equal(48_000, sound.Length);

        Make("early.mkv", "0", "0.3");
        sound = Read("early.mkv", keep: false, out plain);
        placed = Read("early.mkv", keep: true, out _);
        Assert.Contains("begins 0.3 s before the picture", Assert.Single(plain.Notes));
        Assert.Equal(sound[14_400..], placed);
    }

    [ToolFact("ffmpeg")]
    public void Of_several_streams_the_default_one_is_read_or_the_one_that_is_asked_for()
    {
        using TemporaryFolder folder = new();
        string path = folder.File("film.mkv");
        string[] tone(int hertz) => ["-f", "lavfi", "-i", $"sine={hertz}:r=48000:d=1"];
        FFmpegProcess.Ask(
            FFmpegTool.Find(null, "The test").Path,
            [
                "-nostdin", "-loglevel", "error", .. tone(500), .. tone(1000), .. tone(2000), "-map", "0", "-map", "1", "-map", "2", "-c:a", "flac",
                "-metadata:s:a:0", "language=ger", "-metadata:s:a:1", "language=eng", "-metadata:s:a:2", "language=fre",
                "-disposition:a:0", "0", "-disposition:a:1", "default", "-disposition:a:2", "0", path,
            ],
            TimeSpan.FromMinutes(1), "film");
        int Crossings(string? stream, int notes)
        {
            using AudioSource source = AudioSource.Open(path, new AudioInputOptions { Stream = stream, Strict = true });
            Assert.Equal(notes, source.Info.Notes.Count);
            using IAudioReader reader = source.OpenReader();
            float[] samples = Signals.ReadAll(reader);
            Assert.InRange(source.CountFrames(default)!.Value, samples.Length - 2000, samples.Length + 2000);
            return samples.Skip(1).Zip(samples).Count(p => p.First < 0 != p.Second < 0);
        }

        Assert.InRange(Crossings(null, 1), 1990, 2010);
        Assert.InRange(Crossings("1", 0), 990, 1010);
        Assert.InRange(Crossings("FRE", 0), 3990, 4010);
        foreach (string wrong in new[] { "4", "0", "ita" })
        {
            Assert.Contains("1 (ger, flac, 1 channels), 2 (eng", Assert.Throws<OptionException>(() => AudioSource.Open(path, new AudioInputOptions { Stream = wrong })).Message);
        }

        string wav = folder.File("x.wav");
        Signals.WriteAll(AudioFiles.Create(wav, 8000, 1), new float[100]);
        Assert.Contains("it has one", Assert.Throws<OptionException>(() => AudioSource.Open(wav, new AudioInputOptions { Stream = "2" })).Message);
    }

    [Fact]
    public void The_install_command_is_the_systems()
    {
        Assert.Equal("sudo apt install ffmpeg", FFmpegInstallation.Command(["NAME=\"Linux Mint\"", "ID_LIKE=\"ubuntu debian\"", "ID=linuxmint"]));
        Assert.Equal("sudo dnf install ffmpeg-free", FFmpegInstallation.Command(["ID=fedora"]));
        Assert.Equal("sudo zypper install ffmpeg", FFmpegInstallation.Command(["ID=\"opensuse-leap\"", "ID_LIKE=\"suse opensuse\""]));
        Assert.Contains("apt install", FFmpegInstallation.Command(["ID=other"]));
    }
}
