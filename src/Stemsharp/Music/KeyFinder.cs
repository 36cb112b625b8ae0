using System.Runtime.CompilerServices;

namespace Stemsharp.Music;

/// <summary>
/// The key whose profile the song's pitch classes fit best (C. Krumhansl, "Cognitive foundations of musical pitch", 1990), with
/// profiles counted in a textbook's pieces (D. Temperley, "Music and probability", 2007), to which the overtones of their notes are
/// added (E. Gómez, "Tonal description of polyphonic audio for music content processing", INFORMS Journal on Computing 18, 2006).
/// </summary>
internal static class KeyFinder
{
    private static readonly double[] s_major = WithOvertones([0.748, 0.060, 0.488, 0.082, 0.670, 0.460, 0.096, 0.715, 0.104, 0.366, 0.057, 0.400]);
    private static readonly double[] s_minor = WithOvertones([0.712, 0.084, 0.474, 0.618, 0.049, 0.460, 0.105, 0.747, 0.404, 0.067, 0.133, 0.330]);

    /// <summary>The key with its confidence; null where nothing sounds.</summary>
    /// <param name="chroma">Pitch classes of each frame, from C on.</param>
    /// <param name="loudness">Weights of the frames.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static (int Tonic, MusicMode Mode, double Confidence)? Find(float[][] chroma, float[] loudness)
    {
        double[] sum = new double[12];
        float loudest = loudness.Length == 0 ? 0 : loudness.Max();
        for (int i = 0; i < chroma.Length; i++)
        {
            // Soft frames count, but not those of pauses.
            double weight = loudness[i] > 0.03f * loudest ? Math.Sqrt(loudness[i]) : 0;
            for (int c = 0; c < 12; c++)
            {
                sum[c] += weight * chroma[i][c];
            }
        }

        double mean = sum.Average();
        if (mean <= 0)
        {
            return null;
        }

        (double Fit, int Tonic, MusicMode Mode)[] keys =
        [
            .. from tonic in Enumerable.Range(0, 12)
               from mode in (MusicMode[])[MusicMode.Major, MusicMode.Minor]
               let fit = Correlation(sum, mode == MusicMode.Major ? s_major : s_minor, tonic)
               orderby fit descending
               select (fit, tonic, mode),
        ];
        (double best, int key, MusicMode scale) = keys[0];

        // Relative keys share their notes; the margin is to the best of the others.
        double other = keys.First(k => !IsSameOrRelative(k.Tonic, k.Mode, key, scale)).Fit;
        double spread = Math.Sqrt(sum.Average(value => (value - mean) * (value - mean))) / mean;
        double confidence = Rise(spread, 0.15, 0.35) * Rise(best, 0.6, 0.8) * Rise(best - other, 0, 0.03);
        return (key, scale, confidence);
    }

    /// <summary>Whether two keys have the same signature.</summary>
    internal static bool IsSameOrRelative(int tonic, MusicMode mode, int otherTonic, MusicMode otherMode) =>
        Signature(tonic, mode) == Signature(otherTonic, otherMode);

    /// <summary>Each note sounds with overtones, which fall by 0.6 from one to the next: the 3rd and 6th are fifths, the 5th is a third.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static double[] WithOvertones(double[] notes)
    {
        double[] heard = new double[12];
        for (int note = 0; note < 12; note++)
        {
            for (int harmonic = 1; harmonic <= 6; harmonic++)
            {
                int interval = (int)Math.Round(12 * Math.Log2(harmonic));
                heard[(note + interval) % 12] += notes[note] * Math.Pow(0.6, harmonic - 1);
            }
        }

        return heard;
    }

    private static int Signature(int tonic, MusicMode mode) => mode == MusicMode.Major ? tonic : (tonic + 3) % 12;

    private static double Rise(double value, double from, double to) => Math.Clamp((value - from) / (to - from), 0, 1);

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static double Correlation(double[] sum, double[] profile, int tonic)
    {
        double meanSum = sum.Average(), meanProfile = profile.Average(), both = 0, first = 0, second = 0;
        for (int i = 0; i < 12; i++)
        {
            double a = sum[(i + tonic) % 12] - meanSum, b = profile[i] - meanProfile;
            (both, first, second) = (both + a * b, first + a * a, second + b * b);
        }

        return both / Math.Sqrt(first * second + 1e-30);
    }
}
