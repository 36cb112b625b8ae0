using System.Text.Json;
using Stemsharp.Evaluation;
using Xunit;

namespace Stemsharp.Tests.Evaluation;

public class TrackEvaluatorTests
{
    private const int Rate = 1000;

    [Theory]
    [InlineData("noise")]
    [InlineData("silence")]
    [InlineData("song")]
    public void Scores_equal_an_independent_implementation_within_a_hundredth_of_a_decibel(string name)
    {
        (_, StemPair[] stems) = BssEvalCases.Make(name);
        TrackScores scores = TrackEvaluator.Evaluate(name, stems);
        JsonElement expected = BssEvalCases.Expected(name);
        for (int stem = 0; stem < stems.Length; stem++)
        {
            JsonElement frames = expected.GetProperty("frames")[stem];
            Assert.Equal(frames.GetArrayLength(), scores.Stems[stem].Frames.Count);
            for (int frame = 0; frame < frames.GetArrayLength(); frame++)
            {
                FrameScores actual = scores.Stems[stem].Frames[frame];
                double[] values = [actual.Sdr, actual.Isr, actual.Sir, actual.Sar];
                for (int k = 0; k < values.Length; k++)
                {
                    AssertClose(frames[frame][k], values[k], $"{name} stem {stem} frame {frame} score {k}");
                }
            }

            AssertClose(expected.GetProperty("global")[stem][0], scores.Stems[stem].GlobalSdr, $"{name} stem {stem} global SDR");
            AssertClose(expected.GetProperty("global")[stem][1], scores.Stems[stem].SiSdr, $"{name} stem {stem} SI-SDR");
        }
    }

    [Fact]
    public void A_gain_error_is_spatial_distortion_alone()
    {
        // ŝ = 0.9·s: the error is 0.1·s, 20 dB below; a filter explains all of it.
        double[] truth = BssEvalCases.Noise(7, 3 * Rate);
        StemScores scores = Evaluate((truth, Scaled(truth, 0.9)), (BssEvalCases.Noise(8, 3 * Rate), BssEvalCases.Noise(8, 3 * Rate)))[0];
        Assert.Equal(20, scores.GlobalSdr, 4);
        Assert.Equal(20, scores.Sdr, 4);
        Assert.Equal(20, scores.Isr, 2);
        Assert.True(scores.Sir > 80, $"SIR {scores.Sir}");
        Assert.True(scores.Sar > 80, $"SAR {scores.Sar}");
        Assert.True(scores.SiSdr > 100, $"SI-SDR {scores.SiSdr}");
    }

    [Fact]
    public void A_leaking_stem_is_interference_alone()
    {
        // ŝ = s + 0.1·other, both of unit power and (nearly) orthogonal.
        double[] truth = BssEvalCases.Noise(7, 50 * Rate);
        double[] other = BssEvalCases.Noise(8, 50 * Rate);
        double[] estimate = [.. truth.Zip(other, (s, o) => s + 0.1 * o)];
        StemScores scores = Evaluate((truth, estimate), (other, other))[0];
        double expected = 20 + 10 * Math.Log10(Energy(truth) / Energy(other));
        Assert.Equal(expected, scores.GlobalSdr, 3);
        Assert.InRange(scores.Sir, expected - 0.5, expected + 0.5);
        Assert.True(scores.Isr > 35, $"ISR {scores.Isr}");
        Assert.True(scores.Sar > 80, $"SAR {scores.Sar}");
    }

    [Fact]
    public void An_exact_estimate_is_infinitely_good()
    {
        double[] truth = BssEvalCases.Noise(7, 2 * Rate);
        StemScores scores = Evaluate((truth, truth))[0];
        Assert.Equal(double.PositiveInfinity, scores.GlobalSdr);
        Assert.Equal(double.PositiveInfinity, scores.Sdr);
        Assert.Equal(double.PositiveInfinity, scores.SiSdr);
    }

    [Fact]
    public void A_stem_silent_throughout_goes_without_scores_and_leaves_the_others_theirs()
    {
        double[] truth = BssEvalCases.Noise(7, 2 * Rate);
        double[] silence = new double[2 * Rate];
        IReadOnlyList<StemScores> both = Evaluate((truth, Scaled(truth, 0.5)), (silence, truth));
        StemScores alone = Evaluate((truth, Scaled(truth, 0.5)))[0];
        Assert.Equal(alone.Frames, both[0].Frames);
        Assert.Empty(both[1].Frames);
        Assert.True(double.IsNaN(both[1].Sdr) && double.IsNaN(both[1].GlobalSdr) && double.IsNaN(both[1].SiSdr));
    }

    [Fact]
    public void Two_references_that_are_copies_are_decided_without_numbers_blowing_up()
    {
        double[] truth = BssEvalCases.Noise(7, 3 * Rate);
        double[] noise = BssEvalCases.Noise(9, 3 * Rate);
        double[] estimate = [.. truth.Zip(noise, (s, n) => s + 0.01 * n)];
        IReadOnlyList<StemScores> scores = Evaluate((truth, estimate), (truth, estimate));
        // 1,024 delayed copies of 3,000 samples explain a third of the noise; the rest is artefact.
        Assert.All(scores, stem => Assert.InRange(stem.Sar, 39, 44));
    }

