using Stemsharp.Cpu;
using Stemsharp.Inference;
using Stemsharp.Model;
using Stemsharp.Separation;
using Stemsharp.Simd;
using Stemsharp.Tests.Golden;
using Xunit;

namespace Stemsharp.Tests.Separation;

/// <summary>Several segments at work at once: the same bits in the same order, and nothing left running.</summary>
public class ParallelSegmentsTests
{
    private static readonly string Tiny = RepositoryFiles.Golden("tiny4", "tiny4-cf67fb40.th");

    [Theory]
    [InlineData(2, true)]
    [InlineData(3, true)]
    [InlineData(5, true)]
    [InlineData(3, false)]
    public void Whichever_is_done_first_the_result_is_the_same(int runners, bool padsToTraining)
    {
        // Silence in the middle: its pieces need no runner, and still wait their turn.
        float[][] mix = SeparationHarness.Noise(17_345, runners);
        foreach (float[] channel in mix)
        {
            channel.AsSpan(5000, 6000).Clear();
        }

        SeparationSettings settings = new() { Overlap = 0.5, Offsets = (_, _) => [100, 450, 300], Normalization = TrackNormalization.None };
        float[][][] expected = Run(1, null);
        int runs = 0;
        float[][][] found = Run(runners, _ => Thread.Sleep(Interlocked.Increment(ref runs) % 3 * 4));
        Assert.True(runs > 2 * runners);
        for (int stem = 0; stem < expected.Length; stem++)
        {
            for (int channel = 0; channel < 2; channel++)
            {
                Assert.Equal(expected[stem][channel], found[stem][channel]);
            }
        }

        float[][][] Run(int count, Action<CancellationToken>? before) =>
            SeparationHarness.Run(mix, settings, [Member(count, before, padsToTraining)]);
    }

    [Fact]
    public void What_is_done_is_blended_and_handed_on_while_the_next_piece_runs()
    {
        using SemaphoreSlim handedOn = new(0);
        int runs = 0, waited = 0;
        SeparationHarness.Run(
            SeparationHarness.Noise(9_000, 1), new SeparationSettings(), [Member(2, token =>
            {
                // The second piece cannot end before the first one's stretch of the song has been handed on.
                if (Interlocked.Increment(ref runs) == 2 && handedOn.Wait(TimeSpan.FromSeconds(30), token))
                {
                    waited++;
                }
            })],
            received: () => handedOn.Release());
        Assert.Equal(1, waited);
    }

    [Fact]
    public void Threads_that_several_share_never_do_more_than_one_callers_work()
    {
        SharedWorkers workers = new(new ParallelWorkers(3));
        int atWork = 0, most = 0;
        long sum = 0;
        Parallel.For(0, 8, _ => workers.For(20, item =>
        {
            int now = Interlocked.Increment(ref atWork);
            InterlockedMax(ref most, now);
            Thread.SpinWait(1000);
            Interlocked.Add(ref sum, item);
            Interlocked.Decrement(ref atWork);
        }));
        Assert.Equal(8 * 190, sum);
        Assert.InRange(most, 1, 3);

        static void InterlockedMax(ref int target, int value)
        {
            for (int seen = target; value > seen;)
            {
                int before = Interlocked.CompareExchange(ref target, value, seen);
                if (before == seen)
                {
                    return;
                }

                seen = before;
            }
        }
    }

    [Fact]
    public void An_error_comes_out_when_nothing_runs_any_more()
    {
        int active = 0, runs = 0;
        BagMember member = Member(4, token =>
        {
            Interlocked.Increment(ref active);
            try
            {
                if (Interlocked.Increment(ref runs) == 6)
                {
                    throw new InvalidOperationException("the sixth");
                }

                token.WaitHandle.WaitOne(20);
            }
            finally
            {
                Interlocked.Decrement(ref active);
            }
        });
        InvalidOperationException error = Assert.Throws<InvalidOperationException>(
            () => SeparationHarness.Run(SeparationHarness.Noise(40_000, 1), new SeparationSettings(), [member]));
        Assert.Equal("the sixth", error.Message);
        Assert.Equal(0, active);
        Assert.True(runs < 12);
    }

    [Fact]
    public void Cancelling_stops_all_of_them()
    {
        using CancellationTokenSource cancellation = new();
        int active = 0;
        BagMember member = Member(4, token =>
        {
            if (Interlocked.Increment(ref active) == 4)
            {
                cancellation.Cancel();
            }

            token.WaitHandle.WaitOne(10_000);
            Interlocked.Decrement(ref active);
        });
        float[][] mix = SeparationHarness.Noise(40_000, 1);
        Track track = SeparationHarness.Track(mix);
        TrackSeparator separator = new(track, TrackStatistics.Measure(track.Open(default), default), new Bag([member], [0, 1]), new SeparationSettings());
        Assert.ThrowsAny<OperationCanceledException>(() => separator.Run(_ => { }, _ => { }, cancellation.Token));
        Assert.Equal(0, active);
    }

