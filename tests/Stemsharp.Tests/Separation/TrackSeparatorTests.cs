using FsCheck;
using FsCheck.Fluent;
using Stemsharp.Separation;
using Xunit;

namespace Stemsharp.Tests.Separation;

public class TrackSeparatorTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(999)]
    [InlineData(1500)]
    [InlineData(1999)]
    [InlineData(2000)]
    [InlineData(2001)]
    [InlineData(3500)]
    [InlineData(12_345)]
    public void Any_length_is_separated_as_defined(int length)
    {
        float[][] mix = SeparationHarness.Noise(length, length);
        SeparationHarness.AssertClose(
            SeparationHarness.Reference().Run(SeparationHarness.Widen(mix)),
            SeparationHarness.Run(mix, new SeparationSettings()));
    }

    [Fact]
    public void Any_settings_are_followed_as_defined()
    {
        Gen<(int length, double overlap, double power, int? segment, int shifts, int seed)> cases =
            from length in Gen.Choose(300, 9000)
            from overlap in Gen.Elements(0.0, 0.1, 0.25, 0.5, 0.75, 0.9)
            from power in Gen.Elements(1.0, 2.0, 3.5)
            from segment in Gen.Elements<int?>(null, 256, 700, 1001, 2000)
            from shifts in Gen.Elements(0, 1, 2, 3)
            from seed in Gen.Choose(0, 1000)
            select (length, overlap, power, segment, shifts, seed);
        Prop.ForAll(cases.ToArbitrary(), c =>
        {
            float[][] mix = SeparationHarness.Noise(c.length, c.seed);
            int[] offsets = ShiftOffsets.Choose(c.shifts, c.seed, SeparationHarness.Rate / 2, 0);
            ReferenceSeparation reference = SeparationHarness.Reference() with
            {
                Overlap = c.overlap,
                Power = c.power,
                Segment = c.segment,
                Offsets = offsets,
            };
            SeparationHarness.AssertClose(
                reference.Run(SeparationHarness.Widen(mix)),
                SeparationHarness.Run(mix, new SeparationSettings
                {
                    Overlap = c.overlap,
                    TransitionPower = c.power,
                    SegmentSamples = c.segment,
                    Offsets = (_, _) => offsets,
                }));
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(40));
    }

    [Theory]
    [InlineData(700)]
    [InlineData(2000)]
    public void Without_splitting_the_track_is_one_piece(int length)
    {
        float[][] mix = SeparationHarness.Noise(length, 7);
        SeparationHarness.AssertClose(
            (SeparationHarness.Reference() with { Split = false }).Run(SeparationHarness.Widen(mix)),
            SeparationHarness.Run(mix, new SeparationSettings { Split = false }));
    }

    [Fact]
    public void Without_splitting_a_longer_track_is_refused()
    {
        OptionException error = Assert.Throws<OptionException>(
            () => SeparationHarness.Run(SeparationHarness.Noise(2001, 1), new SeparationSettings { Split = false }));
        Assert.Contains("2001", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(2001)]
    [InlineData(255)]
    public void A_segment_that_the_network_does_not_take_is_refused(int segment) =>
        Assert.Throws<OptionException>(
            () => SeparationHarness.Run(SeparationHarness.Noise(5000, 1), new SeparationSettings { SegmentSamples = segment }));

    [Fact]
    public void A_network_without_training_length_sees_short_pieces_as_they_are()
    {
        const int Length = 2700;
        float[][] mix = SeparationHarness.Noise(Length, 5);

        // Pieces at 0 (2000 samples) and 1500 (1200), the last one with its own relative positions.
        double[][] exact = SeparationHarness.Widen(mix);
        double mean = exact[0].Zip(exact[1], (a, b) => (a + b) / 2).Average();
        double scale = Math.Sqrt(exact[0].Zip(exact[1], (a, b) => Math.Pow((a + b) / 2 - mean, 2)).Sum() / (Length - 1)) + 1e-8;
        double[][][] truth = [.. Enumerable.Range(0, 2).Select(s => exact.Select(channel => channel.Select((value, i) =>
        {
            double x = (value - mean) / scale;
            double first = FakeEngine.Bent(s, x, i / 2000.0), second = FakeEngine.Bent(s, x, (i - 1500) / 1200.0);
            double a = i < 2000 ? Math.Min(i + 1, 2000 - i) : 0, b = i >= 1500 ? Math.Min(i - 1499, 3500 - i) : 0;
            return (a * first + b * second) / (a + b) * scale + mean;
        }).ToArray()).ToArray())];
        SeparationHarness.AssertClose(
            truth, SeparationHarness.Run(mix, new SeparationSettings(), [SeparationHarness.Member(padsToTraining: false)]));
    }

    [Fact]
    public void A_bag_is_the_weighted_mean_of_its_networks()
    {
        static double Other(int stem, double x, double t) => FakeEngine.Bent(1 - stem, x, 1 - t);
        float[][] mix = SeparationHarness.Noise(7000, 11);
        BagMember[] members =
        [
            SeparationHarness.Member([3, 0]),
            SeparationHarness.Member([1, 2], Other),
            SeparationHarness.Member([0, 0.5]),
        ];
        double[][][] one = SeparationHarness.Reference().Run(SeparationHarness.Widen(mix));
        double[][][] two = SeparationHarness.Reference(formula: Other).Run(SeparationHarness.Widen(mix));
        double[][][] truth =
        [
            Blend(one[0], 0.75, two[0], 0.25),
            Blend(two[1], 0.8, one[1], 0.2),
        ];
        SeparationHarness.AssertClose(truth, SeparationHarness.Run(mix, new SeparationSettings(), members));
        SeparationHarness.AssertClose([truth[1]], SeparationHarness.Run(mix, new SeparationSettings(), members, [1]));

        static double[][] Blend(double[][] a, double wa, double[][] b, double wb) =>
            [.. a.Select((channel, c) => channel.Select((v, i) => v * wa + b[c][i] * wb).ToArray())];
    }

    [Fact]
    public void Each_network_of_a_bag_draws_its_own_shifts()
    {
        int[] first = ShiftOffsets.Choose(3, 42, 22_050, 0);
        Assert.NotEqual(first, ShiftOffsets.Choose(3, 42, 22_050, 1));
        Assert.NotEqual(first, ShiftOffsets.Choose(3, 43, 22_050, 0));
        Assert.Equal(first, ShiftOffsets.Choose(3, 42, 22_050, 0));
        Assert.All(first, offset => Assert.InRange(offset, 0, 22_050));
        Assert.Equal([22_050], ShiftOffsets.Choose(0, 42, 22_050, 0));
        Assert.Equal([22_050], ShiftOffsets.Choose(1, null, 22_050, 0));
        Assert.Equal([22_050, 14_700, 7_350], ShiftOffsets.Choose(3, null, 22_050, 0));
    }

    [Fact]
    public void Only_networks_that_matter_are_run()
    {
        BagMember never = new(SeparationHarness.Definition(), [1, 0], new SeparationHarness.EngineSource(() => throw new InvalidOperationException("not needed")));
        SeparationHarness.Run(
            SeparationHarness.Noise(3000, 1), new SeparationSettings(), [never, SeparationHarness.Member([0, 1])], [1]);
    }

    [Fact]
    public void Digital_silence_is_silent_and_needs_no_network()
    {
        float[][] mix = SeparationHarness.Noise(12_000, 3);
        foreach (float[] channel in mix)
        {
            channel.AsSpan(3000, 6000).Clear();
        }

        FakeEngine engine = new(SeparationHarness.Definition());
        BagMember member = new(SeparationHarness.Definition(), [1, 1], new SeparationHarness.EngineSource(engine.ToEngine));
        float[][][] stems = SeparationHarness.Run(mix, new SeparationSettings(), [member]);

        // Of eight pieces those at 3000, 4500 and 6000 hold nothing; what only they cover stays zero.
        Assert.Equal(5, engine.Runs);
        Assert.All(stems, stem => Assert.All(stem, channel => Assert.All(channel[3500..7500], value => Assert.Equal(0f, value))));
        Assert.Contains(stems[0][0][..3000], value => value != 0);
    }

    [Fact]
    public void A_silent_track_never_loads_a_network()
    {
        BagMember never = new(SeparationHarness.Definition(), [1, 1], new SeparationHarness.EngineSource(() => throw new InvalidOperationException("not needed")));
        float[][][] stems = SeparationHarness.Run([new float[5000], new float[5000]], new SeparationSettings(), [never]);
        Assert.All(stems, stem => Assert.All(stem, channel => Assert.All(channel, value => Assert.Equal(0f, value))));
    }

    [Fact]
    public void Threads_do_not_change_a_bit()
    {
        float[][] mix = SeparationHarness.Noise(9000, 5);
        float[][][] one = SeparationHarness.Run(mix, new SeparationSettings { Threads = 1 }, [SeparationHarness.Member()]);
        foreach (int threads in (int[])[2, 3, 5])
        {
            float[][][] many = SeparationHarness.Run(mix, new SeparationSettings { Threads = threads }, [SeparationHarness.Member()]);
            Assert.Equal(one.SelectMany(s => s).SelectMany(c => c), many.SelectMany(s => s).SelectMany(c => c));
        }
    }

    [Fact]
    public void A_network_that_gives_no_numbers_is_an_error() =>
        Assert.Contains(
            "finite",
            Assert.Throws<StemsharpException>(() => SeparationHarness.Run(
                SeparationHarness.Noise(3000, 1), new SeparationSettings(), [SeparationHarness.Member(formula: (_, _, _) => double.NaN)])).Message,
            StringComparison.Ordinal);

    [Fact]
    public void A_track_that_becomes_shorter_is_an_error()
    {
        float[][] mix = SeparationHarness.Noise(5000, 1);
        TrackStatistics statistics = new(6000, 0, 1);
        TrackSeparator separator = new(
            SeparationHarness.Track(mix), statistics, new Bag([SeparationHarness.Member()], [0, 1]), new SeparationSettings());
        AudioException error = Assert.Throws<AudioException>(() => separator.Run(_ => { }, _ => { }, default));
        Assert.Contains("changed while it was read", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void No_spool_is_left_behind()
    {
        string folder = Directory.CreateTempSubdirectory("stemsharp-test").FullName;
        try
        {
            BagMember[] members = [SeparationHarness.Member([1, 0]), SeparationHarness.Member([0, 1])];
            SeparationHarness.Run(SeparationHarness.Noise(5000, 1), new SeparationSettings { TemporaryFolder = folder }, members);
            Assert.Empty(Directory.EnumerateFileSystemEntries(folder));

            members[1] = new BagMember(SeparationHarness.Definition(), [0, 1], new SeparationHarness.EngineSource(() => throw new ModelException("broken")));
            Assert.Throws<ModelException>(() => SeparationHarness.Run(
                SeparationHarness.Noise(5000, 1), new SeparationSettings { TemporaryFolder = folder }, members));
            Assert.Empty(Directory.EnumerateFileSystemEntries(folder));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public void A_spool_without_a_place_is_refused_before_the_work() =>
        Assert.Throws<OptionException>(() => SeparationHarness.Run(
            SeparationHarness.Noise(5000, 1),
            new SeparationSettings { TemporaryFolder = Path.Combine(Path.GetTempPath(), "stemsharp-no-such-folder") },
            [SeparationHarness.Member([1, 0]), SeparationHarness.Member([0, 1])]));
}
