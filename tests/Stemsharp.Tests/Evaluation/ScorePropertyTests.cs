using FsCheck;
using FsCheck.Fluent;
using Stemsharp.Evaluation;
using Xunit;

namespace Stemsharp.Tests.Evaluation;

/// <summary>What must hold for any signals.</summary>
public class ScorePropertyTests
{
    private const int Rate = 500;
    private static readonly EvaluationOptions s_options = new() { FilterLength = 16 };

    [Fact]
    public void Scores_do_not_depend_on_the_order_of_stems() => Check((seed, gain) =>
    {
        (StemPair first, StemPair second) = (Pair(seed, gain), Pair(seed + 50, 0.7f));
        TrackScores one = TrackEvaluator.Evaluate("t", [first, second], options: s_options);
        TrackScores other = TrackEvaluator.Evaluate("t", [second, first], options: s_options);
        return Same(one.Stems[0], other.Stems[1]) && Same(one.Stems[1], other.Stems[0]);
    });

    [Fact]
    public void Scores_do_not_depend_on_the_order_of_channels() => Check((seed, gain) =>
    {
        float[] left = Noise(seed), right = Noise(seed + 1), estimateLeft = Noise(seed + 2), estimateRight = Noise(seed + 3);
        for (int i = 0; i < left.Length; i++)
        {
            (estimateLeft[i], estimateRight[i]) = (left[i] + gain * estimateLeft[i], right[i] + 0.1f * estimateRight[i]);
        }

        StemScores one = Evaluate(new("x", Signal(left, right), Signal(estimateLeft, estimateRight)));
        StemScores other = Evaluate(new("x", Signal(right, left), Signal(estimateRight, estimateLeft)));
        return Same(one, other);
    });

    [Fact]
    public void Si_sdr_and_sar_do_not_depend_on_the_estimates_gain() => Check((seed, gain) =>
    {
        float[] truth = Noise(seed), noise = Noise(seed + 1);
        float[] estimate = [.. truth.Zip(noise, (s, n) => s + 0.2f * n)];
        StemScores one = Evaluate(new("x", Signal(truth), Signal(estimate)));
        StemScores other = Evaluate(new("x", Signal(truth), Signal([.. estimate.Select(value => 4 * gain * value)])));
        return Math.Abs(one.SiSdr - other.SiSdr) < 1e-3 && Math.Abs(one.Sar - other.Sar) < 1e-3;
    });

    private static void Check(Func<int, float, bool> holds) =>
        Prop.ForAll(Gen.Choose(1, 1_000_000).ToArbitrary(), Gen.Choose(1, 100).Select(percent => percent / 100f).ToArbitrary(), holds)
            .Check(Config.QuickThrowOnFailure.WithMaxTest(20));

    private static bool Same(StemScores one, StemScores other) =>
        one.Frames.Count == other.Frames.Count
        && Near(one.GlobalSdr, other.GlobalSdr)
        && one.Frames.Zip(other.Frames).All(pair =>
            Near(pair.First.Sdr, pair.Second.Sdr) && Near(pair.First.Isr, pair.Second.Isr)
            && Near(pair.First.Sir, pair.Second.Sir) && Near(pair.First.Sar, pair.Second.Sar));

    // A single stem has no interference: its SIR is what rounding leaves.
    private static bool Near(double one, double other) => Math.Abs(Math.Min(one, 100) - Math.Min(other, 100)) < 1e-3;

    private static StemScores Evaluate(StemPair pair) => TrackEvaluator.Evaluate("t", [pair], options: s_options).Stems[0];

    private static StemPair Pair(int seed, float gain)
    {
        float[] truth = Noise(seed), noise = Noise(seed + 1);
        return new StemPair($"{seed}", Signal(truth), Signal([.. truth.Zip(noise, (s, n) => gain * s + 0.1f * n)]));
    }

    private static EvaluationSignal Signal(params float[][] channels) => EvaluationSignal.FromSamples(channels, Rate);

    private static float[] Noise(int seed) => Array.ConvertAll(BssEvalCases.Noise(seed, 2 * Rate), value => (float)value);
}
