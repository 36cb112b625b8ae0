using Stemsharp.Audio;
using Xunit;

namespace Stemsharp.Tests.Audio;

public class AudioSourceTests
{
    private static string Song(TemporaryFolder folder, float[] samples, int rate = 8000, int channels = 2)
    {
        string path = folder.File("song.wav");
        Signals.WriteAll(AudioFiles.Create(path, rate, channels, new EncodingOptions { SampleFormat = SampleFormat.Float32 }), samples);
        return path;
    }

    [Fact]
    public void What_is_no_audio_file_says_so()
    {
        using TemporaryFolder folder = new();
        void Refuse(string reason, string path) => Assert.Contains(reason, Assert.Throws<AudioException>(() => AudioSource.Open(path)).Message);

        Refuse("does not exist", folder.File("none.wav"));
        Refuse("does not exist", folder.File("no/such/folder/none.wav"));
        Refuse("is a folder", folder.Path);
        Refuse("is empty (0 bytes)", folder.Write("empty.wav", []));
        Refuse("is a text file", folder.Write("text.wav", "Dear all,\nthis is no song. Grüße"u8));
        Refuse("begins with \"#EXTM3U", folder.Write("list.mp3", "#EXTM3U\nhttp://example.org/a.mp3\n"u8));
        Refuse("path of the audio file is empty", "");
    }

    [Fact]
    public void A_part_is_exact()
    {
        using TemporaryFolder folder = new();
        float[] samples = Signals.Noise(2 * 8000, 1);
        string path = Song(folder, samples);
        using AudioSource part = AudioSource.Open(path, new AudioInputOptions { Start = TimeSpan.FromSeconds(0.25), Duration = TimeSpan.FromSeconds(0.5) });
        Assert.Equal(4000, part.Info.Length);
        using IAudioReader reader = part.OpenReader();
        Assert.Equal(4000, reader.Length);
        Assert.Equal(samples[4000..12000], Signals.ReadAll(reader, 77));

        using AudioSource rest = AudioSource.Open(path, new AudioInputOptions { Start = TimeSpan.FromSeconds(0.75), Duration = TimeSpan.FromSeconds(9) });
        Assert.Equal(2000, rest.Info.Length);
        using IAudioReader restReader = rest.OpenReader();
        Assert.Equal(samples[12000..], Signals.ReadAll(restReader));

        Assert.Contains("lasts 1 s", Assert.Throws<OptionException>(() => AudioSource.Open(path, new AudioInputOptions { Start = TimeSpan.FromSeconds(1) })).Message);
        Assert.Throws<OptionException>(() => AudioSource.Open(path, new AudioInputOptions { Start = TimeSpan.FromSeconds(-1) }));
        Assert.Throws<OptionException>(() => AudioSource.Open(path, new AudioInputOptions { Duration = TimeSpan.Zero }));
    }

    [Fact]
    public void A_part_of_a_compressed_file_is_exact()
    {
        using TemporaryFolder folder = new();
        float[] samples = TraktorStemTests.OnGrid(Signals.Noise(2 * 8000, 1), 16);
        string path = folder.File("x.flac");
        Signals.WriteAll(AudioFiles.Create(path, 8000, 2, new EncodingOptions { Format = AudioFormat.Flac }), samples);
        using AudioSource part = AudioSource.Open(path, new AudioInputOptions { Start = TimeSpan.FromSeconds(0.25), Duration = TimeSpan.FromSeconds(0.5) });
        using IAudioReader reader = part.OpenReader();
        Assert.Equal(samples[4000..12000], Signals.ReadAll(reader, 77));
    }

    [Fact]
    public void Channels_and_rate_are_converted()
    {
        using TemporaryFolder folder = new();
        float[] mono = Signals.Noise(8000, 1);
        using AudioSource source = AudioSource.Open(Song(folder, mono, channels: 1));
        using IAudioReader reader = source.OpenReader(44100, 2);
        Assert.Equal((44100, 2, 44100L), (reader.SampleRate, reader.Channels, reader.Length!.Value));
        float[] stereo = Signals.ReadAll(reader);
        Assert.Equal(2 * 44100, stereo.Length);
        for (int i = 0; i < stereo.Length; i += 2)
        {
            Assert.Equal(stereo[i], stereo[i + 1]);
        }
    }

