using FsCheck;
using FsCheck.Fluent;
using Stemsharp.Evaluation;
using Stemsharp.Signal;
using Xunit;

namespace Stemsharp.Tests.Signal;

/// <summary>Transforms of any definition, against torch and against the definition's own words.</summary>
public class StftTests
{
    // A float's rounding alone leaves noise at about 151 dB.
    private const double Rounding = 148;

    // Golden data were made in double precision, but their windows in single: noise at 141 dB.
    private const double SingleWindow = 140;

    private static readonly GoldenTensors s_golden = GoldenTensors.Open("stft.safetensors");

    // Taken at its word a transform takes seconds: once for all instruction sets.
    private static readonly Dictionary<(TransformDefinition, int), (double[] Forward, double[] Inverse)> s_truths = [];

    [TierTheory, TierData(22050), TierData(12345)]
    public void Plain_transforms_are_those_of_torch(string tier, int samples)
    {
        using Stft stft = Stft.Create(Definitions.Torch(4096, 1024) with { Normalized = true }, samples, Tiers.Named(tier));
        float[] mix = s_golden[$"mix.{samples}"].Values, back = s_golden[$"torch_istft.{samples}"].Values;
        float[] re = s_golden[$"torch_stft.re.{samples}"].Values, im = s_golden[$"torch_stft.im.{samples}"].Values;
        int plane = stft.Bins * stft.Frames;
        Assert.Equal(2 * plane, re.Length);
        for (int channel = 0; channel < 2; channel++)
        {
            float[] truth = [.. re.AsSpan(channel * plane, plane), .. im.AsSpan(channel * plane, plane)];
            Assert.InRange(SignalToNoise.Of(truth, StftRun.Forward(stft, mix.AsSpan(channel * samples, samples))), SingleWindow, 200);
            Assert.InRange(SignalToNoise.Of(back.AsSpan(channel * samples, samples), StftRun.Inverse(stft, truth)), SingleWindow, 200);
        }
    }

    [TierTheory, TierData(22050), TierData(12345)]
    public void The_framing_of_htdemucs_comes_out_of_its_definition(string tier, int samples)
    {
        using DefinedStft stft = new(Definitions.Demucs(4096), samples, Tiers.Named(tier));
        float[] mix = s_golden[$"mix.{samples}"].Values, back = s_golden[$"ispec.{samples}"].Values;
        float[] re = s_golden[$"spec.re.{samples}"].Values, im = s_golden[$"spec.im.{samples}"].Values;
        int plane = stft.Bins * stft.Frames;
        for (int channel = 0; channel < 2; channel++)
        {
            float[] truth = [.. re.AsSpan(channel * plane, plane), .. im.AsSpan(channel * plane, plane)];
            Assert.InRange(SignalToNoise.Of(truth, StftRun.Forward(stft, mix.AsSpan(channel * samples, samples))), SingleWindow, 200);
            Assert.InRange(SignalToNoise.Of(back.AsSpan(channel * samples, samples), StftRun.Inverse(stft, truth)), SingleWindow, 200);
        }
    }

    // RoFormers, MDX23C, MDX-Net, SCNet, HDemucs: their n_fft and hops, their odd ones, and lengths around hops and frames.
    [TierTheory]
    [TierData("torch", 2048, 441, 5003)]
    [TierData("torch", 2048, 512, 4096)]
    [TierData("torch", 4096, 1024, 9000)]
    [TierData("torch", 4096, 882, 8820)]
    [TierData("torch", 512, 128, 8192)]
    [TierData("mdx", 768, 192, 9024)]
    [TierData("mdx", 768, 192, 4501)]
    [TierData("mdx", 5120, 1024, 7168)]
    [TierData("mdx", 6144, 1024, 6145)]
    [TierData("mdx", 7680, 1024, 7168)]
    [TierData("mdx", 12288, 2048, 8192)]
    [TierData("scnet", 768, 192, 5003)]
    [TierData("scnet", 1024, 256, 7168)]
    [TierData("old", 1024, 256, 6615)]
    [TierData("old", 256, 64, 1001)]
    [TierData("old", 4096, 1024, 700)]
    public void Networks_transforms_agree_with_their_definition(string tier, string kind, int nfft, int hop, int samples)
    {
        TransformDefinition definition = kind switch
        {
            "torch" => Definitions.Torch(nfft, hop),
            "mdx" => Definitions.Mdx(nfft, hop, nfft * 3 / 8),
            "scnet" => Definitions.ScNet(nfft, hop),
            _ => Definitions.HybridOld(nfft),
        };
        AssertAgrees(definition, samples, tier);
    }

