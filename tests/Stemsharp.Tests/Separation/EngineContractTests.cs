using Stemsharp.Inference;
using Stemsharp.Separation;
using Xunit;

namespace Stemsharp.Tests.Separation;

/// <summary>Engines of every kind under a separation: how pieces come to them, and what their failures lead to.</summary>
public class EngineContractTests
{
    private static readonly float[][] Mix = SeparationHarness.Noise(12_345, 2);
    private static readonly Lazy<float[][][]> Expected = new(() => SeparationHarness.Run(Mix, new SeparationSettings()));

    [Theory]
    [InlineData(1, 1)]
    [InlineData(1, 3)]
    [InlineData(2, 1)]
    [InlineData(4, 2)]
    [InlineData(16, 1)]
    public void Pieces_in_one_run_or_in_many_give_the_same_bits(int piecesPerRun, int runsAtOnce)
    {
        BatchedEngine engine = new(SeparationHarness.Definition(), piecesPerRun, runsAtOnce);
        Same(Expected.Value, Run(new Source(engine)));
        Assert.Equal(9, engine.Runs.Sum());

        // Whole runs but for the last: nine pieces.
        Assert.All(engine.Runs.SkipLast(1), count => Assert.Equal(piecesPerRun, count));
        Assert.Equal((9 + piecesPerRun - 1) / piecesPerRun, engine.Runs.Count);
    }

    [Theory]
    [InlineData(1, 1)]
    [InlineData(3, 2)]
    public void Pieces_of_another_length_wait_for_those_before(int piecesPerRun, int runsAtOnce)
    {
        NetworkDefinition definition = SeparationHarness.Definition(padsToTraining: false);
        BatchedEngine engine = new(definition, piecesPerRun, runsAtOnce);
        Same(
            SeparationHarness.Run(Mix, new SeparationSettings(), [SeparationHarness.Member(definition)]),
            Run(new Source(engine), definition));
        Assert.Equal([2000, 1845, 345], engine.Lengths);
    }

    [Theory]
    [InlineData(EngineFailure.DeviceLost)]
    [InlineData(EngineFailure.Wrong)]
    public void What_may_pass_is_tried_once_more(EngineFailure kind)
    {
        BatchedEngine engine = new(SeparationHarness.Definition(), 2, 2) { Failure = run => run == 1 ? new EngineException(kind, "gone") : null };
        Source source = new(engine);
        Same(Expected.Value, Run(source));
        Assert.Equal([$"retry {kind}"], source.Calls);
    }

    [Theory]
    [InlineData(EngineFailure.DeviceLost, 4)]
    [InlineData(EngineFailure.Wrong, 4)]
    [InlineData(EngineFailure.OutOfMemory, 1)]
    [InlineData(EngineFailure.Refused, 1)]
    public void What_stays_goes_to_another_engine_in_the_middle_of_the_song(EngineFailure kind, int pieces)
    {
        NetworkDefinition definition = SeparationHarness.Definition();
        int from = 2;
        BatchedEngine first = new(definition, pieces, 1, "first") { Failure = run => run >= from ? new EngineException(kind, "gone") : null };
        BatchedEngine second = new(definition, 1, 3, "second");
        Source source = new(first, second);
        SeparationTally tally = null!;
        Same(Expected.Value, Run(source, definition, found => tally = found));
        Assert.Equal(kind is EngineFailure.DeviceLost or EngineFailure.Wrong ? [$"retry {kind}", $"replace {kind}"] : [$"replace {kind}"], source.Calls);
        Assert.Equal(
            [("first", 0L, 2L * pieces), ("second", 2L * pieces, 9 - 2L * pieces)],
            tally.Engines.Select(share => (share.Engine.Backend, share.First, share.Pieces)));
    }

    [Fact]
    public void Samples_that_are_no_numbers_are_a_wrong_result_where_another_engine_would_go_on()
    {
        BatchedEngine first = new(SeparationHarness.Definition(), 1, 2, "first") { IsFinite = run => run < 3 };
        Source source = new(first, new BatchedEngine(SeparationHarness.Definition(), 1, 1, "second"));
        Same(Expected.Value, Run(source));
        Assert.Equal(["retry Wrong", "replace Wrong"], source.Calls);
    }

    [Theory]
    [InlineData(EngineFailure.Refused, 0)]
    [InlineData(EngineFailure.DeviceLost, 1)]
    public void Without_another_engine_the_failure_is_the_songs(EngineFailure kind, int retries)
    {
        BatchedEngine engine = new(SeparationHarness.Definition(), 2, 2) { Failure = run => run >= 1 ? new EngineException(kind, "it is gone") : null };
        Source source = new(engine);
        EngineException failure = Assert.Throws<EngineException>(() => Run(source));
        Assert.Equal(kind, failure.Failure);
        Assert.Equal("it is gone", failure.Message);
        Assert.Equal(retries, source.Calls.Count(call => call.StartsWith("retry", StringComparison.Ordinal)));

        // Nothing is leased any more: it can be prepared for another song.
        engine.Prepare(2000, 1);
    }

