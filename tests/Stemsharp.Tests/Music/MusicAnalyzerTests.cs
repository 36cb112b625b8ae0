using Stemsharp.Music;
using Xunit;
using Xunit.Abstractions;

namespace Stemsharp.Tests.Music;

/// <summary>
/// Two sets of 24 generated pieces in all 24 keys, 60 to 200 BPM: straight, swung, in 3/4, and with a drift of 5 %. The second one
/// has other arrangements, players, lengths and a higher rate; its pieces were made after the estimators' constants had been chosen.
/// </summary>
public class MusicAnalyzerTests(ITestOutputHelper output)
{
    private static readonly int[] s_majorScale = [0, 2, 4, 5, 7, 9, 11], s_allNotes = [.. Enumerable.Range(0, 12)];

    public static TheoryData<string> Sets => ["first", "second"];

    [Theory]
    [MemberData(nameof(Sets))]
    public void TempoBeatsBarsAndKeyAreFoundInStems(string set)
    {
        PieceScore[] scores = Score(set, PieceScore.OfStems);

        Assert.True(scores.Count(score => score.IsTempoRight) >= 22, "tempo");
        Assert.True(scores.Count(score => score.IsTempoExact) >= 14, "tempo without a factor of 2");
        Assert.True(scores.Count(score => score.BeatF >= 0.9) >= 22, "beats");
        Assert.True(scores.Count(score => score.IsKeyRightOrRelative) >= 20, "key");
        Assert.True(scores.Count(score => score.IsMeterRight == true) >= 6, "bars told");
        Assert.True(scores.Count(score => score.IsMeterRight == false) <= 2, "bars wrong");
    }

    [Theory]
    [MemberData(nameof(Sets))]
    public void TempoAndBeatsAreFoundInTheMix(string set)
    {
        PieceScore[] scores = Score(set, PieceScore.OfMix);

        Assert.True(scores.Count(score => score.IsTempoRight) >= 22, "tempo");
        Assert.True(scores.Count(score => score.BeatF >= 0.9) >= 20, "beats");
        Assert.True(scores.Count(score => score.IsKeyRightOrRelative) >= 18, "key");
    }

