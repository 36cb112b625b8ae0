using Stemsharp.Signal;

namespace Stemsharp.Bench;

/// <summary>What stands around the network: a mix [2, L] to its spectrogram, and both outputs to stems [S, 2, L].</summary>
internal static unsafe class SegmentTransform
{
    /// <summary>[4, F, T]: left.re, left.im, right.re, right.im.</summary>
    public static float[] Forward(float[] mix, int nfft)
    {
        int samples = mix.Length / 2;
        using SegmentStft stft = new(nfft, samples);
        int plane = 2 * stft.Bins * stft.Frames;
        float[] result = new float[2 * plane];
        fixed (float* m = mix, x = result)
        {
            for (int c = 0; c < 2; c++)
            {
                for (int chunk = 0; chunk < stft.Chunks; chunk++)
                {
                    stft.Forward(m + c * samples, chunk, x + c * plane);
                }
            }
        }

        return result;
    }

    /// <summary>Adds the inverse transforms of the spectrograms [S, 4, F, T] to the waveforms [S, 2, L].</summary>
    public static void Inverse(float[] spectrograms, float[] waveforms, int samples, int nfft)
    {
        using SegmentStft stft = new(nfft, samples);
        int plane = 2 * stft.Bins * stft.Frames;
        float[] seam = new float[stft.SeamLength];
        fixed (float* y = spectrograms, yt = waveforms, s = seam)
        {
            for (int c = 0; c < waveforms.Length / samples; c++)
            {
                for (int chunk = 0; chunk < stft.Chunks; chunk++)
                {
                    stft.Inverse(y + (long)c * plane, chunk, yt + (long)c * samples, s);
                    if (chunk < stft.Chunks - 1)
                    {
                        stft.AddSeam(s, chunk, yt + (long)c * samples);
                    }
                }
            }
        }
    }
}
