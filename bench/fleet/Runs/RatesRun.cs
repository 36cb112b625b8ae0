using System.Diagnostics;
using NATS.Client.ObjectStore;
using Stemsharp.Cli.Tests;
using Stemsharp.Fleet.Bench.Simulation;
using Stemsharp.Fleet.Nats;
using Stemsharp.Fleet.Protocol;

namespace Stemsharp.Fleet.Bench.Runs;

/// <summary>What the real server does in a second, asked through the very transport that workers use; the askers share its machine.</summary>
internal static class RatesRun
{
    private const int AtOnce = 64, ObjectBytes = 64 << 20;

    /// <param name="calls">How many calls of each kind.</param>
    internal static async Task<ServerRates> MeasureAsync(int calls)
    {
        using TemporaryFolder folder = new();
        using NatsServer server = await NatsServer.StartAsync(folder.Path);
        await using NatsFleet fleet = await NatsFleet.OpenAsync(QueueAddress.Parse(server.Url), null, CancellationToken.None);
        JobRecord[] records = [.. Enumerable.Range(0, calls).Select(i => new JobRecord { Job = new FleetJob($"/songs/a folder of songs/{i}.wav", "htdemucs", "", ["--out=/stems"]), Submitted = DateTimeOffset.UtcNow })];
        ulong[] revisions = new ulong[calls];
        IDelivery?[] deliveries = new IDelivery?[calls];
        CancellationToken none = CancellationToken.None;
        Patience patience = new(fleet.Clock);
        await RateAsync(AtOnce, i => fleet.Queue.AddAsync(Lane.Bulk, "warm", new JobMessage($"{i}", 0), none));
        double add = await RateAsync(calls, i => fleet.Queue.AddAsync(Lane.Bulk, "htdemucs", new JobMessage(records[i].Job.Id, 0), none));
        double create = await RateAsync(calls, async i => revisions[i] = (await fleet.Jobs.CreateAsync(records[i].Job.Id, records[i].ToBytes(), none))!.Value);
        // One more than is allowed would wait.
        await fleet.Queue.AllowAsync(calls * 2, none);
        double take = await RateAsync(calls, async i => deliveries[i] = await fleet.Queue.TakeAsync(Lane.Bulk, "htdemucs", none));
        double read = await RateAsync(calls, i => fleet.Jobs.GetAsync(records[i].Job.Id, none));
        double write = await RateAsync(calls, i => fleet.Jobs.UpdateAsync(records[i].Job.Id, records[i].ToBytes(), revisions[i], none));
        double acknowledge = await RateAsync(calls, i => deliveries[i]?.AcknowledgeAsync(none) ?? Task.CompletedTask);
        double look = await RateAsync(calls, _ => fleet.Queue.DepthsAsync(none));

        // One at a time is the way there and back.
        long began = Stopwatch.GetTimestamp();
        const int alone = 200;
        for (int i = 0; i < alone; i++)
        {
            await fleet.Jobs.GetAsync(records[i % calls].Job.Id, none);
        }

        double latency = Stopwatch.GetElapsedTime(began).TotalSeconds / alone / 2;
        return new ServerRates(add, take, acknowledge, read, Math.Min(create, write), look, latency, await StoreAsync(fleet));

        async Task<double> RateAsync(int number, Func<int, Task> call)
        {
            long start = Stopwatch.GetTimestamp();
            await Parallel.ForEachAsync(Enumerable.Range(0, number), new ParallelOptions { MaxDegreeOfParallelism = AtOnce }, async (i, token) => await patience.AskAsync(_ => call(i), token));
            return number / Stopwatch.GetElapsedTime(start).TotalSeconds;
        }
    }

    private static async Task<double> StoreAsync(NatsFleet fleet)
    {
        INatsObjStore store = await new NatsObjContext(fleet.Context).CreateObjectStoreAsync("measured");
        byte[] bytes = new byte[ObjectBytes];
        new Random(1).NextBytes(bytes);
        long began = Stopwatch.GetTimestamp();
        await store.PutAsync("a", new MemoryStream(bytes));
        await store.GetAsync("a", Stream.Null);
        return 2.0 * ObjectBytes / Stopwatch.GetElapsedTime(began).TotalSeconds;
    }
}
