using System.Collections.Immutable;
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
        int bins = nfft / 2 + 1;
        double top = ToMel(sampleRate / 2.0);
        double Edge(int i) => ToHertz(i * top / (count + 1));
        BandOp[] bands = new BandOp[count];
        for (int k = 0; k < count; k++)
        {
            double low = Edge(k), high = Edge(k + 2);
            int[] inside = [.. Enumerable.Range(0, bins).Where(f => (f == 0 && k == 0) || (f == bins - 1 && k == count - 1) || (low < Frequency(f) && Frequency(f) < high))];
            bands[k] = inside.Length > 0 && inside[^1] - inside[0] == inside.Length - 1
                ? new BandOp(inside[0], inside.Length)
                : throw new ModelException($"{count} mel bands are not possible with stft_n_fft = {nfft} at {sampleRate} Hz: band {k} has no bins.");
        }

        for (int f = 0, k = 0; f < bins; f++)
        {
            while (k < count && bands[k].Start + bands[k].Length <= f)
            {
                k++;
            }

            if (k == count || bands[k].Start > f)
            {
                throw new ModelException($"{count} mel bands are not possible with stft_n_fft = {nfft} at {sampleRate} Hz: bin {f} is in none of them.");
            }
        }

        return [.. bands];

        double Frequency(int f) => (double)f * sampleRate / nfft;
    }

    private static double ToMel(double hertz) =>
        hertz < BreakHz ? hertz / LinearHz : BreakMel + StepsPerRatio * Math.Log(hertz / BreakHz) / Math.Log(Ratio);

    private static double ToHertz(double mel) =>
        mel < BreakMel ? LinearHz * mel : BreakHz * Math.Exp((mel - BreakMel) * Math.Log(Ratio) / StepsPerRatio);
}
