using Stemsharp.Audio;
using Xunit;

namespace Stemsharp.Tests.Audio;

/// <summary>Files that are not what their headers say.</summary>
public class DamageTests
{
    private const int Rate = 44100, Frames = 4 * Rate;

    private static string Encoded(TemporaryFolder folder, AudioFormat format, int frames = Frames, int? kbps = null)
    {
        string path = folder.File($"{Guid.NewGuid():N}.{format.Extension()}");
        Signals.WriteAll(AudioFiles.Create(path, Rate, 2, new EncodingOptions { Format = format, BitrateKbps = kbps }), Signals.Music(frames, 2, 1));
        return path;
    }

    private static IReadOnlyList<string> WarningsOf(string path, AudioInputOptions? options = null)
    {
        using AudioSource source = AudioSource.Open(path, options);
        for (int pass = 0; pass < 2; pass++)
        {
            using IAudioReader reader = source.OpenReader();
            Signals.ReadAll(reader);
        }

        return source.Warnings;
    }

    [Fact]
    public void Whole_files_give_no_warning()
    {
        using TemporaryFolder folder = new();
        foreach (AudioFormat format in new[] { AudioFormat.Wav, AudioFormat.Flac })
        {
            CheckWhole(Encoded(folder, format));
        }
    }

    private static void CheckWhole(string path)
    {
        Assert.Empty(WarningsOf(path, new AudioInputOptions { Strict = true }));
        Assert.Empty(WarningsOf(path, new AudioInputOptions { Start = TimeSpan.FromSeconds(1), Duration = TimeSpan.FromSeconds(1) }));
    }

    [Fact]
    public void A_file_that_is_cut_short_is_told()
    {
        using TemporaryFolder folder = new();
        CheckCut(Encoded(folder, AudioFormat.Flac));
    }

    [ToolFact("ffmpeg")]
    public void A_real_FFmpegs_files_are_whole_cut_or_damaged_as_it_says()
    {
        using TemporaryFolder folder = new();
        foreach (AudioFormat format in Enum.GetValues<AudioFormat>().Except([AudioFormat.Wav, AudioFormat.Flac]))
        {
            CheckWhole(Encoded(folder, format));
        }

        CheckCut(Encoded(folder, AudioFormat.Mp3));

        string path = Encoded(folder, AudioFormat.Mp3, kbps: 320);
        byte[] all = File.ReadAllBytes(path);
        all.AsSpan(all.Length / 2, all.Length / 8).Clear();
        File.WriteAllBytes(path, all);
        CheckHole(path, new AudioInputOptions());
    }

    private static void CheckCut(string path)
    {
        byte[] all = File.ReadAllBytes(path);
        File.WriteAllBytes(path, all[..(all.Length / 2)]);
        IReadOnlyList<string> warnings = WarningsOf(path);
        Assert.Contains(warnings, w => w.Contains("cut short", StringComparison.Ordinal) && w.Contains("promises 4", StringComparison.Ordinal));
        Assert.Contains("not flawless", Assert.Throws<AudioException>(() => WarningsOf(path, new AudioInputOptions { Strict = true })).Message);

        // What is asked for is all there.
        Assert.Empty(WarningsOf(path, new AudioInputOptions { Duration = TimeSpan.FromSeconds(1), Strict = true }));
    }

    [Fact]
    public void A_hole_is_told_with_its_place()
    {
        if (OperatingSystem.IsWindows())
        {
            return;
        }

        // Two seconds, an error, the rest; read through a pipe, FFmpeg says the error before any sample comes.
        using TemporaryFolder folder = new();
        folder.Write("sound", new byte[Frames * 2 * sizeof(float)]);
        string tool = FakeFFmpeg.Make(folder.Path, $"""
            case "$*" in
                *ashowinfo*)
                    for frame in 0 1; do echo "[Parsed_ashowinfo_0 @ 0x1] [info] n:$frame pts:0 nb_samples:{Rate} channels:2"; done >&2
                    echo '[mp3float @ 0x2] [error] Header missing' >&2 ;;
                *) echo '[mp3float @ 0x2] Header missing' >&2; cat '{folder.File("sound")}' ;;
            esac
            """, FakeFFmpeg.Probes(Rate, 2));
        CheckHole(folder.Write("song.mp3", [0xFF, 0xFB, 0x90, 0]), new AudioInputOptions { FFmpegPath = tool });
    }

    private static void CheckHole(string path, AudioInputOptions options)
    {
        string warning = WarningsOf(path, options)[0];
        Assert.Matches(@"damaged at (1\.9\d?|2|2\.0\d?) s: FFmpeg says "".*Header missing", warning);
        Assert.Single(WarningsOf(path, options with { Start = TimeSpan.FromSeconds(1), Duration = TimeSpan.FromSeconds(2) }));
        Assert.Empty(WarningsOf(path, options with { Duration = TimeSpan.FromSeconds(1.5) }));
    }

    [Fact]
    public void What_a_header_says_wrongly_is_no_fact()
    {
        if (OperatingSystem.IsWindows())
        {
            return;
        }

        // As FFmpeg tells of an MP3 file without a header whose bit rate falls: the first frame's is taken for all.
        using TemporaryFolder folder = new();
        folder.Write("sound", new byte[Frames * 2 * sizeof(float)]);
        string probe = FakeFFmpeg.Probes(Rate, 2, "2.5"), song = folder.Write("joined.mp3", [0xFF, 0xFB, 0x90, 0]);
        string tool = FakeFFmpeg.Make(
            folder.Path, $"cat '{folder.File("sound")}'",
            $"case \"$*\" in *packet=*) for i in 1 2 3 4; do echo 1.0,; done ;; *) echo 'Estimating duration from bitrate, this may be inaccurate' >&2; {probe} ;; esac");
        AudioInputOptions options = new() { FFmpegPath = tool };

        using AudioSource whole = AudioSource.Open(song, options);
        using IAudioReader reader = whole.OpenReader();
        Assert.Equal(Frames, Signals.ReadAll(reader).Length / 2);
        Assert.Empty(whole.Warnings);
        Assert.Equal(5 * Rate / 2, whole.Info.EstimatedLength);
        Assert.Equal(Frames, whole.CountFrames(default));

        using AudioSource part = AudioSource.Open(song, options with { Start = TimeSpan.FromSeconds(3), Duration = TimeSpan.FromSeconds(0.5) });
        Assert.Null(part.Info.Length);
        using IAudioReader partReader = part.OpenReader();
        Assert.Equal(Rate / 2 * 2, Signals.ReadAll(partReader).Length);

        using AudioSource behind = AudioSource.Open(song, options with { Start = TimeSpan.FromSeconds(60) });
        using IAudioReader behindReader = behind.OpenReader();
        Assert.Contains("it can't be read from 60 s on", Assert.Throws<OptionException>(() => Signals.ReadAll(behindReader)).Message);
        Assert.Throws<OptionException>(() => behind.CountFrames(default));
    }
}
