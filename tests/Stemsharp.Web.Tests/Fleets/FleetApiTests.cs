using System.Text.Json;
using Stemsharp.Client;
using Stemsharp.Fleet.Nats;
using Stemsharp.Fleet.Protocol;
using Stemsharp.Tests;
using Stemsharp.Web.Dispatch;
using Xunit;
using static Stemsharp.Web.Tests.AccessTests;
using FleetJob = Stemsharp.Client.FleetJob;

namespace Stemsharp.Web.Tests.Fleets;

/// <summary>A fleet's jobs over HTTP: the records that the command has, under the server's own rules.</summary>
public sealed class FleetApiTests(TestFleets fleets) : IClassFixture<TestFleets>
{
    private const string Nats = "nats-server";

    [ToolFact(Nats)]
    public async Task Jobs_have_the_ids_of_the_same_command_line_and_are_seen_retried_and_withdrawn()
    {
        using Folder folder = new();
        string url = await fleets.NewAsync(), one = folder.Song("one.wav"), other = folder.Song("other.wav"), stems = Path.Combine(folder.Real, "stems");
        await using NatsFleet fleet = await TestFleets.OpenAsync(url);
        FleetJobs jobs = new(fleet, new Patience(fleet.Clock));
        // As 'stemsharp submit one.wav -n fake --stems vocals --int24 -o stems' hands it in.
        await jobs.SubmitAsync(new Stemsharp.Fleet.Protocol.FleetJob(one, "fake", "", ["--int24", $"--out={stems}", "--stems=vocals"]), new SubmitOptions(), CancellationToken.None);
        await using FleetLink link = await TestFleets.LinkAsync(url);
        await using TestServer server = await TestServer.StartAsync(options => options with { Roots = [folder.Path] }, fleet: link);
        NewFleetJobs wanted = new([one, other], stems) { Settings = new JobSettings { Model = "fake", Stems = ["vocals"], SampleFormat = "pcm24" }, MaxFailures = 1 };
        SubmittedFleetJobs submitted = await server.Client.SubmitFleetJobsAsync(wanted);
        Assert.Equal([FleetOutcome.Pending, FleetOutcome.Queued], submitted.Jobs.Select(job => job.Outcome));
        Assert.All((await server.Client.SubmitFleetJobsAsync(wanted)).Jobs, job => Assert.Equal(FleetOutcome.Pending, job.Outcome));
        string first = submitted.Jobs[0].Id, second = submitted.Jobs[1].Id;
        Assert.NotNull(await jobs.FindAsync(second, CancellationToken.None));

        using CancellationTokenSource over = new();
        List<(string Id, FleetJobState State)> seen = [];
        TaskCompletionSource watching = new();
        Task watched = Task.Run(async () =>
        {
            await foreach (FleetJob change in server.Client.WatchFleetAsync(over.Token))
            {
                seen.Add((change.Id, change.State));
                watching.TrySetResult();
                if (change is { State: FleetJobState.Done } && change.Id == second)
                {
                    return;
                }
            }
        });
        await watching.Task;
        FleetJob withdrawn = await server.Client.CancelFleetJobAsync(first);
        Assert.Equal((FleetJobState.Cancelled, one, FleetLane.Bulk), (withdrawn.State, withdrawn.Input, withdrawn.Lane));
        bool broken = true;
        await using TestWorker worker = await TestWorker.StartAsync(url, (_, _) => broken ? throw new JobFailedException("audio", "It is no sound.") : Task.CompletedTask);
        await TestServer.UntilAsync("the job is given up", async () => (await server.Client.GetFleetJobAsync(second)).State == FleetJobState.Dead);

        FleetJobList dead = await server.Client.GetFleetJobsAsync(FleetJobState.Dead);
        Assert.Equal((second, "audio", "It is no sound.", 1), (Assert.Single(dead.Jobs).Id, dead.Jobs[0].Error, dead.Jobs[0].Message, dead.Jobs[0].Failures));
        Assert.Equal((1, 1, 0), (dead.Counts["dead"], dead.Counts["cancelled"], dead.Counts["done"]));
        broken = false;
        Assert.Equal(FleetJobState.Waiting, (await server.Client.RetryFleetJobAsync(second)).State);
        await watched;
        Assert.Contains((first, FleetJobState.Cancelled), seen);
        FleetJob done = await server.Client.GetFleetJobAsync(second);
        Assert.Equal([Path.Combine(stems, "fake", "source", "vocals.wav")], done.Files!);
        Assert.Equal("one.wav", Path.GetFileName((await server.Client.GetFleetJobsAsync(limit: 2)).Jobs.Single(job => job.Id == first).Input));
        Assert.Single((await server.Client.GetFleetJobsAsync(limit: 1)).Jobs);
        Assert.NotEmpty(Assert.Single(await server.Client.GetFleetWorkersAsync()).Id);
        await AssertRefusalAsync(await server.Http.PostAsync($"/api/v1/fleet/jobs/{second}/retry", null), 409, "conflict");
        await AssertRefusalAsync(await server.Http.PostAsync($"/api/v1/fleet/jobs/{second}/cancel", null), 409, "conflict");
    }

