using System.Numerics.Tensors;
using System.Runtime.CompilerServices;

namespace Stemsharp.Music;

/// <summary>
/// Which beat period fits where: the onset envelope's autocorrelation in windows of some seconds, read at a period's multiples
/// and against the halves between them, and weighted by how likely a tempo is, a normal distribution over its logarithm
/// (D. Ellis, "Beat tracking by dynamic programming", 2007). The periods of all windows are chosen together, so that the tempo
/// may drift but does not leap without need (Viterbi).
/// </summary>
internal static class Tempogram
{
    private const double SlowestBpm = 48, FastestBpm = 216, LikelyBpm = 115, OctavesWide = 0.9;
    private const double StepRatio = 1.01;
    private const int Multiples = 8;

    /// <summary>What happens halfway or a third of the way between a period's multiples speaks for a shorter period.</summary>
    private const double BetweenWeight = 0.4;

    private const double WindowSeconds = 12, WindowHopSeconds = 1;

    /// <summary>Leaving a tempo costs as much as a window's whole evidence; drifting by a hundredth costs little.</summary>
    private const double LeapCost = 0.6, DriftCost = 0.04;
    private const int LargestDrift = 2;

    /// <summary>The periods of the path and how regular the envelope is there.</summary>
    /// <param name="Periods">For each value of the envelope the beat period, in values.</param>
    /// <param name="Regularity">Autocorrelation at the beats, 0 … 1: the mean over the song.</param>
    public sealed record Path(float[] Periods, double Regularity);

    /// <summary>Finds the path; null where the envelope is too short or silent.</summary>
    /// <param name="envelope">Of zero mean where nothing happens; see <see cref="BeatTracker.Prepare"/>.</param>
    /// <param name="hopSeconds">Seconds from value to value.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static Path? Find(float[] envelope, double hopSeconds)
    {
        int window = (int)(WindowSeconds / hopSeconds), step = (int)(WindowHopSeconds / hopSeconds);
        if (envelope.Length < window / 2)
        {
            return null;
        }

        window = Math.Min(window, envelope.Length);
        double[] periods = [.. Periods(hopSeconds)];
        int windows = 1 + (envelope.Length - window) / step;
        int lags = Math.Min(window * 3 / 4, (int)(periods[0] * (Multiples + 0.5)) + 2);
        float[] correlation = new float[lags];
        float[][] scores = new float[windows][], regularities = new float[windows][];
        for (int w = 0; w < windows; w++)
        {
            Autocorrelate(envelope.AsSpan(w * step, window), correlation);
            scores[w] = new float[periods.Length];
            regularities[w] = new float[periods.Length];
            for (int p = 0; p < periods.Length; p++)
            {
                double on = 0, halves = 0, thirds = 0;
                int multiples = Math.Clamp((int)((lags - 2) / periods[p]), 1, Multiples);
                for (int k = 1; k <= multiples; k++)
                {
                    on += At(correlation, k * periods[p]) / multiples;
                    halves += At(correlation, (k - 0.5) * periods[p]) / multiples;
                    thirds += At(correlation, (k - 2 / 3.0) * periods[p]) / (2 * multiples) + At(correlation, (k - 1 / 3.0) * periods[p]) / (2 * multiples);
                }

                regularities[w][p] = (float)on;
                scores[w][p] = (float)((on - BetweenWeight * (halves + thirds)) * Likelihood(60 / (periods[p] * hopSeconds)));
            }
        }

        int[] path = Viterbi(scores);
        float[] perValue = new float[envelope.Length];
        for (int i = 0; i < perValue.Length; i++)
        {
            // Between the middles of two windows the period changes gradually.
            double w = Math.Clamp((i - window / 2.0) / step, 0, windows - 1);
            int left = (int)w, right = Math.Min(windows - 1, left + 1);
            perValue[i] = (float)(periods[path[left]] + (w - left) * (periods[path[right]] - periods[path[left]]));
        }

        return new Path(perValue, Enumerable.Range(0, windows).Average(w => (double)regularities[w][path[w]]));
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static IEnumerable<double> Periods(double hopSeconds)
    {
        for (double bpm = SlowestBpm; bpm <= FastestBpm; bpm *= StepRatio)
        {
            yield return 60 / (bpm * hopSeconds);
        }
    }

    private static double Likelihood(double bpm)
    {
        double octaves = Math.Log2(bpm / LikelyBpm) / OctavesWide;
        return Math.Exp(-0.5 * octaves * octaves);
    }

    /// <summary>Unbiased and scaled: 1 at a lag of 0.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Autocorrelate(ReadOnlySpan<float> window, float[] correlation)
    {
        float[] centred = new float[window.Length];
        TensorPrimitives.Subtract(window, TensorPrimitives.Sum(window) / window.Length, centred);
        float power = TensorPrimitives.SumOfSquares(centred) / centred.Length;
        for (int lag = 0; lag < correlation.Length; lag++)
        {
            int count = centred.Length - lag;
            correlation[lag] = power <= 0 ? 0 : TensorPrimitives.Dot(centred.AsSpan(0, count), centred.AsSpan(lag)) / count / power;
        }
    }

    /// <summary>The largest value beside a lag that is no whole number: an onset of a hundredth of a second may fall on either side.</summary>
    private static float At(float[] correlation, double lag)
    {
        int left = (int)lag;
        return left + 1 < correlation.Length ? Math.Max(correlation[left], correlation[left + 1]) : 0;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static int[] Viterbi(float[][] scores)
    {
        int states = scores[0].Length;
        double[] best = [.. scores[0].Select(score => (double)score)], next = new double[states];
        int[][] from = new int[scores.Length][];
        for (int w = 1; w < scores.Length; w++)
        {
            int leap = Array.IndexOf(best, best.Max());
            from[w] = new int[states];
            for (int s = 0; s < states; s++)
            {
                (double value, int origin) = (best[leap] - LeapCost, leap);
                for (int d = -LargestDrift; d <= LargestDrift; d++)
                {
                    int other = s + d;
                    if (other >= 0 && other < states && best[other] - Math.Abs(d) * DriftCost > value)
                    {
                        (value, origin) = (best[other] - Math.Abs(d) * DriftCost, other);
                    }
                }

                next[s] = value + scores[w][s];
                from[w][s] = origin;
            }

            (best, next) = (next, best);
        }

        int[] path = new int[scores.Length];
        path[^1] = Array.IndexOf(best, best.Max());
        for (int w = scores.Length - 1; w > 0; w--)
        {
            path[w - 1] = from[w][path[w]];
        }

        return path;
    }
}