    [TierTheory, TierData]
    public void Any_definition_is_computed_as_it_says(string tier) =>
        Prop.ForAll(Definitions.Any, x => AssertAgrees(x.Definition, x.Samples, tier)).Check(Config.QuickThrowOnFailure.WithMaxTest(150));

    // Where no frame shares the other's samples, where they share all but one, and where what they share is longer than a chunk.
    [TierTheory]
    [TierData(64, 64, 64 * 50)]
    [TierData(64, 63, 64 * 50)]
    [TierData(64, 1, 300)]
    [TierData(250, 2, 700)]
    [TierData(65536, 65536, 70_000)]
    public void Extreme_hops_agree(string tier, int nfft, int hop, int samples)
    {
        foreach (TransformWindow window in (TransformWindow[])[TransformWindow.Hann, TransformWindow.Rectangular])
        {
            AssertAgrees(new TransformDefinition { Nfft = nfft, Hop = hop, Bins = Math.Min(nfft / 2 + 1, 200), Window = window }, samples, tier);
        }
    }

    // Networks that normalise each band bring what is 150 dB down in a quiet one up to the rest: it must be the signal's, not the transform's.
    [TierTheory, TierData(2048, 441), TierData(2048, 512), TierData(4096, 1024)]
    public void Quiet_bins_are_as_exact_as_loud_ones(string tier, int nfft, int hop)
    {
        const int Samples = 12_000;
        float[] x = new float[Samples];
        for (int i = 0; i < Samples; i++)
        {
            x[i] = (float)(0.5 * Math.Sin(0.05 * i) + 0.3 * Math.Sin(0.31 * i) + 0.1 * Math.Sin(0.57 * i));
        }

        using Stft stft = Stft.Create(Definitions.Torch(nfft, hop), Samples, Tiers.Named(tier));
        float[] spectrogram = StftRun.Forward(stft, x);
        double[] truth = ReferenceTransform.Forward(stft.Definition, x);

        // The frames that no mirrored end is in, and the upper half of the bins: more than an octave above the highest sine.
        int half = nfft / 4, from = half * stft.Frames, length = (stft.Bins - half) * stft.Frames, imaginary = stft.Bins * stft.Frames, edge = nfft / hop;
        SignalToNoise quiet = new();
        for (int i = 0; i < length; i++)
        {
            if (i % stft.Frames >= edge && i % stft.Frames < stft.Frames - edge)
            {
                quiet.Add([truth[from + i], truth[imaginary + from + i]], [spectrogram[from + i], spectrogram[imaginary + from + i]]);
            }
        }

        Assert.InRange(SignalToNoise.Of(truth, spectrogram), Rounding, 200);
        Assert.InRange(quiet.Ratio, Rounding, 200);
    }

