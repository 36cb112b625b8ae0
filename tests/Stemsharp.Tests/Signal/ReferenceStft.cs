using System.Numerics;

namespace Stemsharp.Tests.Signal;

/// <summary>
/// The network's STFT written down as its definition, in double precision: pad by reflection, window, sum.
/// </summary>
/// <remarks>
/// The original makes its window in single precision even where all else is double; what is compared with it to the last
/// digits asks for the same.
/// </remarks>
internal static class ReferenceStft
{
    /// <summary>[2, N/2, T] of one channel.</summary>
    public static double[] Forward(ReadOnlySpan<float> x, int nfft, bool singleWindow = false)
    {
        int hop = nfft / 4, bins = nfft / 2, frames = (x.Length + hop - 1) / hop;
        double[] padded = Pad(x, 3 * hop / 2, 3 * hop / 2 + frames * hop - x.Length);
        double[] result = new double[2 * bins * frames];
        double[] window = Hann(nfft, singleWindow);
        Complex[] frame = new Complex[nfft];
        for (int t = 0; t < frames; t++)
        {
            for (int i = 0; i < nfft; i++)
            {
                frame[i] = padded[t * hop + i] * window[i] / Math.Sqrt(nfft);
            }

            Complex[] spectrum = Fourier(frame);
            for (int k = 0; k < bins; k++)
            {
                result[k * frames + t] = spectrum[k].Real;
                result[(bins + k) * frames + t] = spectrum[k].Imaginary;
            }
        }

        return result;
    }

    /// <summary>The samples of a spectrogram [2, N/2, T]: frames back to time, windowed, added, divided by the windows' squares.</summary>
    public static double[] Inverse(ReadOnlySpan<double> spectrogram, int nfft, int samples, bool singleWindow = false)
    {
        int hop = nfft / 4, bins = nfft / 2, frames = (samples + hop - 1) / hop;
        double[] sum = new double[(frames + 4) * hop], weight = new double[sum.Length];
        double[] window = Hann(nfft, singleWindow);
        Complex[] spectrum = new Complex[nfft];

        // The two frames that are dropped on each side count in the weight, with nothing in them.
        for (int t = -2; t < frames + 2; t++)
        {
            bool kept = t >= 0 && t < frames;
            Complex[] frame = [];
            if (kept)
            {
                // A real signal's spectrum: the upper half mirrors the lower one, the top bin is zero. The inverse
                // transform is the forward one of the conjugate.
                spectrum[0] = spectrogram[t];
                for (int k = 1; k < bins; k++)
                {
                    Complex value = new(spectrogram[k * frames + t], spectrogram[(bins + k) * frames + t]);
                    spectrum[k] = Complex.Conjugate(value);
                    spectrum[nfft - k] = value;
                }

                frame = Fourier(spectrum);
            }

            for (int i = 0; i < nfft; i++)
            {
                int at = t * hop + i;
                if (at < 0 || at >= sum.Length)
                {
                    continue;
                }

                weight[at] += window[i] * window[i];
                sum[at] += kept ? frame[i].Real / Math.Sqrt(nfft) * window[i] : 0;
            }
        }

        double[] result = new double[samples];
        for (int i = 0; i < samples; i++)
        {
            result[i] = sum[i + 3 * hop / 2] / weight[i + 3 * hop / 2];
        }

        return result;
    }

    /// <summary>The discrete Fourier transform by halves.</summary>
    private static Complex[] Fourier(Complex[] x)
    {
        if (x.Length == 1)
        {
            return [x[0]];
        }

        int half = x.Length / 2;
        Complex[] even = new Complex[half], odd = new Complex[half];
        for (int i = 0; i < half; i++)
        {
            even[i] = x[2 * i];
            odd[i] = x[2 * i + 1];
        }

        even = Fourier(even);
        odd = Fourier(odd);
        Complex[] result = new Complex[x.Length];
        for (int k = 0; k < half; k++)
        {
            (double sin, double cos) = Math.SinCos(-2 * Math.PI * k / x.Length);
            Complex turned = odd[k] * new Complex(cos, sin);
            result[k] = even[k] + turned;
            result[k + half] = even[k] - turned;
        }

        return result;
    }

    private static double[] Hann(int nfft, bool single) =>
    [
        .. Enumerable.Range(0, nfft).Select(i => single
            ? 0.5f - 0.5f * MathF.Cos(i * (float)(2 * Math.PI / nfft))
            : 0.5 - 0.5 * Math.Cos(2 * Math.PI * i / nfft)),
    ];

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
            result[i] = signal[at < signal.Length ? at : 2 * (signal.Length - 1) - at];
        }

        return result;
    }
}
