using System.Numerics.Tensors;
using Stemsharp.Audio;
using Xunit;
using Xunit.Abstractions;

namespace Stemsharp.Tests.Audio;

public class ResamplerTests(ITestOutputHelper output)
{
    public static TheoryData<int, int> Ratios => new()
    {
        { 48000, 44100 }, { 44100, 48000 }, { 8000, 44100 }, { 96000, 44100 }, { 44100, 96000 }, { 192000, 44100 }, { 22050, 44100 },
        { 44100, 22050 }, { 32000, 44100 }, { 44100, 44101 }, { 11025, 48000 }, { 44100, 8000 }, { 1000, 768000 }, { 768000, 1000 },
    };

    private static float[] Resample(float[] samples, int from, int to, int channels = 1, int blockFrames = 1000)
    {
        using ResamplingReader reader = new(new Signals.Memory(samples, from, channels), to);
        float[] result = Signals.ReadAll(reader, blockFrames);
        Assert.Equal(reader.Length, result.Length / channels);
        return result;
    }

    [Theory]
    [MemberData(nameof(Ratios))]
    public void A_sine_keeps_its_place_and_its_level(int from, int to)
    {
        double lower = Math.Min(from, to) / 2.0;
        int frames = from / 2;
        foreach (double part in new[] { 0.0123, 0.31, 0.9 })
        {
            double frequency = part * lower;
            float[] result = Resample(Signals.Sine(frames, frequency, from, 0.5, 0.3), from, to);
            Assert.Equal((frames * (long)to + from - 1) / from, result.Length);
            // The ends see the silence outside; the filter reaches about 110 samples of the lower rate.
            int edge = (int)(130L * to / Math.Min(from, to));
            double worst = 0;
            for (int i = edge; i < result.Length - edge; i++)
            {
                worst = Math.Max(worst, Math.Abs(result[i] - 0.5 * Math.Sin(2 * Math.PI * frequency * i / to + 0.3)));
            }

            Assert.True(worst < 2e-6, $"{from} → {to}, {frequency} Hz: off by {worst}");
        }
    }

    /// <summary>Gain in dB at a frequency through the resampler, over the steady middle.</summary>
    private static double Gain(double frequency, int from, int to)
    {
        float[] result = Resample(Signals.Sine(from / 2, frequency, from, 1), from, to);
        int edge = result.Length / 4;
        // Least squares onto sine and cosine: no matter how many periods the window holds.
        double ss = 0, sc = 0, cc = 0, xs = 0, xc = 0;
        for (int i = edge; i < result.Length - edge; i++)
        {
            (double sin, double cos) = Math.SinCos(2 * Math.PI * frequency * i / to);
            (ss, sc, cc) = (ss + sin * sin, sc + sin * cos, cc + cos * cos);
            (xs, xc) = (xs + result[i] * sin, xc + result[i] * cos);
        }

        double determinant = ss * cc - sc * sc;
        double inPhase = (xs * cc - xc * sc) / determinant, quadrature = (xc * ss - xs * sc) / determinant;
        return 10 * Math.Log10(inPhase * inPhase + quadrature * quadrature);
    }

    /// <summary>Energy of the steady middle in dB, 0 for a sine of full scale.</summary>
    private static double Level(float[] samples)
    {
        int edge = samples.Length / 4;
        return 10 * Math.Log10(TensorPrimitives.SumOfSquares<float>(samples.AsSpan(edge, 2 * edge)) / edge);
    }

    [Theory]
    [InlineData(48000, 44100)]
    [InlineData(44100, 48000)]
    [InlineData(96000, 44100)]
    public void Pass_band_is_flat_and_stop_band_is_deep(int from, int to)
    {
        double lower = Math.Min(from, to) / 2.0;
        double ripple = 0, stop = double.NegativeInfinity;
        for (double part = 0.02; part <= ResamplerFilter.PassBand; part += 0.02)
        {
            ripple = Math.Max(ripple, Math.Abs(Gain(part * lower + 0.37, from, to)));
        }

        output.WriteLine($"{from} → {to}: ripple {ripple:g3} dB");
        Assert.True(ripple < 1e-4, $"ripple {ripple} dB");

        // Down: what lies above the new Nyquist frequency must vanish and not fold back.
        for (double frequency = lower; from > to && frequency < from / 2.0; frequency += 211)
        {
            stop = Math.Max(stop, Level(Resample(Signals.Sine(from / 2, frequency + 0.37, from, 1), from, to)));
        }

        output.WriteLine($"worst alias {stop:f1} dB");
        if (from > to)
        {
            Assert.True(stop < -120, $"alias at {stop} dB");
        }
    }

    [Fact]
    public void Upsampling_leaves_no_image()
    {
        // 9 kHz at 44.1 → 96 kHz has an image at 35.1 kHz: what is left when the sine itself is taken out.
        const int from = 44100, to = 96000;
        foreach (double frequency in new[] { 9000.0, 15000, 20000 })
        {
            float[] result = Resample(Signals.Sine(from, frequency, from, 1), from, to);
            double rest = 0;
            for (int i = 2000; i < result.Length - 2000; i++)
            {
                rest += Math.Pow(result[i] - Math.Sin(2 * Math.PI * frequency * i / to), 2);
            }

            double level = 10 * Math.Log10(rest / (result.Length - 4000) * 2);
            output.WriteLine($"{frequency} Hz: image and noise {level:f1} dB");
            Assert.True(level < -125, $"image and noise at {level} dB");
        }
    }

