using System.Diagnostics;
using Stemsharp.Client;
using Stemsharp.Fleet.Bench.Runs;
using Stemsharp.Fleet.Nats;
using Stemsharp.Fleet.Protocol;
using Stemsharp.Tests;
using Xunit;
using JobState = Stemsharp.Client.JobState;

namespace Stemsharp.Web.Tests.Fleets;

/// <summary>The page's server, the queue's server and workers as processes of their own, each killed while the others go on.</summary>
public sealed class FleetSurvivalTests
{
    private const int Songs = 6;

    [ToolFact("nats-server")]
    public async Task Every_song_is_done_once_whatever_is_killed()
    {
        string folder = Directory.CreateTempSubdirectory("stemsharp-web-").FullName, data = Path.Combine(folder, "data");
        byte[] song = TestServer.Song(seconds: 2);
        try
        {
            Directory.CreateDirectory(Path.Combine(folder, "nats"));
            using NatsServer nats = await NatsServer.StartAsync(Path.Combine(folder, "nats"));
            // The fleet's lease is for whoever opens it first to say.
            await using NatsFleet fleet = await TestFleets.OpenAsync(nats.Url);
            string[] further = ["--queue", nats.Url];
            List<string> ids = [];
            ServerProcess server = await ServerProcess.StartAsync(data, further: further);
            Process worker = Work(nats.Url);
            try
            {
                using MemoryStream content = new(song);
                Song uploaded = await server.Client.UploadAsync("song.wav", content);
                for (int i = 0; i < Songs; i++)
                {
                    ids.Add((await server.Client.CreateJobAsync(new NewJob(uploaded.Id) { Settings = new JobSettings { Model = "demo" } })).Id);
                }

                foreach (string killed in new[] { "worker", "server", "queue", "server", "worker" })
                {
                    await RunsAsync(fleet);
                    switch (killed)
                    {
                        case "worker":
                            worker.Kill();
                            await worker.WaitForExitAsync();
                            worker.Dispose();
                            worker = Work(nats.Url);
                            break;
                        case "server":
                            await server.KillAsync();
                            server.Dispose();
                            server = await ServerProcess.StartAsync(data, further: further);
                            break;
                        default:
                            nats.Kill();
                            await nats.StartAsync();
                            break;
                    }
                }

                byte[][] stems = await PlainAsync(song);
                foreach (string id in ids)
                {
                    Job job = await server.Client.WaitForJobAsync(id);
                    Assert.True(job.State == JobState.Done, job.Error);
                    Assert.Equal(stems.Select(Convert.ToHexString), await Task.WhenAll(job.Audio!.Stems.Order(StringComparer.Ordinal).Select(async stem => Convert.ToHexString(await StemAsync(server.Client, id, stem)))));
                }

                // As many jobs as there are songs: none was handed in twice.
                Assert.Equal(Songs, await fleet.Jobs.CountAsync(CancellationToken.None));
            }
            finally
            {
                server.Dispose();
                worker.Kill();
                worker.Dispose();
            }
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    /// <summary>Waits until a worker has a job, or all are done.</summary>
    private static async Task RunsAsync(NatsFleet fleet)
    {
        FleetJobs jobs = new(fleet, new Patience(fleet.Clock));
        while (true)
        {
            List<JobRecord> records = [];
            await foreach (JobRecord record in jobs.ListAsync(CancellationToken.None))
            {
                records.Add(record);
            }

            if (records.Any(r => r.State == Stemsharp.Fleet.Protocol.JobState.Running) || (records.Count == Songs && records.All(r => r.HasEnded)))
            {
                return;
            }

            await Task.Delay(20);
        }
    }

    /// <summary>The stems, by their names' order, as a server makes them that does its own work.</summary>
    private static async Task<byte[][]> PlainAsync(byte[] song)
    {
        await using TestServer plain = await TestServer.StartDemoAsync();
        Job job = await plain.SeparateAsync(song);
        return await Task.WhenAll(job.Audio!.Stems.Order(StringComparer.Ordinal).Select(stem => StemAsync(plain.Client, job.Id, stem)));
    }

    private static async Task<byte[]> StemAsync(StemsharpClient client, string id, string stem)
    {
        using MemoryStream bytes = new();
        await using Stream sent = await client.OpenStemAsync(id, stem);
        await sent.CopyToAsync(bytes);
        return bytes.ToArray();
    }

    private static Process Work(string queue)
    {
        string build = Path.GetRelativePath(RepositoryFiles.At("tests", "Stemsharp.Web.Tests"), AppContext.BaseDirectory);
        return Process.Start("dotnet", ["exec", RepositoryFiles.At("src", "Stemsharp.Cli", build, "Stemsharp.Cli.dll"), "work", "--queue", queue, "--threads", "1", "--progress", "none"]);
    }
}
