using Stemsharp.Evaluation;
using Xunit;

namespace Stemsharp.Tests.Evaluation;

public class SignalToNoiseTests
{
    [Fact]
    public void The_ratio_is_that_of_energies_whether_taken_at_once_or_in_parts()
    {
        float[] truth = [3, 4, 0, 12], found = [3, 4.5f, 0, 11.5f];
        double expected = 10 * Math.Log10(169 / 0.5);
        Assert.Equal(expected, SignalToNoise.Of(truth, found), 12);
        Assert.Equal(expected, SignalToNoise.Of([.. truth.Select(v => (double)v)], found), 12);
        SignalToNoise sums = new();
        sums.Add(truth.AsSpan(0, 1), found.AsSpan(0, 1));
        sums.Add(truth.AsSpan(1), found.AsSpan(1));
        Assert.Equal(expected, sums.Ratio, 12);
    }

    [Fact]
    public void Without_noise_it_is_infinite_and_without_sense_it_is_NaN()
    {
        Assert.Equal(double.PositiveInfinity, SignalToNoise.Of([1f, 2], [1, 2]));
        Assert.Equal(double.NegativeInfinity, SignalToNoise.Of([0f, 0], [1, 2]));
        Assert.Equal(double.NaN, SignalToNoise.Of([0f, 0], [0, 0]));
        Assert.Equal(double.NaN, SignalToNoise.Of([1f, 2], [1, float.NaN]));
        Assert.Equal(double.NaN, SignalToNoise.Of([1f, float.NaN], [1, 2]));
    }

    [Fact]
    public void Other_lengths_are_a_mistake() =>
        Assert.Throws<ArgumentException>(() => SignalToNoise.Of([1f, 2], [1]));
}
