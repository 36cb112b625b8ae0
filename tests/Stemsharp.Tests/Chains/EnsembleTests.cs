using Stemsharp.Audio;
using Stemsharp.Chains;
using Stemsharp.Chains.Ensembles;
using Xunit;

namespace Stemsharp.Tests.Chains;

public class EnsembleTests
{
    public static TheoryData<string, int, int> Cases
    {
        get
        {
            // Around hops, and around the blocks of 47 hops in which spectra are made.
            TheoryData<string, int, int> cases = [];
            foreach (string algorithm in EnsembleAlgorithms.Names)
            {
                foreach (int length in (int[])[1, 700, 1024, 5000, 49_153])
                {
                    cases.Add(algorithm, length, length == 5000 ? 4 : 3);
                }
            }

            return cases;
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Every_algorithm_is_the_originals(string algorithm, int length, int versions)
    {
        float[][][] sounds = Noise(versions, length);
        float[][] made = Make(algorithm, sounds);
        for (int channel = 0; channel < 2; channel++)
        {
            double[][] channels = [.. sounds.Select(sound => sound[channel].Select(v => (double)v).ToArray())];
            AssertClose(ReferenceEnsemble.Make(algorithm, channels), made[channel]);

            // The original leaves the samples behind the last whole hop to one frame's fading end; up to there it is the same.
            int whole = length / 1024 * 1024;
            AssertClose(ReferenceEnsemble.Make(algorithm, channels, toWholeHops: false).AsSpan(0, whole), made[channel].AsSpan(0, whole));
        }
    }

    [Theory]
    [InlineData("avg_wave")]
    [InlineData("avg_fft")]
    public void Averages_are_weighted(string algorithm)
    {
        float[][][] sounds = Noise(3, 3000);
        float[][] made = Make(algorithm, sounds, [1, 2.5, 0]);
        AssertClose(ReferenceEnsemble.Make(algorithm, [.. sounds.Select(s => s[1].Select(v => (double)v).ToArray())], [1, 2.5, 0]), made[1]);
    }

    [Fact]
    public void Of_equal_magnitudes_uvrs_algorithms_take_the_last_and_the_others_the_first()
    {
        float[][] sound = Noise(1, 5000)[0];
        float[][] turned = [.. sound.Select(channel => channel.Select(v => -v).ToArray())];
        foreach ((string algorithm, float[][] expected) in new[]
        {
            ("min_wave", sound), ("max_wave", sound), ("min_fft", sound), ("max_fft", sound), ("uvr_min_spec", turned), ("uvr_max_spec", turned), ("ensemble_wav", sound),
        })
        {
            float[][] made = Make(algorithm, [sound, turned]);
            AssertClose([.. expected[0].Select(v => (double)v)], made[0]);
        }
    }

    [Fact]
    public void The_quietest_version_is_chosen_for_each_channel_as_a_whole()
    {
        float[][][] sounds = Noise(2, 40_000);
        for (int i = 0; i < 40_000; i++)
        {
            // Quieter at first, louder on the whole.
            sounds[0][0][i] *= i < 1000 ? 0 : 3;
            sounds[1][1][i] *= 0.9f + i / 40_000f;
        }

        float[][] made = Make("ensemble_wav", sounds);
        Assert.Equal(sounds[1][0], made[0]);
        Assert.Equal(sounds[0][1], made[1]);
    }

    [Fact]
    public void One_channel_stays_one()
    {
        float[] a = Noise(1, 4000)[0][0], b = Noise(2, 4000)[1][1];
        using IAudioReader reader = Ensemble.Open(new ChainEnsemble(EnsembleAlgorithm.MedianSpectrum, null), [() => new MemoryReader(a, 8000, 1), () => new MemoryReader(b, 8000, 1)]);
        Assert.Equal((1, 8000, 4000L), (reader.Channels, reader.SampleRate, reader.Length));
        AssertClose(ReferenceEnsemble.Make("median_fft", [[.. a.Select(v => (double)v)], [.. b.Select(v => (double)v)]]), ReadAll(reader, 777));
    }

    private static float[][] Make(string algorithm, float[][][] sounds, double[]? weights = null)
    {
        ChainEnsemble how = new(EnsembleAlgorithms.Find(algorithm)!.Value, weights);
        using IAudioReader reader = Ensemble.Open(how, [.. sounds.Select(sound => (Func<IAudioReader>)(() => new MemoryReader(Separation.SeparationHarness.Interleave(sound), 44_100, 2)))]);
        float[] samples = ReadAll(reader, 10_000);
        return [.. Enumerable.Range(0, 2).Select(channel => samples.Where((_, i) => i % 2 == channel).ToArray())];
    }

    private static float[] ReadAll(IAudioReader reader, int block)
    {
        List<float> samples = [];
        float[] part = new float[block];
        for (int frames; (frames = reader.Read(part)) > 0;)
        {
            samples.AddRange(part[..(frames * reader.Channels)]);
        }

        Assert.Equal(reader.Length * reader.Channels, samples.Count);
        return [.. samples];
    }

    private static float[][][] Noise(int versions, int length) =>
        [.. Enumerable.Range(0, versions).Select(v => Separation.SeparationHarness.Noise(length, 10 + v))];

    private static void AssertClose(ReadOnlySpan<double> expected, ReadOnlySpan<float> found)
    {
        Assert.Equal(expected.Length, found.Length);
        for (int i = 0; i < expected.Length; i++)
        {
            if (Math.Abs(expected[i] - found[i]) > 2e-5 * Math.Max(1, Math.Abs(expected[i])))
            {
                Assert.Fail($"sample {i}: {found[i]} instead of {expected[i]}");
            }
        }
    }
}