    [Fact]
    public void Many_channels_give_the_first_two_and_their_mean()
    {
        float[] six = [1, 2, 3, 4, 5, 6, 11, 12, 13, 14, 15, 16], two = new float[4], one = new float[2];
        ChannelConversion.Convert(six, 6, two, 2);
        Assert.Equal([1, 2, 11, 12], two);
        ChannelConversion.Convert(two, 2, one, 1);
        Assert.Equal([1.5f, 11.5f], one);
        using TemporaryFolder folder = new();
        using AudioSource source = AudioSource.Open(Song(folder, new float[400], channels: 2));
        Assert.Contains("2 channels", Assert.Throws<AudioException>(() => source.OpenReader(8000, 4)).Message);
    }

    [Fact]
    public void A_file_that_changes_is_noticed()
    {
        using TemporaryFolder folder = new();
        string path = Song(folder, Signals.Noise(2 * 400_000, 1));
        using AudioSource source = AudioSource.Open(path);
        using IAudioReader reader = source.OpenReader();
        reader.Read(new float[100]);
        using (FileStream file = new(path, FileMode.Open, FileAccess.Write, FileShare.ReadWrite))
        {
            file.SetLength(10_000);
        }

        Assert.Contains("became shorter", Assert.Throws<AudioException>(() => Signals.ReadAll(reader)).Message);
        Assert.Contains("was changed", Assert.Throws<AudioException>(() => source.OpenReader()).Message);
    }

    [ToolFact("mkfifo")]
    public void A_pipe_with_a_name_is_spooled()
    {
        using TemporaryFolder folder = new();
        float[] samples = Signals.Noise(2 * 50_000, 1);
        byte[] song = File.ReadAllBytes(Song(folder, samples));
        string pipe = folder.File("pipe");
        using (System.Diagnostics.Process make = System.Diagnostics.Process.Start("mkfifo", [pipe]))
        {
            make.WaitForExit();
        }

        Task writing = Task.Run(() =>
        {
            using FileStream stream = new(pipe, FileMode.Open, FileAccess.Write);
            stream.Write(song);
        });
        using IAudioReader reader = AudioFiles.Open(pipe);
        Assert.Equal(samples, Signals.ReadAll(reader));
        Assert.True(writing.Wait(TimeSpan.FromMinutes(2)));
    }

    [Fact]
    public void Resampled_files_return_to_their_length()
    {
        using TemporaryFolder folder = new();
        foreach (int frames in new[] { 1, 999, 4801 })
        {
            using AudioSource source = AudioSource.Open(Song(folder, Signals.Noise(2 * frames, 1), rate: 48000));
            using IAudioReader reader = source.OpenReader(44100, 2);
            string path = folder.File("back.wav");
            Signals.WriteAll(AudioFiles.Create(path, 44100, 2, new EncodingOptions { SampleRate = 48000, Length = frames }), Signals.ReadAll(reader));
            using AudioSource back = AudioSource.Open(path);
            Assert.Equal((48000, (long?)frames), (back.Info.SampleRate, back.Info.Length));
        }
    }

    [Fact]
    public void Reading_and_writing_allocate_nothing_per_block()
    {
        using TemporaryFolder folder = new();
        using AudioSource source = AudioSource.Open(Song(folder, Signals.Noise(2 * 200_000, 1), rate: 48000));
        using IAudioReader reader = source.OpenReader(44100, 2);
        using IAudioWriter writer = AudioFiles.Create(folder.File("out.wav"), 44100, 2);
        float[] block = new float[4096];
        for (int i = 0; i < 8; i++)
        {
            writer.Write(block.AsSpan(0, 2 * reader.Read(block)));
        }

        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 60; i++)
        {
            writer.Write(block.AsSpan(0, 2 * reader.Read(block)));
        }
        // A collection meanwhile may charge the thread for the rest of its 8 KB of fresh memory.
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 16_384);
    }

    [Fact]
    public void Leftovers_of_dead_processes_are_removed_and_others_stay()
    {
        using TemporaryFolder folder = new();
        using OutputFile mine = new(folder.File("mine.wav"));
        string[] parts = Path.GetFileName(mine.TemporaryPath).Split('-', 3);
        string dead = folder.Write($"{parts[0]}-999999999-{parts[2]}", "x"u8);
        string foreign = folder.Write($".00000000-999999999-{parts[2]}", "x"u8);
        string users = folder.Write("keep.stemsharp-part", "x"u8);
        Assert.Equal(1, AudioFiles.RemoveLeftovers(folder.Path));
        Assert.False(File.Exists(dead));
        Assert.True(File.Exists(foreign) && File.Exists(users) && File.Exists(mine.TemporaryPath));
    }
}
