using System.Text.Json;
using Stemsharp.Audio;
using Xunit;
using Xunit.Abstractions;

namespace Stemsharp.Tests.Golden;

/// <summary>The sample song with the demo model, judged against its true stems as the original was.</summary>
public class DemoSongTests(ITestOutputHelper output)
{
    [Fact]
    public async Task Every_stem_is_as_good_as_the_original()
    {
        using Separator separator = GoldenModel.Open(RepositoryFiles.DemoModel);
        SeparationResult result = await separator.SeparateAsync(RepositoryFiles.Sample("song", "mix.wav"));
        using JsonDocument figures = JsonDocument.Parse(File.ReadAllBytes(RepositoryFiles.Sample("song", "figures.json")));
        Assert.Equal(6, result.Stems.Count);
        foreach (string stem in result.StemNames)
        {
            double expected = figures.RootElement.GetProperty("figures").GetProperty(stem).GetProperty("sdr").GetDouble();
            float[] truth = Read(RepositoryFiles.Sample("song", stem + ".wav"));
            double sdr = GoldenModel.Snr(truth, result[stem].Select(channel => (ReadOnlyMemory<float>)channel));
            output.WriteLine($"{stem}: {sdr:F3} dB, the original {expected:F3} dB");
            Assert.Equal(expected, sdr, 0.05);
        }
    }

    /// <summary>[channel][sample], one channel after the other.</summary>
    private static float[] Read(string path)
    {
        using IAudioReader reader = AudioFiles.Open(path);
        int frames = checked((int)reader.Length!.Value), channels = reader.Channels;
        float[] interleaved = new float[frames * channels];
        Assert.Equal(frames, Stemsharp.Separation.FullRead.Frames(reader, interleaved));
        float[] result = new float[interleaved.Length];
        for (int i = 0; i < result.Length; i++)
        {
            result[i % channels * frames + i / channels] = interleaved[i];
        }

        return result;
    }
}
