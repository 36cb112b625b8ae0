using System.Runtime.Intrinsics;

namespace Stemsharp.Export.CoreML.Palettization;

/// <summary>Prefix sums, centred on the overall mean so that differences of squares keep their digits.</summary>
internal sealed class ClusterMoments
{
    private readonly double[] _weight, _first, _second;
    private readonly double _centre;

    public ClusterMoments(double[] values, double[] weights)
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
                if (sums[lane] < least || (sums[lane] == least && at[lane] < best))
                {
                    (least, best) = (sums[lane], (int)at[lane]);
                }
            }
        }

        for (; i <= last; i++)
        {
            double cost = previous[i] + Cost(i, end);
            if (cost < least)
            {
                (least, best) = (cost, i);
            }
        }

        return (least, best);

        static Vector512<double> Load(double[] values, int i) => Vector512.LoadUnsafe(ref values[i]);
    }
}
