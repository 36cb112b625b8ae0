using FsCheck;
using FsCheck.Fluent;
using Stemsharp.Evaluation;
using Stemsharp.Signal;
using Xunit;

namespace Stemsharp.Tests.Signal;

public class SegmentStftTests
{
    private static readonly GoldenTensors Golden = GoldenTensors.Open("stft.safetensors");

    [TierTheory, TierData(22050), TierData(12345)]
    public void Forward_agrees_with_the_original(string tier, int samples)
    {
        using SegmentStft stft = new(4096, samples, Tiers.Named(tier));
        float[] mix = Golden[$"mix.{samples}"].Values;
        float[] re = Golden[$"spec.re.{samples}"].Values, im = Golden[$"spec.im.{samples}"].Values;
        int plane = 2048 * stft.Frames;
        for (int channel = 0; channel < 2; channel++)
        {
            float[] found = StftRun.Forward(stft, mix.AsSpan(channel * samples, samples));
            float[] truth = [.. re.AsSpan(channel * plane, plane), .. im.AsSpan(channel * plane, plane)];
            Assert.True(SignalToNoise.Of(truth, found) > 130, $"{SignalToNoise.Of(truth, found):F1} dB");
        }
    }

    [TierTheory, TierData(22050), TierData(12345)]
    public void Inverse_agrees_with_the_original(string tier, int samples)
    {
        using SegmentStft stft = new(4096, samples, Tiers.Named(tier));
        float[] re = Golden[$"spec.re.{samples}"].Values, im = Golden[$"spec.im.{samples}"].Values;
        float[] truth = Golden[$"ispec.{samples}"].Values;
        int plane = 2048 * stft.Frames;
        for (int channel = 0; channel < 2; channel++)
        {
            float[] spectrogram = [.. re.AsSpan(channel * plane, plane), .. im.AsSpan(channel * plane, plane)];
            float[] found = StftRun.Inverse(stft, spectrogram);
            double snr = SignalToNoise.Of(truth.AsSpan(channel * samples, samples), found);
            Assert.True(snr > 130, $"{snr:F1} dB");
        }
    }

    [TierTheory, TierData]
    public void Every_small_size_agrees_with_the_definition(string tier)
    {
        foreach (int nfft in (int[])[16, 32, 64, 128, 256])
        {
            foreach (int samples in (int[])[1, 2, nfft / 4, nfft / 4 + 1, nfft - 1, nfft, 5 * nfft + 3, 13 * nfft])
            {
                using SegmentStft stft = new(nfft, samples, Tiers.Named(tier));
                float[] x = StftRun.Noise(samples, nfft + samples);
                double forward = SignalToNoise.Of(ReferenceStft.Forward(x, nfft), StftRun.Forward(stft, x));
                Assert.True(forward > Required(tier), $"forward {nfft} {samples}: {forward:F1} dB");

                // Any numbers, not only those that a signal has: the network's output is no signal's spectrum.
                float[] spectrogram = StftRun.Noise(2 * stft.Bins * stft.Frames, samples);
                double inverse = SignalToNoise.Of(
                    ReferenceStft.Inverse(Array.ConvertAll(spectrogram, v => (double)v), nfft, samples), StftRun.Inverse(stft, spectrogram));
                Assert.True(inverse > Required(tier), $"inverse {nfft} {samples}: {inverse:F1} dB");
            }
        }
    }

