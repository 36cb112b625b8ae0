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

    [ToolFact("ffmpeg")]
    public void Whole_files_that_FFmpeg_encodes_give_no_warning()
    {
        using TemporaryFolder folder = new();
        foreach (AudioFormat format in Enum.GetValues<AudioFormat>().Except([AudioFormat.Wav, AudioFormat.Flac]))
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
    public void A_file_of_FFmpegs_that_is_cut_short_is_told()
    {
        using TemporaryFolder folder = new();
        CheckCut(Encoded(folder, AudioFormat.Mp3));
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

    [ToolFact("ffmpeg")]
    public void A_hole_is_told_with_its_place()
    {
        using TemporaryFolder folder = new();
        string path = Encoded(folder, AudioFormat.Mp3, kbps: 320);
        byte[] all = File.ReadAllBytes(path);
        all.AsSpan(all.Length / 2, all.Length / 8).Clear();
        File.WriteAllBytes(path, all);
        string warning = WarningsOf(path)[0];
        Assert.Matches(@"damaged at (1\.9\d?|2|2\.0\d?) s: FFmpeg says "".*Header missing", warning);
        Assert.Single(WarningsOf(path, new AudioInputOptions { Start = TimeSpan.FromSeconds(1), Duration = TimeSpan.FromSeconds(2) }));
        Assert.Empty(WarningsOf(path, new AudioInputOptions { Duration = TimeSpan.FromSeconds(1.5) }));
    }

    [ToolFact("ffmpeg")]
    public void What_a_header_says_wrongly_is_no_fact()
    {
        using TemporaryFolder folder = new();
        // The first part's header speaks for itself only.
        string path = folder.File("joined.mp3");
        byte[] first = File.ReadAllBytes(Encoded(folder, AudioFormat.Mp3, kbps: 320)), second = File.ReadAllBytes(Encoded(folder, AudioFormat.Mp3, kbps: 32));
        // Without the frame that says how many there are, FFmpeg guesses from the first one's bit rate: 320 kbit/s for all.
        int plain = first.AsSpan().IndexOf("Info"u8) is > 0 and int info ? info + 600 : 0;
        File.WriteAllBytes(path, [.. first[plain..], .. second[(second.Length / 8)..], .. second[(second.Length / 8)..]]);

        using AudioSource whole = AudioSource.Open(path);
        using IAudioReader reader = whole.OpenReader();
        int frames = Signals.ReadAll(reader).Length / 2;
        Assert.True(whole.Info.EstimatedLength < 0.8 * frames, "the header is right");
        Assert.InRange(whole.CountFrames(default)!.Value, 0.99 * frames, 1.01 * frames);

        AudioInputOptions late = new() { Start = TimeSpan.FromSeconds((double)whole.Info.EstimatedLength!.Value / Rate + 0.5), Duration = TimeSpan.FromSeconds(0.5) };
        using AudioSource part = AudioSource.Open(path, late);
        Assert.Null(part.Info.Length);
        using IAudioReader partReader = part.OpenReader();
        Assert.Equal(Rate / 2 * 2, Signals.ReadAll(partReader).Length);

        using AudioSource behind = AudioSource.Open(path, new AudioInputOptions { Start = TimeSpan.FromSeconds(60) });
        using IAudioReader behindReader = behind.OpenReader();
        Assert.Contains("it can't be read from 60 s on", Assert.Throws<OptionException>(() => Signals.ReadAll(behindReader)).Message);
        Assert.Throws<OptionException>(() => behind.CountFrames(default));
    }
}