    // Section 4 of the description of HDemucs, as it is written there.
    [Fact]
    public void The_old_hybrid_comes_back_late_and_divided_by_what_overlaps()
    {
        const int Nfft = 256, Hop = Nfft / 4, Pad = 3 * Hop / 2, Samples = 1001, Frames = (Samples + Hop - 1) / Hop;
        using Stft stft = Stft.Create(Definitions.HybridOld(Nfft), Samples);
        float[] x = StftRun.Noise(Samples, 1);
        float[] spectrogram = StftRun.Forward(stft, x);
        double[] p = new double[(Frames + 3) * Hop], sum = new double[(Frames + 3) * Hop], window = new double[Nfft];
        for (int i = 0; i < Samples; i++)
        {
            p[Pad + i] = x[i];
        }

        for (int j = 0; j < Nfft; j++)
        {
            window[j] = 0.5 - 0.5 * Math.Cos(2 * Math.PI * j / Nfft);
        }

        Assert.Equal(Frames, stft.Frames);
        double[] truth = new double[2 * Nfft / 2 * Frames];
        for (int t = 0; t < Frames; t++)
        {
            double[] frame = [.. Enumerable.Range(0, Nfft).Select(j => p[t * Hop + j] * window[j] / Math.Sqrt(Nfft))];
            for (int k = 0; k < Nfft / 2; k++)
            {
                for (int j = 0; j < Nfft; j++)
                {
                    truth[k * Frames + t] += frame[j] * Math.Cos(2 * Math.PI * k * j / Nfft);
                    truth[(Nfft / 2 + k) * Frames + t] -= frame[j] * Math.Sin(2 * Math.PI * k * j / Nfft);
                }
            }

            for (int j = 0; j < Nfft; j++)
            {
                double value = 0;
                for (int k = 0; k < Nfft / 2; k++)
                {
                    double re = spectrogram[k * Frames + t], im = spectrogram[(Nfft / 2 + k) * Frames + t];
                    value += (k == 0 ? 1 : 2) * (re * Math.Cos(2 * Math.PI * k * j / Nfft) - (k == 0 ? 0 : im * Math.Sin(2 * Math.PI * k * j / Nfft)));
                }

                sum[t * Hop + j] += value / Nfft * Math.Sqrt(Nfft) * window[j];
            }
        }

        Assert.InRange(SignalToNoise.Of(truth, spectrogram), Rounding, 200);
        double[] back = [.. sum.Take(Samples).Select((s, n) => s / (n < Hop ? 1.5 - window[n + 3 * Hop] * window[n + 3 * Hop] : 1.5))];
        Assert.InRange(SignalToNoise.Of(back, StftRun.Inverse(stft, spectrogram)), Rounding, 200);
    }

    [Fact]
    public void Transforms_of_htdemucs_are_the_fast_ones_and_others_are_not()
    {
        foreach (TransformEnvelope envelope in Enum.GetValues<TransformEnvelope>())
        {
            using Stft own = Stft.Create(Definitions.Demucs(4096) with { Envelope = envelope }, 1000);
            Assert.IsType<SegmentStft>(own);
        }

        foreach (TransformDefinition definition in (TransformDefinition[])[Definitions.HybridOld(4096), Definitions.Torch(4096, 1024), Definitions.Demucs(768), Definitions.Demucs(4096) with { Bins = 2049 }])
        {
            using Stft other = Stft.Create(definition, 5000);
            Assert.IsType<DefinedStft>(other);
        }
    }

    [Fact]
    public void Both_ways_of_htdemucs_agree()
    {
        using Stft fast = Stft.Create(Definitions.Demucs(1024), 30_001);
        using DefinedStft exact = new(fast.Definition, fast.Samples, Tiers.Named("scalar"));
        Assert.Equal((exact.Bins, exact.Frames, exact.Chunks, exact.SeamLength, exact.OutputSamples), (fast.Bins, fast.Frames, fast.Chunks, fast.SeamLength, fast.OutputSamples));
        float[] x = StftRun.Noise(fast.Samples, 5);
        float[] spectrogram = StftRun.Forward(exact, x);
        Assert.InRange(SignalToNoise.Of(spectrogram, StftRun.Forward(fast, x)), 130, 200);
        Assert.InRange(SignalToNoise.Of(StftRun.Inverse(exact, spectrogram), StftRun.Inverse(fast, spectrogram)), 130, 200);
    }

