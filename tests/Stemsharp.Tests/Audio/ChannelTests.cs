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

    /// <summary>A film as ffprobe tells of it, and FFmpeg decodes it: each stream of sound is a tone.</summary>
    [System.Runtime.Versioning.UnsupportedOSPlatform("windows")]
    private static AudioInputOptions Film(TemporaryFolder folder, string streams, params int[] crossings)
    {
        foreach ((int stream, int count) in crossings.Index())
        {
            float[] tone = Signals.Sine(48_000, count / 2.0, 48_000, phase: 0.1);
            folder.Write($"{stream}.f32", System.Runtime.InteropServices.MemoryMarshal.AsBytes(tone.AsSpan()));
        }

        string asked = string.Join(' ', crossings.Select((_, stream) => $"""*"-map 0:{stream + 1} "*) cat '{folder.File($"{stream}.f32")}' ;;"""));
        return new AudioInputOptions
        {
            FFmpegPath = FakeFFmpeg.Make(
                folder.Path, $"case \"$*\" in {asked} esac",
                $"case \"$*\" in *packet=*) for i in 1 2 3 4; do echo 0.25; done ;; *) {FakeFFmpeg.Says($"{{\"streams\":[{streams}],\"format\":{{\"format_name\":\"matroska\"}}}}")} ;; esac"),
        };
    }

    [Fact]
    public void The_sound_of_a_video_keeps_its_place_when_asked()
    {
        if (OperatingSystem.IsWindows())
        {
            return;
        }

        using TemporaryFolder folder = new();
        string film = folder.Write("film.mkv", [0x1A, 0x45, 0xDF, 0xA3]);
        float[] Read(string soundAt, string pictureAt, bool keep, out AudioInfo info)
        {
            AudioInputOptions options = Film(
                folder,
                $$"""{"index":0,"codec_type":"video","start_time":"{{pictureAt}}"},{"index":1,"codec_type":"audio","codec_name":"pcm_s16le","sample_rate":"48000","channels":1,"start_time":"{{soundAt}}"}""",
                500);
            using AudioSource source = AudioSource.Open(film, options with { KeepOffset = keep });
            info = source.Info;
            using IAudioReader reader = source.OpenReader();
            float[] samples = Signals.ReadAll(reader);
            Assert.Equal(samples.Length, source.CountFrames(default));
            return samples;
        }

        float[] sound = Read("0.5", "0", keep: false, out AudioInfo plain), placed = Read("0.5", "0", keep: true, out AudioInfo kept);
        Assert.Contains("begins 0.5 s after the picture", Assert.Single(plain.Notes));
        Assert.Empty(kept.Notes);
        Assert.Equal(new float[24_000], placed[..24_000]);
        Assert.Equal(sound, placed[24_000..]);
        Assert.Equal(48_000, sound.Length);

        sound = Read("0", "0.3", keep: false, out plain);
        placed = Read("0", "0.3", keep: true, out _);
        Assert.Contains("begins 0.3 s before the picture", Assert.Single(plain.Notes));
        Assert.Equal(sound[14_400..], placed);
    }

    [Fact]
    public void Of_several_streams_the_default_one_is_read_or_the_one_that_is_asked_for()
    {
        if (OperatingSystem.IsWindows())
        {
            return;
        }

        using TemporaryFolder folder = new();
        string path = folder.Write("film.mkv", [0x1A, 0x45, 0xDF, 0xA3]);
        string stream(int index, string language, int isDefault) =>
            $$"""{"index":{{index}},"codec_type":"audio","codec_name":"flac","sample_rate":"48000","channels":1,"disposition":{"default":{{isDefault}} },"tags":{"language":"{{language}}"} }""";
        AudioInputOptions film = Film(folder, $"{stream(1, "ger", 0)},{stream(2, "eng", 1)},{stream(3, "fre", 0)}", 1000, 2000, 4000);
        int Crossings(string? stream, int notes)
        {
            using AudioSource source = AudioSource.Open(path, film with { Stream = stream, Strict = true });
            Assert.Equal(notes, source.Info.Notes.Count);
            using IAudioReader reader = source.OpenReader();
            float[] samples = Signals.ReadAll(reader);
            Assert.Equal(48_000, samples.Length);
            return samples.Skip(1).Zip(samples).Count(p => p.First < 0 != p.Second < 0);
        }

        Assert.InRange(Crossings(null, 1), 1990, 2010);
        Assert.InRange(Crossings("1", 0), 990, 1010);
        Assert.InRange(Crossings("FRE", 0), 3990, 4010);
        foreach (string wrong in new[] { "4", "0", "ita" })
        {
            Assert.Contains("1 (ger, flac, 1 channels), 2 (eng", Assert.Throws<OptionException>(() => AudioSource.Open(path, film with { Stream = wrong })).Message);
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
