using FsCheck;
using FsCheck.Fluent;
using Stemsharp.Export.CoreML.Palettization;
using Xunit;

namespace Stemsharp.Export.Tests.CoreML;

public class KMeans1DTests
{
    [Fact]
    public void Finds_the_least_error_of_all_cuts()
    {
        Gen<(int[] Values, int[] Counts, int K)> cases =
            from values in Gen.Choose(-1000, 1000).ListOf().Where(l => l.Count is > 0 and < 12)
            from counts in Gen.Choose(1, 9).ArrayOf(values.Count)
            from k in Gen.Choose(1, 5)
            select (values.Distinct().Order().ToArray(), counts, k);
        Prop.ForAll(cases.ToArbitrary(), test =>
        {
            double[] values = [.. test.Values.Select(v => v / 7.0)], weights = [.. test.Counts.Take(values.Length).Select(c => (double)c)];
            double[] centres = KMeans1D.Solve(values, weights, test.K);
            Assert.Equal(centres.Order(), centres);
            double error = 0;
            for (int i = 0; i < values.Length; i++) error += weights[i] * centres.Min(c => (c - values[i]) * (c - values[i]));
            Assert.Equal(Best(values, weights, 0, test.K), error, 1e-6);
        }).QuickCheckThrowOnFailure();
    }

    [Fact]
    public void Fewer_values_than_clusters_stay_as_they_are() =>
        Assert.Equal([-1.5, 0, 4], KMeans1D.Solve([-1.5, 0, 4], [1, 2, 3], 16));

    [Fact]
    public void A_palette_of_every_distinct_half_is_exact()
    {
        float[] values = [.. Enumerable.Range(0, 300).Select(i => (float)(Half)MathF.Sin(i % 60))];
        Palette palette = Palettizer.Run(values, groups: 3, bits: 6);
        for (int i = 0; i < values.Length; i++) Assert.Equal(values[i], palette.Tables[i / 100 * 64 + palette.Indices[i]]);
    }

    // All ways to cut the rest into at most k runs.
    private static double Best(double[] values, double[] weights, int start, int k)
    {
        if (start == values.Length) return 0;
        if (k == 0) return double.PositiveInfinity;
        double best = double.PositiveInfinity;
        for (int end = start + 1; end <= values.Length; end++)
        {
            double total = 0, mean = 0, cost = 0;
            for (int i = start; i < end; i++) (total, mean) = (total + weights[i], mean + weights[i] * values[i]);
            mean /= total;
            for (int i = start; i < end; i++) cost += weights[i] * (values[i] - mean) * (values[i] - mean);
            best = Math.Min(best, cost + Best(values, weights, end, k - 1));
        }

        return best;
    }
}
