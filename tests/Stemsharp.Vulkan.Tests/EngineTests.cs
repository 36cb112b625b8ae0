using System.Diagnostics;
using Stemsharp.Inference;
using Xunit;

namespace Stemsharp.Vulkan.Tests;

/// <summary>What every engine promises to those who lease its pieces.</summary>
public class EngineTests
{
    private static readonly int s_samples = GoldenModel.Tiny.Definition.Cut.Samples;

    [VulkanFact]
    public void Pieces_are_lent_and_given_back()
    {
        using VulkanEngine engine = Prepared(pieces: 100, perRun: 2);
        Assert.Equal((2, 2, true), (engine.PiecesPerRun, engine.RunsAtOnce, engine.IsReproducible));
        IPieceBuffer[] all = [.. Enumerable.Range(0, 6).Select(_ => engine.Lease()!)];
        Assert.Null(engine.Lease());
        Assert.Equal(6L * 4 * 8 * s_samples, engine.HostBytes);
        Assert.Throws<InvalidOperationException>(() => engine.Prepare(s_samples, 1));
        all[3].Dispose();
        all[3].Dispose();
        Assert.Same(all[3], engine.Lease());
        Assert.Null(engine.Lease());
        Array.ForEach(all, p => p.Dispose());

        // A short song needs no more than it has pieces; what is there stays.
        engine.Prepare(s_samples, 1);
        Assert.NotNull(engine.Lease());
        using VulkanEngine one = Prepared(pieces: 1, perRun: 2);
        using IPieceBuffer piece = one.Lease()!;
        Assert.Null(one.Lease());
    }

    [VulkanFact]
    public void What_was_not_lent_is_not_run()
    {
        using VulkanEngine engine = Prepared(pieces: 4, perRun: 1), other = Prepared(pieces: 1, perRun: 1);
        using IPieceBuffer own = engine.Lease()!, second = engine.Lease()!, foreign = other.Lease()!;
        Assert.Throws<ArgumentException>(() => { _ = engine.RunAsync([], [0], default); });
        Assert.Throws<ArgumentException>(() => { _ = engine.RunAsync([foreign], [0], default); });
        Assert.Throws<ArgumentException>(() => { _ = engine.RunAsync([own, second], [0], default); });
        Assert.Throws<ArgumentException>(() => { _ = engine.RunAsync([own], [], default); });
    }

    [VulkanFact]
    public async Task Runs_under_way_end_in_order_and_do_not_disturb_each_other()
    {
        using VulkanEngine engine = Prepared(pieces: 6, perRun: 2);
        float[] expected = Stem(await RunAlone(engine, 1));
        IPieceBuffer[] pieces = [.. Enumerable.Range(0, 6).Select(i => Filled(engine, i % 2 == 0 ? 1 : 2))];
        List<int> ended = [];
        Task[] runs = [.. Enumerable.Range(0, 3).Select(i => engine.RunAsync(pieces[(2 * i)..(2 * i + 2)], [0], default))];
        Task[] told = [.. runs.Select((run, i) => run.ContinueWith(_ => { lock (ended) { ended.Add(i); } }, TaskContinuationOptions.ExecuteSynchronously))];
        await runs[2];
        Assert.True(runs[0].IsCompletedSuccessfully && runs[1].IsCompletedSuccessfully);
        await Task.WhenAll(told);
        Assert.Equal([0, 1, 2], ended);
        Assert.All((int[])[0, 2, 4], i => Assert.Equal(expected, Stem(pieces[i])));
        Assert.NotEqual(expected, Stem(pieces[1]));
        Array.ForEach(pieces, p => p.Dispose());
    }

