using System.Diagnostics;
using System.Globalization;
using System.Runtime.Intrinsics;
using Stemsharp.Evaluation;
using Stemsharp.Export.Interpretation;
using Stemsharp.Signal;
using Stemsharp.Simd;

namespace Stemsharp.Bench;

/// <summary>
/// What do transforms cost on one thread, and how far are they from the truth? <c>stft [ROUNDS]</c>
/// Times are the least of all rounds: two channels there, and one stem's two back. Accuracy is that of white noise and of music
/// without anything above 10 kHz, whose bins above 12 kHz hold little but what windows let through: networks that normalise bands
/// see the noise there as well.
/// </summary>
internal static unsafe class StftTime
{
    private const int Rate = 44_100, AccurateSamples = 40_000;

    public static void Print(string[] args)
    {
        int rounds = args.Length > 0 ? int.Parse(args[0], CultureInfo.InvariantCulture) : 30;
        SimdTier tier = SimdTier.Chosen;
        Console.WriteLine($"{ProcessorName.Description}, {tier.Name}");
        using (SegmentStft stft = new(4096, 343_980))
        {
            Console.WriteLine($"htdemucs, 7.8 s: {Times(stft, rounds)}");
        }

        foreach ((int nfft, int hop) in ((int, int)[])[(2048, 441), (2048, 512), (4096, 1024), (7680, 1024), (12288, 2048)])
        {
            TransformDefinition definition = new() { Nfft = nfft, Hop = hop, Bins = nfft / 2 + 1 };
            using DefinedStft doubles = new(definition, 8 * Rate, tier), singles = Singles(definition, 8 * Rate, tier);
            Console.WriteLine($"{nfft}/{hop}, 8 s: {Times(doubles, rounds)}; in single precision {Times(singles, rounds)}");
        }

        float[] noise = Noise(AccurateSamples), music = LowPassed(StemTrial.Music(1, AccurateSamples).AsSpan(0, AccurateSamples));
        foreach ((int nfft, int hop) in ((int, int)[])[(2048, 441), (2048, 512), (4096, 1024)])
        {
            TransformDefinition definition = new() { Nfft = nfft, Hop = hop, Bins = nfft / 2 + 1 };
            using DefinedStft doubles = new(definition, AccurateSamples, tier), singles = Singles(definition, AccurateSamples, tier);
            Accuracy($"{nfft}/{hop}, double precision", doubles, noise, music);
            Accuracy($"{nfft}/{hop}, single precision", singles, noise, music);
        }
    }

    /// <summary>The same in single precision, which nothing but this comparison uses.</summary>
    private static DefinedStft Singles(TransformDefinition definition, int samples, SimdTier tier) => new(definition, samples, tier.Bits switch
    {
        512 => new DefinedFrames<Simd512, float, Vector512<float>>(definition, samples),
        256 => new DefinedFrames<Simd256, float, Vector256<float>>(definition, samples),
        128 => new DefinedFrames<Simd128, float, Vector128<float>>(definition, samples),
        _ => new DefinedFrames<Simd1, float, float>(definition, samples),
    });

    private static string Times(Stft stft, int rounds)
    {
        float[] wave = Noise(2 * stft.Samples), spec = new float[4L * stft.Bins * stft.Frames];
        double forward = double.MaxValue, inverse = double.MaxValue;
        for (int round = 0; round < rounds; round++)
        {
            long start = Stopwatch.GetTimestamp();
            Forward(stft, wave, spec);
            forward = Math.Min(forward, Stopwatch.GetElapsedTime(start).TotalMilliseconds);
            start = Stopwatch.GetTimestamp();
            Inverse(stft, spec, wave);
            inverse = Math.Min(inverse, Stopwatch.GetElapsedTime(start).TotalMilliseconds);
        }

        return string.Create(CultureInfo.InvariantCulture, $"2 channels forward {forward:F1} ms, inverse {inverse:F1} ms");
    }

    private static void Forward(Stft stft, float[] wave, float[] spec)
    {
        int plane = 2 * stft.Bins * stft.Frames;
        fixed (float* w = wave, s = spec)
        {
            for (int c = 0; c < wave.Length / stft.Samples; c++)
            {
                for (int k = 0; k < stft.Chunks; k++)
                {
                    stft.Forward(w + c * stft.Samples, k, s + (long)c * plane);
                }
            }
        }
    }

