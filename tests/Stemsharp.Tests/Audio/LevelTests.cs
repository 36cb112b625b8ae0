using Stemsharp.Audio;
using Xunit;

namespace Stemsharp.Tests.Audio;

public class LevelTests
{
    [Fact]
    public void Clip_modes_are_the_originals()
    {
        static float[] Apply(ClipMode mode, float[] samples, float gain = 1)
        {
            Clipping.Apply(samples, mode, gain);
            return samples;
        }

        Assert.Equal(1f, Clipping.RescaleGain(0.5f));
        Assert.Equal(1f / (1.01f * 2), Clipping.RescaleGain(2));
        Assert.Equal([1f, -0.25f], Apply(ClipMode.Rescale, [2, -0.5f], 0.5f));
        Assert.Equal([0.99f, -0.99f, 0.5f], Apply(ClipMode.Clamp, [2, -1, 0.5f]));
        Assert.Equal([MathF.Tanh(2), 0], Apply(ClipMode.Tanh, [2, 0]));
        Assert.Equal([2f, -3], Apply(ClipMode.None, [2, -3]));
    }

    [Fact]
    public void Peaks_are_magnitudes_and_bad_samples_are_seen()
    {
        PeakMeter meter = new();
        meter.Add([]);
        Assert.Equal(0, meter.Peak);
        meter.Add([0.5f, -0.75f, 0.1f]);
        meter.Add([0.2f]);
        Assert.Equal((0.75f, false), (meter.Peak, meter.HasNonFinite));
        meter.Add([1, float.NaN]);
        Assert.True(meter.HasNonFinite);
    }

    private static (float[] Mix, Memory<float>[] Stems) Song(int count, int seed, float amplitude)
    {
        float[] mix = Signals.Noise(5000, seed, amplitude);
        Memory<float>[] stems = new Memory<float>[count];
        for (int s = 0; s < count; s++)
        {
            stems[s] = Signals.Noise(5000, seed + 1 + s, amplitude);
        }

        return (mix, stems);
    }

    [Theory]
    [InlineData(SampleFormat.Int16, 0.3f, true)]
    [InlineData(SampleFormat.Int16, 1.5f, false)]
    [InlineData(SampleFormat.Int24, 0.9f, false)]
    [InlineData(SampleFormat.Int24, 1.5f, true)]
    public void Integers_sum_to_zero(SampleFormat format, float amplitude, bool dither)
    {
        (float[] mix, Memory<float>[] stems) = Song(4, 20, amplitude);
        new ExactSum(format, 4, residual: 2, dither).Apply(mix, stems, gain: 0.9f);
        double scale = Math.ScaleB(1, format.Bits() - 1);
        for (int i = 0; i < mix.Length; i++)
        {
            double target = Math.Clamp(Math.Round((double)(mix[i] * 0.9f) * scale), -scale, scale - 1), sum = 0;
            foreach (Memory<float> stem in stems)
            {
                double value = stem.Span[i] * scale;
                Assert.Equal(Math.Round(value), value);
                Assert.InRange(value, -scale, scale - 1);
                sum += value;
            }

            Assert.Equal(target, sum);
        }
    }

    [Fact]
    public void Written_files_sum_to_the_written_mix()
    {
        using TemporaryFolder folder = new();
        (float[] mix, Memory<float>[] stems) = Song(3, 40, 0.7f);
        mix = TraktorStemTests.OnGrid(mix, 16);
        new ExactSum(SampleFormat.Int16, 3, residual: 0).Apply(mix, stems);
        int[] sum = new int[mix.Length];
        foreach (Memory<float> stem in stems)
        {
            string path = folder.File("stem.wav");
            Signals.WriteAll(AudioFiles.Create(path, 44100, 1), stem.ToArray());
            using IAudioReader reader = AudioFiles.Open(path);
            float[] read = Signals.ReadAll(reader);
            for (int i = 0; i < sum.Length; i++)
            {
                sum[i] += (int)(read[i] * 32768);
            }
        }

        for (int i = 0; i < sum.Length; i++)
        {
            Assert.Equal((int)(mix[i] * 32768), sum[i]);
        }
    }

    [Fact]
    public void Floats_sum_to_an_ulp()
    {
        (float[] mix, Memory<float>[] stems) = Song(6, 60, 0.8f);
        float[][] before = [.. stems.Select(stem => stem.ToArray())];
        new ExactSum(SampleFormat.Float32, 6, residual: 5).Apply(mix, stems);
        for (int i = 0; i < mix.Length; i++)
        {
            double sum = 0;
            for (int s = 0; s < 6; s++)
            {
                sum += stems[s].Span[i];
                if (s < 5)
                {
                    Assert.Equal(before[s][i], stems[s].Span[i]);
                }
            }

            float residual = Math.Abs(stems[5].Span[i]);
            Assert.True(Math.Abs(sum - mix[i]) <= (MathF.BitIncrement(residual) - residual) / 2.0);
        }
    }

    [Fact]
    public void The_null_is_measured()
    {
        float[] mix = Signals.Noise(3000, 1), half = [.. mix.Select(sample => sample / 2)];
        NullMeter exact = new(), off = new(), silent = new();
        exact.Add(mix, [half, half]);
        Assert.Equal(double.NegativeInfinity, exact.DepthDecibels);
        off.Add(mix, [half]);
        Assert.Equal(-6.0206, off.DepthDecibels, 3);
        silent.Add(mix, [new float[3000]]);
        Assert.Equal(0, silent.DepthDecibels, 9);
        Assert.Equal(double.NaN, new NullMeter().DepthDecibels);
    }

    [Fact]
    public void Sums_that_no_format_holds_are_refused()
    {
        Assert.Throws<OptionException>(() => new ExactSum(SampleFormat.Int32, 4, 0));
        Assert.Throws<OptionException>(() => new ExactSum(SampleFormat.UInt8, 4, 0));
        Assert.Equal(1 / (1.01f * 1.25f), ExactSum.SharedGain(0.9f, [0.5f, 1.25f]));
    }
}
