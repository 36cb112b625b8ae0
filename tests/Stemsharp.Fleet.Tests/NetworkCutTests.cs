using System.Text.Json;
using Stemsharp.Cli.Hosting;
using Stemsharp.Cli.Tests;
using Stemsharp.Fleet.Bench.Runs;
using Stemsharp.Fleet.Nats;
using Stemsharp.Fleet.Protocol;
using Xunit;

namespace Stemsharp.Fleet.Tests;

/// <summary>Workers, as processes, whose network is cut while they work.</summary>
public sealed class NetworkCutTests
{
    private static readonly TimeSpan s_most = TimeSpan.FromMinutes(3);

    [NamespaceFact]
    public async Task A_job_whose_worker_is_cut_off_is_another_s_after_a_lease_and_is_done_once()
    {
        using TemporaryFolder folder = new();
        using NetworkNamespace elsewhere = NetworkNamespace.Create();
        Directory.CreateDirectory(folder.Combine("nats"));
        using NatsServer server = await NatsServer.StartAsync(folder.Combine("nats"), elsewhere.HostAddress);
        string song = Songs.Make(folder.Combine("song.wav"), 20), stems = folder.Combine("stems");
        FleetJob job = await SubmitAsync(server.Url, song, stems, "3s");

        TaskCompletionSource taken = new();
        List<string> cutOff = [], other = [];
        using WorkerProcess first = WorkerProcess.Start(server.Url, Told(cutOff, taken), elsewhere.Prefix);
        await taken.Task.WaitAsync(s_most);
        elsewhere.Cut();
        using WorkerProcess second = WorkerProcess.Start(server.Url, Told(other), [], "--until-empty");
        await second.EndAsync().WaitAsync(s_most);
        Assert.Equal(["taken", "done"], other);
        string[] files = Hashes(stems);
        Assert.Equal(6, files.Length);

        // Back, it finds its record changed, throws its work away, and takes the next one.
        elsewhere.Mend();
        FleetJob next = await SubmitAsync(server.Url, Songs.Make(folder.Combine("next.wav"), 1), stems, "3s");
        await using NatsFleet fleet = await NatsFleet.OpenAsync(QueueAddress.Parse(server.Url), null, CancellationToken.None);
        await EndedAsync(fleet, next);
        first.Signal("TERM");
        await first.EndAsync().WaitAsync(s_most);
        Assert.Equal(ExitCode.Success, first.ExitCode);
        Assert.Equal(["taken", "no more this worker's", "taken", "done"], cutOff);
        JobRecord record = (await new FleetJobs(fleet, new Patience(fleet.Clock)).FindAsync(job.Id, CancellationToken.None))!;
        Assert.Equal((JobState.Done, 1, 0, 2L), (record.State, record.Deaths, record.Failures, record.Lease));
        await AssertPlainAsync(folder, song, files, stems);
    }

    [NamespaceFact]
    public async Task A_cut_that_is_shorter_than_the_lease_costs_nothing()
    {
        using TemporaryFolder folder = new();
        using NetworkNamespace elsewhere = NetworkNamespace.Create();
        Directory.CreateDirectory(folder.Combine("nats"));
        using NatsServer server = await NatsServer.StartAsync(folder.Combine("nats"), elsewhere.HostAddress);
        string song = Songs.Make(folder.Combine("song.wav"), 20), stems = folder.Combine("stems");
        FleetJob job = await SubmitAsync(server.Url, song, stems, "120s");
        TaskCompletionSource taken = new();
        List<string> told = [];
        using WorkerProcess worker = WorkerProcess.Start(server.Url, Told(told, taken), elsewhere.Prefix, "--until-empty");
        await taken.Task.WaitAsync(s_most);
        elsewhere.Cut();
        await Task.Delay(TimeSpan.FromSeconds(8));
        elsewhere.Mend();
        await worker.EndAsync().WaitAsync(s_most);
        Assert.Equal(["taken", "done"], told);
        await using NatsFleet fleet = await NatsFleet.OpenAsync(QueueAddress.Parse(server.Url), null, CancellationToken.None);
        JobRecord record = (await new FleetJobs(fleet, new Patience(fleet.Clock)).FindAsync(job.Id, CancellationToken.None))!;
        Assert.Equal((JobState.Done, 0, 0, 1L), (record.State, record.Deaths, record.Failures, record.Lease));
        await AssertPlainAsync(folder, song, Hashes(stems), stems);
    }

    private static async Task<FleetJob> SubmitAsync(string queue, string song, string stems, string lease)
    {
        (int code, byte[] output, _) = await ChildProcess.RunAsync(["submit", song, "--queue", queue, "--model", "demo", "-o", stems, "--lease", lease, "--json"]);
        Assert.Equal(ExitCode.Success, code);
        using JsonDocument json = JsonDocument.Parse(output);
        await using NatsFleet fleet = await NatsFleet.OpenAsync(QueueAddress.Parse(queue), null, CancellationToken.None);
        return (await new FleetJobs(fleet, new Patience(fleet.Clock)).FindAsync(json.RootElement.GetProperty("jobs")[0].GetProperty("id").GetString()!, CancellationToken.None))!.Job;
    }

    private static async Task EndedAsync(NatsFleet fleet, FleetJob job)
    {
        using CancellationTokenSource most = new(s_most);
        await foreach (JobRecord record in new FleetJobs(fleet, new Patience(fleet.Clock)).WatchAsync(most.Token))
        {
            if (record.Job.Id == job.Id && record.HasEnded)
            {
                return;
            }
        }
    }

    // What a worker tells of jobs, in its order.
    private static Action<JsonElement> Told(List<string> told, TaskCompletionSource? taken = null) => line =>
    {
        switch (line.GetProperty("event").GetString())
        {
            case "taken":
                told.Add("taken");
                taken?.TrySetResult();
                break;
            case "left":
                told.Add(line.GetProperty("outcome").GetString()!);
                break;
        }
    };

    private static string[] Names(string stems) => [.. Directory.EnumerateFileSystemEntries(Path.Combine(stems, "demo", "song"), "*", SearchOption.AllDirectories).Select(Path.GetFileName).Order(StringComparer.Ordinal)!];

    private static string[] Hashes(string stems) =>
    [
        .. Directory.EnumerateFiles(Path.Combine(stems, "demo", "song")).Where(f => f.EndsWith(".wav", StringComparison.Ordinal)).Order(StringComparer.Ordinal)
            .Select(f => $"{Path.GetFileName(f)} {Convert.ToHexString(System.Security.Cryptography.SHA256.HashData(File.ReadAllBytes(f)))}"),
    ];

    private static async Task AssertPlainAsync(TemporaryFolder folder, string song, string[] files, string stems)
    {
        (int code, _, _) = await ChildProcess.RunAsync(["separate", song, "--model", "demo", "--threads", "1", "-o", folder.Combine("plain"), "--quiet"]);
        Assert.Equal(ExitCode.Success, code);
        Assert.Equal(Hashes(folder.Combine("plain")), files);
        Assert.Equal(files, Hashes(stems));
        // Nothing half-made is left by whoever was cut off.
        Assert.Equal(Names(folder.Combine("plain")), Names(stems));
    }
}