    [ToolFact(Nats)]
    public async Task Nothing_outside_the_servers_folders_is_handed_in()
    {
        using Folder folder = new(), elsewhere = new();
        string url = await fleets.NewAsync(), song = folder.Song("song.wav"), foreign = elsewhere.Song("song.wav"), stems = Path.Combine(folder.Real, "stems");
        File.CreateSymbolicLink(Path.Combine(folder.Real, "link.wav"), foreign);
        Directory.CreateSymbolicLink(Path.Combine(folder.Real, "away"), elsewhere.Real);
        await using NatsFleet fleet = await TestFleets.OpenAsync(url);
        await using FleetLink link = await TestFleets.LinkAsync(url);
        await using TestServer server = await TestServer.StartAsync(options => options with { Roots = [folder.Path] }, fleet: link);
        (string[] Inputs, string Folder, int Status, string Type)[] refused =
        [
            ([song, foreign], stems, 403, "forbidden"),
            ([Path.Combine(folder.Real, "link.wav")], stems, 403, "forbidden"),
            ([song], Path.Combine(folder.Real, "away", "stems"), 403, "forbidden"),
            ([song], elsewhere.Real, 403, "forbidden"),
            ([song], "stems", 400, "bad-request"),
            ([song], song, 400, "bad-request"),
            (["https://songs.test/song.wav"], stems, 400, "bad-request"),
            ([song, Path.Combine(folder.Real, "absent.wav")], stems, 404, "not-found"),
            ([], stems, 400, "bad-request"),
            ([.. Enumerable.Repeat(song, 501)], stems, 400, "bad-request"),
        ];
        foreach ((string[] inputs, string to, int status, string type) in refused)
        {
            ApiException refusal = await Assert.ThrowsAsync<ApiException>(() => server.Client.SubmitFleetJobsAsync(new NewFleetJobs(inputs, to)));
            Assert.Equal((status, $"urn:stemsharp:{type}"), (refusal.Problem.Status, refusal.Problem.Type));
        }

        ApiException unknown = await Assert.ThrowsAsync<ApiException>(() => server.Client.SubmitFleetJobsAsync(new NewFleetJobs([song], stems) { Settings = new JobSettings { Model = "nobody" } }));
        Assert.Equal(422, unknown.Problem.Status);
        unknown = await Assert.ThrowsAsync<ApiException>(() => server.Client.SubmitFleetJobsAsync(new NewFleetJobs([song], stems) { MaxDeaths = 0 }));
        Assert.Equal(400, unknown.Problem.Status);
        Assert.Equal(0, await fleet.Jobs.CountAsync(CancellationToken.None));

        foreach (string id in (string[])["nobody", new string('a', 32), "*", ">", "a.b"])
        {
            await AssertRefusalAsync(await server.Http.GetAsync($"/api/v1/fleet/jobs/{Uri.EscapeDataString(id)}"), 404, "not-found");
            await AssertRefusalAsync(await server.Http.PostAsync($"/api/v1/fleet/jobs/{Uri.EscapeDataString(id)}/cancel", null), 404, "not-found");
        }

        await AssertRefusalAsync(await server.Http.GetAsync("/api/v1/fleet/jobs?state=buried"), 400, "bad-request");
        await AssertRefusalAsync(await server.Http.GetAsync("/api/v1/fleet/jobs?limit=0"), 400, "bad-request");
        server.Http.DefaultRequestHeaders.Authorization = null;
        await AssertRefusalAsync(await server.Http.GetAsync("/api/v1/fleet/jobs"), 401, "unauthorized");

        await using TestServer none = await TestServer.StartAsync(fleet: link);
        ApiException closed = await Assert.ThrowsAsync<ApiException>(() => none.Client.SubmitFleetJobsAsync(new NewFleetJobs([song], stems)));
        Assert.Equal(403, closed.Problem.Status);
        await using TestServer alone = await TestServer.StartAsync();
        ApiException absent = await Assert.ThrowsAsync<ApiException>(() => alone.Client.GetFleetJobsAsync());
        Assert.Equal(404, absent.Problem.Status);
    }