    [Fact]
    public void ADriftIsTold()
    {
        PieceRecipe recipe = new(100, 4, 0.5, 0.05, 0, MusicMode.Major, 0, 77) { Seconds = 60 };

        TempoEstimate drifting = PieceScore.OfStems(recipe).Found.Tempo!, steady = PieceScore.OfStems(recipe with { Drift = 0 }).Found.Tempo!;

        Assert.False(drifting.IsSteady);
        Assert.InRange(drifting.SlowestBpm, 97, 98.5);
        Assert.InRange(drifting.FastestBpm, 101.5, 103);
        Assert.True(steady.IsSteady);
        Assert.Equal((100.0, 100.0), (Math.Round(steady.SlowestBpm, 1), Math.Round(steady.FastestBpm, 1)));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public void NothingIsToldOfNoiseAndSpeech(int seed)
    {
        foreach (float[] sound in (float[][])[GeneratedSound.Noise(seed), GeneratedSound.Speech(seed)])
        {
            Assert.Equal(new MusicAnalysis(null, null, null), Analyze(sound));
        }
    }

    [Theory]
    [InlineData(11)]
    [InlineData(12)]
    [InlineData(13)]
    public void FreeTimeHasNoTempoAndNotesWithoutAScaleHaveNoKey(int seed)
    {
        Assert.Null(Analyze(GeneratedSound.FreeTime(seed, s_majorScale)).Tempo);
        Assert.Equal(new MusicAnalysis(null, null, null), Analyze(GeneratedSound.FreeTime(seed, s_allNotes)));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(700)]
    [InlineData(200_000)]
    public void SilenceOfAnyLengthHasNothing(int samples) => Assert.Equal(new MusicAnalysis(null, null, null), Analyze(new float[samples]));

    [Fact]
    public void SamplesThatAreNoNumbersAreSilence()
    {
        float[] mix = new GeneratedPiece(new PieceRecipe(120, 4, 0.5, 0, 2, MusicMode.Major, 0, 5) { Seconds = 20 }).Mix;
        mix[30_000] = float.NaN;
        mix[50_000] = float.PositiveInfinity;

        Assert.InRange(Analyze(mix).Tempo!.Bpm, 119, 121);
    }

    [Fact]
    public void TheTuningIsFound()
    {
        // 40 cents sharp: played faster by that much.
        PieceRecipe recipe = new(110, 4, 0.5, 0, 4, MusicMode.Major, 0, 21) { Seconds = 25 };
        float[] mix = new GeneratedPiece(recipe).Mix;
        using MemoryReader sharp = new(mix, (int)(recipe.SampleRate * Math.Pow(2, 40 / 1200.0)), 1);

        KeyEstimate? key = MusicAnalyzer.Analyze(sharp, CancellationToken.None).Key;

        Assert.True(key is { } found && KeyFinder.IsSameOrRelative(found.Tonic, found.Mode, 4, MusicMode.Major), $"{key}");
    }

    [Fact]
    public void PartsOfDifferentRatesAreRefused()
    {
        using MemoryReader one = new(new float[100], 44_100, 1), other = new(new float[100], 48_000, 1), low = new(new float[100], 4000, 1);

        Assert.Contains("44100 and 48000", Assert.Throws<OptionException>(
            () => MusicAnalyzer.Analyze([new MusicPart(one, MusicRole.Drums), new MusicPart(other, MusicRole.Instrument)], CancellationToken.None)).Message, StringComparison.Ordinal);
        Assert.Contains("4000 Hz is too low", Assert.Throws<OptionException>(() => MusicAnalyzer.Analyze(low, CancellationToken.None)).Message, StringComparison.Ordinal);
        Assert.Throws<OptionException>(() => MusicAnalyzer.Analyze([], CancellationToken.None));
    }

    private static MusicAnalysis Analyze(float[] sound)
    {
        using MemoryReader reader = new(sound, GeneratedSound.SampleRate, 1);
        return MusicAnalyzer.Analyze(reader, CancellationToken.None);
    }

    private PieceScore[] Score(string set, Func<PieceRecipe, PieceScore> score)
    {
        PieceScore[] scores = [.. Recipes(set).AsParallel().AsOrdered().WithDegreeOfParallelism(2).Select(score)];
        foreach (PieceScore one in scores)
        {
            output.WriteLine($"{one}");
        }

        output.WriteLine(FormattableString.Invariant($"tempo {scores.Count(s => s.IsTempoRight)} ({scores.Count(s => s.IsTempoExact)} without a factor of 2), F ≥ 0.9 in {scores.Count(s => s.BeatF >= 0.9)}, mean F {scores.Average(s => s.BeatF):F3} ({scores.Average(s => s.ExactBeatF):F3}), key {scores.Count(s => s.IsKeyRightOrRelative)} ({scores.Count(s => s.IsKeyRight)} not the relative one), bars {scores.Count(s => s.IsMeterRight == true)} right, {scores.Count(s => s.IsMeterRight == false)} wrong"));
        return scores;
    }

    private static IEnumerable<PieceRecipe> Recipes(string set)
    {
        bool first = set == "first";
        for (int i = 0; i < 24; i++)
        {
            double bpm = 60 * Math.Pow(200 / 60.0, i / 23.0);
            int kind = (first ? i : i + 1) % 4;
            yield return new PieceRecipe(
                first ? bpm : Math.Clamp(bpm * 1.011, 60, 200), kind == 2 ? 3 : 4, kind == 1 ? 0.667 : kind == 3 && !first ? 0.58 : 0.5, kind == 3 ? 0.05 : 0,
                i / 2 * 7 % 12, i % 2 == (first ? 0 : 1) ? MusicMode.Major : MusicMode.Minor, first ? i / 4 % 6 : 6 + i % 6, (first ? 1000 : 909_091) + i)
            {
                Seconds = first ? 26 : 30,
                SampleRate = first ? 22_050 : 44_100,
                Looseness = first ? 0.006 : 0.01,
            };
        }
    }
}
