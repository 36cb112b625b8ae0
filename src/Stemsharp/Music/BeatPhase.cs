using System.Runtime.CompilerServices;

namespace Stemsharp.Music;

/// <summary>
/// Whether found beats lie on the beat: offbeats may be as regular, but on the beat chords change, and bass and bass drum are
/// stronger. Beats on the second half or a third of the true ones are moved.
/// </summary>
/// <param name="onsets">The onset envelope.</param>
/// <param name="low">The same of the low bands.</param>
/// <param name="onsetHop">Seconds from value to value.</param>
/// <param name="chroma">Pitch classes of frames.</param>
/// <param name="chromaHop">Seconds from frame to frame.</param>
internal sealed class BeatPhase(float[] onsets, float[] low, double onsetHop, float[][] chroma, double chromaHop)
{
    private static readonly double[] s_shifts = [0, 1 / 3.0, 0.5, 2 / 3.0];

    /// <summary>Onsets, low onsets, changes of chords, which tell most.</summary>
    private static readonly double[] s_weights = [1, 1, 2];

    /// <summary>By how much another place has to be better than the one that was found.</summary>
    private const double Advantage = 1.08;

    /// <summary>The beats, moved where another place between them is better.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public double[] Correct(double[] beats)
    {
        if (beats.Length < 2)
        {
            return beats;
        }

        double[][] evidence = [.. s_shifts.Select(shift => Evidence(Shifted(beats, shift)))];
        double[] means = [.. Enumerable.Range(0, 3).Select(kind => evidence.Average(one => one[kind]))];
        double[] totals = [.. evidence.Select(one => one.Select((value, kind) => means[kind] > 0 ? s_weights[kind] * value / means[kind] : 0).Sum())];
        int best = Array.IndexOf(totals, totals.Max());
        return totals[best] > Advantage * totals[0] ? Shifted(beats, s_shifts[best]) : beats;
    }

    /// <summary>The largest onset within 50 ms.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static double Strength(float[] onsets, double hop, double beat)
    {
        int from = Math.Max(0, (int)((beat - 0.05) / hop)), to = Math.Min(onsets.Length - 1, (int)((beat + 0.05) / hop));
        float largest = 0;
        for (int i = from; i <= to; i++)
        {
            largest = Math.Max(largest, onsets[i]);
        }

        return largest;
    }

    /// <summary>One less the cosine between the pitch classes before and after a time.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static double Change(float[][] chroma, double hop, double time, double reach)
    {
        double[] before = Mean(chroma, hop, time - reach, time), after = Mean(chroma, hop, time, time + reach);
        double both = 0, first = 0, second = 0;
        for (int c = 0; c < 12; c++)
        {
            (both, first, second) = (both + before[c] * after[c], first + before[c] * before[c], second + after[c] * after[c]);
        }

        return first > 0 && second > 0 ? 1 - both / Math.Sqrt(first * second) : 0;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static double[] Mean(float[][] chroma, double hop, double from, double to)
    {
        double[] mean = new double[12];
        int first = Math.Max(0, (int)Math.Ceiling(from / hop)), last = Math.Min(chroma.Length - 1, Math.Max(first, (int)(to / hop)));
        for (int i = first; i <= last; i++)
        {
            for (int c = 0; c < 12; c++)
            {
                mean[c] += chroma[i][c];
            }
        }

        return mean;
    }

    private static double[] Shifted(double[] beats, double shift) =>
        shift == 0 ? beats : [.. beats.SkipLast(1).Select((beat, i) => beat + shift * (beats[i + 1] - beat))];

    private double[] Evidence(double[] beats)
    {
        double step = beats.Length > 1 ? (beats[^1] - beats[0]) / (beats.Length - 1) : 1;
        return
        [
            beats.Average(beat => Strength(onsets, onsetHop, beat)),
            beats.Average(beat => Strength(low, onsetHop, beat)),
            beats.Average(beat => Change(chroma, chromaHop, beat, step / 2)),
        ];
    }
}
