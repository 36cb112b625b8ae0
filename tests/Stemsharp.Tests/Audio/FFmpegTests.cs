using System.Net;
using System.Net.Sockets;
using System.Text;
using Stemsharp.Audio;
using Xunit;

namespace Stemsharp.Tests.Audio;

public class FFmpegTests
{
    [ToolFact("ffmpeg")]
    public void Flac_is_read_exactly_with_its_depth()
    {
        using TemporaryFolder folder = new();
        foreach (SampleFormat depth in new[] { SampleFormat.Int16, SampleFormat.Int24 })
        {
            float[] samples = TraktorStemTests.OnGrid(Signals.Noise(2 * 40_000, 9), depth.Bits());
            string path = folder.File("Ünï çødé 曲 - 'quoted' %d [1].flac");
            Signals.WriteAll(AudioFiles.Create(path, 44100, 2, new EncodingOptions { Format = AudioFormat.Flac, SampleFormat = depth }), samples);
            using AudioSource source = AudioSource.Open(path);
            Assert.Equal(depth, source.Info.SampleFormat);
            Assert.Equal(40_000, source.Info.EstimatedLength);
            for (int pass = 0; pass < 2; pass++)
            {
                using IAudioReader reader = source.OpenReader();
                Assert.Equal(samples, Signals.ReadAll(reader, 1 + 999 * pass));
            }
        }
    }

    [Fact]
    public void Names_are_no_options_and_no_protocols()
    {
        if (OperatingSystem.IsWindows())
        {
            return;
        }

        using TemporaryFolder folder = new();
        folder.Write("sound", new byte[3000 * sizeof(float)]);
        string log = folder.File("log"), record = $"printf '%s\\n' \"$@\" >> '{log}'";
        string tool = FakeFFmpeg.Make(folder.Path, $"{record}; cat '{folder.File("sound")}'", $"{record}; {FakeFFmpeg.Probes(44100, 1)}");
        foreach (string name in new[] { "-i.mp3", "concat:a|b.mp3", "http:x.mp3", "Ünï çødé 曲 - 'quoted' %d [1].mp3" })
        {
            string path = folder.Write(name, [0xFF, 0xFB, 0x90, 0]);
            using AudioSource source = AudioSource.Open(path, new AudioInputOptions { FFmpegPath = tool });
            using IAudioReader reader = source.OpenReader();
            Assert.Equal(3000, Signals.ReadAll(reader).Length);

            // Asked twice, and each time behind the limits, as a file's absolute name.
            string[] arguments = File.ReadAllLines(log);
            int[] inputs = [.. arguments.Index().Where(a => a.Item == "-i").Select(a => a.Index + 1)];
            Assert.Equal(2, inputs.Length);
            Assert.All(inputs, i => Assert.Equal("file:" + path, arguments[i]));
            Assert.All(inputs, i => Assert.Contains("-format_whitelist", arguments[..i]));
            Assert.Equal(2, arguments.Count(a => a.Contains(name, StringComparison.Ordinal)));
            File.Delete(log);
        }
    }

    public static IEnumerable<(string Name, string Content)> Disguises(string secret, int port)
    {
        foreach (string tail in new[] { "", "\u0001\u0002" })
        {
            yield return ("hls.mp3", $"#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\nhttp://127.0.0.1:{port}/a.ts\n#EXTINF:9,\nfile://{secret}\n#EXT-X-ENDLIST\n{tail}");
            yield return ("concat.flac", $"ffconcat version 1.0\nfile '{secret}'\nfile 'http://127.0.0.1:{port}/x'\n{tail}");
            yield return ("manifest.m4a", $"<?xml version=\"1.0\"?><MPD xmlns=\"urn:mpeg:dash:schema:mpd:2011\" profiles=\"x\"><Period><AdaptationSet><Representation><BaseURL>http://127.0.0.1:{port}/</BaseURL></Representation></AdaptationSet></Period></MPD>{tail}");
            yield return ("session.ogg", $"v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=audio {port} RTP/AVP 0\n{tail}");
        }
    }

    [ToolFact("ffmpeg")]
    public void What_only_looks_like_music_opens_nothing_and_gives_one_clear_error()
    {
        CheckBrokenMedia();

        using TemporaryFolder folder = new();
        string secret = folder.File("secret.wav");
        Signals.WriteAll(AudioFiles.Create(secret, 44100, 1), Signals.Noise(1000, 1));
        using TcpListener listener = new(IPAddress.Loopback, 0);
        listener.Start();
        foreach ((string name, string content) in Disguises(secret, ((IPEndPoint)listener.LocalEndpoint).Port))
        {
            string path = folder.Write(name, Encoding.UTF8.GetBytes(content));
            AudioException error = Assert.Throws<AudioException>(() => AudioSource.Open(path));
            Assert.Contains(name, error.Message);
            Assert.False(listener.Pending());
        }
    }

