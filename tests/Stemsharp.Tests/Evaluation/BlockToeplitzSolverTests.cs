using Stemsharp.Evaluation;
using Xunit;

namespace Stemsharp.Tests.Evaluation;

public class BlockToeplitzSolverTests
{
    [Theory]
    [InlineData(1, 1)]
    [InlineData(1, 7)]
    [InlineData(2, 1)]
    [InlineData(3, 16)]
    [InlineData(5, 9)]
    public void Filters_that_made_the_targets_are_found_again(int channels, int taps)
    {
        (double[][] references, DelayCorrelations lags, double[][][] truth) = Problem(channels, taps, targets: 2);
        double[][][] found = Solve(channels, 2, lags);
        for (int a = 0; a < channels; a++)
        {
            for (int t = 0; t < 2; t++)
            {
                for (int k = 0; k < taps; k++)
                {
                    Assert.Equal(truth[t][a][k], found[a][t][k], 8);
                }
            }
        }

        Assert.Equal(channels, references.Length);
    }

    [Fact]
    public void A_silent_channel_gets_no_filter()
    {
        (double[][] references, _, _) = Problem(2, 8, targets: 1);
        double[][] signals = [references[0], new double[references[0].Length], references[0]];
        DelayCorrelations lags = new(2, 1, 8);
        lags.Add(signals, references[0].Length);
        lags.Complete();
        double[][][] found = Solve(2, 1, lags);
        Assert.Equal(1, found[0][0][0], 8);
        Assert.All(found[1][0], tap => Assert.Equal(0, tap));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(100)]
    [InlineData(1537)]
    [InlineData(5000)]
    public void Correlations_equal_their_definition_however_the_samples_come(int piece)
    {
        const int length = 4000, taps = 8;
        double[][] signals = [BssEvalCases.Noise(1, length), BssEvalCases.Noise(2, length), BssEvalCases.Noise(3, length)];
        DelayCorrelations lags = new(2, 1, taps);
        for (int start = 0; start < length; start += piece)
        {
            int count = Math.Min(piece, length - start);
            lags.Add([.. signals.Select(signal => signal[start..(start + count)])], count);
        }

        lags.Complete();
        for (int x = 0; x < 3; x++)
        {
            for (int b = 0; b < 2; b++)
            {
                double[] found = lags.Lags(x, b);
                for (int delay = 0; delay < taps; delay++)
                {
                    double expected = 0;
                    for (int n = 0; n + delay < length; n++)
                    {
                        expected += signals[x][n + delay] * signals[b][n];
                    }

                    Assert.Equal(expected, found[delay], 9);
                }
            }
        }
    }

    private static double[][][] Solve(int channels, int targets, DelayCorrelations lags) => BlockToeplitzSolver.Solve(
        [.. Enumerable.Range(0, channels).Select(a => Enumerable.Range(0, channels).Select(b => lags.Lags(a, b)).ToArray())],
        [.. Enumerable.Range(0, channels).Select(a => Enumerable.Range(0, targets).Select(t => lags.Lags(channels + t, a)).ToArray())]);

    /// <summary>Noise, and targets that are exactly filtered noise; the noise ends early enough to hold the tails.</summary>
    private static (double[][] References, DelayCorrelations Lags, double[][][] Filters) Problem(int channels, int taps, int targets)
    {
        int length = 200 * channels + 20 * taps;
        double[][] references = [.. Enumerable.Range(0, channels).Select(a => BssEvalCases.Noise(a + 1, length))];
        foreach (double[] reference in references)
        {
            Array.Clear(reference, length - taps, taps);
        }

        double[][][] filters = [.. Enumerable.Range(0, targets).Select(t =>
            Enumerable.Range(0, channels).Select(a => BssEvalCases.Noise(100 + 10 * t + a, taps)).ToArray())];
        double[][] made = [.. filters.Select(filter =>
        {
            double[] target = new double[length];
            for (int a = 0; a < channels; a++) { for (int n = 0; n < length; n++) { for (int k = 0; k < taps && k <= n; k++) { target[n] += filter[a][k] * references[a][n - k]; } } } return target;
        })];
        DelayCorrelations lags = new(channels, targets, taps);
        lags.Add([.. references, .. made], length);
        lags.Complete();
        return (references, lags, filters);
    }
}
