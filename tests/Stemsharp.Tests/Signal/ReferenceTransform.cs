using Stemsharp.Signal;

namespace Stemsharp.Tests.Signal;

/// <summary>
/// A transform's definition taken at its word, step by step, in double precision: lengthen, mirror, cut, window, sum. No step knows of
/// a fast one.
/// </summary>
internal static class ReferenceTransform
{
    /// <summary>[2, F, T] of one channel.</summary>
    public static double[] Forward(TransformDefinition definition, ReadOnlySpan<float> x)
    {
        int nfft = definition.Nfft, bins = definition.Bins, frames = definition.Frames(x.Length);
        double[] centred = Centred(definition, x), window = Window(definition);
        double[] result = new double[2 * bins * frames], frame = new double[nfft];
        (double[] cos, double[] sin) = Circle(nfft);
        double scale = definition.Normalized ? 1 / Math.Sqrt(nfft) : 1;
        for (int t = 0; t < frames; t++)
        {
            int start = (t + definition.DroppedFrames) * definition.Hop;
            for (int j = 0; j < nfft; j++)
            {
                frame[j] = centred[start + j] * window[j];
            }

            for (int k = 0; k < bins; k++)
            {
                double re = 0, im = 0;
                for (int j = 0, angle = 0; j < nfft; j++, angle = (angle + k) % nfft)
                {
                    re += frame[j] * cos[angle];
                    im -= frame[j] * sin[angle];
                }

                result[k * frames + t] = re * scale;
                result[(bins + k) * frames + t] = im * scale;
            }
        }

        return result;
    }

    /// <summary>The samples of a spectrogram [2, F, T].</summary>
    public static double[] Inverse(TransformDefinition definition, ReadOnlySpan<float> spectrogram, int samples)
    {
        int nfft = definition.Nfft, bins = definition.Bins, frames = definition.Frames(samples), dropped = definition.DroppedFrames;
        int all = frames + 2 * dropped, origin = nfft / 2 + definition.OutputStart;
        double[] sum = new double[Math.Max(nfft + (all - 1) * definition.Hop, origin + definition.OutputSamples(samples))];
        double[] envelope = new double[sum.Length], window = Window(definition);
        (double[] cos, double[] sin) = Circle(nfft);
        double scale = definition.Normalized ? Math.Sqrt(nfft) : 1;
        for (int t = 0; t < all; t++)
        {
            int kept = t - dropped;
            for (int j = 0; j < nfft; j++)
            {
                envelope[t * definition.Hop + j] += window[j] * window[j];
            }

            for (int j = 0; j < nfft && kept >= 0 && kept < frames; j++)
            {
                // Every bin but the lowest and the highest stands for its mirror image as well.
                double value = 0;
                for (int k = 0, angle = 0; k < bins; k++, angle = (angle + j) % nfft)
                {
                    double re = spectrogram[k * frames + kept], im = spectrogram[(bins + k) * frames + kept];
                    value += k == 0 || k == nfft / 2 ? re * cos[angle] : 2 * (re * cos[angle] - im * sin[angle]);
                }

                sum[t * definition.Hop + j] += value / nfft * scale * window[j];
            }
        }

        double constant = Enumerable.Range(0, (nfft + definition.Hop - 1) / definition.Hop).Sum(k => window[k * definition.Hop] * window[k * definition.Hop]);
        double[] result = new double[definition.OutputSamples(samples)];
        for (int i = 0; i < result.Length; i++)
        {
            double squares = definition.Envelope == TransformEnvelope.Constant ? constant : envelope[origin + i];
            result[i] = squares > 1e-11 ? sum[origin + i] / squares : 0;
        }

        return result;
    }

    private static double[] Window(TransformDefinition definition) =>
    [
        .. Enumerable.Range(0, definition.Nfft).Select(j => definition.Window == TransformWindow.Rectangular
            ? 1 : 0.5 - 0.5 * Math.Cos(2 * Math.PI * j / definition.Nfft)),
    ];

    private static (double[] Cos, double[] Sin) Circle(int n) =>
        ([.. Enumerable.Range(0, n).Select(i => Math.Cos(2 * Math.PI * i / n))], [.. Enumerable.Range(0, n).Select(i => Math.Sin(2 * Math.PI * i / n))]);

    private static double[] Centred(TransformDefinition definition, ReadOnlySpan<float> x)
    {
        double[] signal = new double[x.Length];
        for (int i = 0; i < x.Length; i++)
        {
            signal[i] = x[i];
        }

        int padded = definition.PaddedSamples(x.Length);
        double[] lengthened = Padded(signal, definition.PadStart, padded - definition.PadStart - x.Length, definition.PadMode == PaddingMode.Reflect);
        return Padded(lengthened, definition.Nfft / 2, definition.Nfft / 2, reflect: true);
    }

    private static double[] Padded(double[] x, int left, int right, bool reflect)
    {
        // Too short to be mirrored: zeros follow first.
        double[] longer = [.. x, .. new double[Math.Max(0, Math.Max(left, right) + 1 - x.Length)]];
        double[] result = new double[left + x.Length + right];
        for (int i = 0; i < result.Length; i++)
        {
            int at = i - left;
            if (reflect)
            {
                at = Math.Abs(at);
                at = at < longer.Length ? at : 2 * (longer.Length - 1) - at;
            }

            result[i] = at >= 0 && at < x.Length ? x[at] : 0;
        }

        return result;
    }
}
