using System.Text.Json;
using Stemsharp.Evaluation;
using Xunit;

namespace Stemsharp.Tests.Evaluation;

/// <summary>The figures that the original implementation and museval got on the sample song.</summary>
public class SampleSongTests
{
    [Fact]
    public void The_mixture_as_estimate_has_the_published_sdr()
    {
        using JsonDocument figures = Figures();
        JsonProperty[] expected = [.. figures.RootElement.GetProperty("mix_as_estimate_sdr").EnumerateObject()];
        StemPair[] stems = [.. expected.Select(stem => new StemPair(stem.Name, Song(stem.Name), Song("mix")))];
        TrackScores scores = TrackEvaluator.Evaluate("song", stems, Song("mix"), new EvaluationOptions { Decompose = false });
        Assert.All(expected.Zip(scores.Stems), pair =>
        {
            Assert.Equal(pair.First.Value.GetDouble(), pair.Second.GlobalSdr, 0.001);
            Assert.Equal(pair.Second.GlobalSdr, pair.Second.MixtureSdr);
        });
    }

    [Fact]
    public async Task The_demo_model_scores_as_the_original_does_in_museval()
    {
        await using Separator separator = await Separator.OpenAsync(new SeparatorOptions { Model = RepositoryFiles.DemoModel, Threads = 2 });
        SeparationResult result = await separator.SeparateAsync(AudioInput.FromFile(RepositoryFiles.Sample("song", "mix.wav")));
        using JsonDocument figures = Figures();
        JsonElement expected = figures.RootElement.GetProperty("figures");
        StemPair[] stems = [.. result.StemNames.Select(stem => new StemPair(
            stem, Song(stem), EvaluationSignal.FromSamples(result[stem], result.SampleRate)))];
        TrackScores scores = TrackEvaluator.Evaluate("song", stems);
        foreach (StemScores stem in scores.Stems)
        {
            JsonElement figure = expected.GetProperty(stem.Stem);
            AssertClose(figure.GetProperty("sdr").GetDouble(), stem.GlobalSdr, $"{stem.Stem}, global");
            AssertClose(figure.GetProperty("museval_sdr_median").GetDouble(), stem.Sdr, $"{stem.Stem}, median");
            Assert.Equal(figure.GetProperty("museval_frames").GetArrayLength(), stem.Frames.Count);
            for (int i = 0; i < stem.Frames.Count; i++)
            {
                AssertClose(figure.GetProperty("museval_frames")[i].GetDouble(), stem.Frames[i].Sdr, $"{stem.Stem}, frame {i}");
            }
        }
    }

    // The figures have three decimals; single precision in the network is far below that.
    private static void AssertClose(double expected, double actual, string what) =>
        Assert.True(Math.Abs(expected - actual) < 0.01, $"{what}: {actual}, expected {expected}");

    private static EvaluationSignal Song(string name) => EvaluationSignal.FromFile(RepositoryFiles.Sample("song", name + ".wav"));

    private static JsonDocument Figures() => JsonDocument.Parse(File.ReadAllText(RepositoryFiles.Sample("song", "figures.json")));
}
