using Microsoft.Extensions.DependencyInjection;
using Stemsharp.Client;
using Stemsharp.Fleet.Bench.Runs;
using Stemsharp.Fleet.Nats;
using Stemsharp.Fleet.Protocol;
using Stemsharp.Tests;
using Stemsharp.Web.Dispatch;
using Stemsharp.Web.Queue;
using Xunit;
using FleetJob = Stemsharp.Fleet.Protocol.FleetJob;
using FleetState = Stemsharp.Fleet.Protocol.JobState;
using JobState = Stemsharp.Client.JobState;

namespace Stemsharp.Web.Tests.Fleets;

/// <summary>A server that has a fleet do the work, on a real nats-server.</summary>
public sealed class FleetPageTests(TestFleets fleets) : IClassFixture<TestFleets>
{
    private const string Nats = "nats-server";
    private const int Bulk = 10_000;

    [ToolFact(Nats)]
    public async Task A_song_that_a_worker_takes_apart_is_shown_as_the_servers_own()
    {
        string url = await fleets.NewAsync();
        await using FleetLink link = await TestFleets.LinkAsync(url);
        await using TestServer server = await TestServer.StartAsync(fleet: link);
        Song song = await server.UploadAsync();
        Job job = await server.Client.CreateJobAsync(new NewJob(song.Id) { Settings = new JobSettings { Stems = ["vocals", "drums"], SampleFormat = "pcm24" } });
        Assert.Equal(JobState.Queued, job.State);
        TaskCompletionSource seen = new();
        await using TestWorker worker = await TestWorker.StartAsync(url, async (held, token) =>
        {
            Assert.Equal(["--int24", "--no-tags", "--stems=vocals,drums"], held.Job.Settings.Where(s => !s.StartsWith("--out=", StringComparison.Ordinal)));
            held.Report(0.25);
            await seen.Task.WaitAsync(token);
        });
        Job running = await server.WaitAsync(job.Id, j => j.Progress?.Fraction == 0.25);
        Assert.Equal((JobState.Running, JobStep.Separating, 0L), (running.State, running.Progress!.Step, running.Progress.PlayableFrames));
        Assert.Null(running.Audio);
        seen.SetResult();
        Job done = await server.Client.WaitForJobAsync(job.Id);
        Assert.Equal((JobState.Done, 2.0), (done.State, done.TimesRealTime));
        Assert.Equal(["vocals", "drums"], done.Audio!.Stems);
        Assert.Equal(["It was odd."], done.Warnings!);
        using MemoryStream stem = new();
        await using (Stream sent = await server.Client.OpenStemAsync(job.Id, "drums"))
        {
            await sent.CopyToAsync(stem);
        }

        Assert.Equal(TestServer.Song(), stem.ToArray());
        Assert.NotEmpty(await server.Http.GetByteArrayAsync($"/api/v1/jobs/{job.Id}/stems/vocals/peaks?framesPerPeak=512"));
        Assert.False(Directory.Exists(Path.Combine(server.Folder, "jobs", job.Id, "fleet")));
        // What it takes on the disk is known as for any other job.
        Assert.InRange(done.Bytes, 2 * TestServer.Song().Length, 2 * TestServer.Song().Length + 10_000);
    }

    [ToolFact(Nats)]
    public async Task A_song_that_cannot_be_taken_apart_has_failed_in_its_workers_words_and_can_be_tried_again()
    {
        string url = await fleets.NewAsync();
        await using FleetLink link = await TestFleets.LinkAsync(url);
        await using TestServer server = await TestServer.StartAsync(fleet: link);
        bool broken = true;
        await using TestWorker worker = await TestWorker.StartAsync(url, (held, _) => broken ? throw new JobFailedException("audio", $"{held.Job.Input} is no sound.") : Task.CompletedTask);
        Song song = await server.UploadAsync("Night Bus.wav");
        Job job = await server.Client.CreateJobAsync(new NewJob(song.Id));
        Job failed = await server.Client.WaitForJobAsync(job.Id);
        Assert.Equal((JobState.Failed, "'Night Bus.wav' is no sound."), (failed.State, failed.Error));
        Assert.Equal(2, worker.Inputs.Count);
        broken = false;
        Assert.Equal(JobState.Queued, (await server.Client.RetryJobAsync(job.Id)).State);
        Job done = await server.Client.WaitForJobAsync(job.Id);
        Assert.Equal((JobState.Done, null), (done.State, done.Error));
    }