    [Fact]
    public void What_FFmpeg_cannot_read_gives_one_clear_error()
    {
        if (OperatingSystem.IsWindows())
        {
            return;
        }

        using TemporaryFolder folder = new();
        string song = folder.Write("song.mp3", [0xFF, 0xFB, 0x90, 0]);
        string tool = FakeFFmpeg.Make(folder.Path, "exit 1", $"echo '[mp3 @ 0x1] Failed to read frame size' >&2; echo 'file:{song}: Invalid data found when processing input' >&2; exit 1");
        AudioException error = Assert.Throws<AudioException>(() => AudioSource.Open(song, new AudioInputOptions { FFmpegPath = tool }));
        Assert.Equal("'song.mp3' can't be read as audio. FFmpeg says: Failed to read frame size; Invalid data found when processing input. Is it a sound file, and complete?", error.Message);
    }

    private static void CheckBrokenMedia()
    {
        using TemporaryFolder folder = new();
        byte[] random = new byte[5000];
        new Random(1).NextBytes(random);
        AudioException noise = Assert.Throws<AudioException>(() => AudioSource.Open(folder.Write("noise.mp3", random)));
        Assert.Contains("can't be read as audio", noise.Message);
        Assert.DoesNotContain("file:", noise.Message);

        AudioException picture = Assert.Throws<AudioException>(
            () => AudioSource.Open(folder.Write("cover.mp3", Convert.FromBase64String(TagTests.TinyPng))));
        Assert.Contains("cover.mp3", picture.Message);
    }

    [Fact]
    public void Codecs_inside_wav_go_through_ffmpeg()
    {
        if (OperatingSystem.IsWindows())
        {
            return;
        }

        using TemporaryFolder folder = new();
        float[] decoded = [0, 0.5f, -0.5f, 1];
        folder.Write("sound", System.Runtime.InteropServices.MemoryMarshal.AsBytes(decoded.AsSpan()));
        string tool = FakeFFmpeg.Make(folder.Path, $"cat '{folder.File("sound")}'", FakeFFmpeg.Probes(8000, 1));
        // µ-law.
        byte[] file = [.. "RIFF"u8, 44, 0, 0, 0, .. "WAVEfmt "u8, 16, 0, 0, 0, 7, 0, 1, 0, 0x40, 0x1F, 0, 0, 0x40, 0x1F, 0, 0, 1, 0, 8, 0, .. "data"u8, 8, 0, 0, 0, 0xFF, 0x80, 0, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF];
        using AudioSource source = AudioSource.Open(folder.Write("mulaw.wav", file), new AudioInputOptions { FFmpegPath = tool });
        using IAudioReader reader = source.OpenReader();
        Assert.Equal(decoded, Signals.ReadAll(reader));
    }

    [Fact]
    public void A_stream_is_spooled_where_nobody_finds_it()
    {
        using TemporaryFolder folder = new(), spool = new();
        string path = folder.File("x.flac");
        Signals.WriteAll(AudioFiles.Create(path, 44100, 2, new EncodingOptions { Format = AudioFormat.Flac }), Signals.Music(20_000, 2, 1));
        AudioInputOptions options = new() { TemporaryFolder = spool.Path };
        using (FileStream stream = File.OpenRead(path))
        using (AudioSource source = AudioSource.Open(stream, "standard input", options))
        {
            // On Linux the file has no name, so that it goes with the process however that ends.
            if (OperatingSystem.IsLinux())
            {
                Assert.Empty(Directory.GetFileSystemEntries(spool.Path));
            }

            for (int pass = 0; pass < 2; pass++)
            {
                using IAudioReader reader = source.OpenReader();
                Assert.Equal(20_000, Signals.ReadAll(reader).Length / 2);
            }
        }

        Assert.Empty(Directory.GetFileSystemEntries(spool.Path));
        AudioException error = Assert.Throws<AudioException>(
            () => AudioSource.Open(new MemoryStream(new byte[5000]), "standard input", options with { MaximumSpoolBytes = 4000 }));
        Assert.Contains("most that is spooled", error.Message);
        Assert.Contains("is empty", Assert.Throws<AudioException>(() => AudioSource.Open(Stream.Null, "standard input", options)).Message);
        Assert.Empty(Directory.GetFileSystemEntries(spool.Path));
    }

