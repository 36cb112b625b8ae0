using System.Runtime.CompilerServices;

namespace Stemsharp.Audio;

/// <summary>
/// The polyphase coefficients of a Kaiser-windowed sinc between two rates. Linear phase, centred on the output instant.
/// The pass band ends at 92 % of the lower rate's Nyquist frequency and the stop band begins at that frequency itself,
/// so that nothing folds back into the audible range.
/// </summary>
internal sealed class ResamplerFilter
{
    /// <summary>End of the pass band as a part of the lower rate's Nyquist frequency.</summary>
    public const double PassBand = 0.92;

    /// <summary>
    /// Attenuation that the window is designed for, in dB: below the rounding noise of 20-bit audio, and about where
    /// products of 32-bit floats stop.
    /// </summary>
    public const double Attenuation = 125;

    /// <summary>Coefficients kept for every phase of a ratio; beyond that, phases are interpolated.</summary>
    private const int MaximumExact = 1 << 20;

    /// <summary>Linear interpolation between this many phases per sample of the lower rate is exact to −150 dB.</summary>
    private const int InterpolatedPhases = 4096;

    /// <summary>
    /// Filters that are kept for the next one who asks: a song has one or two, and none is larger than 14 MB, because a filter with
    /// many taps has few phases.
    /// </summary>
    private const int MostKept = 8;

    private static readonly Lock Gate = new();

    /// <summary>The filters that were asked for last, the latest at the end.</summary>
    private static readonly List<ResamplerFilter> Kept = [];

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private ResamplerFilter(int up, int down)
    {
        Up = up;
        Down = down;
        double lower = Math.Min(1.0, (double)up / down);
        double pass = 0.5 * lower * PassBand, stop = 0.5 * lower;
        double cutoff = (pass + stop) / 2;
        double taps = (Attenuation - 7.95) / (14.36 * (stop - pass));
        double width = taps / 2;
        // A multiple of 8 taps keeps the dot products on whole vectors.
        HalfTaps = ((int)Math.Ceiling(width) + 3) & ~3;
        Interpolates = (long)up * Taps > MaximumExact;
        // A filter that is stretched n times needs an nth of the phases per sample of the higher rate.
        Phases = Interpolates ? Math.Max(1, InterpolatedPhases >> (int)Math.Floor(Math.Log2(1 / lower))) : up;
        int rows = Interpolates ? Phases + 1 : Phases;
        Coefficients = new float[rows * Taps];
        double beta = 0.1102 * (Attenuation - 8.7), scale = 1 / BesselI0(beta);
        double[] row = new double[Taps];
        for (int phase = 0; phase < rows; phase++)
        {
            double sum = 0;
            for (int j = 0; j < Taps; j++)
            {
                double t = j - (HalfTaps - 1) - (double)phase / Phases;
                double x = t / width;
                double window = Math.Abs(x) >= 1 ? 0 : BesselI0(beta * Math.Sqrt(1 - x * x)) * scale;
                row[j] = Sinc(2 * cutoff * t) * window;
                sum += row[j];
            }

            // The same gain at 0 Hz for every phase: a constant stays constant.
            for (int j = 0; j < Taps; j++)
            {
                Coefficients[phase * Taps + j] = (float)(row[j] / sum);
            }
        }
    }

    /// <summary>The ratio's numerator in lowest terms: output frames in <see cref="Down"/> input frames.</summary>
    public int Up { get; }

    /// <summary>The ratio's denominator.</summary>
    public int Down { get; }

    /// <summary>Input frames before, and after, the output instant that take part.</summary>
    public int HalfTaps { get; }

    /// <summary>Coefficients of a phase.</summary>
    public int Taps => 2 * HalfTaps;

    /// <summary>Rows of coefficients (one more when they are interpolated between).</summary>
    public int Phases { get; }

    /// <summary>Whether the ratio has too many phases to keep, so that neighbouring rows are mixed.</summary>
    public bool Interpolates { get; }

    /// <summary>[phases, taps].</summary>
    public float[] Coefficients { get; }

    /// <summary>The filter between two rates; the ones that were asked for last are kept.</summary>
    public static ResamplerFilter For(int from, int to)
    {
        int divisor = GreatestCommonDivisor(from, to), up = to / divisor, down = from / divisor;
        lock (Gate)
        {
            if (Kept.Find(filter => filter.Up == up && filter.Down == down) is { } known)
            {
                Keep(known);
                return known;
            }
        }

        ResamplerFilter made = new(up, down);
        lock (Gate)
        {
            Keep(made);
        }

        return made;
    }

    private static void Keep(ResamplerFilter filter)
    {
        Kept.Remove(filter);
        Kept.Add(filter);
        if (Kept.Count > MostKept)
        {
            Kept.RemoveAt(0);
        }
    }

    private static int GreatestCommonDivisor(int a, int b)
    {
        while (b != 0)
        {
            (a, b) = (b, a % b);
        }

        return a;
    }

    private static double Sinc(double x) => x == 0 ? 1 : Math.Sin(Math.PI * x) / (Math.PI * x);

    /// <summary>The modified Bessel function of order 0, by its power series.</summary>
    private static double BesselI0(double x)
    {
        double sum = 1, term = 1, quarter = x * x / 4;
        for (int k = 1; term > sum * 1e-17; k++)
        {
            term *= quarter / ((double)k * k);
            sum += term;
        }

        return sum;
    }
}