    [VulkanFact]
    public async Task A_run_that_is_cancelled_ends_within_its_pieces_and_leaves_the_next_one_alone()
    {
        using VulkanEngine engine = Prepared(pieces: 2, perRun: 1);
        long began = Stopwatch.GetTimestamp();
        float[] expected = Stem(await RunAlone(engine, 1));
        TimeSpan whole = Stopwatch.GetElapsedTime(began);
        using CancellationTokenSource stop = new();
        using IPieceBuffer first = Filled(engine, 2), second = Filled(engine, 1);
        began = Stopwatch.GetTimestamp();
        Task cancelled = engine.RunAsync([first], [0], stop.Token), next = engine.RunAsync([second], [0], default);
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => cancelled);
        Assert.True(Stopwatch.GetElapsedTime(began) < 0.9 * whole, $"{Stopwatch.GetElapsedTime(began)}, and {whole} for all of it");
        await next;
        Assert.Equal(expected, Stem(second));

        // Its buffer can be used again, and one that was cancelled before it began ends so as well.
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => engine.RunAsync([first], [0], stop.Token));
        Fill(first, 1);
        await engine.RunAsync([first], [0], default);
        Assert.Equal(expected, Stem(first));
    }

    [VulkanFact]
    public async Task What_is_under_way_when_the_engine_is_disposed_ends_cancelled()
    {
        VulkanEngine engine = Prepared(pieces: 2, perRun: 1);
        Task[] runs = [engine.RunAsync([Filled(engine, 1)], [0], default), engine.RunAsync([Filled(engine, 2)], [0], default)];
        engine.Dispose();
        Assert.All(runs, run => Assert.True(run.IsCompleted));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => runs[1]);
        engine.Dispose();
        Assert.Throws<ObjectDisposedException>(() => engine.Prepare(s_samples, 1));
    }

    [VulkanFact]
    public async Task Steps_are_timed_where_it_is_asked_for()
    {
        using (VulkanEngine plain = Prepared(pieces: 1, perRun: 1))
        {
            await RunAlone(plain, 1);
            Assert.All(plain.Profile, step => Assert.Equal(TimeSpan.Zero, step.Time));
        }

        using VulkanEngine engine = GoldenModel.Open(GoldenModel.Tiny, GoldenModel.Options with { Profile = true });
        Assert.Empty(engine.Profile);
        engine.Prepare(s_samples, 1);
        await RunAlone(engine, 1);
        TimeSpan once = Sum(engine);
        Assert.True(once > TimeSpan.Zero);
        Assert.Equal(GoldenModel.Tiny.Record(s_samples).Flops, engine.Profile.Sum(s => s.Flops));
        Assert.All(engine.Profile, step => Assert.True(step.Bytes > 0 && step.ExecutedFlops >= 0, step.Name));
        await RunAlone(engine, 1);
        Assert.True(Sum(engine) > once);
        engine.ResetProfile();
        Assert.Equal(TimeSpan.Zero, Sum(engine));
    }

    private static TimeSpan Sum(VulkanEngine engine) => engine.Profile.Aggregate(TimeSpan.Zero, (sum, step) => sum + step.Time);

    private static VulkanEngine Prepared(long pieces, int perRun)
    {
        VulkanEngine engine = GoldenModel.Open(GoldenModel.Tiny, GoldenModel.Options with { Pieces = perRun });
        engine.Prepare(s_samples, pieces);
        return engine;
    }

    // The buffer is given back, and its stems can still be read.
    private static async Task<IPieceBuffer> RunAlone(VulkanEngine engine, int seed)
    {
        IPieceBuffer piece = Filled(engine, seed);
        await engine.RunAsync([piece], [0], default);
        piece.Dispose();
        return piece;
    }

    private static IPieceBuffer Filled(VulkanEngine engine, int seed)
    {
        IPieceBuffer piece = engine.Lease()!;
        Fill(piece, seed);
        return piece;
    }

    private static void Fill(IPieceBuffer piece, int seed)
    {
        Random random = new(seed);
        for (int c = 0; c < 2; c++)
        {
            foreach (ref float sample in piece.Input(c))
            {
                sample = random.NextSingle() - 0.5f;
            }
        }
    }

    private static float[] Stem(IPieceBuffer piece) => [.. piece.Output(0, 0), .. piece.Output(0, 1)];
}