    [Fact]
    public void There_and_back_gives_the_signal_at_every_length()
    {
        Prop.ForAll(Gen.Choose(5000, 120_000).ToArbitrary(), samples =>
        {
            using SegmentStft stft = new(4096, samples);
            float[] x = StftRun.Noise(samples, samples);
            float[] spectrogram = StftRun.Forward(stft, x);
            float[] back = StftRun.Inverse(stft, spectrogram);

            // The two frames dropped at each side hold the edges' share, and the top bin a little of everything:
            // away from the edges, what is missing is exactly what the top bin held.
            float[] top = TopBin(x);
            for (int i = 4096; i < samples - 4096; i++)
            {
                if (Math.Abs(back[i] + top[i] - x[i]) >= 1e-5)
                {
                    return false;
                }
            }

            return true;
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(8));
    }

    [Fact]
    public void Energy_is_kept()
    {
        // Parseval: with a signal that is silent near its edges, the spectrogram's energy, both halves counted, is
        // the signal's times the constant that the overlapping windows' squares add up to.
        Prop.ForAll(Gen.Choose(1, int.MaxValue).ToArbitrary(), seed =>
        {
            const int Samples = 60_000;
            using SegmentStft stft = new(4096, Samples);
            float[] x = Smooth(StftRun.Noise(Samples, seed));
            x.AsSpan(0, 8192).Clear();
            x.AsSpan(Samples - 8192).Clear();
            float[] spectrogram = StftRun.Forward(stft, x);
            double energy = 0;
            for (int i = 0; i < spectrogram.Length; i++)
            {
                bool bottom = i / stft.Frames % stft.Bins == 0;
                energy += (bottom ? 1.0 : 2.0) * spectrogram[i] * spectrogram[i];
            }

            double expected = 1.5 * x.Sum(value => (double)value * value);
            return Math.Abs(energy / expected - 1) < 1e-5;
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(8));
    }

    [Fact]
    public void A_sine_is_in_its_bin()
    {
        Prop.ForAll(Gen.Choose(2, 2045).ToArbitrary(), bin =>
        {
            const int Samples = 30_000;
            using SegmentStft stft = new(4096, Samples);
            float[] x = new float[Samples];
            for (int i = 0; i < Samples; i++)
            {
                x[i] = (float)Math.Sin(2 * Math.PI * (double)((long)i * bin % 4096) / 4096);
            }

            // Half the amplitude times the window's sum, N/2, over √N; a quarter of it the other way in each neighbour.
            float[] y = StftRun.Forward(stft, x);
            double Magnitude(int k) => double.Hypot(y[k * stft.Frames + 10], y[(stft.Bins + k) * stft.Frames + 10]);
            return Math.Abs(Magnitude(bin) - 16) < 1e-3
                && Math.Abs(Magnitude(bin - 1) - 8) < 1e-3
                && Math.Abs(Magnitude(bin + 1) - 8) < 1e-3
                && Magnitude(bin - 2) < 1e-3
                && Magnitude(bin + 2) < 1e-3;
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(30));
    }

    [Fact]
    public void Windows_add_up_to_a_constant()
    {
        // A constant's spectrum is the window's; back in time it is the constant wherever four frames overlap.
        const int Samples = 40_000;
        using SegmentStft stft = new(4096, Samples);
        float[] back = StftRun.Inverse(stft, StftRun.Forward(stft, [.. Enumerable.Repeat(0.75f, Samples)]));
        Assert.All(back[3072..^4096], value => Assert.Equal(0.75f, value, 1e-6f));
    }

    [TierTheory, TierData]
    public void Instruction_sets_do_not_change_the_numbers_beyond_rounding(string tier)
    {
        const int Samples = 85_995;
        float[] x = StftRun.Noise(Samples, 3);
        using SegmentStft scalar = new(4096, Samples, Tiers.Named("scalar")), other = new(4096, Samples, Tiers.Named(tier));
        float[] spectrogram = StftRun.Forward(scalar, x);
        Assert.True(SignalToNoise.Of(spectrogram, StftRun.Forward(other, x)) > 135);
        Assert.True(SignalToNoise.Of(StftRun.Inverse(scalar, spectrogram), StftRun.Inverse(other, spectrogram)) > 135);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(8)]
    [InlineData(1000)]
    public void A_size_that_is_no_power_of_two_is_refused(int nfft) =>
        Assert.Throws<OptionException>(() => new SegmentStft(nfft, 1000));

    // A handful of samples, and two roundings where others have one: single ones of them come out worse than the rest.
    private static double Required(string tier) => Tiers.Named(tier).Bits < 256 ? 120 : 125;

    /// <summary>What an STFT frame's highest bin alone gives back, overlapped: an alternating sum around each sample.</summary>
    private static float[] TopBin(float[] x)
    {
        const int Nfft = 4096, Hop = 1024;
        double[] result = new double[x.Length];
        for (int start = -1536; start + Nfft <= x.Length; start += Hop)
        {
            if (start < 0)
            {
                continue;
            }

            double sum = 0;
            for (int i = 0; i < Nfft; i++)
            {
                sum += x[start + i] * Hann(i) * (i % 2 == 0 ? 1 : -1);
            }

            for (int i = 0; i < Nfft; i++)
            {
                result[start + i] += sum * Hann(i) * (i % 2 == 0 ? 1 : -1) / Nfft / 1.5;
            }
        }

        return Array.ConvertAll(result, value => (float)value);

        static double Hann(int i) => 0.5 - 0.5 * Math.Cos(2 * Math.PI * i / Nfft);
    }

    private static float[] Smooth(float[] x)
    {
        // Twice the mean of neighbours: nothing is left at the top bin, which the transform drops.
        for (int pass = 0; pass < 4; pass++)
        {
            for (int i = x.Length - 1; i > 0; i--)
            {
                x[i] = 0.5f * (x[i] + x[i - 1]);
            }
        }

        return x;
    }
}
