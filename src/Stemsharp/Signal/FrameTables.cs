using System.Runtime.CompilerServices;

namespace Stemsharp.Signal;

/// <summary>The numbers that every frame of an STFT shares. N = FFT size; a frame is a complex FFT of N/2 points.</summary>
internal sealed class FrameTables
{
    /// <summary>What the squares of four periodic Hann windows a quarter apart add up to.</summary>
    private const double Envelope = 1.5;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public FrameTables(int nfft, int samples, int frames)
    {
        Nfft = nfft;
        Hop = nfft / 4;
        Samples = samples;
        Frames = frames;
        Fft = new RealFftTables<float>(nfft);
        Analysis = new float[nfft];
        Synthesis = new float[nfft];
        for (int i = 0; i < nfft; i++)
        {
            double hann = 0.5 - 0.5 * Math.Cos(2 * Math.PI * i / nfft);

            // The split of a real transform halves what it adds; the window takes the half in.
            Analysis[i] = (float)(0.5 * hann / Math.Sqrt(nfft));
            Synthesis[i] = (float)(hann / (Math.Sqrt(nfft) * Envelope));
        }

        // A segment shorter than the padding is first lengthened with zeros, so that there is enough to reflect.
        int right = Pad + frames * Hop - samples;
        ReflectedLength = Math.Max(samples, right + 1);
    }

    public int Nfft { get; }

    public int Hop { get; }

    public int Samples { get; }

    public int Frames { get; }

    /// <summary>Samples that the first frame begins before the segment.</summary>
    public int Pad => Hop / 2 * 3;

    public RealFftTables<float> Fft { get; }

    /// <summary>[N] window of the forward transform, with its scale.</summary>
    public float[] Analysis { get; }

    /// <summary>[N] window of the inverse transform, with its scale and the envelope's.</summary>
    public float[] Synthesis { get; }

    /// <summary>The length at whose end the segment is reflected.</summary>
    public int ReflectedLength { get; }

    /// <summary>The sample at any position within the padding: the segment, reflected.</summary>
    public unsafe float Reflected(float* waveform, int position)
    {
        int i = position < 0 ? -position : position;
        if (i >= ReflectedLength)
        {
            i = 2 * (ReflectedLength - 1) - i;
        }

        return (uint)i < (uint)Samples ? waveform[i] : 0;
    }
}
