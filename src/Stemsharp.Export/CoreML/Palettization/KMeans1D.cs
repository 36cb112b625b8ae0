namespace Stemsharp.Export.CoreML.Palettization;

/// <summary>
/// Exact weighted k-means on the line. Clusters of a best solution are intervals. With a price on clusters
/// instead of a number of them one pass finds the best intervals, and a price that buys k of them has found the best k.
/// Where no price does, dynamic programming over interval ends goes cluster by cluster: D[k][j] = min over i of
/// D[k−1][i] + cost(i, j). The best i grows with j and with k, so one row takes less than n·log n costs by divide
/// and conquer (Grønlund et al., "Fast exact k-means, k-medians and Bregman divergence clustering in 1D", 2017).
/// </summary>
internal static class KMeans1D
{
    private const int WorthSharing = 2048;

    /// <summary>The centres of the best <paramref name="k"/> clusters, ascending; fewer where there are fewer values.</summary>
    /// <param name="values">Distinct, ascending.</param>
    /// <param name="weights">How often each occurs.</param>
    /// <param name="k">Clusters, at least 1.</param>
    public static double[] Solve(double[] values, double[] weights, int k)
    {
        int n = values.Length;
        if (n <= k)
        {
            return values;
        }

        ClusterMoments sums = new(values, weights);
        int[] starts = PricedClusters.Find(sums, n, k) ?? RowByRow(sums, n, k);
        return [.. starts.Select((start, c) => sums.Mean(start, c + 1 < k ? starts[c + 1] : n))];
    }

    /// <summary>Where each of the best k clusters of n values begins, by dynamic programming.</summary>
    internal static int[] RowByRow(ClusterMoments sums, int n, int k)
    {
        double[] previous = new double[n + 1], current = new double[n + 1];
        for (int j = 1; j <= n; j++)
        {
            previous[j] = sums.Cost(0, j);
        }
        // starts[c][j]: where the last of c + 1 clusters of the first j values begins.
        int[][] starts = new int[k][];
        starts[0] = new int[n + 1];
        for (int c = 1; c < k; c++)
        {
            starts[c] = new int[n + 1];
            Row(sums, previous, current, starts[c - 1], starts[c], c + 1, n, c, n - 1);
            (previous, current) = (current, previous);
        }

        int[] best = new int[k];
        for (int c = k - 1, end = n; c > 0; c--)
        {
            best[c] = end = starts[c][end];
        }

        return best;
    }

    // Fills current[low..high] knowing that the best starts lie in [first, last], and none before that of one cluster less.
    private static void Row(ClusterMoments sums, double[] previous, double[] current, int[] earlier, int[] starts, int low, int high, int first, int last)
    {
        if (low > high)
        {
            return;
        }

        int j = (low + high) / 2, end = Math.Min(last, j - 1);
        // Among nearly equal costs rounding may put the earlier row's start beyond the end.
        (double least, int best) = sums.BestStart(previous, Math.Min(Math.Max(first, earlier[j]), end), end, j);
        current[j] = least;
        starts[j] = best;
        void Left() => Row(sums, previous, current, earlier, starts, low, j - 1, first, best);
        void Right() => Row(sums, previous, current, earlier, starts, j + 1, high, best, last);
        if (high - low >= WorthSharing)
        {
            Parallel.Invoke(Left, Right);
            return;
        }

        Left();
        Right();
    }
}
