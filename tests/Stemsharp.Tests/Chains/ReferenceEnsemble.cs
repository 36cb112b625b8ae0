using System.Numerics;

namespace Stemsharp.Tests.Chains;

/// <summary>
/// audio-separator's ensembles at their word, over whole channels in double precision: zeros around the signal, frames of 2048 samples
/// every 1024, a window before and behind the transforms, sums over the sum of squared windows.
/// </summary>
internal static class ReferenceEnsemble
{
    private const int Nfft = 2048, Hop = 1024;

    /// <summary>One channel.</summary>
    /// <param name="algorithm">The algorithm's name.</param>
    /// <param name="versions">The channel in each version.</param>
    /// <param name="weights">Null for equal ones.</param>
    /// <param name="toWholeHops">Whether a frame is added behind a signal that ends between two.</param>
    public static double[] Make(string algorithm, IReadOnlyList<double[]> versions, double[]? weights = null, bool toWholeHops = true)
    {
        weights ??= [.. versions.Select(_ => 1.0)];
        int length = versions[0].Length;
        if (algorithm == "ensemble_wav")
        {
            return versions.MinBy(version => version.Average(Math.Abs))!;
        }

        if (algorithm.EndsWith("_wave", StringComparison.Ordinal))
        {
            return [.. Enumerable.Range(0, length).Select(i => Join(algorithm, [.. versions.Select(v => new Complex(v[i], 0))], weights).Real)];
        }

        Complex[][][] spectra = [.. versions.Select(version => Forward(version, toWholeHops))];
        Complex[][] joined = [.. Enumerable.Range(0, spectra[0].Length).Select(t =>
            Enumerable.Range(0, Hop + 1).Select(k => Join(algorithm, [.. spectra.Select(s => s[t][k])], weights)).ToArray())];
        return Inverse(joined, length);
    }

    private static Complex Join(string algorithm, Complex[] values, double[] weights)
    {
        if (algorithm.StartsWith("avg", StringComparison.Ordinal))
        {
            return values.Zip(weights, (value, weight) => value * weight).Aggregate((a, b) => a + b) / weights.Sum();
        }

        if (algorithm.StartsWith("median", StringComparison.Ordinal))
        {
            return new Complex(Median(values.Select(v => v.Real)), Median(values.Select(v => v.Imaginary)));
        }

        double best = algorithm.Contains("max", StringComparison.Ordinal) ? values.Max(Complex.Abs) : values.Min(Complex.Abs);
        return algorithm.StartsWith("uvr", StringComparison.Ordinal) ? values.Last(v => Complex.Abs(v) == best) : values.First(v => Complex.Abs(v) == best);
    }

    private static double Median(IEnumerable<double> values)
    {
        double[] sorted = [.. values.Order()];
        return (sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]) / 2;
    }

    private static Complex[][] Forward(double[] signal, bool toWholeHops)
    {
        int length = toWholeHops ? (signal.Length + Hop - 1) / Hop * Hop : signal.Length;
        double[] padded = [.. new double[Hop], .. signal, .. new double[length - signal.Length + Hop]];
        return [.. Enumerable.Range(0, 1 + length / Hop).Select(t =>
            Transform([.. Enumerable.Range(0, Nfft).Select(i => new Complex(padded[t * Hop + i] * Window(i), 0))])[..(Hop + 1)])];
    }

    private static double[] Inverse(Complex[][] frames, int length)
    {
        double[] sum = new double[Math.Max(frames.Length * Hop + Hop, length + Hop)], squares = new double[sum.Length];
        for (int t = 0; t < frames.Length; t++)
        {
            // The mirror image completes the spectrum; a transform of the conjugate is the inverse's conjugate.
            Complex[] full = [.. Enumerable.Range(0, Nfft).Select(k => k <= Hop ? Complex.Conjugate(frames[t][k]) : frames[t][Nfft - k])];
            full[0] = full[0].Real;
            full[Hop] = full[Hop].Real;
            Complex[] samples = Transform(full);
            for (int i = 0; i < Nfft; i++)
            {
                sum[t * Hop + i] += samples[i].Real / Nfft * Window(i);
                squares[t * Hop + i] += Window(i) * Window(i);
            }
        }

        return [.. Enumerable.Range(Hop, length).Select(i => squares[i] > 1e-30 ? sum[i] / squares[i] : sum[i])];
    }

    private static double Window(int i) => 0.5 - 0.5 * Math.Cos(2 * Math.PI * i / Nfft);

    private static Complex[] Transform(Complex[] x)
    {
        if (x.Length == 1)
        {
            return x;
        }

        Complex[] even = Transform([.. x.Where((_, i) => i % 2 == 0)]), odd = Transform([.. x.Where((_, i) => i % 2 == 1)]);
        Complex[] result = new Complex[x.Length];
        for (int k = 0; k < even.Length; k++)
        {
            Complex turned = Complex.FromPolarCoordinates(1, -2 * Math.PI * k / x.Length) * odd[k];
            (result[k], result[k + even.Length]) = (even[k] + turned, even[k] - turned);
        }

        return result;
    }
}
