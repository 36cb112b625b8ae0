using Stemsharp.Audio;
using Stemsharp.Separation;
using Xunit;

namespace Stemsharp.Tests.Separation;

/// <summary>Inputs and places that cannot work, each with its own clear error before the network runs.</summary>
public sealed class BadInputTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("stemsharp-test").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task No_samples() => await Refused<AudioException>(AudioInput.FromSamples(Array.Empty<float>(), 44_100, 2), "no samples");

    [Fact]
    public async Task A_file_without_samples()
    {
        string path = Path.Combine(_folder, "zero.wav");
        using (IAudioWriter writer = AudioFiles.Create(path, 44_100, 2))
        {
            writer.Complete();
        }

        await Refused<AudioException>(path, "zero.wav");
    }

    [Theory]
    [InlineData(float.NaN, "not a number")]
    [InlineData(float.PositiveInfinity, "infinite")]
    [InlineData(float.NegativeInfinity, "infinite")]
    public async Task Samples_that_are_no_numbers_are_found_with_their_place(float bad, string words)
    {
        float[] samples = new float[200_000];
        samples[2 * 44_100 + 1] = bad;
        string message = await Refused<AudioException>(AudioInput.FromSamples(samples, 44_100, 2, "song"), words);
        Assert.Contains("channel 2, sample 44100 (1.000 s)", message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_missing_file() => await Refused<AudioException>(Path.Combine(_folder, "missing.wav"), "missing.wav");

    [Fact]
    public async Task A_folder() => await Refused<AudioException>(_folder, Path.GetFileName(_folder));

    [Fact]
    public async Task An_empty_file()
    {
        string path = Path.Combine(_folder, "empty.wav");
        File.WriteAllBytes(path, []);
        await Refused<AudioException>(path, "empty.wav");
    }

    [Fact]
    public async Task A_text_file_with_an_audio_name()
    {
        string path = Path.Combine(_folder, "words.wav");
        File.WriteAllText(path, "These are words and no music, however long one listens to them.");
        await Refused<AudioException>(path, "words.wav");
    }

    [Fact]
    public async Task A_part_beyond_the_end() => await Refused<AudioException>(
        FakeModel.Noise(44_100).Part(TimeSpan.FromSeconds(2)), "no samples");

    [Fact]
    public async Task A_folder_that_cannot_be_made()
    {
        string file = Path.Combine(_folder, "in the way");
        File.WriteAllText(file, "");
        await using Separator separator = FakeModel.Open();
        OutputException error = await Assert.ThrowsAsync<OutputException>(
            () => separator.SeparateToFilesAsync(FakeModel.Noise(5000), Path.Combine(file, "out")));
        Assert.Contains("in the way", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void No_space_for_temporary_audio()
    {
        OutputException error = Assert.Throws<OutputException>(() => new StemSpool(_folder, 8, 1L << 46));
        Assert.True(error.IsDiskFull);
        Assert.Contains("are needed", error.Message, StringComparison.Ordinal);
        Assert.Empty(Directory.EnumerateFiles(_folder));
    }

    [Theory]
    [InlineData(0, 2)]
    [InlineData(44_100, 0)]
    [InlineData(44_100, 3)]
    public void Samples_that_are_described_wrongly(int rate, int channels) =>
        Assert.Throws<OptionException>(() => AudioInput.FromSamples(new float[100], rate, channels));

    [Theory]
    [InlineData(1)]
    [InlineData(100)]
    [InlineData(4095)]
    public async Task Shorter_than_a_frame_works(int frames)
    {
        await using Separator separator = FakeModel.Open();
        SeparationResult result = await separator.SeparateAsync(FakeModel.Noise(frames));
        Assert.All(result.StemNames, stem => Assert.Equal(frames, result[stem][0].Length));
    }

    private static async Task<string> Refused<TError>(AudioInput input, string words)
        where TError : Exception
    {
        List<FakeEngine> engines = [];
        await using Separator separator = FakeModel.Open(engines: engines);
        TError error = await Assert.ThrowsAsync<TError>(() => separator.SeparateAsync(input));
        Assert.Contains(words, error.Message, StringComparison.Ordinal);
        Assert.Empty(engines);
        return error.Message;
    }
}
