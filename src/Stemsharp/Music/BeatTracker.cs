using System.Numerics.Tensors;
using System.Runtime.CompilerServices;

namespace Stemsharp.Music;

/// <summary>
/// Beats on an onset envelope: the sequence that meets the strongest onsets in steps close to the local period (D. Ellis, "Beat
/// tracking by dynamic programming", Journal of New Music Research 36, 2007).
/// </summary>
internal static class BeatTracker
{
    /// <summary>How strongly a step keeps to the period.</summary>
    private const float Tightness = 150;

    /// <summary>Makes loud and soft parts alike: less the mean of a second, over the root of the mean power of eight seconds.</summary>
    /// <param name="envelope">Onset strengths.</param>
    /// <param name="hopSeconds">Seconds from value to value.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static float[] Prepare(float[] envelope, double hopSeconds)
    {
        float[] risen = new float[envelope.Length];
        float[] means = MovingMean(envelope, (int)(0.5 / hopSeconds));
        for (int i = 0; i < risen.Length; i++)
        {
            risen[i] = Math.Max(0, envelope[i] - means[i]);
        }

        float[] squares = new float[risen.Length];
        TensorPrimitives.Multiply(risen, risen, squares);
        float[] powers = MovingMean(squares, (int)(4 / hopSeconds));
        // Where there is next to nothing against the whole song, it is not blown up.
        float floor = 0.01f * (risen.Length == 0 ? 0 : TensorPrimitives.SumOfSquares(risen) / risen.Length);
        for (int i = 0; i < risen.Length; i++)
        {
            risen[i] = floor > 0 ? risen[i] / MathF.Sqrt(Math.Max(powers[i], floor)) : 0;
        }

        return risen;
    }

    /// <summary>Beats as positions in the envelope, in order.</summary>
    /// <param name="envelope">From <see cref="Prepare"/>.</param>
    /// <param name="periods">The local beat period of each value.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static double[] Track(float[] envelope, float[] periods)
    {
        float[] local = Smooth(envelope);
        float[] total = new float[local.Length];
        int[] before = new int[local.Length];
        for (int i = 0; i < local.Length; i++)
        {
            float period = periods[i], best = 0;
            int origin = -1;
            int first = i - (int)(1.5f * period), last = i - (int)(0.65f * period);
            for (int j = Math.Max(0, first); j <= last; j++)
            {
                float off = MathF.Log((i - j) / period);
                float value = total[j] - Tightness * off * off;
                if (value > best)
                {
                    (best, origin) = (value, j);
                }
            }

            total[i] = local[i] + best;
            before[i] = origin;
        }

        int end = LastBeat(total, periods);
        List<double> beats = [];
        for (int i = end; i >= 0; i = before[i])
        {
            beats.Add(Middle(local, i));
        }

        beats.Reverse();
        return [.. beats];
    }

    /// <summary>The best end: the largest total within the last period.</summary>
    private static int LastBeat(float[] total, float[] periods)
    {
        int from = total.Length == 0 ? 0 : Math.Max(0, total.Length - (int)periods[^1] - 1);
        return total.Length == 0 ? -1 : from + TensorPrimitives.IndexOfMax(total.AsSpan(from));
    }

    /// <summary>The peak between the values, by a parabola through the three at the top.</summary>
    private static double Middle(float[] values, int i)
    {
        if (i == 0 || i == values.Length - 1)
        {
            return i;
        }

        float bend = values[i - 1] - 2 * values[i] + values[i + 1];
        return bend < 0 ? i + Math.Clamp(0.5 * (values[i - 1] - values[i + 1]) / bend, -0.5, 0.5) : i;
    }

    /// <summary>A Gaussian of 20 ms: onsets of one beat that do not quite coincide count together.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static float[] Smooth(float[] values)
    {
        float[] kernel = [0.135f, 0.607f, 1, 0.607f, 0.135f];
        float[] smooth = new float[values.Length];
        for (int i = 0; i < values.Length; i++)
        {
            for (int k = -2; k <= 2; k++)
            {
                smooth[i] += i + k >= 0 && i + k < values.Length ? kernel[k + 2] * values[i + k] : 0;
            }
        }

        return smooth;
    }

    /// <summary>The mean of the values up to <paramref name="reach"/> away.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static float[] MovingMean(float[] values, int reach)
    {
        double[] sums = new double[values.Length + 1];
        for (int i = 0; i < values.Length; i++)
        {
            sums[i + 1] = sums[i] + values[i];
        }

        float[] means = new float[values.Length];
        for (int i = 0; i < means.Length; i++)
        {
            int from = Math.Max(0, i - reach), to = Math.Min(values.Length, i + reach + 1);
            means[i] = (float)((sums[to] - sums[from]) / (to - from));
        }

        return means;
    }
}
