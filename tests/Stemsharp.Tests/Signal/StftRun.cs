using Stemsharp.Signal;

namespace Stemsharp.Tests.Signal;

/// <summary>Runs the transform under test over whole channels.</summary>
internal static unsafe class StftRun
{
    public static float[] Forward(SegmentStft stft, ReadOnlySpan<float> waveform)
    {
        float[] result = new float[2 * stft.Bins * stft.Frames];
        fixed (float* x = waveform)
        fixed (float* y = result)
        {
            for (int chunk = 0; chunk < stft.Chunks; chunk++)
            {
                stft.Forward(x, chunk, y);
            }
        }

        return result;
    }

    public static float[] Inverse(SegmentStft stft, ReadOnlySpan<float> spectrogram)
    {
        float[] result = new float[stft.Samples];
        float[] seams = new float[stft.Chunks * stft.SeamLength];
        fixed (float* x = spectrogram)
        fixed (float* y = result)
        fixed (float* seam = seams)
        {
            // Last first: chunks do not depend on each other.
            for (int chunk = stft.Chunks - 1; chunk >= 0; chunk--)
            {
                stft.Inverse(x, chunk, y, seam + chunk * stft.SeamLength);
            }

            for (int chunk = 0; chunk < stft.Chunks - 1; chunk++)
            {
                stft.AddSeam(seam + chunk * stft.SeamLength, chunk, y);
            }
        }

        return result;
    }

    /// <summary>10·log10 of the truth's energy over the error's.</summary>
    public static double Snr(ReadOnlySpan<float> truth, ReadOnlySpan<float> found)
    {
        double[] exact = new double[truth.Length];
        for (int i = 0; i < exact.Length; i++)
        {
            exact[i] = truth[i];
        }

        return Snr(exact, found);
    }

    public static double Snr(ReadOnlySpan<double> truth, ReadOnlySpan<float> found)
    {
        double energy = 0, error = 0;
        for (int i = 0; i < truth.Length; i++)
        {
            energy += truth[i] * truth[i];
            error += (truth[i] - found[i]) * (truth[i] - found[i]);
        }

        return 10 * Math.Log10(energy / error);
    }

    public static float[] Noise(int length, int seed)
    {
        Random random = new(seed);
        float[] result = new float[length];
        for (int i = 0; i < length; i++)
        {
            result[i] = (float)(2 * random.NextDouble() - 1);
        }

        return result;
    }
}
