using FsCheck;
using FsCheck.Fluent;
using Stemsharp.Inference;
using Stemsharp.Separation;
using Xunit;

namespace Stemsharp.Tests.Separation;

/// <summary>Tracks cut as RoFormers, MDX23C and SCNet want them, against the definition.</summary>
public class ChunkingTests
{
    private const int Chunk = 1000;

    public static TheoryData<int, int> Lengths
    {
        get
        {
            TheoryData<int, int> result = [];
            foreach (int overlaps in (int[])[1, 2, 3, 4, 8])
            {
                int border = Chunk - Chunk / overlaps;
                int[] lengths = [2, 499, 500, 501, 999, 1000, 1001, 2 * border, 2 * border + 1, 2 * border + 2, 2500, 5000, 7321];
                foreach (int length in lengths.Where(l => l > 1).Distinct())
                {
                    result.Add(overlaps, length);
                }
            }

            return result;
        }
    }

    [Theory]
    [MemberData(nameof(Lengths))]
    public void Mirrored_borders_and_lines_follow_the_definition(int overlaps, int length) =>
        Check(Definition(overlaps), Reference(overlaps), length);

    [Theory]
    [MemberData(nameof(Lengths))]
    public void Without_a_border_the_ends_have_their_own_weights(int overlaps, int length) =>
        Check(
            Changed(Definition(overlaps), cut => cut with { Border = TrackBorder.None, Fill = PieceFill.Zeros }),
            Reference(overlaps) with { Reflects = false, MirrorsTheLast = false },
            length);

    [Theory]
    [InlineData(2, 2500)]
    [InlineData(4, 7321)]
    [InlineData(4, 300)]
    public void Tracks_are_normalised_by_their_own_deviation(int overlaps, int length) =>
        Check(
            Changed(Definition(overlaps), cut => cut with { Normalization = TrackNormalization.Population }),
            Reference(overlaps) with { Normalize = true },
            length);

    [Fact]
    public void Any_length_follows_the_definition() => Prop.ForAll(
        (from overlaps in Gen.Choose(1, 6)
         from length in Gen.Choose(2, 9000)
         from sessions in Gen.Choose(1, 3)
         select (overlaps, length, sessions)).ToArbitrary(),
        c => Check(Definition(c.overlaps), Reference(c.overlaps), c.length, c.sessions)).Check(Config.QuickThrowOnFailure.WithMaxTest(60));

    /// <summary>Steps and lengths: short ones, and those around a whole number of stretches of 700 samples.</summary>
    [Theory]
    [InlineData(0.3, new[] { 1, 2, 150, 399, 400, 401, 699, 700, 701, 1400, 2100, 5003 })]
    [InlineData(0.25, new[] { 700, 701, 4900, 5003 })]
    [InlineData(0.9, new[] { 100, 1500, 3499 })]
    [InlineData(0.0, new[] { 700, 1850, 5003 })]
    public void Windows_over_pieces_between_zeros_follow_the_definition(double overlap, int[] lengths)
    {
        NetworkDefinition definition = Changed(Definition(1), cut => cut with
        {
            StepNumerator = 7,
            StepDenominator = 10,
            Fill = PieceFill.Zeros,
            Border = TrackBorder.Zeros,
            BorderSamples = 150,
            Fade = PieceFade.Hann,
        });
        SeparationSettings settings = overlap == 0.3 ? new() : new() { Overlap = overlap };
        ReferenceHannChunking reference = new(2, Chunk, 150, (int)((1 - overlap) * Chunk), Reference(1).Network);
        foreach (int length in lengths)
        {
            float[][] mix = SeparationHarness.Noise(length, length);
            SeparationHarness.AssertClose(
                reference.Run(SeparationHarness.Widen(mix)), SeparationHarness.Run(mix, settings, [SeparationHarness.Member(definition)]));
        }
    }

    [Fact]
    public void A_silent_track_is_silent_stems_whatever_it_is_divided_by()
    {
        NetworkDefinition definition = Changed(Definition(2), cut => cut with { Normalization = TrackNormalization.Population });
        float[][][] stems = SeparationHarness.Run([new float[3000], new float[3000]], new SeparationSettings(), [SeparationHarness.Member(definition)]);
        Assert.All(stems, stem => Assert.All(stem, channel => Assert.All(channel, value => Assert.Equal(0f, value))));
    }

