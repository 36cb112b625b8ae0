using Stemsharp.Evaluation;

namespace Stemsharp.Export.Interpretation;

/// <summary>What an export is judged on when no true stems are at hand: made-up music, and how far two results are apart.</summary>
internal static class StemTrial
{
    /// <summary>
    /// At 44.1 kHz, in two voicings that channels take in turns: decaying chords, a beat of noise every half second, a bass line; about unit deviation.
    /// A shorter one is the start of a longer one.
    /// </summary>
    /// <param name="batch">How many times the same music.</param>
    /// <param name="samples">Its length.</param>
    /// <param name="channels">Its channels C.</param>
    /// <returns>[N, C, L].</returns>
    public static float[] Music(int batch, int samples, int channels = 2)
    {
        const double Rate = 44100;
        Random random = new(7);
        float[] mix = new float[batch * channels * samples];
        for (int i = 0; i < samples; i++)
        {
            double t = i / Rate, beat = t % 0.5, chord = t % 2;
            double noise = (random.NextDouble() - 0.5) * 4 * Math.Exp(-30 * beat), bass = Math.Sin(2 * Math.PI * 55 * (1 + (int)t % 3 * 0.25) * t);
            double tones = (Math.Sin(2 * Math.PI * 220 * t) + Math.Sin(2 * Math.PI * 277.18 * t) + Math.Sin(2 * Math.PI * 659.26 * t)) * Math.Exp(-chord);
            for (int row = 0; row < batch * channels; row++)
            {
                mix[row * samples + i] = (float)(row % channels % 2 == 0 ? noise + bass + tones : 0.8 * noise + bass - 0.5 * tones);
            }
        }

        return mix;
    }

    /// <summary>
    /// 10·log₁₀ of the power of the true stems over that of the difference, in the part that both have.
    /// </summary>
    /// <param name="truth">[rows, L].</param>
    /// <param name="samples">L of <paramref name="truth"/>.</param>
    /// <param name="judged">[rows, L], of as many rows.</param>
    /// <param name="judgedSamples">L of <paramref name="judged"/>.</param>
    public static double Snr(float[] truth, int samples, float[] judged, int judgedSamples)
    {
        int shared = Math.Min(samples, judgedSamples);
        SignalToNoise sums = new();
        for (int row = 0; row < truth.Length / samples; row++)
        {
            sums.Add(truth.AsSpan(row * samples, shared), judged.AsSpan(row * judgedSamples, shared));
        }

        return sums.Ratio;
    }
}