    [Fact]
    public async Task The_engine_gives_the_same_bits_with_several_segments_at_once()
    {
        SeparatorOptions options = new() { Threads = 4, ParallelSegments = 1, Defaults = new SeparationOptions { Overlap = 0.75 } };
        await using Separator one = GoldenModel.Open(Tiny, options), three = GoldenModel.Open(Tiny, options with { ParallelSegments = 3 });
        SeparationResult expected = await one.SeparateAsync(MadeInputs.Get("longer than a segment"));
        SeparationResult found = await three.SeparateAsync(MadeInputs.Get("longer than a segment"));
        Assert.Equal(5, found.Summary.Segments);
        Assert.StartsWith("3 × cpu", found.Summary.Engine, StringComparison.Ordinal);
        foreach (string stem in expected.StemNames)
        {
            Assert.Equal(expected[stem][0], found[stem][0]);
            Assert.Equal(expected[stem][1], found[stem][1]);
        }

        // A song of one segment gets all threads for it.
        SeparationResult single = await three.SeparateAsync(MadeInputs.Get("impulse"));
        Assert.StartsWith("cpu", single.Summary.Engine, StringComparison.Ordinal);
        Assert.Contains("4 threads", single.Summary.Engine, StringComparison.Ordinal);
    }

    [Fact]
    public void Songs_of_other_lengths_run_on_the_network_that_is_in_memory()
    {
        CheckpointNetwork network = FamilyTable.All.Open(Tiny);
        int samples = network.Definition.Cut.Samples;
        using CpuRuntime runtime = new(network, new EngineSettings { Threads = 8, PiecesAtOnce = 4 }, SimdTier.Chosen);
        Assert.Equal(4, runtime.Arrange(samples, 20).Count);
        Plan plan = runtime.Plan!;
        foreach (int pieces in (int[])[1, 3, 20])
        {
            Assert.Equal(Math.Min(4, pieces), runtime.Arrange(samples, pieces).Count);
            Assert.Same(plan, runtime.Plan);
        }
    }

    [Fact]
    public void More_segments_at_once_than_one_keeps_busy_are_chosen_where_memory_allows()
    {
        CheckpointNetwork network = FamilyTable.All.Open(Tiny);
        Graph.Graph graph = network.Record(network.Definition.Cut.Samples);
        using INetworkWeights weights = network.OpenWeights(graph);
        using Plan plan = PlanBuilder.Compile(graph, weights, SimdTier.Chosen, threads: 2);
        Assert.Equal(1, LoadBalance.SpeedUp(plan, 1), 6);
        double[] speedUps = [.. new[] { 1, 2, 4, 8 }.Select(n => LoadBalance.SpeedUp(plan, n))];
        Assert.Equal(speedUps.Order(), speedUps);

        Assert.Equal(1, LoadBalance.Groups(plan, 1, long.MaxValue));
        int groups = LoadBalance.Groups(plan, 64, long.MaxValue);
        Assert.InRange(groups, 2, 64);
        Assert.True(groups * LoadBalance.SpeedUp(plan, 64 / groups) > LoadBalance.SpeedUp(plan, 64));
        Assert.Equal(1, LoadBalance.Groups(plan, 64, 0));
        Assert.Equal(2, LoadBalance.Groups(plan, 64, Session.Bytes(plan, 32)));
    }

    [Fact]
    public async Task A_song_of_another_length_divides_the_threads_anew_and_reads_no_weights()
    {
        List<Microsoft.Extensions.Logging.LogLevel> seen = [];
        await using Separator separator = GoldenModel.Open(Tiny, new SeparatorOptions { Threads = 4, ParallelSegments = 3, Logger = new LoadCounter(seen), Defaults = new SeparationOptions { Overlap = 0.75 } });
        Assert.StartsWith("3 × cpu", (await separator.SeparateAsync(MadeInputs.Get("longer than a segment"))).Summary.Engine, StringComparison.Ordinal);
        Assert.StartsWith("cpu", (await separator.SeparateAsync(MadeInputs.Get("impulse"))).Summary.Engine, StringComparison.Ordinal);
        Assert.Single(seen);
    }

    private static BagMember Member(int runners, Action<CancellationToken>? before, bool padsToTraining = true) =>
        SeparationHarness.Member(padsToTraining: padsToTraining, sessions: runners, before: before);

    /// <summary>Counts how often a network is loaded.</summary>
    private sealed class LoadCounter(List<Microsoft.Extensions.Logging.LogLevel> seen) : Microsoft.Extensions.Logging.ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(Microsoft.Extensions.Logging.LogLevel logLevel) => true;

        public void Log<TState>(
            Microsoft.Extensions.Logging.LogLevel logLevel, Microsoft.Extensions.Logging.EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (eventId.Name == "Loaded")
            {
                seen.Add(logLevel);
            }
        }
    }
}
