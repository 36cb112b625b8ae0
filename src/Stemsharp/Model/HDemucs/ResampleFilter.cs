using Stemsharp.Graph;

namespace Stemsharp.Model.HDemucs;

/// <summary>
/// The filters that double and halve the rate inside of Demucs: windowed sincs, 24 zero crossings to each side, cut off at 0.945 of the
/// lower rate's half (julius.resample_frac). The taps of each phase add up to one.
/// </summary>
internal static class ResampleFilter
{
    private const double Crossings = 24, Rolloff = 0.945;
    private const int DoubleReach = 26, HalveReach = 51;

    /// <summary>Samples before its own that a doubled sample is made of.</summary>
    public const int DoubleBefore = DoubleReach;

    /// <summary>Samples before its own that a halved sample is made of.</summary>
    public const int HalveBefore = HalveReach;

    /// <summary>[2, 53]: samples between and at the given ones.</summary>
    public static Table Double { get; } = Make("double", [0, 0.5], -DoubleReach, DoubleReach, 1);

    /// <summary>[1, 104]: every other sample.</summary>
    public static Table Halve { get; } = Make("halve", [0], -HalveReach, HalveReach + 1, 0.5);

    private static Table Make(string name, double[] phases, int first, int last, double rate)
    {
        int count = last - first + 1;
        double[] taps = new double[phases.Length * count];
        for (int phase = 0; phase < phases.Length; phase++)
        {
            Span<double> own = taps.AsSpan(phase * count, count);
            double sum = 0;
            for (int k = 0; k < count; k++)
            {
                sum += own[k] = Tap((first + k) * rate - phases[phase]);
            }

            for (int k = 0; k < count; k++)
            {
                own[k] /= sum;
            }
        }

        return new Table($"resample.{name}", new Shape(phases.Length, count), taps);
    }

    private static double Tap(double u)
    {
        double angle = Math.PI * Math.Clamp(Rolloff * u, -Crossings, Crossings), window = Math.Cos(angle / Crossings / 2);
        return (angle == 0 ? 1 : Math.Sin(angle) / angle) * window * window;
    }
}
