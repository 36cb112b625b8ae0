using System.Runtime.CompilerServices;

namespace Stemsharp.Music;

/// <summary>
/// Beats in a bar and which beat is the first: chords change and the bass drum is struck there more often than on other beats
/// (M. Goto, "An audio-based real-time beat tracking system for music with or without drum-sounds", Journal of New Music
/// Research 30, 2001).
/// </summary>
internal static class MeterFinder
{
    private static readonly int[] s_meters = [4, 3];

    /// <summary>Bars that are needed at least.</summary>
    private const int FewestBars = 6;

    /// <summary>The meter with its confidence; null where there are too few beats.</summary>
    /// <param name="beats">Seconds.</param>
    /// <param name="onsets">The onset envelope, <paramref name="onsetHop"/> seconds apart.</param>
    /// <param name="low">The same of the low bands.</param>
    /// <param name="onsetHop">Seconds.</param>
    /// <param name="chroma">Pitch classes of frames, <paramref name="chromaHop"/> seconds apart.</param>
    /// <param name="chromaHop">Seconds.</param>
    public static (int BeatsPerBar, int FirstBeat, double Confidence)? Find(
        double[] beats, float[] onsets, float[] low, double onsetHop, float[][] chroma, double chromaHop)
    {
        if (beats.Length < FewestBars * 4)
        {
            return null;
        }

        double[] change = Standardise([.. beats.Select((beat, i) => BeatPhase.Change(chroma, chromaHop, beat, Step(beats, i)))]);
        double[] kick = Standardise([.. beats.Select(beat => BeatPhase.Strength(low, onsetHop, beat))]);
        double[] accent = Standardise([.. beats.Select(beat => BeatPhase.Strength(onsets, onsetHop, beat))]);
        double[] evidence = Standardise([.. change.Select((value, i) => value + 0.5 * kick[i] + 0.25 * accent[i])]);

        (double Score, int Beats, int First)[] found =
        [
            .. from meter in s_meters
               from first in Enumerable.Range(0, meter)
               let score = Contrast(evidence, meter, first)
               orderby score descending
               select (score, meter, first),
        ];
        (double best, int beatsPerBar, int firstBeat) = found[0];
        double second = found[1].Score;

        // Scores are in standard errors, which chance keeps below about 3.
        double confidence = Math.Clamp((best - 3) / 4, 0, 1) * Math.Clamp((best - second) / (0.4 * best + 1e-9), 0, 1);
        return (beatsPerBar, firstBeat, confidence);
    }

    private static double Step(double[] beats, int i) => i + 1 < beats.Length ? beats[i + 1] - beats[i] : beats[i] - beats[i - 1];

    /// <summary>How much more the bars' first beats have than the others, in standard errors; evidence has mean 0 and variance 1.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static double Contrast(double[] evidence, int meter, int first)
    {
        double sum = 0;
        int count = 0;
        for (int i = first; i < evidence.Length; i += meter)
        {
            sum += evidence[i];
            count++;
        }

        int others = evidence.Length - count;
        double difference = sum / count + sum / others;
        return difference / Math.Sqrt(1.0 / count + 1.0 / others);
    }

    private static double[] Standardise(double[] values)
    {
        double mean = values.Average(), spread = Math.Sqrt(values.Average(value => (value - mean) * (value - mean)));
        return [.. values.Select(value => spread > 0 ? (value - mean) / spread : 0)];
    }
}
