using Stemsharp.Signal;

namespace Stemsharp.Tests.Signal;

/// <summary>Runs the transform under test over whole channels.</summary>
internal static unsafe class StftRun
{
    public static float[] Forward(Stft stft, ReadOnlySpan<float> waveform)
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

    public static float[] Inverse(Stft stft, ReadOnlySpan<float> spectrogram)
    {
        float[] result = new float[stft.OutputSamples];
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