    [Fact]
    public void Cancelling_ends_decoder_and_encoder()
    {
        if (OperatingSystem.IsWindows())
        {
            return;
        }

        // A decoder that never comes to an end, and an encoder that takes no more than a pipe holds.
        using TemporaryFolder folder = new(), target = new();
        string path = folder.Write("x.mp3", [0xFF, 0xFB, 0x90, 0]);
        string tool = FakeFFmpeg.Make(folder.Path, """case "$out" in pipe:1) exec cat /dev/zero ;; *) : > "$out"; exec sleep 600 ;; esac""", FakeFFmpeg.Probes(44100, 2));
        using CancellationTokenSource cancel = new();
        using AudioSource source = AudioSource.Open(path, new AudioInputOptions { FFmpegPath = tool });
        using IAudioReader reader = source.OpenReader(cancel.Token);
        using IAudioWriter writer = AudioFiles.Create(target.File("y.mp3"), 44100, 2, new EncodingOptions { Format = AudioFormat.Mp3, FFmpegPath = tool }, cancel.Token);
        float[] block = new float[8192];
        writer.Write(block.AsSpan(0, 2 * reader.Read(block)));
        cancel.CancelAfter(TimeSpan.FromSeconds(0.2));
        Assert.ThrowsAny<OperationCanceledException>(() => Signals.ReadAll(reader));
        Assert.ThrowsAny<OperationCanceledException>(() =>
        {
            for (int i = 0; i < 1000; i++)
            {
                writer.Write(block);
            }

            writer.Complete();
        });
        writer.Dispose();
        Assert.Empty(Directory.GetFileSystemEntries(target.Path));
    }

    [Fact]
    public void Endless_recordings_are_refused()
    {
        using TemporaryFolder folder = new();
        AudioInputOptions bounded = new() { MaximumDuration = TimeSpan.FromSeconds(2) }, part = bounded with { Start = TimeSpan.FromSeconds(1), Duration = TimeSpan.FromSeconds(1.5) };
        // Lengths that are known are refused before anything is read.
        foreach (string name in new[] { "x.wav", "x.flac" })
        {
            string path = folder.File(name);
            Signals.WriteAll(AudioFiles.Create(path, 8000, 1, new EncodingOptions { Format = name == "x.wav" ? AudioFormat.Wav : AudioFormat.Flac }), Signals.Noise(24_000, 1));
            AudioException error = Assert.Throws<AudioException>(() =>
            {
                using AudioSource source = AudioSource.Open(path, bounded);
                using IAudioReader reader = source.OpenReader();
                Signals.ReadAll(reader);
            });
            Assert.Contains("longer than 2 s", error.Message);
            Assert.Equal(AudioFailure.TooLong, error.Failure);
            using AudioSource some = AudioSource.Open(path, part);
            using IAudioReader someReader = some.OpenReader();
            Assert.Equal(12_000, Signals.ReadAll(someReader).Length);
        }

        if (OperatingSystem.IsWindows())
        {
            return;
        }

        // One that only reading shows to have no end.
        string tool = FakeFFmpeg.Make(folder.Path, "exec cat /dev/zero", FakeFFmpeg.Probes(8000, 1));
        using AudioSource endless = AudioSource.Open(folder.Write("x.mp3", [0xFF, 0xFB, 0x90, 0]), bounded with { FFmpegPath = tool });
        using IAudioReader endlessReader = endless.OpenReader();
        Assert.Contains("longer than 2 s", Assert.Throws<AudioException>(() => Signals.ReadAll(endlessReader)).Message);
    }

    [Fact]
    public void Options_that_a_format_lacks_are_refused_before_the_work()
    {
        if (OperatingSystem.IsWindows())
        {
            return;
        }

        using TemporaryFolder folder = new();
        string tool = FakeFFmpeg.Make(folder.Path, FakeFFmpeg.Encodes);
        void Refuse(string reason, EncodingOptions options, int channels = 2) =>
            Assert.Contains(reason, Assert.Throws<OptionException>(() => AudioFiles.Check(options with { FFmpegPath = tool }, 44100, channels)).Message);

        Refuse("bit rate of 321", new EncodingOptions { Format = AudioFormat.Mp3, BitrateKbps = 321 });
        Refuse("preset 1", new EncodingOptions { Format = AudioFormat.Mp3, Mp3Preset = 1 });
        Refuse("rate of 96000", new EncodingOptions { Format = AudioFormat.Mp3, SampleRate = 96000 });
        Refuse("FLAC stores", new EncodingOptions { Format = AudioFormat.Flac, SampleFormat = SampleFormat.Float32 });
        Refuse("at most 2 channels", new EncodingOptions { Format = AudioFormat.Mp3 }, 6);
        Assert.Equal(48000, AudioFiles.Check(new EncodingOptions { Format = AudioFormat.Opus, SampleRate = 44100, FFmpegPath = tool }, 44100, 2));
        Assert.Equal(48000, AudioFiles.Check(new EncodingOptions { Format = AudioFormat.Mp3, FFmpegPath = tool }, 96000, 2));
        Assert.Equal(44100, AudioFiles.Check(new EncodingOptions { Format = AudioFormat.M4a, FFmpegPath = tool }, 44000, 2));
    }