    [Fact]
    public void The_users_overlap_replaces_the_networks()
    {
        float[][] mix = SeparationHarness.Noise(4000, 3);
        SeparationHarness.AssertClose(
            Reference(4).Run(SeparationHarness.Widen(mix)),
            SeparationHarness.Run(mix, new SeparationSettings { Overlap = 0.75 }, [SeparationHarness.Member(Definition(2))]));
    }

    [Fact]
    public void Shifts_are_refused_where_pieces_have_their_places() =>
        Assert.Contains(
            "Leave shifts out",
            Assert.Throws<OptionException>(() => SeparationHarness.Run(
                SeparationHarness.Noise(4000, 3),
                new SeparationSettings { Offsets = (_, _) => [3, 4] },
                [SeparationHarness.Member(Definition(2))])).Message,
            StringComparison.Ordinal);

    [Theory]
    [InlineData(400)]
    [InlineData(1000)]
    [InlineData(1700)]
    public void Networks_of_any_length_are_shown_the_piece_alone(int length)
    {
        // Steps of 16 samples from 64 on: the last piece is filled up with zeros to the next such length.
        NetworkDefinition definition = Changed(Definition(2), cut => cut with
        {
            Lengths = new NetworkLengths(64, 16, 4096),
            Window = PieceWindow.Shortest,
            Fill = PieceFill.Zeros,
            Border = TrackBorder.None,
            Fade = PieceFade.Triangle,
            StepDenominator = 1,
        });
        List<int> shown = [];
        FakeEngine engine = new(definition, (_, x, _) => x);
        BagMember member = new(definition, [1, 1], new SeparationHarness.EngineSource(() => new ListeningEngine(engine.ToEngine(), shown)));
        float[][] mix = SeparationHarness.Noise(length, 8);
        float[][][] stems = SeparationHarness.Run(mix, new SeparationSettings(), [member]);
        SeparationHarness.AssertClose([SeparationHarness.Widen(mix), SeparationHarness.Widen(mix)], stems);
        Assert.All(shown, samples => Assert.True(definition.Cut.Lengths.Takes(samples), $"{samples}"));
        Assert.Equal(length % Chunk == 0 ? 1008 : 16 * ((length % Chunk + 15) / 16), shown[^1]);
    }

    private static void Check(NetworkDefinition definition, ReferenceChunking reference, int length, int sessions = 1)
    {
        float[][] mix = SeparationHarness.Noise(length, length);
        SeparationHarness.AssertClose(
            reference.Run(SeparationHarness.Widen(mix)),
            SeparationHarness.Run(mix, new SeparationSettings(), [SeparationHarness.Member(definition, sessions: sessions)]));
    }

    private static NetworkDefinition Definition(int overlaps) => new()
    {
        Stems = ["one", "two"],
        SampleRate = SeparationHarness.Rate,
        Channels = 2,
        Cut = new PieceCut
        {
            Samples = Chunk,
            Lengths = NetworkLengths.Only(Chunk),
            StepNumerator = 1,
            StepDenominator = overlaps,
            Fill = PieceFill.Mirrored,
            Border = TrackBorder.Mirrored,
            Fade = PieceFade.Lines,
        },
        Inputs = [new("mix", PortRole.Waveform)],
        Outputs = [new("stems", PortRole.Waveform)],
    };

    private static NetworkDefinition Changed(NetworkDefinition definition, Func<PieceCut, PieceCut> change) => definition with { Cut = change(definition.Cut) };

    private static ReferenceChunking Reference(int overlaps) => new(
        2, Chunk, overlaps, input => [.. Enumerable.Range(0, 2).Select(s =>
            input.Select(channel => channel.Select((x, i) => FakeEngine.Bent(s, x, (double)i / Chunk)).ToArray()).ToArray())]);

    /// <summary>Remembers the lengths that it was prepared for.</summary>
    private sealed class ListeningEngine(IEngine engine, List<int> shown) : IEngine
    {
        public EngineIdentity Identity => engine.Identity;

        public string Description => engine.Description;

        public int PiecesPerRun => engine.PiecesPerRun;

        public int RunsAtOnce => engine.RunsAtOnce;

        public bool IsReproducible => engine.IsReproducible;

        public long HostBytes => engine.HostBytes;

        public void Prepare(int samples, long pieces)
        {
            shown.Add(samples);
            engine.Prepare(samples, pieces);
        }

        public IPieceBuffer? Lease() => engine.Lease();

        public Task RunAsync(IReadOnlyList<IPieceBuffer> pieces, IReadOnlyList<int> stems, CancellationToken cancellationToken) =>
            engine.RunAsync(pieces, stems, cancellationToken);

        public void Dispose() => engine.Dispose();
    }
}
