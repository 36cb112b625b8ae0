using System.Numerics;

namespace Stemsharp.Export.Tests.CoreML;

/// <summary>The network's framing in double precision by its definition: what stands around a package in a host.</summary>
internal static class ReferenceStft
{
    /// <summary>mix [2, length] to [4, bins, frames]: left.re, left.im, right.re, right.im.</summary>
    public static float[] Forward(float[] mix, int length, int nfft)
    {
        int hop = nfft / 4, frames = (length + hop - 1) / hop, bins = nfft / 2, pad = hop / 2 * 3;
        float[] result = new float[4 * bins * frames];
        for (int c = 0; c < 2; c++)
        {
            // Reflected to a whole number of hops and 1.5 hops at each side, then by half a window more.
            int total = 2 * pad + frames * hop;
            double[] padded = new double[total];
            for (int i = 0; i < total; i++)
            {
                padded[i] = mix[c * length + Reflect(i - pad, length)];
            }

            int channel = c;
            Parallel.For(0, frames, t =>
            {
                Complex[] frame = new Complex[nfft];
                for (int k = 0; k < nfft; k++)
                {
                    frame[k] = padded[Reflect((t + 2) * hop - nfft / 2 + k, total)] * Window(k, nfft) / Math.Sqrt(nfft);
                }

                Transform(frame, -1);
                for (int f = 0; f < bins; f++)
                {
                    result[(2 * channel * bins + f) * frames + t] = (float)frame[f].Real;
                    result[((2 * channel + 1) * bins + f) * frames + t] = (float)frame[f].Imaginary;
                }
            });
        }

        return result;
    }

    /// <summary>One channel: [2, bins, frames] (re, im) to samples.</summary>
    public static double[] Inverse(float[] spectrogram, int offset, int length, int nfft)
    {
        int hop = nfft / 4, frames = (length + hop - 1) / hop, bins = nfft / 2, pad = hop / 2 * 3;
        double[] sum = new double[(frames + 8) * hop];
        for (int t = 0; t < frames; t++)
        {
            Complex[] frame = new Complex[nfft];
            for (int f = 0; f < bins; f++)
            {
                Complex value = new(spectrogram[offset + f * frames + t], f == 0 ? 0 : spectrogram[offset + (bins + f) * frames + t]);
                frame[f] = value;
                if (f > 0)
                {
                    frame[nfft - f] = Complex.Conjugate(value);
                }
            }

            Transform(frame, 1);
            // The squared windows of four frames add up to 1.5 everywhere that is kept.
            for (int k = 0; k < nfft; k++)
            {
                sum[(t + 2) * hop + k] += frame[k].Real / Math.Sqrt(nfft) * Window(k, nfft) / 1.5;
            }
        }

        return sum[(nfft / 2 + pad)..(nfft / 2 + pad + length)];
    }

    /// <summary>Stems [S, 2, length] from a package's two outputs.</summary>
    public static float[] Stems(float[] spectrograms, float[] waveforms, int stems, int length, int nfft)
    {
        int plane = nfft / 2 * ((length + nfft / 4 - 1) / (nfft / 4));
        float[] result = new float[stems * 2 * length];
        Parallel.For(0, stems * 2, i =>
        {
            double[] samples = Inverse(spectrograms, i * 2 * plane, length, nfft);
            for (int s = 0; s < length; s++)
            {
                result[i * length + s] = (float)(samples[s] + waveforms[i * length + s]);
            }
        });
        return result;
    }

    private static double Window(int k, int nfft) => 0.5 - 0.5 * Math.Cos(2 * Math.PI * k / nfft);

    private static int Reflect(int i, int length)
    {
        if (i < 0)
        {
            i = -i;
        }

        return i >= length ? 2 * (length - 1) - i : i;
    }

    // Unscaled radix-2 transform in place; sign −1 forward, 1 backward.
    private static void Transform(Complex[] x, int sign)
    {
        int n = x.Length;
        for (int i = 1, j = 0; i < n; i++)
        {
            int bit = n >> 1;
            for (; (j & bit) != 0; bit >>= 1)
            {
                j ^= bit;
            }

            j ^= bit;
            if (i < j)
            {
                (x[i], x[j]) = (x[j], x[i]);
            }
        }

        for (int half = 1; half < n; half *= 2)
        {
            for (int k = 0; k < half; k++)
            {
                Complex turn = Complex.FromPolarCoordinates(1, sign * Math.PI * k / half);
                for (int i = k; i < n; i += 2 * half)
                {
                    Complex odd = x[i + half] * turn;
                    x[i + half] = x[i] - odd;
                    x[i] += odd;
                }
            }
        }
    }
}