    [Fact]
    public void The_order_of_chunks_does_not_matter_and_nothing_is_allocated_for_them()
    {
        using Stft stft = Stft.Create(Definitions.Torch(512, 100), 30_000);
        Assert.InRange(stft.Chunks, 6, 10);
        float[] x = StftRun.Noise(stft.Samples, 2);
        float[] spectrogram = StftRun.Forward(stft, x), backwards = StftRun.Inverse(stft, spectrogram), forwards = new float[stft.OutputSamples];
        float[] seams = new float[stft.Chunks * stft.SeamLength], again = new float[spectrogram.Length];
        long before = GC.GetAllocatedBytesForCurrentThread();
        InOrder(stft, x, again, forwards, seams);
        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
        Assert.Equal(spectrogram, again);
        Assert.Equal(backwards, forwards);
    }

    [Theory]
    [InlineData(1, "1 samples are too few")]
    [InlineData(255, "255 samples are too few")]
    public void Too_few_samples_for_a_frame_are_refused(int samples, string message) =>
        Assert.StartsWith(message, Assert.Throws<ModelException>(() => Stft.Create(Definitions.Torch(256, 64) with { DroppedFrames = 2 }, samples)).Message);

    [Fact]
    public void A_constant_envelope_is_refused_where_it_is_none()
    {
        // Not at the ends, not with these hops.
        Assert.Throws<ModelException>(() => Stft.Create(Definitions.Torch(256, 64) with { Envelope = TransformEnvelope.Constant }, 1000));
        Assert.Throws<ModelException>(() => Stft.Create(Definitions.Demucs(256) with { Hop = 100 }, 1000));
        Assert.Throws<ModelException>(() => (Definitions.Demucs(256) with { Hop = 128 }).Validate());
        (Definitions.Demucs(256) with { Hop = 128, Window = TransformWindow.Rectangular }).Validate();
    }

    private static unsafe void InOrder(Stft stft, float[] x, float[] spectrogram, float[] back, float[] seams)
    {
        fixed (float* wave = x, spectrum = spectrogram, result = back, seam = seams)
        {
            for (int chunk = 0; chunk < stft.Chunks; chunk++)
            {
                stft.Forward(wave, chunk, spectrum);
            }

            for (int chunk = 0; chunk < stft.Chunks; chunk++)
            {
                stft.Inverse(spectrum, chunk, result, seam + chunk * stft.SeamLength);
            }

            for (int chunk = 0; chunk < stft.Chunks - 1; chunk++)
            {
                stft.AddSeam(seam + chunk * stft.SeamLength, chunk, result);
            }
        }
    }

    private static void AssertAgrees(TransformDefinition definition, int samples, string tier)
    {
        using Stft stft = Stft.Create(definition, samples, Tiers.Named(tier));
        Assert.Equal((definition.Bins, definition.Frames(samples), definition.OutputSamples(samples)), (stft.Bins, stft.Frames, stft.OutputSamples));
        float[] x = StftRun.Noise(samples, definition.Nfft + samples);

        // Any numbers, not only those that a signal has: a network's output is no signal's spectrum.
        float[] spectrogram = StftRun.Noise(2 * stft.Bins * stft.Frames, samples);
        if (!s_truths.TryGetValue((definition, samples), out (double[] Forward, double[] Inverse) truths))
        {
            truths = (ReferenceTransform.Forward(definition, x), ReferenceTransform.Inverse(definition, spectrogram, samples));
            s_truths.Add((definition, samples), truths);
        }

        AssertClose(truths.Forward, StftRun.Forward(stft, x), "forward");
        AssertClose(truths.Inverse, StftRun.Inverse(stft, spectrogram), "inverse");

        void AssertClose(double[] truth, float[] found, string way)
        {
            // Seams are rounded once more.
            double snr = SignalToNoise.Of(truth, found);
            bool zero = truth.All(v => Math.Abs(v) < 1e-12) && found.All(v => Math.Abs(v) < 1e-12);
            Assert.True(snr > 143 || zero, $"{way}, {samples} samples, {tier}, {definition}: {snr:F1} dB");
        }
    }
}
