using NAudio.Wave;
using Xunit;

namespace Stemsharp.Tests;

public sealed class NAudioTests
{
    private static readonly string s_song = RepositoryFiles.Sample("song", "mix.wav");

    [Fact]
    public async Task What_a_provider_plays_is_separated_as_the_file_is()
    {
        await using Separator separator = await DemoModel.OpenAsync();
        using WaveFileReader reader = new(s_song);
        ISampleProvider start = reader.ToSampleProvider().Take(TimeSpan.FromSeconds(2));
        SeparationResult played = await separator.SeparateAsync(start.ToAudioInput());
        SeparationResult read = await separator.SeparateAsync(AudioInput.FromFile(s_song).Part(TimeSpan.Zero, TimeSpan.FromSeconds(2)));
        Assert.Equal(2 * 44_100, played["bass"][0].Length);
        Assert.All(read.StemNames, stem => Assert.Equal(read[stem][1], played[stem][1]));
    }

    [Fact]
    public async Task Stems_are_played_from_memory_and_while_they_are_made()
    {
        await using Separator separator = await DemoModel.OpenAsync();
        AudioInput song = AudioInput.FromFile(s_song).Part(TimeSpan.Zero, TimeSpan.FromSeconds(3));
        SeparationResult result = await separator.SeparateAsync(song);
        float[] memory = All(result.ToSampleProvider("vocals"), 2 * 1000);
        using StemSampleProvider live = separator.Play(song, "vocals");
        Assert.Equal((44_100, 2), (live.WaveFormat.SampleRate, live.WaveFormat.Channels));
        Assert.Equal(memory, All(live, 2 * 777));
        Assert.Equal(result["vocals"][1][5000], memory[2 * 5000 + 1]);
        Assert.Equal(2 * 3 * 44_100, memory.Length);
        Assert.Contains("bass", Assert.Throws<OptionException>(() => separator.Play(song, "kazoo")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_player_that_goes_away_stops_the_separation()
    {
        await using Separator separator = await DemoModel.OpenAsync();
        using (StemSampleProvider live = separator.Play(s_song, "bass"))
        {
            Assert.Equal(100, live.Read(new float[100]));
        }

        // The separator is free again.
        Assert.NotEmpty((await separator.SeparateAsync(AudioInput.FromFile(s_song).Part(TimeSpan.Zero, TimeSpan.FromSeconds(0.5)))).StemNames);
    }

    private static float[] All(ISampleProvider provider, int block)
    {
        List<float> all = [];
        float[] buffer = new float[block];
        for (int read; (read = provider.Read(buffer)) > 0;)
        {
            all.AddRange(buffer.AsSpan(0, read));
        }

        return [.. all];
    }
}