    [ToolFact(Nats)]
    public async Task The_examples_of_the_page_work_and_every_endpoint_is_described()
    {
        using Folder folder = new();
        folder.Song("song.wav");
        string url = await fleets.NewAsync();
        await using FleetLink link = await TestFleets.LinkAsync(url);
        await using TestServer server = await TestServer.StartAsync(options => options with { Roots = [folder.Path] }, fleet: link);
        Assert.InRange(await ApiDocumentTests.RunExamplesAsync(server, ApiDocumentTests.FleetSection, new Dictionary<string, string> { ["folder"] = folder.Real }), 5, 10);
        using JsonDocument document = JsonDocument.Parse(await server.Http.GetStringAsync("/api/v1/openapi.json"));
        string[] described = [.. document.RootElement.GetProperty("paths").EnumerateObject().SelectMany(path => path.Value.EnumerateObject().Select(method => $"{method.Name.ToUpperInvariant()} {path.Name}"))];
        string[] fleet = [.. server.Server.Endpoints.Where(endpoint => endpoint.Contains("/fleet/", StringComparison.Ordinal))];
        Assert.Equal(7, fleet.Length);
        Assert.All(fleet, endpoint => Assert.Contains(endpoint, described));
    }

    [ToolFact(Nats)]
    public async Task While_the_queue_is_away_requests_are_told_so()
    {
        string nats = Directory.CreateTempSubdirectory("stemsharp-nats-").FullName;
        try
        {
            using Stemsharp.Fleet.Bench.Runs.NatsServer queue = await Stemsharp.Fleet.Bench.Runs.NatsServer.StartAsync(nats);
            await using FleetLink link = await TestFleets.LinkAsync(queue.Url);
            await using TestServer server = await TestServer.StartAsync(fleet: link);
            Assert.Empty((await server.Client.GetFleetJobsAsync()).Jobs);
            queue.Kill();
            await AssertRefusalAsync(await server.Http.GetAsync($"/api/v1/fleet/jobs/{new string('a', 32)}"), 503, "busy");
            await queue.StartAsync();
            await TestServer.UntilAsync("the queue answers again", async () => (await server.Http.GetAsync($"/api/v1/fleet/jobs/{new string('a', 32)}")).StatusCode == System.Net.HttpStatusCode.NotFound);
        }
        finally
        {
            Directory.Delete(nats, recursive: true);
        }
    }

    /// <summary>A folder with songs that goes with the test.</summary>
    private sealed class Folder : IDisposable
    {
        public string Path { get; } = Directory.CreateTempSubdirectory("stemsharp-songs-").FullName;

        /// <summary>The folder's path without links.</summary>
        public string Real => Stemsharp.Web.Store.LocalRoots.RealPath(Path);

        public string Song(string name)
        {
            string path = System.IO.Path.Combine(Real, name);
            File.WriteAllBytes(path, TestServer.Song());
            return path;
        }

        public void Dispose() => Directory.Delete(Path, recursive: true);
    }
}
