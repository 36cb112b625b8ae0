using System.Runtime.CompilerServices;

namespace Stemsharp.Music;

/// <summary>Beats evened out: each is moved onto the straight line through its neighbours, or all onto one line where the tempo is steady.</summary>
/// <param name="Beats">Seconds, in order.</param>
/// <param name="Bpm">The tempo in the middle of the song.</param>
/// <param name="SlowestBpm">The slowest tempo over some bars.</param>
/// <param name="FastestBpm">The fastest tempo over some bars.</param>
/// <param name="IsSteady">Whether all beats lie on one line.</param>
internal sealed record BeatGrid(double[] Beats, double Bpm, double SlowestBpm, double FastestBpm, bool IsSteady)
{
    private const int FewestBeats = 8;

    /// <summary>Beats on either side that a beat is evened out with.</summary>
    private const int Reach = 8;

    /// <summary>Nine of ten beats of a steady tempo are this close to the line: 20 ms, half of what is heard as late.</summary>
    private const double SteadySeconds = 0.02;

    /// <summary>Evens beats out; null where there are fewer than eight.</summary>
    /// <param name="found">Seconds, in order.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static BeatGrid? Fit(double[] found)
    {
        if (found.Length < FewestBeats)
        {
            return null;
        }

        (double start, double period) = Line(found, 0, found.Length);
        double[] off = [.. found.Select((beat, i) => Math.Abs(beat - start - i * period)).Order()];
        if (off[off.Length * 9 / 10] < SteadySeconds)
        {
            return new BeatGrid([.. found.Select((_, i) => start + i * period)], 60 / period, 60 / period, 60 / period, true);
        }

        double[] beats = new double[found.Length], periods = new double[found.Length];
        for (int i = 0; i < found.Length; i++)
        {
            int from = Math.Max(0, i - Reach), to = Math.Min(found.Length, i + Reach + 1);
            (double local, periods[i]) = Line(found, from, to);
            beats[i] = local + (i - from) * periods[i];
        }

        double[] ordered = [.. periods.Order()];
        int tail = ordered.Length / 50;
        return new BeatGrid(beats, 60 / ordered[ordered.Length / 2], 60 / ordered[^(1 + tail)], 60 / ordered[tail], false);
    }

    /// <summary>The straight line that is closest to beats, those far from it counted out once: time of the first, and seconds from beat to beat.</summary>
    private static (double Start, double Period) Line(double[] beats, int from, int to)
    {
        (double start, double period) = Regress(beats, from, to, _ => true);
        double[] off = [.. Enumerable.Range(from, to - from).Select(i => Math.Abs(beats[i] - start - (i - from) * period)).Order()];
        double most = Math.Max(0.01, 3 * off[off.Length / 2]);
        (double first, double step) = (start, period);
        return Regress(beats, from, to, i => Math.Abs(beats[i] - first - (i - from) * step) <= most);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static (double Start, double Period) Regress(double[] beats, int from, int to, Func<int, bool> counts)
    {
        double n = 0, x = 0, y = 0, xx = 0, xy = 0;
        for (int i = from; i < to; i++)
        {
            if (counts(i))
            {
                double at = i - from;
                (n, x, y, xx, xy) = (n + 1, x + at, y + beats[i], xx + at * at, xy + at * beats[i]);
            }
        }

        double period = (n * xy - x * y) / (n * xx - x * x);
        return ((y - period * x) / n, period);
    }
}