    [Fact]
    public void Without_ffmpeg_the_message_says_what_to_do()
    {
        ExternalToolException missing = Assert.Throws<ExternalToolException>(() => FFmpegTool.Locate(null, null, "", "Reading 'song.mp3'"));
        Assert.StartsWith("Reading 'song.mp3' needs FFmpeg, which was not found. Install it (", missing.Message);
        Assert.Contains("STEMSHARP_FFMPEG", missing.Message);
        Assert.Contains("Without it WAV, AIFF", missing.Message);

        using TemporaryFolder folder = new();
        ExternalToolException wrong = Assert.Throws<ExternalToolException>(
            () => AudioSource.Open(folder.Write("x.mp3", [0xFF, 0xFB, 0x90, 0]), new AudioInputOptions { FFmpegPath = "/no/such/ffmpeg" }));
        Assert.Contains("/no/such/ffmpeg", wrong.Message);
        Assert.Contains("does not exist", wrong.Message);
    }

    [Theory]
    [InlineData("echo 'ffmpeg version 3.4.1 Copyright'", "needs FFmpeg 4.0 or newer")]
    [InlineData("echo 'hello'", "does not answer as FFmpeg")]
    [InlineData("exit 1", "failed")]
    [InlineData("echo 'ffmpeg version N-119999-gabc Copyright'", "ffprobe")]
    public void Another_ffmpeg_is_refused(string script, string reason)
    {
        if (OperatingSystem.IsWindows())
        {
            return;
        }

        using TemporaryFolder folder = new();
        string tool = FakeFFmpeg.Write(folder.File("ffmpeg"), script);
        Assert.Contains(reason, Assert.Throws<ExternalToolException>(() => FFmpegTool.Find(tool, "Reading 'x'")).Message);
    }

    [Fact]
    public void A_decoder_that_delivers_nothing_is_ended()
    {
        if (OperatingSystem.IsWindows())
        {
            return;
        }

        using TemporaryFolder folder = new();
        string tool = FakeFFmpeg.Make(folder.Path, "exec sleep 600", FakeFFmpeg.Probes(44100, 2));
        string song = folder.Write("x.mp3", [0xFF, 0xFB, 0x90, 0]);
        using AudioSource source = AudioSource.Open(song, new AudioInputOptions { FFmpegPath = tool, StallLimit = TimeSpan.FromSeconds(5) });
        using IAudioReader reader = source.OpenReader();
        Assert.Contains("delivered nothing for 5 s", Assert.Throws<AudioException>(() => Signals.ReadAll(reader)).Message);
    }

    [Fact]
    public void An_encoder_that_fails_says_why_and_leaves_nothing()
    {
        if (OperatingSystem.IsWindows())
        {
            return;
        }

        using TemporaryFolder folder = new(), target = new();
        string tool = FakeFFmpeg.Make(folder.Path, "echo '[out @ 0x1] Error writing: No space left on device' >&2; exit 1", encoders: "flac");
        using (IAudioWriter writer = AudioFiles.Create(target.File("x.flac"), 44100, 2, new EncodingOptions { Format = AudioFormat.Flac, FFmpegPath = tool }))
        {
            OutputException error = Assert.Throws<OutputException>(() =>
            {
                for (int i = 0; i < 100; i++)
                {
                    writer.Write(new float[1 << 16]);
                }

                writer.Complete();
            });
            Assert.Contains("no space left", error.Message);
            Assert.True(error.IsDiskFull);
        }

        Assert.Empty(Directory.GetFileSystemEntries(target.Path));
        ExternalToolException lacking = Assert.Throws<ExternalToolException>(
            () => AudioFiles.Check(new EncodingOptions { Format = AudioFormat.Opus, FFmpegPath = tool }, 44100, 2));
        Assert.Contains("encoder libopus", lacking.Message);
    }
}
