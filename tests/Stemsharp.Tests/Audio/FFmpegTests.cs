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

    [ToolFact("ffmpeg")]
    public void Names_are_no_options_and_no_protocols()
    {
        using TemporaryFolder folder = new();
        foreach (string name in new[] { "-i.flac", "concat:a|b.flac", "http:x.flac" })
        {
            if (OperatingSystem.IsWindows() && name.AsSpan().ContainsAny(":|"))
            {
                continue;
            }

            string path = folder.File(name);
            Signals.WriteAll(AudioFiles.Create(path, 44100, 1, new EncodingOptions { Format = AudioFormat.Flac }), Signals.Noise(3000, 1));
            using AudioSource source = AudioSource.Open(path);
            using IAudioReader reader = source.OpenReader();
            Assert.Equal(3000, Signals.ReadAll(reader).Length);
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
    public void Playlists_disguised_as_music_open_nothing()
    {
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

    [ToolFact("ffmpeg")]
    public void Broken_media_give_one_clear_error()
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

    [ToolFact("ffmpeg")]
    public void A_cut_file_is_read_as_far_as_it_goes()
    {
        using TemporaryFolder folder = new();
        string path = folder.File("x.mp3");
        Signals.WriteAll(AudioFiles.Create(path, 44100, 2, new EncodingOptions { Format = AudioFormat.Mp3 }), Signals.Music(88_200, 2, 1));
        byte[] whole = File.ReadAllBytes(path);
        using AudioSource source = AudioSource.Open(folder.Write("cut.mp3", whole.AsSpan(0, whole.Length / 2)));
        using IAudioReader reader = source.OpenReader();
        Assert.InRange(Signals.ReadAll(reader).Length / 2, 35_000, 50_000);
    }

    [ToolFact("ffmpeg")]
    public void Codecs_inside_wav_go_through_ffmpeg()
    {
        using TemporaryFolder folder = new();
        // µ-law: 0xFF is +0, 0x80 the positive and 0x00 the negative end.
        byte[] file = [.. "RIFF"u8, 44, 0, 0, 0, .. "WAVEfmt "u8, 16, 0, 0, 0, 7, 0, 1, 0, 0x40, 0x1F, 0, 0, 0x40, 0x1F, 0, 0, 1, 0, 8, 0, .. "data"u8, 8, 0, 0, 0, 0xFF, 0x80, 0, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF];
        using AudioSource source = AudioSource.Open(folder.Write("mulaw.wav", file));
        using IAudioReader reader = source.OpenReader();
        Assert.Equal([0, 32124 / 32768f, -32124 / 32768f, 0, 0, 0, 0, 0], Signals.ReadAll(reader));
    }

    [ToolFact("ffmpeg")]
    public void A_stream_is_spooled_where_nobody_finds_it()
    {
        using TemporaryFolder folder = new(), spool = new();
        string path = folder.File("x.m4a");
        Signals.WriteAll(AudioFiles.Create(path, 44100, 2, new EncodingOptions { Format = AudioFormat.M4a }), Signals.Music(20_000, 2, 1));
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
                Assert.InRange(Signals.ReadAll(reader).Length / 2, 20_000, 21_024);
            }
        }

        Assert.Empty(Directory.GetFileSystemEntries(spool.Path));
        AudioException error = Assert.Throws<AudioException>(
            () => AudioSource.Open(new MemoryStream(new byte[5000]), "standard input", options with { MaximumSpoolBytes = 4000 }));
        Assert.Contains("most that is spooled", error.Message);
        Assert.Contains("is empty", Assert.Throws<AudioException>(() => AudioSource.Open(Stream.Null, "standard input", options)).Message);
        Assert.Empty(Directory.GetFileSystemEntries(spool.Path));
    }

    [ToolFact("ffmpeg")]
    public void Cancelling_ends_decoder_and_encoder()
    {
        using TemporaryFolder folder = new();
        string path = folder.File("x.flac");
        Signals.WriteAll(AudioFiles.Create(path, 44100, 2, new EncodingOptions { Format = AudioFormat.Flac }), Signals.Noise(2 * 500_000, 1));
        using CancellationTokenSource cancel = new();
        using AudioSource source = AudioSource.Open(path);
        using IAudioReader reader = source.OpenReader(cancel.Token);
        using IAudioWriter writer = AudioFiles.Create(folder.File("y.mp3"), 44100, 2, new EncodingOptions { Format = AudioFormat.Mp3 }, cancel.Token);
        float[] block = new float[8192];
        writer.Write(block.AsSpan(0, 2 * reader.Read(block)));
        cancel.Cancel();
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
        Assert.Equal([path], Directory.GetFiles(folder.Path));
    }

    [ToolFact("ffmpeg")]
    public void Endless_recordings_are_refused()
    {
        using TemporaryFolder folder = new();
        string path = folder.File("x.flac");
        Signals.WriteAll(AudioFiles.Create(path, 8000, 1, new EncodingOptions { Format = AudioFormat.Flac }), Signals.Noise(24_000, 1));
        using AudioSource source = AudioSource.Open(path, new AudioInputOptions { MaximumDuration = TimeSpan.FromSeconds(2) });
        using IAudioReader reader = source.OpenReader();
        Assert.Contains("longer than", Assert.Throws<AudioException>(() => Signals.ReadAll(reader)).Message);
    }

    [ToolFact("ffmpeg")]
    public void Options_that_a_format_lacks_are_refused_before_the_work()
    {
        void Refuse(string reason, EncodingOptions options, int channels = 2) =>
            Assert.Contains(reason, Assert.Throws<OptionException>(() => AudioFiles.Check(options, 44100, channels)).Message);

        Refuse("bit rate of 321", new EncodingOptions { Format = AudioFormat.Mp3, BitrateKbps = 321 });
        Refuse("preset 1", new EncodingOptions { Format = AudioFormat.Mp3, Mp3Preset = 1 });
        Refuse("rate of 96000", new EncodingOptions { Format = AudioFormat.Mp3, SampleRate = 96000 });
        Refuse("FLAC stores", new EncodingOptions { Format = AudioFormat.Flac, SampleFormat = SampleFormat.Float32 });
        Refuse("at most 2 channels", new EncodingOptions { Format = AudioFormat.Mp3 }, 6);
        Assert.Equal(48000, AudioFiles.Check(new EncodingOptions { Format = AudioFormat.Opus, SampleRate = 44100 }, 44100, 2));
        Assert.Equal(48000, AudioFiles.Check(new EncodingOptions { Format = AudioFormat.Mp3 }, 96000, 2));
        Assert.Equal(44100, AudioFiles.Check(new EncodingOptions { Format = AudioFormat.M4a }, 44000, 2));
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
        string tool = Script(folder, "ffmpeg", script);
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
        string tool = Script(folder, "ffmpeg", "case \"$*\" in *-version*) echo 'ffmpeg version 6.1 x' ;; *) exec sleep 600 ;; esac");
        Script(folder, "ffprobe", """echo '{"streams":[{"codec_type":"audio","codec_name":"mp3","sample_rate":"44100","channels":2}],"format":{"format_name":"mp3"}}'""");
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
        string tool = Script(
            folder, "ffmpeg",
            "case \"$*\" in *-version*) echo 'ffmpeg version 6.1 x' ;; *-encoders*) echo ' A..... flac FLAC' ;; *) echo '[out @ 0x1] Error writing: No space left on device' >&2; exit 1 ;; esac");
        Script(folder, "ffprobe", "exit 0");
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

    private static string Script(TemporaryFolder folder, string name, string body)
    {
        string path = folder.Write(name, Encoding.UTF8.GetBytes("#!/bin/sh\n" + body + "\n"));
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }

        return path;
    }
}
