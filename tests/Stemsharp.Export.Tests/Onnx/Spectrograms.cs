using Stemsharp.Signal;

namespace Stemsharp.Export.Tests.Onnx;

/// <summary>The transforms around a graph that has none.</summary>
internal static class Spectrograms
{
    public static unsafe float[] Forward(TransformDefinition definition, float[] mix, int samples)
    {
        using Stft stft = Stft.Create(definition, samples);
        int channels = mix.Length / samples, plane = 2 * stft.Bins * stft.Frames;
        float[] result = new float[channels * plane];
        fixed (float* from = mix, to = result)
        {
            for (int c = 0; c < channels; c++)
            {
                for (int chunk = 0; chunk < stft.Chunks; chunk++)
                {
                    stft.Forward(from + c * samples, chunk, to + c * plane);
                }
            }
        }

        return result;
    }

    public static unsafe float[] Inverse(TransformDefinition definition, float[] spectrograms, int samples, int rows)
    {
        using Stft stft = Stft.Create(definition, samples);
        int plane = 2 * stft.Bins * stft.Frames;
        float[] result = new float[rows * samples], seams = new float[stft.Chunks * stft.SeamLength];
        fixed (float* from = spectrograms, to = result, seam = seams)
        {
            for (int row = 0; row < rows; row++)
            {
                for (int chunk = 0; chunk < stft.Chunks; chunk++)
                {
                    stft.Inverse(from + row * plane, chunk, to + row * samples, seam + chunk * stft.SeamLength);
                }

                for (int chunk = 0; chunk < stft.Chunks - 1; chunk++)
                {
                    stft.AddSeam(seam + chunk * stft.SeamLength, chunk, to + row * samples);
                }
            }
        }

        return result;
    }
}