    [Theory]
    [InlineData(2500, 1, 1, 2)]
    [InlineData(3000, 1, 1, 3)]
    [InlineData(700, 1, 1, 1)]
    [InlineData(3000, 1, 0.5, 5)]
    [InlineData(3000, 0.5, 1, 3)]
    [InlineData(2999, 1, 0.5, 4)]
    public void Frames_are_counted_as_museval_counts_them(int length, double window, double hop, int expected)
    {
        double[] truth = BssEvalCases.Noise(7, length);
        EvaluationOptions options = new() { Window = window, Hop = hop, FilterLength = 16 };
        StemPair pair = new("x", BssEvalCases.Signal(Rate, truth), BssEvalCases.Signal(Rate, Scaled(truth, 0.5)));
        TrackScores scores = TrackEvaluator.Evaluate("t", [pair], options: options);
        Assert.Equal(expected, scores.Stems[0].Frames.Count);
        Assert.All(scores.Stems[0].Frames, frame => Assert.Equal(6.0206, frame.Sdr, 3));
        Assert.Equal(length, scores.Length);
    }

    [Fact]
    public void Frames_begin_where_they_should()
    {
        // Each quarter second has its own error, 5 dB below the one before, so that a frame off by a sample shows.
        double[] truth = BssEvalCases.Noise(7, 3 * Rate);
        double[] estimate = [.. truth.Select((value, i) => value * (1 - Math.Pow(10, -0.5 - 0.25 * (i / 250))))];
        StemPair pair = new("x", BssEvalCases.Signal(Rate, truth), BssEvalCases.Signal(Rate, estimate));
        TrackScores scores = TrackEvaluator.Evaluate("t", [pair], options: new() { Window = 0.25, Hop = 0.75, Decompose = false });
        Assert.Equal(4, scores.Stems[0].Frames.Count);
        for (int frame = 0; frame < 4; frame++)
        {
            Assert.Equal(10 + 15 * frame, scores.Stems[0].Frames[frame].Sdr, 3);
        }

        Assert.True(double.IsNaN(scores.Stems[0].Frames[0].Sar));
    }

    [Fact]
    public void An_estimate_of_other_length_is_cut_or_continued_with_silence()
    {
        double[] truth = BssEvalCases.Noise(7, 2 * Rate);
        double[] estimate = Scaled(truth, 0.9);
        IReadOnlyList<StemScores> longer = Evaluate((truth, [.. estimate, .. estimate]));
        IReadOnlyList<StemScores> exact = Evaluate((truth, estimate));
        Assert.Equal(exact[0].Frames, longer[0].Frames);
        StemScores shorter = Evaluate((truth, estimate[..Rate]))[0];
        Assert.Equal(exact[0].Frames[0].Sdr, shorter.Frames[0].Sdr, 9);
        Assert.True(double.IsNaN(shorter.Frames[1].Sdr));
    }

    [Fact]
    public void The_mixture_is_the_level_to_beat()
    {
        double[] truth = BssEvalCases.Noise(7, 2 * Rate);
        StemPair pair = new("x", BssEvalCases.Signal(Rate, truth), BssEvalCases.Signal(Rate, Scaled(truth, 0.99)));
        TrackScores scores = TrackEvaluator.Evaluate("t", [pair], BssEvalCases.Signal(Rate, Scaled(truth, 2)));
        Assert.Equal(0, scores.Stems[0].MixtureSdr, 4);
        Assert.Equal(40, scores.Stems[0].GlobalSdr, 3);
    }

    [Fact]
    public void Recordings_that_do_not_fit_together_are_refused_by_name()
    {
        double[] truth = BssEvalCases.Noise(7, Rate);
        StemPair pair = new("x", BssEvalCases.Signal(Rate, truth), EvaluationSignal.FromSamples([new float[Rate]], 2 * Rate, "faster.wav"));
        AudioException error = Assert.Throws<AudioException>(() => TrackEvaluator.Evaluate("t", [pair]));
        Assert.Contains("faster.wav", error.Message, StringComparison.Ordinal);
        Assert.Contains("2000 Hz", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Options_out_of_range_are_refused()
    {
        StemPair pair = new("x", BssEvalCases.Signal(Rate, [1.0]), BssEvalCases.Signal(Rate, [1.0]));
        Assert.Throws<OptionException>(() => TrackEvaluator.Evaluate("t", []));
        Assert.Throws<OptionException>(() => TrackEvaluator.Evaluate("t", [pair], options: new() { Window = 0 }));
        Assert.Throws<OptionException>(() => TrackEvaluator.Evaluate("t", [pair], options: new() { Hop = double.NaN }));
        Assert.Throws<OptionException>(() => TrackEvaluator.Evaluate("t", [pair], options: new() { FilterLength = 0 }));
    }

    private static IReadOnlyList<StemScores> Evaluate(params (double[] Truth, double[] Estimate)[] stems) =>
        TrackEvaluator.Evaluate("t", [.. stems.Select((stem, i) => new StemPair($"{i}", BssEvalCases.Signal(Rate, stem.Truth), BssEvalCases.Signal(Rate, stem.Estimate)))]).Stems;

    private static double[] Scaled(double[] signal, double gain) => Array.ConvertAll(signal, value => gain * value);

    private static double Energy(double[] signal) => signal.Sum(value => value * value);

    private static void AssertClose(JsonElement expected, double actual, string what)
    {
        if (expected.ValueKind == JsonValueKind.Null)
        {
            Assert.True(double.IsNaN(actual), $"{what}: {actual}, expected none");
        }
        else
        {
            Assert.True(Math.Abs(expected.GetDouble() - actual) < 0.01, $"{what}: {actual}, expected {expected.GetDouble()}");
        }
    }
}
