namespace Stemsharp.Tests.Signal;

/// <summary>
/// The network's STFT written down as its definition, in double precision: pad by reflection, window, sum.
/// </summary>
internal static class ReferenceStft
{
    /// <summary>[2, N/2, T] of one channel.</summary>
    public static double[] Forward(ReadOnlySpan<float> x, int nfft)
    {
        int hop = nfft / 4, bins = nfft / 2, frames = (x.Length + hop - 1) / hop;
        double[] padded = Pad(x, 3 * hop / 2, (3 * hop / 2) + (frames * hop) - x.Length);
        double[] result = new double[2 * bins * frames];
        double[] cos = new double[nfft], sin = new double[nfft];
        for (int i = 0; i < nfft; i++)
        {
            (sin[i], cos[i]) = Math.SinCos(-2 * Math.PI * i / nfft);
        }

        for (int t = 0; t < frames; t++)
        {
            for (int k = 0; k < bins; k++)
            {
                double re = 0, im = 0;
                for (int i = 0; i < nfft; i++)
                {
                    double value = padded[(t * hop) + i] * Hann(i, nfft) / Math.Sqrt(nfft);
                    int phase = (int)((long)i * k % nfft);
                    re += value * cos[phase];
                    im += value * sin[phase];
                }

                result[(k * frames) + t] = re;
                result[((bins + k) * frames) + t] = im;
            }
        }

        return result;
    }

    /// <summary>The samples of a spectrogram [2, N/2, T]: frames back to time, windowed, added, divided by the windows' squares.</summary>
    public static double[] Inverse(ReadOnlySpan<float> spectrogram, int nfft, int samples)
    {
        int hop = nfft / 4, bins = nfft / 2, frames = (samples + hop - 1) / hop;
        double[] sum = new double[(frames + 4) * hop], weight = new double[sum.Length];

        // The two frames that are dropped on each side count in the weight, with nothing in them.
        for (int t = -2; t < frames + 2; t++)
        {
            for (int i = 0; i < nfft; i++)
            {
                int at = (t * hop) + i;
                if (at < 0 || at >= sum.Length)
                {
                    continue;
                }

                weight[at] += Hann(i, nfft) * Hann(i, nfft);
                if (t < 0 || t >= frames)
                {
                    continue;
                }

                double value = spectrogram[t];
                for (int k = 1; k < bins; k++)
                {
                    (double sin, double cos) = Math.SinCos(2 * Math.PI * (double)((long)i * k % nfft) / nfft);
                    value += 2 * ((spectrogram[(k * frames) + t] * cos) - (spectrogram[((bins + k) * frames) + t] * sin));
                }

                sum[at] += value / Math.Sqrt(nfft) * Hann(i, nfft);
            }
        }

        double[] result = new double[samples];
        for (int i = 0; i < samples; i++)
        {
            result[i] = sum[i + (3 * hop / 2)] / weight[i + (3 * hop / 2)];
        }

        return result;
    }

    private static double Hann(int i, int nfft) => 0.5 - (0.5 * Math.Cos(2 * Math.PI * i / nfft));

    private static double[] Pad(ReadOnlySpan<float> x, int left, int right)
    {
        // Too short to be reflected: zeros follow first, as many as the reflection needs.
        double[] signal = new double[Math.Max(x.Length, right + 1)];
        for (int i = 0; i < x.Length; i++)
        {
            signal[i] = x[i];
        }

        right -= signal.Length - x.Length;
        double[] result = new double[left + signal.Length + right];
        for (int i = 0; i < result.Length; i++)
        {
            int at = Math.Abs(i - left);
            result[i] = signal[at < signal.Length ? at : (2 * (signal.Length - 1)) - at];
        }

        return result;
    }
}
