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
            for (int i = 0; i < values.Length; i++)
            {
                error += weights[i] * centres.Min(c => (c - values[i]) * (c - values[i]));
            }

            Assert.Equal(Best(values, weights, 0, test.K), error, 1e-6);
        }).QuickCheckThrowOnFailure();
    }

    [Theory]
    [InlineData(40, 3)]
    [InlineData(333, 16)]
    [InlineData(1000, 64)]
    [InlineData(2500, 7)]
    public void Many_values_cost_as_little_as_trying_every_start(int count, int k)
    {
        Random random = new(count);
        double[] values = [.. Enumerable.Range(0, count).Select(_ => (double)(Half)(random.NextSingle() * random.NextSingle() - 0.3f)).Distinct().Order()];
        double[] weights = [.. values.Select(_ => (double)random.Next(1, 40))];
        double[] centres = KMeans1D.Solve(values, weights, k);
        double error = values.Zip(weights, (v, w) => w * centres.Min(c => (c - v) * (c - v))).Sum();
        Assert.Equal(1, error / LeastError(values, weights, k), 1e-9);
    }

    [Theory]
    [InlineData(300, 16)]
    [InlineData(5000, 64)]
    [InlineData(5000, 256)]
    public void A_price_on_clusters_finds_what_going_cluster_by_cluster_finds(int count, int k)
    {
        Random random = new(count + k);
        double[] values = [.. Enumerable.Range(0, count).Select(_ => (double)(Half)(random.NextSingle() * random.NextSingle() - 0.3f)).Distinct().Order()];
        ClusterMoments moments = new(values, [.. values.Select(_ => (double)random.Next(1, 40))]);
        int[]? priced = PricedClusters.Find(moments, values.Length, k);
        Assert.NotNull(priced);
        Assert.Equal(1, Error(priced) / Error(KMeans1D.RowByRow(moments, values.Length, k)), 1e-9);

        double Error(int[] starts) => starts.Select((start, c) => moments.Cost(start, c + 1 < k ? starts[c + 1] : values.Length)).Sum();
    }

    [Fact]
    public void Where_every_cluster_more_is_worth_the_same_the_number_asked_for_is_found()
    {
        // From six clusters of one or two values on, each further one saves a half.
        double[] values = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9], weights = [1, 1, 1, 1, 1, 1, 1, 1, 1, 1];
        double[] centres = KMeans1D.Solve(values, weights, 7);
        Assert.Equal(7, centres.Length);
        Assert.Equal(1.5, values.Sum(v => centres.Min(c => (c - v) * (c - v))), 1e-12);
    }

    [Fact]
    public void Fewer_values_than_clusters_stay_as_they_are() =>
        Assert.Equal([-1.5, 0, 4], KMeans1D.Solve([-1.5, 0, 4], [1, 2, 3], 16));

    [Fact]
    public void A_palette_of_every_distinct_half_is_exact()
    {
        float[] values = [.. Enumerable.Range(0, 300).Select(i => (float)(Half)MathF.Sin(i % 60))];
        Palette palette = Palettizer.Run(values, [6, 50], axis: 0, groups: 3, bits: 6);
        for (int i = 0; i < values.Length; i++)
        {
            Assert.Equal(values[i], palette.Tables[i / 100 * 64 + palette.Indices[i]]);
        }
    }

    [Fact]
    public void Palettes_go_along_the_axis_that_they_are_asked_for()
    {
        // [5, 6, 10]: 20 distinct values in each of the three pairs of the middle axis.
        float[] values = [.. Enumerable.Range(0, 300).Select(i => (float)(100 * (i / 20 % 3) + i % 20))];
        Palette palette = Palettizer.Run(values, [5, 6, 10], axis: 1, groups: 3, bits: 6);
        for (int i = 0; i < values.Length; i++)
        {
            Assert.Equal(values[i], palette.Tables[i / 20 % 3 * 64 + palette.Indices[i]]);
        }
    }

    // The same dynamic programme without its shortcuts; a cluster's error grows by one value at a time.
    private static double LeastError(double[] values, double[] weights, int k)
    {
        int n = values.Length;
        double[] least = [0, .. Enumerable.Repeat(double.PositiveInfinity, n)];
        for (int c = 0; c < k; c++)
        {
            double[] next = [.. Enumerable.Repeat(double.PositiveInfinity, n + 1)];
            for (int end = 1; end <= n; end++)
            {
                double total = 0, mean = 0, cost = 0;
                for (int i = end - 1; i >= 0; i--)
                {
                    total += weights[i];
                    double shift = values[i] - mean;
                    mean += shift * weights[i] / total;
                    cost += weights[i] * shift * (values[i] - mean);
                    next[end] = Math.Min(next[end], least[i] + cost);
                }
            }

            least = next;
        }

        return least[n];
    }

    // All ways to cut the rest into at most k runs.
    private static double Best(double[] values, double[] weights, int start, int k)
    {
        if (start == values.Length)
        {
            return 0;
        }

        if (k == 0)
        {
            return double.PositiveInfinity;
        }

        double best = double.PositiveInfinity;
        for (int end = start + 1; end <= values.Length; end++)
        {
            double total = 0, mean = 0, cost = 0;
            for (int i = start; i < end; i++)
            {
                (total, mean) = (total + weights[i], mean + weights[i] * values[i]);
            }

            mean /= total;
            for (int i = start; i < end; i++)
            {
                cost += weights[i] * (values[i] - mean) * (values[i] - mean);
            }

            best = Math.Min(best, cost + Best(values, weights, end, k - 1));
        }

        return best;
    }
}