    [ToolFact(Nats)]
    public async Task Songs_are_cancelled_and_deleted_where_they_wait_and_where_they_run()
    {
        string url = await fleets.NewAsync();
        await using NatsFleet fleet = await TestFleets.OpenAsync(url);
        await using FleetLink link = await TestFleets.LinkAsync(url);
        await using TestServer server = await TestServer.StartAsync(fleet: link);
        Song song = await server.UploadAsync();
        string[] ids = [.. await Task.WhenAll(Enumerable.Range(0, 5).Select(async _ => (await server.Client.CreateJobAsync(new NewJob(song.Id))).Id))];
        await HandedInAsync(fleet, 4);

        // Four are out; the fifth is still this server's.
        string[] order = [.. ids.OrderBy(id => server.Server.Services.GetRequiredService<JobQueue>().Get(id).Order)];
        TaskCompletionSource held = new();
        await using TestWorker worker = await TestWorker.StartAsync(url, async (job, token) =>
        {
            if (!held.Task.IsCompleted)
            {
                await held.Task.WaitAsync(token);
            }
        });
        Job running = await server.WaitAsync(order[0], job => job.State == JobState.Running);
        await server.Client.CancelJobAsync(running.Id);
        await server.Client.CancelJobAsync(order[1]);
        await server.Client.DeleteJobAsync(order[2]);
        await server.WaitAsync(order[0], job => job.State == JobState.Cancelled);
        await server.WaitAsync(order[1], job => job.State == JobState.Cancelled);
        await TestServer.UntilAsync("the job is gone", () => server.Server.Services.GetRequiredService<JobQueue>().TryGet(order[2]) is null);

        // Withdrawn by somebody who looks after the fleet.
        FleetJobs jobs = new(fleet, new Patience(fleet.Clock));
        JobRecord last = (await RecordsAsync(fleet)).Single(r => r.State is FleetState.Waiting or FleetState.Running && r.Job.Settings.Any(s => s.Contains(order[3], StringComparison.Ordinal)));
        await jobs.CancelAsync(last.Job.Id, CancellationToken.None);
        Assert.Equal(JobState.Cancelled, (await server.Client.WaitForJobAsync(order[3])).State);
        held.SetResult();
        Assert.Equal(JobState.Done, (await server.Client.WaitForJobAsync(order[4])).State);
        Assert.Equal([FleetState.Cancelled, FleetState.Cancelled, FleetState.Cancelled, FleetState.Cancelled, FleetState.Done], (await StatesAsync(fleet)).OrderDescending());
        Assert.Equal([order[4]], Directory.EnumerateDirectories(Path.Combine(server.Folder, "jobs")).Where(d => Directory.Exists(Path.Combine(d, "stems"))).Select(Path.GetFileName));
        // One that was cancelled is wanted after all.
        await server.Client.RetryJobAsync(order[0]);
        Assert.Equal(JobState.Done, (await server.Client.WaitForJobAsync(order[0])).State);
    }

    [ToolFact(Nats)]
    public async Task Songs_that_are_not_handed_over_yet_can_be_put_into_another_order()
    {
        string url = await fleets.NewAsync();
        await using NatsFleet fleet = await TestFleets.OpenAsync(url);
        await using FleetLink link = await TestFleets.LinkAsync(url);
        await using TestServer server = await TestServer.StartAsync(fleet: link);
        List<Job> jobs = [];
        for (int i = 0; i < 7; i++)
        {
            Song song = await server.UploadAsync($"{i}.wav", TestServer.Song(seed: i + 1));
            jobs.Add(await server.Client.CreateJobAsync(new NewJob(song.Id) { Batch = "album" }));
        }

        await HandedInAsync(fleet, 4);

        // The last of the queue goes before the others; what the fleet has keeps its place.
        await server.Client.MoveJobAsync(jobs[6].Id, jobs[4].Id);
        ApiException refused = await Assert.ThrowsAsync<ApiException>(() => server.Client.MoveJobAsync(jobs[0].Id, null));
        Assert.Equal(409, refused.Problem.Status);
        await using TestWorker worker = await TestWorker.StartAsync(url);
        foreach (Job job in jobs)
        {
            Assert.Equal(JobState.Done, (await server.Client.WaitForJobAsync(job.Id)).State);
        }

        Assert.Equal([0, 1, 2, 3, 6, 4, 5], worker.Inputs.Select(input => jobs.FindIndex(job => input.Contains(job.SongId, StringComparison.Ordinal))));
    }