    [Theory]
    [InlineData(48000, 44100)]
    [InlineData(44100, 96000)]
    [InlineData(44100, 44101)]
    public void Blocks_do_not_matter(int from, int to)
    {
        float[] noise = Signals.Noise(2 * 9001, 5);
        float[] whole = Resample(noise, from, to, 2, 100_000);
        Assert.Equal(whole, Resample(noise, from, to, 2, 1));
        Assert.Equal(whole, Resample(noise, from, to, 2, 333));
    }

    [Fact]
    public void Channels_do_not_mix()
    {
        float[] left = Signals.Noise(5000, 1), right = Signals.Noise(5000, 2), both = new float[10000];
        for (int i = 0; i < 5000; i++)
        {
            (both[2 * i], both[2 * i + 1]) = (left[i], right[i]);
        }

        float[] result = Resample(both, 48000, 44100, 2), alone = Resample(right, 48000, 44100);
        for (int i = 0; i < alone.Length; i++)
        {
            Assert.Equal(alone[i], result[2 * i + 1]);
        }
    }

    [Fact]
    public void Any_length_survives_the_way_to_another_rate_and_back()
    {
        foreach (int frames in new[] { 1, 2, 3, 159, 160, 161, 4095, 4096, 4097, 12345 })
        {
            float[] there = Resample(Signals.Noise(frames, 3), 48000, 44100);
            Assert.InRange(Resample(there, 44100, 48000).Length, frames, frames + 1);
        }

        Assert.Empty(Resample([], 48000, 44100));
    }

    [Fact]
    public void Constant_stays_constant()
    {
        float[] ones = [.. Enumerable.Repeat(0.25f, 20000)];
        float[] result = Resample(ones, 48000, 44100);
        for (int i = 200; i < result.Length - 200; i++)
        {
            Assert.InRange(result[i], 0.25f - 1e-7f, 0.25f + 1e-7f);
        }
    }

    [Fact]
    public void Steady_state_allocates_nothing()
    {
        Resampler resampler = new(48000, 44100, 2);
        float[] input = Signals.Noise(2 * 4800, 4), output = new float[2 * 5000];
        resampler.Process(input, output, out _);
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 200; i++)
        {
            resampler.Process(input, output, out _);
        }
        // A collection meanwhile may charge the thread for the rest of its 8 KB of fresh memory.
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 16_384);
    }

    [Theory]
    [InlineData(6_143_999, 44_100)]
    [InlineData(44_100, 6_143_999)]
    [InlineData(3_071_999, 1_000)]
    [InlineData(48_001, 44_100)]
    public void A_table_is_small_whatever_the_ratio(int from, int to) =>
        Assert.InRange(sizeof(float) * (long)ResamplerFilter.For(from, to).Coefficients.Length, 1, 14_000_000);

    [Fact]
    public void A_ratio_with_many_taps_and_few_phases_keeps_sines()
    {
        const int from = 1_411_211, to = 44_100;
        float[] result = Resample(Signals.Sine(from / 4, 5000, from, 0.5, 0.3), from, to);
        for (int i = 200; i < result.Length - 200; i++)
        {
            Assert.Equal(0.5 * Math.Sin(2 * Math.PI * 5000 * i / to + 0.3), result[i], 2e-6);
        }
    }

    [Fact]
    public void Tables_that_nobody_asks_for_any_more_go()
    {
        WeakReference[] made = [.. Enumerable.Range(0, 24).Select(Make)];
        GC.Collect();
        GC.WaitForPendingFinalizers();
        GC.Collect();
        Assert.InRange(made.Count(filter => filter.IsAlive), 1, 8);

        [System.Runtime.CompilerServices.MethodImpl(System.Runtime.CompilerServices.MethodImplOptions.NoInlining)]
        static WeakReference Make(int i) => new(ResamplerFilter.For(8000 + 8000 * i, 7919));
    }

    [Theory]
    [InlineData(6_143_999)]
    [InlineData(99)]
    [InlineData(int.MaxValue)]
    public void A_rate_that_no_recording_has_is_refused_with_those_that_are_read(int rate)
    {
        string file = Path.Combine(Path.GetTempPath(), Path.GetRandomFileName() + ".wav");
        try
        {
            using (IAudioWriter writer = AudioFiles.Create(file, 44_100, 1))
            {
                writer.Write(new float[1000]);
                writer.Complete();
            }

            byte[] wav = File.ReadAllBytes(file);
            BitConverter.TryWriteBytes(wav.AsSpan(wav.AsSpan().IndexOf("fmt "u8) + 12), rate);
            File.WriteAllBytes(file, wav);
            AudioException refused = Assert.Throws<AudioException>(() => AudioSource.Open(file));
            Assert.Contains("100 to 3,072,000 Hz", refused.Message, StringComparison.Ordinal);
        }
        finally
        {
            File.Delete(file);
        }
    }
}
