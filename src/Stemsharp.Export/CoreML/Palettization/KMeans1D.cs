using System.Runtime.Intrinsics;

namespace Stemsharp.Export.CoreML.Palettization;

/// <summary>
/// Exact weighted k-means on the line. Clusters of a best solution are intervals, so dynamic programming over
/// interval ends finds it: D[k][j] = min over i of D[k−1][i] + cost(i, j). The best i grows with j and with k,
/// so one row takes less than n·log n costs by divide and conquer (Grønlund et al., "Fast exact k-means, k-medians and Bregman
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
        starts[0] = new int[n + 1];
        for (int c = 1; c < k; c++)
        {
            starts[c] = new int[n + 1];
            Row(sums, previous, current, starts[c - 1], starts[c], c + 1, n, c, n - 1);
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

    // Fills current[low..high] knowing that the best starts lie in [first, last], and none before that of one cluster less.
    private static void Row(Moments sums, double[] previous, double[] current, int[] earlier, int[] starts, int low, int high, int first, int last)
    {
        if (low > high) return;
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

        /// <summary>The first of the starts [first, last] with the least previous[start] + Cost(start, end), and that sum.</summary>
        public (double Least, int Best) BestStart(double[] previous, int first, int last, int end)
        {
            double least = double.PositiveInfinity;
            int best = first, i = first;
            if (last - first >= 2 * Vector512<double>.Count)
            {
                // A lane keeps its own least sum and where it was; the first of equals wins within a lane and across.
                Vector512<double> sums = Vector512.Create(double.PositiveInfinity), at = Vector512.Create((double)first);
                Vector512<double> index = at + Vector512.CreateSequence(0.0, 1), weight = Vector512.Create(_weight[end]), one = Vector512.Create(_first[end]), two = Vector512.Create(_second[end]);
                for (; i <= last + 1 - Vector512<double>.Count; i += Vector512<double>.Count)
                {
                    Vector512<double> sum = one - Load(_first, i);
                    Vector512<double> cost = Load(previous, i) + (two - Load(_second, i) - sum * sum / (weight - Load(_weight, i)));
                    Vector512<double> less = Vector512.LessThan(cost, sums);
                    sums = Vector512.ConditionalSelect(less, cost, sums);
                    at = Vector512.ConditionalSelect(less, index, at);
                    index += Vector512.Create((double)Vector512<double>.Count);
                }

                for (int lane = 0; lane < Vector512<double>.Count; lane++)
                {
                    if (sums[lane] < least || (sums[lane] == least && at[lane] < best)) (least, best) = (sums[lane], (int)at[lane]);
                }
            }

            for (; i <= last; i++)
            {
                double cost = previous[i] + Cost(i, end);
                if (cost < least) (least, best) = (cost, i);
            }

            return (least, best);

            static Vector512<double> Load(double[] values, int i) => Vector512.LoadUnsafe(ref values[i]);
        }
    }
}