    [Fact]
    public void A_piece_that_succeeds_gives_the_next_one_its_own_second_try()
    {
        BatchedEngine engine = new(SeparationHarness.Definition(), 1, 1) { Failure = run => run % 2 == 0 ? new EngineException(EngineFailure.DeviceLost, "gone") : null };
        Source source = new(engine);
        Same(Expected.Value, Run(source));
        Assert.Equal(9, source.Calls.Count);
    }

    [Fact]
    public void Errors_of_other_kinds_are_never_tried_again()
    {
        BatchedEngine engine = new(SeparationHarness.Definition(), 2, 1) { Failure = run => run == 1 ? new InvalidOperationException("a fault") : null };
        Source source = new(engine, new BatchedEngine(SeparationHarness.Definition(), 1, 1));
        Assert.Equal("a fault", Assert.Throws<InvalidOperationException>(() => Run(source)).Message);
        Assert.Empty(source.Calls);
    }

    [Fact]
    public async Task A_device_that_was_lost_is_opened_anew()
    {
        List<BatchedEngine> opened = [];
        FakeBackend backend = new(definition =>
        {
            int number = opened.Count;
            BatchedEngine engine = new(definition, 1, 1) { Failure = run => number == 0 && run == 1 ? new EngineException(EngineFailure.DeviceLost, "The device is lost.") : null };
            opened.Add(engine);
            return engine;
        });
        List<string> said = [];
        await using Separator separator = Separator.Open(FakeModel.Source, new SeparatorOptions { Engine = "fake", Backends = [backend], Notices = new Told(said), Defaults = new SeparationOptions { Shifts = 0 } });
        SeparationResult result = await separator.SeparateAsync(FakeModel.Noise(3 * FakeModel.Segment));
        Assert.Equal(2, opened.Count);
        Assert.True(opened[0].IsDisposed);
        Assert.False(opened[1].IsDisposed);
        Assert.Equal(["The device is lost. Trying once more."], said);
        Assert.Equal(5, Assert.Single(result.Summary.Engines).Pieces);
    }

    [Fact]
    public async Task What_failed_for_one_network_of_a_bag_is_not_tried_for_the_next_one()
    {
        int opened = 0;
        FakeBackend broken = new(_ =>
        {
            opened++;
            throw new EngineException(EngineFailure.OutOfMemory, "Too little memory.");
        });
        ModelMember member = FakeModel.Source.Members[0];
        ModelSource bag = new("bag", FakeModel.Source.Stems, 44_100, [member, member]);
        List<string> said = [];
        await using Separator separator = Separator.Open(
            bag, new SeparatorOptions { Engine = "fake", Backends = [broken, new OtherBackend()], Fallback = true, Notices = new Told(said), Defaults = new SeparationOptions { Shifts = 0 } });
        SeparationResult result = await separator.SeparateAsync(FakeModel.Noise(9000));
        Assert.Equal(1, opened);
        Assert.Equal(["Too little memory. Going on with other."], said);
        EngineShare share = Assert.Single(result.Summary.Engines);
        Assert.Equal(("other", 2L), (share.Engine.Backend, share.Pieces));
    }

    private static float[][][] Run(Source source, NetworkDefinition? definition = null, Action<SeparationTally>? tell = null) =>
        SeparationHarness.Run(Mix, new SeparationSettings(), [new BagMember(definition ?? SeparationHarness.Definition(), [1, 1], source)], tell: tell);

    private static void Same(float[][][] expected, float[][][] found)
    {
        for (int s = 0; s < expected.Length; s++)
        {
            for (int c = 0; c < expected[s].Length; c++)
            {
                Assert.Equal(expected[s][c], found[s][c]);
            }
        }
    }

    /// <summary>An engine, and those that take its place.</summary>
    private sealed class Source(params BatchedEngine[] engines) : IEngineSource
    {
        private int _at;

        public List<string> Calls { get; } = [];

        public bool ChecksResults => _at + 1 < engines.Length;

        public IEngine Open(int samples, long pieces) => engines[_at];

        public IEngine Retry(EngineException failure, int samples, long pieces)
        {
            Calls.Add($"retry {failure.Failure}");
            return engines[_at];
        }

        public IEngine? Replace(EngineException failure, int samples, long pieces)
        {
            if (_at + 1 == engines.Length)
            {
                return null;
            }

            Calls.Add($"replace {failure.Failure}");
            return engines[++_at];
        }
    }

    /// <summary>What goes on where the first one fails.</summary>
    private sealed class OtherBackend : Backend
    {
        public override string Name => "other";

        public override string Title => "other";

        public override string? WhyRefused(Network network, EngineSettings settings) => null;

        public override EngineMemory Estimate(Network network, EngineSettings settings, int samples) => new(0, 0);

        public override int PiecesAtOnce(Network network, EngineSettings settings, int samples) => 1;

        public override string Describe(EngineSettings settings) => Name;

        public override IEngine Open(Network network, EngineSettings settings) => new BatchedEngine(network.Definition, 1, 1, "other");
    }

    private sealed class Told(List<string> said) : IProgress<string>
    {
        public void Report(string value) => said.Add(value);
    }
}