    [ToolFact(Nats)]
    public async Task A_server_that_ends_leaves_the_fleets_jobs_alone_and_the_next_one_finds_them_again()
    {
        string url = await fleets.NewAsync(), folder = Directory.CreateTempSubdirectory("stemsharp-web-").FullName;
        await using NatsFleet fleet = await TestFleets.OpenAsync(url);
        try
        {
            List<string> ids = [];
            TaskCompletionSource held = new(), second = new();
            await using TestWorker worker = await TestWorker.StartAsync(url, async (_, token) => await held.Task.WaitAsync(token));
            await using (FleetLink link = await TestFleets.LinkAsync(url))
            await using (TestServer server = await TestServer.StartAsync(folder: folder, fleet: link))
            {
                Song song = await server.UploadAsync();
                for (int i = 0; i < 3; i++)
                {
                    ids.Add((await server.Client.CreateJobAsync(new NewJob(song.Id))).Id);
                }

                await server.WaitAsync(ids[0], job => job.State == JobState.Running);
                await HandedInAsync(fleet, 3);
            }

            // Nobody serves the page, and the workers go on.
            held.SetResult();
            await TestServer.UntilAsync("the fleet has done them", async () => (await StatesAsync(fleet)).All(state => state == FleetState.Done));

            await using FleetLink again = await TestFleets.LinkAsync(url);
            await using TestServer next = await TestServer.StartAsync(folder: folder, fleet: again);
            foreach (string id in ids)
            {
                Job job = await next.Client.WaitForJobAsync(id);
                Assert.Equal((JobState.Done, 4), (job.State, job.Audio!.Stems.Count));
            }

            Assert.Equal(3, worker.Published.Count);
            Assert.All(worker.Published.Values, times => Assert.Equal(1, times));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [ToolFact(Nats)]
    public async Task A_server_without_a_fleet_does_itself_what_an_earlier_one_has_handed_over()
    {
        string url = await fleets.NewAsync(), folder = Directory.CreateTempSubdirectory("stemsharp-web-").FullName;
        await using NatsFleet fleet = await TestFleets.OpenAsync(url);
        try
        {
            string id = await HandOverAndLeaveAsync(url, folder, fleet);

            await using TestServer alone = await TestServer.StartAsync(folder: folder);
            Assert.Equal(JobState.Done, (await alone.Client.WaitForJobAsync(id)).State);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [ToolFact(Nats)]
    public async Task Stems_that_were_half_taken_in_when_the_server_was_killed_are_taken_in_whole()
    {
        string url = await fleets.NewAsync(), folder = Directory.CreateTempSubdirectory("stemsharp-web-").FullName;
        await using NatsFleet fleet = await TestFleets.OpenAsync(url);
        try
        {
            string id = await HandOverAndLeaveAsync(url, folder, fleet);

            await using TestWorker worker = await TestWorker.StartAsync(url);
            await TestServer.UntilAsync("the fleet has done it", async () => (await StatesAsync(fleet)).Single() == FleetState.Done);

            // As a kill between two moves leaves it.
            string first = (await RecordsAsync(fleet)).Single().Result!.Files[0], stems = Path.Combine(folder, "jobs", id, "stems");
            Directory.CreateDirectory(stems);
            File.Move(first, Path.Combine(stems, "0.wav"));
            await using FleetLink again = await TestFleets.LinkAsync(url);
            await using TestServer next = await TestServer.StartAsync(folder: folder, fleet: again);
            Job job = await next.Client.WaitForJobAsync(id);
            Assert.Equal((JobState.Done, 4), (job.State, job.Audio!.Stems.Count));
            Assert.Equal(4, Directory.EnumerateFiles(stems).Count());
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [ToolFact(Nats)]
    public async Task With_ten_thousand_jobs_in_bulk_a_song_of_the_page_is_the_next()
    {
        string url = await fleets.NewAsync();
        await using NatsFleet fleet = await TestFleets.OpenAsync(url, leaseSeconds: 60);
        FleetJobs jobs = new(fleet, new Patience(fleet.Clock));
        await Parallel.ForEachAsync(Enumerable.Range(0, Bulk), new ParallelOptions { MaxDegreeOfParallelism = 64 }, async (i, token) =>
            await jobs.SubmitAsync(new FleetJob($"bulk {i}", "toy", "", []), new SubmitOptions(), token));
        await using FleetLink link = new(await TestFleets.OpenAsync(url, leaseSeconds: 60));
        await using TestServer server = await TestServer.StartAsync(fleet: link);
        Song song = await server.UploadAsync();
        string id = "";
        await using TestWorker worker = await TestWorker.StartAsync(url, async (held, token) =>
        {
            if (id.Length == 0)
            {
                // The only worker is at a job of the bulk when somebody wants a song.
                id = (await server.Client.CreateJobAsync(new NewJob(song.Id), token)).Id;
                await TestServer.UntilAsync("a song of the page waits", async () => (await fleet.Queue.DepthsAsync(token)).Any(depth => depth.Lane == Lane.Interactive && depth.Waiting > 0));
            }
        }, new WorkerOptions { Most = 3 }, leaseSeconds: 60);
        await worker.EndAsync();
        Assert.Equal([true, false, true], worker.Inputs.Select(input => input.StartsWith("bulk", StringComparison.Ordinal)));
        Assert.Equal(JobState.Done, (await server.Client.WaitForJobAsync(id)).State);
    }

    [ToolTheory(Nats)]
    [InlineData(2)]
    [InlineData(5)]
    public async Task Every_song_ends_and_the_next_is_handed_over_whatever_the_store_throws(int every)
    {
        string url = await fleets.NewAsync();
        await using FleetLink link = await TestFleets.LinkAsync(url);
        await using TestServer server = await TestServer.StartAsync(faulty: true, fleet: link);
        await using TestWorker worker = await TestWorker.StartAsync(url);
        Song song = await server.UploadAsync();
        Random dice = new(every);
        server.Store.Fault = (_, _) => dice.Next(every) == 0 ? new IOException("The device is gone.") : null;
        List<string> ids = [];
        while (ids.Count < 16)
        {
            try
            {
                ids.Add((await server.Client.CreateJobAsync(new NewJob(song.Id))).Id);
            }
            catch (ApiException refusal) when (refusal.Problem.Status == 500)
            {
                // As a client does that was told to try again.
            }
        }

        foreach (string id in ids)
        {
            Job job = await server.Client.WaitForJobAsync(id);
            Assert.True(job.State == JobState.Done || job is { State: JobState.Failed, Error.Length: > 0 }, $"{job.State} {job.Error}");
        }

        Assert.Contains("Save", server.Store.Failed.Keys);
        server.Store.Fault = (_, _) => null;
        string next = (await server.Client.CreateJobAsync(new NewJob(song.Id))).Id;
        Assert.Equal(JobState.Done, (await server.Client.WaitForJobAsync(next)).State);
        foreach (string id in ids.Append(next))
        {
            await server.Client.DeleteJobAsync(id);
        }

        // The song with its record is left, and whatever was refused and is kept all the same is no job of this server's.
        Assert.InRange((await server.Client.GetServerAsync()).UsedDiskBytes, TestServer.Song().Length, TestServer.Song().Length + 1000);
    }

    [ToolFact(Nats)]
    public async Task A_song_that_is_deleted_or_cancelled_while_it_ends_is_gone_or_cancelled()
    {
        string url = await fleets.NewAsync();
        await using FleetLink link = await TestFleets.LinkAsync(url);
        await using TestServer server = await TestServer.StartAsync(faulty: true, fleet: link, idle: true);
        JobQueue queue = server.Server.Services.GetRequiredService<JobQueue>();
        string song = (await server.UploadAsync()).Id;
        (string Name, Action<JobEntry> End)[] ends =
            [("done", entry => queue.Succeed(entry, TimeSpan.FromSeconds(1))), ("failed", entry => queue.Fail(entry, "broken")), ("withdrawn", queue.Withdraw)];
        foreach ((string name, Action<JobEntry> end) in ends)
        {
            foreach (bool runs in (bool[])[false, true])
            {
                JobEntry entry = HandOver(runs);
                queue.Delete(entry.Stored.Id);
                end(entry);
                Assert.True(queue.TryGet(entry.Stored.Id) is null, name);
                entry = HandOver(runs);
                queue.Cancel(entry.Stored.Id);
                end(entry);
                Assert.True(queue.Get(entry.Stored.Id).State == JobState.Cancelled, name);
                Assert.Null(entry.Stored.Turn);
            }

            // One that cannot be deleted says so, and can be deleted later.
            JobEntry kept = HandOver(runs: true);
            queue.Delete(kept.Stored.Id);
            server.Store.Fault = (call, _) => call == "Delete" ? new UnauthorizedAccessException("Access is denied.") : null;
            end(kept);
            server.Store.Fault = (_, _) => null;
            Assert.True(queue.Get(kept.Stored.Id) is { State: JobState.Failed, Error.Length: > 0 }, name);
            queue.Delete(kept.Stored.Id);
        }

        JobEntry HandOver(bool runs)
        {
            queue.Create(new NewJob(song));
            JobEntry entry = queue.TryHandOver(_ => true)!;
            if (runs)
            {
                queue.Begin(entry, DateTimeOffset.UtcNow);
            }

            return entry;
        }
    }

    [ToolFact(Nats)]
    public async Task While_the_queue_is_away_the_page_works_and_songs_wait()
    {
        string folder = Directory.CreateTempSubdirectory("stemsharp-nats-").FullName;
        try
        {
            using NatsServer nats = await NatsServer.StartAsync(folder);
            await using FleetLink link = await TestFleets.LinkAsync(nats.Url);
            await using TestServer server = await TestServer.StartAsync(fleet: link);
            Song song = await server.UploadAsync();
            nats.Kill();
            string[] ids = [(await server.Client.CreateJobAsync(new NewJob(song.Id))).Id, (await server.Client.CreateJobAsync(new NewJob(song.Id))).Id];
            Assert.Equal(2, (await server.Client.GetJobsAsync()).Jobs.Count(job => job.State == JobState.Queued));
            await server.Client.CancelJobAsync(ids[1]);
            await nats.StartAsync();
            await using TestWorker worker = await TestWorker.StartAsync(nats.Url);
            Assert.Equal(JobState.Done, (await server.Client.WaitForJobAsync(ids[0])).State);
            Assert.Equal(JobState.Cancelled, (await server.Client.WaitForJobAsync(ids[1])).State);
            Assert.InRange(worker.Inputs.Count, 1, 2);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static async Task<List<JobRecord>> RecordsAsync(NatsFleet fleet)
    {
        List<JobRecord> records = [];
        await foreach (JobRecord record in new FleetJobs(fleet, new Patience(fleet.Clock)).ListAsync(CancellationToken.None))
        {
            records.Add(record);
        }

        return records;
    }

    /// <summary>Has a server hand one song over and end.</summary>
    private static async Task<string> HandOverAndLeaveAsync(string url, string folder, NatsFleet fleet)
    {
        await using FleetLink link = await TestFleets.LinkAsync(url);
        await using TestServer server = await TestServer.StartAsync(folder: folder, fleet: link);
        string id = (await server.Client.CreateJobAsync(new NewJob((await server.UploadAsync()).Id))).Id;
        await HandedInAsync(fleet, 1);
        return id;
    }

    /// <summary>Waits until as many jobs are in the queue or with a worker: a record alone is not there yet for one.</summary>
    private static async Task HandedInAsync(NatsFleet fleet, int jobs)
    {
        await TestServer.UntilAsync("they are in the queue", async () => (await fleet.Queue.DepthsAsync(CancellationToken.None)).Sum(depth => depth.Waiting + depth.Running) >= jobs);
    }

    private static async Task<List<FleetState>> StatesAsync(NatsFleet fleet) => [.. (await RecordsAsync(fleet)).Select(record => record.State)];
}
