namespace Stemsharp.Export.CoreML.Palettization;

/// <summary>
/// Exact weighted k-means on the line. Clusters of a best solution are intervals, so dynamic programming over
/// interval ends finds it: D[k][j] = min over i of D[k−1][i] + cost(i, j). The best i grows with j, so one
/// row takes n·log n costs by divide and conquer (Grønlund et al., "Fast exact k-means, k-medians and Bregman
/// divergence clustering in 1D", 2017).
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
        if (n <= k) return values;
        var sums = new Moments(values, weights);
        double[] previous = new double[n + 1], current = new double[n + 1];
        for (int j = 1; j <= n; j++) previous[j] = sums.Cost(0, j);
        // starts[c][j]: where the last of c + 1 clusters of the first j values begins.
        var starts = new int[k][];
        starts[0] = [];
        for (int c = 1; c < k; c++)
        {
            starts[c] = new int[n + 1];
            Row(sums, previous, current, starts[c], c + 1, n, c, n - 1);
            (previous, current) = (current, previous);
        }

        var centres = new double[k];
        for (int c = k - 1, end = n; c >= 0; c--)
        {
            int start = c == 0 ? 0 : starts[c][end];
            centres[c] = sums.Mean(start, end);
            end = start;
        }

        return centres;
    }

    // Fills current[low..high] knowing that the best starts lie in [first, last].
    private static void Row(Moments sums, double[] previous, double[] current, int[] starts, int low, int high, int first, int last)
    {
        if (low > high) return;
        int j = (low + high) / 2, best = first;
        double least = double.PositiveInfinity;
        for (int i = first; i <= Math.Min(last, j - 1); i++)
        {
            double cost = previous[i] + sums.Cost(i, j);
            if (cost < least) (least, best) = (cost, i);
        }

        current[j] = least;
        starts[j] = best;
        void Left() => Row(sums, previous, current, starts, low, j - 1, first, best);
        void Right() => Row(sums, previous, current, starts, j + 1, high, best, last);
        if (high - low >= WorthSharing)
        {
            Parallel.Invoke(Left, Right);
            return;
        }

        Left();
        Right();
    }

    /// <summary>Prefix sums, centred on the overall mean so that differences of squares keep their digits.</summary>
    private sealed class Moments
    {
        private readonly double[] _weight, _first, _second;
        private readonly double _centre;

        public Moments(double[] values, double[] weights)
        {
            int n = values.Length;
            double total = 0;
            for (int i = 0; i < n; i++)
            {
                _centre += values[i] * weights[i];
                total += weights[i];
            }

            _centre /= total;
            (_weight, _first, _second) = (new double[n + 1], new double[n + 1], new double[n + 1]);
            for (int i = 0; i < n; i++)
            {
                double d = values[i] - _centre;
                _weight[i + 1] = _weight[i] + weights[i];
                _first[i + 1] = _first[i] + weights[i] * d;
                _second[i + 1] = _second[i] + weights[i] * d * d;
            }
        }

        public double Mean(int start, int end) => _centre + (_first[end] - _first[start]) / (_weight[end] - _weight[start]);

        /// <summary>The squared error of values [start, end) around their mean.</summary>
        public double Cost(int start, int end)
        {
            double sum = _first[end] - _first[start];
            return _second[end] - _second[start] - sum * sum / (_weight[end] - _weight[start]);
        }
    }
}
