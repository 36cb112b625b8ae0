using System.Collections.Immutable;
using System.Runtime.CompilerServices;
using Stemsharp.Graph;

namespace Stemsharp.Model.RoFormer;

/// <summary>
/// The bins under the triangles of a mel filter bank on Slaney's scale (librosa.filters.mel): linear below 1 kHz, logarithmic above.
/// The lowest bin belongs to the first band and the highest to the last one in any case.
/// </summary>
internal static class MelBands
{
    private const double LinearHz = 200.0 / 3, BreakHz = 1000, BreakMel = BreakHz / LinearHz, StepsPerRatio = 27, Ratio = 6.4;

    /// <summary>The bands.</summary>
    /// <param name="count">How many.</param>
    /// <param name="nfft">The FFT's points.</param>
    /// <param name="sampleRate">In Hz.</param>
    /// <exception cref="ModelException">A band holds no bin, or a bin is in no band.</exception>
    public static ImmutableArray<BandOp> Of(int count, int nfft, int sampleRate)
    {
        BandOp[] bands = new BandOp[count];
        for (int k = 0; k < count; k++)
        {
            bands[k] = Inside(k, count, nfft, sampleRate) ?? throw new ModelException(
                $"{count} mel bands are not possible with stft_n_fft = {nfft} at {sampleRate} Hz: band {k} has no bins.");
        }

        return FirstOutside(bands, nfft / 2 + 1) is not { } bin ? [.. bands] : throw new ModelException(
            $"{count} mel bands are not possible with stft_n_fft = {nfft} at {sampleRate} Hz: bin {bin} is in none of them.");
    }

    // Compiled as a whole before it runs. Exchanged in the midst of its loop for a better one (on-stack replacement), code like this now and
    // then crashed the compiler of .NET 10.0.12: a fault of the process, which nobody can catch.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static BandOp? Inside(int band, int count, int nfft, int sampleRate)
    {
        double top = ToMel(sampleRate / 2.0);
        double low = ToHertz(band * top / (count + 1)), high = ToHertz((band + 2) * top / (count + 1));
        int bins = nfft / 2 + 1, first = bins, last = -1, inside = 0;
        for (int f = 0; f < bins; f++)
        {
            double hertz = (double)f * sampleRate / nfft;
            if ((f == 0 && band == 0) || (f == bins - 1 && band == count - 1) || (low < hertz && hertz < high))
            {
                first = Math.Min(first, f);
                last = f;
                inside++;
            }
        }

        return inside > 0 && last - first == inside - 1 ? new BandOp(first, inside) : null;
    }

    /// <summary>The first bin that no band holds; null where there is none.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static int? FirstOutside(BandOp[] bands, int bins)
    {
        for (int f = 0, k = 0; f < bins; f++)
        {
            while (k < bands.Length && bands[k].Start + bands[k].Length <= f)
            {
                k++;
            }

            if (k == bands.Length || bands[k].Start > f)
            {
                return f;
            }
        }

        return null;
    }

    private static double ToMel(double hertz) =>
        hertz < BreakHz ? hertz / LinearHz : BreakMel + StepsPerRatio * Math.Log(hertz / BreakHz) / Math.Log(Ratio);

    private static double ToHertz(double mel) =>
        mel < BreakMel ? LinearHz * mel : BreakHz * Math.Exp((mel - BreakMel) * Math.Log(Ratio) / StepsPerRatio);
}