    private static void Inverse(Stft stft, float[] spec, float[] wave)
    {
        int plane = 2 * stft.Bins * stft.Frames;
        using NativeBuffer<float> seams = new((long)stft.Chunks * stft.SeamLength);
        fixed (float* w = wave, s = spec)
        {
            for (int c = 0; c < wave.Length / stft.OutputSamples; c++)
            {
                float* channel = w + c * stft.OutputSamples;
                for (int k = 0; k < stft.Chunks; k++)
                {
                    stft.Inverse(s + (long)c * plane, k, channel, seams.Data + (long)k * stft.SeamLength);
                }

                for (int k = 0; k < stft.Chunks - 1; k++)
                {
                    stft.AddSeam(seams.Data + (long)k * stft.SeamLength, k, channel);
                }
            }
        }
    }

    private static void Accuracy(string name, Stft stft, float[] noise, float[] music)
    {
        (double all, _) = ForwardAccuracy(stft, noise);
        (double tones, double quiet) = ForwardAccuracy(stft, music);
        float[] spec = new float[2 * stft.Bins * stft.Frames], back = new float[stft.OutputSamples];
        Forward(stft, noise, spec);
        Inverse(stft, spec, back);
        double there = SignalToNoise.Of(noise, back);
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{name}: forward {all:F1} dB (noise), {tones:F1} dB (music), {quiet:F1} dB (music, above 12 kHz); there and back {there:F1} dB"));
    }

    // Frames whole within the signal, bin by bin in double precision.
    private static (double All, double Quiet) ForwardAccuracy(Stft stft, float[] x)
    {
        int nfft = stft.Definition.Nfft, frames = stft.Frames, bins = stft.Bins;
        float[] spec = new float[2 * bins * frames];
        Forward(stft, x, spec);
        double[] cos = new double[nfft], sin = new double[nfft], frame = new double[nfft];
        for (int i = 0; i < nfft; i++)
        {
            (sin[i], cos[i]) = Math.SinCos(2 * Math.PI * i / nfft);
        }

        SignalToNoise all = new(), quiet = new();
        for (int t = 10; t < frames - 10; t += 3)
        {
            int start = t * stft.Hop - nfft / 2;
            for (int i = 0; i < nfft; i++)
            {
                frame[i] = (0.5 - 0.5 * cos[i]) * x[start + i];
            }

            for (int k = 0; k < bins; k++)
            {
                double re = 0, im = 0;
                for (int i = 0, angle = 0; i < nfft; i++, angle = (angle + k) % nfft)
                {
                    re += frame[i] * cos[angle];
                    im -= frame[i] * sin[angle];
                }

                ReadOnlySpan<double> truth = [re, im];
                ReadOnlySpan<float> found = [spec[k * frames + t], spec[(bins + k) * frames + t]];
                all.Add(truth, found);
                if ((double)k * Rate / nfft > 12_000)
                {
                    quiet.Add(truth, found);
                }
            }
        }

        return (all.Ratio, quiet.Ratio);
    }

    private static float[] Noise(int length)
    {
        Random random = new(1);
        float[] x = new float[length];
        for (int i = 0; i < length; i++)
        {
            x[i] = random.NextSingle() - 0.5f;
        }

        return x;
    }

    // A windowed sinc of 511 taps.
    private static float[] LowPassed(ReadOnlySpan<float> x)
    {
        const int Half = 255;
        float[] result = new float[x.Length];
        for (int i = Half; i < x.Length - Half; i++)
        {
            double sum = 0;
            for (int k = -Half; k <= Half; k++)
            {
                double u = 2.0 * 10_000 / Rate * k, sinc = k == 0 ? 1 : Math.Sin(Math.PI * u) / (Math.PI * u);
                sum += x[i + k] * sinc * 2 * 10_000 / Rate * (0.42 + 0.5 * Math.Cos(Math.PI * k / Half) + 0.08 * Math.Cos(2 * Math.PI * k / Half));
            }

            result[i] = (float)sum;
        }

        return result;
    }
}
