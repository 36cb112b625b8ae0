using Stemsharp.Audio;
using Xunit;

namespace Stemsharp.Tests.Audio;

public class TagTests
{
    /// <summary>A picture of one pixel.</summary>
    public const string TinyPng = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";

    private static readonly AudioTags Full = new()
    {
        Values = new Dictionary<string, string>
        {
            ["title"] = "Müller; No. #1 = \\ 曲",
            ["artist"] = "Ensemble",
            ["album"] = "Album",
            ["album_artist"] = "Various",
            ["track"] = "3",
            ["date"] = "2024",
            ["genre"] = "Jazz",
        },
        Cover = new CoverArt("image/png", Convert.FromBase64String(TinyPng)),
    };

    private static AudioTags RoundTrip(AudioFormat format, AudioTags tags)
    {
        using TemporaryFolder folder = new();
        string path = folder.File("x." + format.Extension());
        Signals.WriteAll(AudioFiles.Create(path, 44100, 2, new EncodingOptions { Format = format, Tags = tags }), Signals.Music(5000, 2, 1));
        using AudioSource source = AudioSource.Open(path);
        return source.ReadTags();
    }

    private static void CheckFull(AudioFormat format)
    {
        AudioTags read = RoundTrip(format, Full);
        foreach ((string name, string value) in Full.Values)
        {
            Assert.Equal(value, read[name]);
        }

        Assert.Equal("image/png", read.Cover?.MimeType);
        Assert.Equal(Full.Cover!.Data.ToArray(), read.Cover!.Data.ToArray());
        Assert.Null(read["encoder"]);
    }

    [Fact]
    public void Wav_carries_tags_and_cover() => CheckFull(AudioFormat.Wav);

    [Fact]
    public void Flac_carries_tags_and_cover() => CheckFull(AudioFormat.Flac);

    // ID3 has the kind of a picture behind its type and a zero.
    [ToolTheory("ffmpeg")]
    [InlineData(AudioFormat.Mp3)]
    [InlineData(AudioFormat.M4a)]
    [InlineData(AudioFormat.Opus)]
    [InlineData(AudioFormat.Ogg)]
    [InlineData(AudioFormat.Flac)]
    public void What_FFmpeg_writes_carries_tags_and_cover(AudioFormat format)
    {
        CheckFull(format);
        if (format == AudioFormat.Mp3)
        {
            Assert.Equal(3, KindOfPicture(format, 10));
        }
    }

    // FLAC has the kind before the type's length.
    [Fact]
    public void A_cover_stays_the_front_cover_in_flac() => Assert.Equal(3, KindOfPicture(AudioFormat.Flac, -5));

    private static int KindOfPicture(AudioFormat format, int behindType)
    {
        using TemporaryFolder folder = new();
        string path = folder.File("x." + format.Extension());
        Signals.WriteAll(AudioFiles.Create(path, 44100, 2, new EncodingOptions { Format = format, Tags = Full }), Signals.Music(5000, 2, 1));
        byte[] file = File.ReadAllBytes(path);
        return file[file.AsSpan().IndexOf("image/png"u8) + behindType];
    }

    [Fact]
    public void A_place_in_time_is_carried_and_moves_with_rate_and_start()
    {
        BroadcastPosition position = new()
        {
            TimeReference = 96_000L * 3600 * 10,
            SampleRate = 96_000,
            Description = "Take 3",
            Originator = "Recorder",
            OriginatorReference = "R-1",
            Date = "2024-05-06",
            Time = "10:00:00",
            IXml = "<?xml version=\"1.0\"?><BWFXML><SCENE>7</SCENE><SPEED><FILE_SAMPLE_RATE>96000</FILE_SAMPLE_RATE><TIMESTAMP_SAMPLES_SINCE_MIDNIGHT_LO>1</TIMESTAMP_SAMPLES_SINCE_MIDNIGHT_LO></SPEED></BWFXML>",
        };
        AudioTags read = RoundTrip(AudioFormat.Wav, new AudioTags { Broadcast = position });
        Assert.Equal(position with { TimeReference = 44_100L * 3600 * 10, SampleRate = 44_100, IXml = read.Broadcast?.IXml }, read.Broadcast);
        Assert.Contains("<SCENE>7</SCENE>", read.Broadcast!.IXml);
        Assert.Contains("<FILE_SAMPLE_RATE>44100<", read.Broadcast.IXml);
        Assert.Contains($"LO>{44_100L * 3600 * 10}<", read.Broadcast.IXml);

        using TemporaryFolder folder = new();
        string path = folder.File("x.wav");
        Signals.WriteAll(AudioFiles.Create(path, 48000, 1, new EncodingOptions { Tags = new AudioTags { Broadcast = position } }), new float[48000]);
        using AudioSource part = AudioSource.Open(path, new AudioInputOptions { Start = TimeSpan.FromSeconds(0.5) });
        Assert.Equal(48_000L * 3600 * 10 + 24_000, part.ReadTags().Broadcast?.TimeReference);
    }

    [Fact]
    public void Wav_without_tags_has_none()
    {
        AudioTags read = RoundTrip(AudioFormat.Wav, AudioTags.Empty);
        Assert.Empty(read.Values);
        Assert.Null(read.Cover);
    }

    [Fact]
    public void Every_name_survives_in_wav()
    {
        AudioTags tags = AudioTags.Empty.With("comment", "zwölf").With("disc", "1/2").With("some key", "välue").With("composer", "J. S. B.");
        AudioTags read = RoundTrip(AudioFormat.Wav, tags);
        foreach ((string name, string value) in tags.Values)
        {
            Assert.Equal(value, read[name]);
        }
    }

    [Theory]
    [InlineData(3)]
    [InlineData(4)]
    public void Id3_reads_what_others_write(byte version)
    {
        byte[] text = [1, 0xFF, 0xFE, .. System.Text.Encoding.Unicode.GetBytes("Hä")];
        byte[] frame = [.. "TIT2"u8, 0, 0, 0, (byte)text.Length, 0, 0, .. text];
        byte[] latin = [0, .. "Caf\u00e9"u8[..3], 0xE9];
        byte[] second = [.. "TPE1"u8, 0, 0, 0, (byte)latin.Length, 0, 0, .. latin];
        byte[] tag = [.. "ID3"u8, version, 0, 0, 0, 0, 0, (byte)(frame.Length + second.Length + 20), .. frame, .. second, .. new byte[20]];
        AudioTags read = Id3.Read(tag);
        Assert.Equal("Hä", read["title"]);
        Assert.Equal("Café", read["artist"]);
    }

    [Fact]
    public void Broken_id3_never_throws()
    {
        byte[] good = Id3.Write(Full);
        Random random = new(4);
        for (int i = 0; i < 3000; i++)
        {
            byte[] bad = good[..random.Next(good.Length + 1)];
            for (int k = 0; k < 4 && bad.Length > 0; k++)
            {
                bad[random.Next(bad.Length)] = (byte)random.Next(256);
            }

            if (bad.Length > 10)
            {
                "ID3"u8.CopyTo(bad);
            }

            Id3.Read(bad);
        }
    }
}
