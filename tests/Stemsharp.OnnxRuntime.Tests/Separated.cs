using Stemsharp.Evaluation;
using Stemsharp.Inference;
using Stemsharp.Signal;

namespace Stemsharp.OnnxRuntime.Tests;

/// <summary>Runs one segment through an exported graph of either kind: mix [C, L] → stems [S, C, L].</summary>
internal static unsafe class Separated
{
    public static float[] By(string path, float[] mix, OnnxSessionOptions? options = null)
    {
        OnnxRuntimeLibrary library = OnnxRuntimeLibrary.Load();
        using (OnnxSession session = new(library, path, options))
        {
            if (session.Inputs.Count == 1)
            {
                float[] stems = new float[session.Outputs[0].Elements];
                session.Run([Padded(mix, (int)session.Inputs[0].Dims[2])], [stems], default);
                return stems;
            }
        }

        using OnnxRuntimeEngine engine = new(library, path, options);
        return By(engine, mix);
    }

    public static float[] By(ISegmentEngine engine, float[] mix)
    {
        SegmentShape shape = engine.Shape;
        using SegmentStft stft = new(2 * shape.Bins, shape.Samples);
        float[] wave = Padded(mix, shape.Samples), spectrogram = new float[shape.SpectrogramLength];
        float[] spectrograms = new float[shape.SpectrogramsLength], stems = new float[shape.WaveformsLength], seams = new float[stft.Chunks * stft.SeamLength];
        int plane = 2 * shape.Bins * shape.Frames;
        fixed (float* w = wave, s = spectrogram)
        {
            for (int c = 0; c < shape.Channels; c++)
            {
                for (int k = 0; k < stft.Chunks; k++)
                {
                    stft.Forward(w + c * shape.Samples, k, s + c * plane);
                }
            }
        }

        float[] waveforms = new float[shape.WaveformsLength];
        engine.Run(spectrogram, wave, spectrograms, waveforms, default);
        fixed (float* s = spectrograms, w = stems, seam = seams)
        {
            for (int c = 0; c < shape.Stems * shape.Channels; c++)
            {
                for (int k = 0; k < stft.Chunks; k++)
                {
                    stft.Inverse(s + (long)c * plane, k, w + c * shape.Samples, seam + k * stft.SeamLength);
                }

                for (int k = 0; k < stft.Chunks; k++)
                {
                    stft.AddSeam(seam + k * stft.SeamLength, k, w + c * shape.Samples);
                }
            }
        }

        for (int i = 0; i < stems.Length; i++)
        {
            stems[i] += waveforms[i];
        }

        return stems;
    }

    /// <summary>10·log10(Σ truth² / Σ (truth − x)²).</summary>
    public static double Snr(ReadOnlySpan<float> truth, ReadOnlySpan<float> x) => SignalToNoise.Of(truth, x);

    // A shorter mix is padded with zeros on the right, as the network does.
    private static float[] Padded(float[] mix, int samples)
    {
        int length = mix.Length / 2;
        float[] padded = new float[2 * samples];
        for (int c = 0; c < 2; c++)
        {
            mix.AsSpan(c * length, length).CopyTo(padded.AsSpan(c * samples));
        }

        return padded;
    }
}
