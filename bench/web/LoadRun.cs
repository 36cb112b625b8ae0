using System.Collections.Concurrent;
using System.Diagnostics;
using Stemsharp.Client;

namespace Stemsharp.Web.Bench;

/// <summary>Many clients at once, each of which uploads a song, queues it and watches everything.</summary>
internal static class LoadRun
{
    public static async Task<int> RunAsync(int clients)
    {
        using MeasuredServer server = MeasuredServer.Start();
        byte[] song = MeasuredServer.Song(3);
        ConcurrentBag<double> latencies = [];
        long idle = server.ResidentBytes, most = 0;
        using CancellationTokenSource end = new();
        Task memory = Task.Run(async () =>
        {
            while (!end.IsCancellationRequested)
            {
                most = Math.Max(most, server.ResidentBytes);
                await Task.Delay(200).ConfigureAwait(false);
            }
        });
        Stopwatch watch = Stopwatch.StartNew();
        Job[] jobs = await Task.WhenAll(Enumerable.Range(0, clients).Select(i => Task.Run(() => ClientAsync(server, song, i, latencies)))).ConfigureAwait(false);
        double seconds = watch.Elapsed.TotalSeconds;
        await end.CancelAsync().ConfigureAwait(false);
        await memory.ConfigureAwait(false);
        double[] sorted = [.. latencies.Order()];
        int done = jobs.Count(job => job.State == JobState.Done);
        Console.WriteLine($"{clients} clients, {done} of {clients} jobs done in {seconds:F1} s ({clients * 3 / seconds:F1} times real time with everything)");
        Console.WriteLine($"{sorted.Length} events, latency ms: median {At(0.5):F0}, 95 % {At(0.95):F0}, 99 % {At(0.99):F0}, most {sorted[^1]:F0}");
        Console.WriteLine($"resident MB: {idle >> 20} idle, {most >> 20} at most");
        return done == clients ? 0 : 1;

        double At(double share) => sorted[(int)(share * (sorted.Length - 1))];
    }

    private static async Task<Job> ClientAsync(MeasuredServer server, byte[] song, int number, ConcurrentBag<double> latencies)
    {
        using StemsharpClient client = server.Connect();
        using CancellationTokenSource stop = new();
        TaskCompletionSource watching = new(TaskCreationOptions.RunContinuationsAsynchronously);
        ConcurrentDictionary<string, Job> ended = [];
        TaskCompletionSource<string> mine = new(TaskCreationOptions.RunContinuationsAsynchronously);
        Task<Job> result = Task.Run(async () =>
        {
            await foreach (ServerEvent happened in client.WatchAsync(stop.Token).ConfigureAwait(false))
            {
                watching.TrySetResult();
                if (happened.Job is not { } job)
                {
                    continue;
                }

                latencies.Add(DateTimeOffset.UtcNow.ToUnixTimeMilliseconds() - happened.At);
                if (job.State is JobState.Done or JobState.Failed or JobState.Cancelled)
                {
                    ended[job.Id] = job;
                }

                if (mine.Task.IsCompleted && ended.TryGetValue(await mine.Task.ConfigureAwait(false), out Job? own))
                {
                    return own;
                }
            }
            throw new IOException("The events have ended.");
        });
        await watching.Task.ConfigureAwait(false);
        using MemoryStream content = new(song);
        Song uploaded = await client.UploadAsync($"song {number}.wav", content).ConfigureAwait(false);
        Job queued = await client.CreateJobAsync(new NewJob(uploaded.Id) { Batch = $"client {number}" }).ConfigureAwait(false);
        mine.SetResult(queued.Id);
        return await result.ConfigureAwait(false);
    }
}
