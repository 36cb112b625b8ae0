using Stemsharp.Export.Onnx.Interpretation;

namespace Stemsharp.Export.Onnx;

/// <summary>Runs written graphs in the interpreter, on made-up music, to say how far one is from another.</summary>
internal static class OnnxTrial
{
    /// <summary>
    /// 10·log₁₀ of the power of the reference's stems over that of the difference, in the part that both graphs see.
    /// Both are waveform graphs with the same stems; their lengths may differ.
    /// </summary>
    /// <param name="reference">The graph to compare with.</param>
    /// <param name="candidate">The graph that is judged.</param>
    /// <param name="cancellationToken">Asked between nodes.</param>
    public static double Snr(string reference, string candidate, CancellationToken cancellationToken)
    {
        (float[] truth, int samples) = Stems(reference, cancellationToken);
        (float[] judged, int judgedSamples) = Stems(candidate, cancellationToken);
        int shared = Math.Min(samples, judgedSamples);
        double signal = 0, noise = 0;
        for (int row = 0; row < truth.Length / samples; row++)
        {
            for (int i = 0; i < shared; i++)
            {
                double t = truth[row * samples + i], difference = judged[row * judgedSamples + i] - t;
                signal += t * t;
                noise += difference * difference;
            }
        }

        return 10 * Math.Log10(signal / noise);
    }

    private static (float[] Stems, int Samples) Stems(string path, CancellationToken cancellationToken)
    {
        OnnxGraphFile file = OnnxGraphFile.Open(path);
        int[] shape = file.Inputs[0].Shape;
        return (new OnnxInterpreter(file).Run([Music(shape[0], shape[2])], cancellationToken)[0], shape[2]);
    }

    // Stereo: decaying chords, a beat of noise every half second, a bass line; about unit deviation. [N, 2, L]
    private static float[] Music(int batch, int samples)
    {
        const double Rate = 44100;
        var random = new Random(7);
        var mix = new float[batch * 2 * samples];
        for (int i = 0; i < samples; i++)
        {
            double t = i / Rate, beat = t % 0.5, chord = t % 2;
            double noise = (random.NextDouble() - 0.5) * 4 * Math.Exp(-30 * beat), bass = Math.Sin(2 * Math.PI * 55 * (1 + (int)t % 3 * 0.25) * t);
            double tones = (Math.Sin(2 * Math.PI * 220 * t) + Math.Sin(2 * Math.PI * 277.18 * t) + Math.Sin(2 * Math.PI * 659.26 * t)) * Math.Exp(-chord);
            for (int n = 0; n < batch; n++)
            {
                mix[2 * n * samples + i] = (float)(noise + bass + tones);
                mix[(2 * n + 1) * samples + i] = (float)(0.8 * noise + bass - 0.5 * tones);
            }
        }

        return mix;
    }
}
