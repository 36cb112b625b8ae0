using Stemsharp.Audio;
using Xunit;
using Xunit.Abstractions;

namespace Stemsharp.Tests.Audio;

public class EncodingTests(ITestOutputHelper output)
{
    private const int Frames = 100_001;

    /// <summary>The shift in frames at which two recordings agree best, and how well they agree there.</summary>
    private static (int Shift, double Correlation) Align(float[] original, float[] decoded, int channels, int reach)
    {
        (int Shift, double Correlation) best = (0, -1);
        int frames = Math.Min(original.Length, decoded.Length) / channels, from = reach, to = Math.Min(frames - reach, reach + 40_000);
        for (int shift = -reach; shift <= reach; shift++)
        {
            double ab = 0, aa = 0, bb = 0;
            for (int i = from; i < to; i++)
            {
                double a = original[i * channels], b = decoded[(i + shift) * channels];
                (ab, aa, bb) = (ab + a * b, aa + a * a, bb + b * b);
            }

            double correlation = ab / Math.Sqrt(aa * bb + 1e-30);
            if (correlation > best.Correlation)
            {
                best = (shift, correlation);
            }
        }

        return best;
    }

    [ToolTheory("ffmpeg")]
    [InlineData(AudioFormat.Mp3, 44100, 2)]
    [InlineData(AudioFormat.Mp3, 48000, 1)]
    [InlineData(AudioFormat.M4a, 44100, 2)]
    [InlineData(AudioFormat.Opus, 44100, 2)]
    [InlineData(AudioFormat.Ogg, 44100, 2)]
    public void What_is_written_is_aligned_with_the_mix(AudioFormat format, int rate, int channels)
    {
        using TemporaryFolder folder = new();
        float[] music = Signals.Music(Frames, channels, 11);
        string path = folder.File("song." + format.Extension());
        Signals.WriteAll(AudioFiles.Create(path, rate, channels, new EncodingOptions { Format = format }), music);
        Assert.Single(Directory.GetFiles(folder.Path));

        using AudioSource source = AudioSource.Open(path);
        output.WriteLine($"{format}: {source.Info}");
        using IAudioReader reader = source.OpenReader(rate, channels);
        float[] decoded = Signals.ReadAll(reader);
        (int shift, double correlation) = Align(music, decoded, channels, 1500);
        output.WriteLine($"shift {shift}, correlation {correlation:f4}, frames {decoded.Length / channels} of {Frames}");
        Assert.Equal(0, shift);
        Assert.True(correlation > 0.98, $"{format}: correlation {correlation}");
        // FFmpeg's decoder leaves the padding of AAC's last packet; the edit list has the true length.
        int surplus = format switch { AudioFormat.Opus => 2, AudioFormat.M4a => 1023, _ => 0 };
        Assert.InRange(decoded.Length / channels, Frames, Frames + surplus);
        if (format == AudioFormat.M4a)
        {
            Assert.Equal(Frames, source.Info.EstimatedLength);
        }

        Assert.Null(source.Info.SampleFormat);
    }

    /// <summary>An encoder takes what it takes of bit rates, as those of Vorbis and Opus do, and FLAC no rate beyond its own.</summary>
    [Fact]
    public void What_an_encoder_does_not_take_is_refused_with_what_it_takes()
    {
        if (OperatingSystem.IsWindows())
        {
            return;
        }

        using TemporaryFolder folder = new();
        string tool = FakeFFmpeg.Make(folder.Path, """
            case "$*" in
                *libvorbis*"-b:a 8k"* | *libvorbis*192000* | *192000*libvorbis* | *libopus*"-b:a 500k"*) echo 'encoder setup failed' >&2; exit 1 ;;
                *) cat > /dev/null ;;
            esac
            """);
        CheckRefusals(tool);
        Assert.Contains("it takes 16 to 500 kbit/s there", Assert.Throws<OptionException>(() => AudioFiles.Check(new EncodingOptions { Format = AudioFormat.Ogg, BitrateKbps = 8, FFmpegPath = tool }, 44100, 2)).Message);
    }

    private static void CheckRefusals(string? tool)
    {
        void Refuse(string part, AudioFormat format, int rate, int channels = 2, int? kbps = null)
        {
            EncodingOptions options = new() { Format = format, SampleRate = rate, BitrateKbps = kbps, FFmpegPath = tool };
            OptionException error = Assert.Throws<OptionException>(() => AudioFiles.Check(options, 44100, channels));
            Assert.Contains(part, error.Message);
            Assert.DoesNotContain("/", error.Message.Replace("kbit/s", ""));
        }

        Refuse("valid are 32, 40, 48", AudioFormat.Mp3, 44100, kbps: 8);
        Refuse("valid are 8, 16, 24", AudioFormat.Mp3, 22050, kbps: 320);
        Refuse("no bit rate of 200 kbit/s", AudioFormat.Mp3, 44100, kbps: 200);
        Refuse("kbit/s there", AudioFormat.Ogg, 44100, kbps: 8);
        Refuse("kbit/s there", AudioFormat.Opus, 48000, channels: 1, kbps: 500);
        Refuse("can't be written with", AudioFormat.Ogg, 192_000, kbps: 500);
        Refuse("655351", AudioFormat.Flac, 655_351);
    }

    [ToolFact("ffmpeg")]
    public void Whatever_the_check_lets_through_is_written()
    {
        CheckRefusals(null);
        using TemporaryFolder folder = new();
        foreach (AudioFormat format in new[] { AudioFormat.Mp3, AudioFormat.M4a, AudioFormat.Opus, AudioFormat.Ogg, AudioFormat.Flac })
        {
            foreach ((int rate, int channels, int? kbps) in new (int, int, int?)[] { (8000, 1, null), (8000, 2, 64), (22050, 1, 160), (48000, 1, 24), (96000, 2, 128), (192_000, 2, 96), (44100, 2, 448) })
            {
                EncodingOptions options = new() { Format = format, SampleRate = rate, BitrateKbps = format == AudioFormat.Flac ? null : kbps };
                string path = folder.File($"{format}-{rate}-{channels}-{kbps}");
                try
                {
                    AudioFiles.Check(options, rate, channels);
                }
                catch (OptionException)
                {
                    continue;
                }

                Signals.WriteAll(AudioFiles.Create(path, rate, channels, options), Signals.Music(rate / 2, channels, 1));
                using AudioSource source = AudioSource.Open(path);
                Assert.Equal(format == AudioFormat.Opus ? 48000 : rate, source.Info.SampleRate);
            }
        }
    }
}
