using Stemsharp.Signal;

namespace Stemsharp.Vulkan.Planning;

/// <summary>A transform's numbers for pieces of one length.</summary>
internal sealed class TransformTables
{
    public TransformTables(TransformDefinition transform, int samples)
    {
        int n = transform.Nfft;
        double scale = transform.Normalized ? 1 / Math.Sqrt(n) : 1, squares = 0;
        double[] window = new double[n];
        for (int i = 0; i < n; i++)
        {
            window[i] = transform.WindowAt(i);
            squares += window[i] * window[i];
        }

        bool constant = transform.Envelope == TransformEnvelope.Constant && transform.OutputSamples(samples) == samples;
        double envelope = constant ? squares / transform.Hop : 1;
        Envelope = constant ? null : Weights(transform, window, samples);

        // The split of a real transform halves what it adds; the window takes the half in.
        Analysis = Array.ConvertAll(window, w => 0.5 * w * scale);
        Synthesis = Array.ConvertAll(window, w => (float)(w / (n * scale * envelope)));
        Splits = new double[2 * (n / 4 + 1)];
        for (int k = 0; k <= n / 4; k++)
        {
            (double sin, double cos) = Math.SinCos(-2 * Math.PI * k / n);
            Splits[2 * k] = cos;
            Splits[2 * k + 1] = sin;
        }

        Map = Sources(transform, samples);
    }

    /// <summary>[N] window of the forward transform, with its scale.</summary>
    public double[] Analysis { get; }

    /// <summary>[N] window of the inverse transform, with its scale and the envelope's where that is one number.</summary>
    public float[] Synthesis { get; }

    /// <summary>What each sample that frames were added up to is multiplied by, 0 where none comes back; null where the window says it all.</summary>
    public float[]? Envelope { get; }

    /// <summary>[N/4 + 1][cos, sin] of −2πk/N: what joins the spectra of even and odd samples.</summary>
    public double[] Splits { get; }

    /// <summary>For each sample that the kept frames cover, the sample of the piece that it is, or −1 for zero.</summary>
    public int[] Map { get; }

    private static float[] Weights(TransformDefinition transform, double[] window, int samples)
    {
        double[] weights = new double[Math.Min(samples, transform.OutputSamples(samples))];
        new OverlapWeights(transform, window, transform.Frames(samples) + 2 * transform.DroppedFrames).CopyTo(transform.OutputStart + transform.Nfft / 2, weights);
        float[] result = new float[samples];
        for (int i = 0; i < weights.Length; i++)
        {
            result[i] = (float)weights[i];
        }

        return result;
    }

    private static int[] Sources(TransformDefinition transform, int samples)
    {
        int n = transform.Nfft, padded = transform.PaddedSamples(samples), frames = transform.Frames(samples);
        int right = padded - transform.PadStart - samples, reflected = Math.Max(samples, Math.Max(right, 0) + 1);
        int[] map = new int[(frames - 1) * transform.Hop + n];
        for (int i = 0; i < map.Length; i++)
        {
            int at = i + transform.DroppedFrames * transform.Hop - n / 2;
            at = Reflect(at, padded) - transform.PadStart;
            if (transform.PadMode == PaddingMode.Reflect)
            {
                at = Reflect(at, reflected);
            }

            map[i] = (uint)at < (uint)samples ? at : -1;
        }

        return map;
    }

    private static int Reflect(int at, int length)
    {
        at = Math.Abs(at);
        return at >= length ? 2 * (length - 1) - at : at;
    }
}
