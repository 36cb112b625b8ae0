using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Stemsharp.Client;
using Stemsharp.Web.Hosting;
using Stemsharp.Web.Queue;
using Stemsharp.Web.Store;
using Xunit;

namespace Stemsharp.Web.Tests;

public sealed class QueueTests
{
    [Fact]
    public async Task Every_job_that_was_accepted_is_done_after_a_restart_with_the_same_bytes()
    {
        string folder = Directory.CreateTempSubdirectory("stemsharp-web-").FullName;
        try
        {
            byte[] undisturbed;
            string[] ids;
            using (SemaphoreSlim gate = new(0))
            {
                await using TestServer server = await TestServer.StartAsync(folder: folder, fake: fake => fake.Gate = gate);
                Song song = await server.UploadAsync();
                List<string> made = [];
                for (int i = 0; i < 4; i++)
                {
                    made.Add((await server.Client.CreateJobAsync(new NewJob(song.Id))).Id);
                }

                ids = [.. made];
                // The first is done, the second is in the middle, the third waits decoded, the fourth is queued.
                gate.Release(5);
                await server.Client.WaitForJobAsync(ids[0]);
                gate.Release(2);
                await server.WaitAsync(ids[1], job => job.Progress?.PlayableFrames > 0);
                undisturbed = await server.Http.GetByteArrayAsync($"/api/v1/jobs/{ids[0]}/stems/bass");
            }
            await using TestServer again = await TestServer.StartAsync(folder: folder);
            foreach (string id in ids)
            {
                Job job = await again.Client.WaitForJobAsync(id);
                Assert.Equal(JobState.Done, job.State);
                Assert.Equal(undisturbed, await again.Http.GetByteArrayAsync($"/api/v1/jobs/{id}/stems/bass"));
            }
            Assert.Equal(4, (await again.Client.GetJobsAsync()).Jobs.Count);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public async Task A_server_that_ends_at_any_point_finds_its_jobs_again()
    {
        string folder = Directory.CreateTempSubdirectory("stemsharp-web-").FullName, copies = Directory.CreateTempSubdirectory("stemsharp-web-").FullName;
        try
        {
            using SemaphoreSlim gate = new(0);
            FakeSeparator? fake = null;
            int taken = 0;
            byte[] undisturbed;
            string[] ids;
            Lock copying = new();

            // What is on the disk at a moment is what a server that is killed there leaves. Other files of the server come and go
            // meanwhile: where one is gone before it is copied, the moment was none, and another one is taken.
            void Copy(string? _ = null)
            {
                lock (copying)
                {
                    while (!TryCopy(Path.Combine(copies, $"{taken}")))
                    {
                    }

                    taken++;
                }
            }

            bool TryCopy(string copy)
            {
                foreach (string file in Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories))
                {
                    if (Path.GetFileName(file) == "lock")
                    {
                        continue;
                    }

                    string target = Path.Combine(copy, Path.GetRelativePath(folder, file));
                    Directory.CreateDirectory(Path.GetDirectoryName(target)!);
                    try
                    {
                        using FileStream source = new(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete), written = File.Create(target);
                        source.CopyTo(written);
                    }
                    catch (FileNotFoundException)
                    {
                        Directory.Delete(copy, recursive: true);
                        return false;
                    }
                }

                return true;
            }

            await using (TestServer server = await TestServer.StartAsync(folder: folder, fake: made => (fake, made.Gate, made.Writing) = (made, gate, Copy)))
            {
                Song song = await server.UploadAsync();
                string first = (await server.Client.CreateJobAsync(new NewJob(song.Id))).Id;
                await server.WaitAsync(first, job => job.Progress?.Step == JobStep.Separating);
                string second = (await server.Client.CreateJobAsync(new NewJob(song.Id))).Id;
                ids = [first, second];
                await server.WaitAsync(second, job => job.Progress?.Step == JobStep.Ready);
                Copy();
                for (int block = 1; block < fake!.Blocks; block++)
                {
                    gate.Release();
                    await server.WaitAsync(first, job => job.Progress?.PlayableFrames == block * 4410);
                    Copy();
                }
                // From here on the copies are taken in the middle of the writing, before each stem.
                gate.Release();
                Assert.Equal(JobState.Done, (await server.Client.WaitForJobAsync(first)).State);
                gate.Release(2);
                await server.WaitAsync(second, job => job.Progress?.PlayableFrames > 0);
                Copy();
                undisturbed = await server.Http.GetByteArrayAsync($"/api/v1/jobs/{first}/stems/bass");
            }
            Assert.True(taken >= 7);
            for (int i = 0; i < taken; i++)
            {
                await using TestServer again = await TestServer.StartAsync(folder: Path.Combine(copies, $"{i}"));
                foreach (string id in ids)
                {
                    Assert.Equal(JobState.Done, (await again.Client.WaitForJobAsync(id)).State);
                    Assert.Equal(undisturbed, await again.Http.GetByteArrayAsync($"/api/v1/jobs/{id}/stems/bass"));
                }
            }
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
            Directory.Delete(copies, recursive: true);
        }
    }

    [Fact]
    public async Task A_job_that_ends_the_server_again_and_again_is_given_up()
    {
        string folder = Directory.CreateTempSubdirectory("stemsharp-web-").FullName;
        try
        {
            string id;
            await using (TestServer server = await TestServer.StartAsync(folder: folder, idle: true))
            {
                id = (await server.Client.CreateJobAsync(new NewJob((await server.UploadAsync()).Id))).Id;
                // What a server leaves that was killed at its third try.
                IJobStore store = server.Server.Services.GetRequiredService<IJobStore>();
                store.Save(store.Recover().Single() with { State = JobState.Running, Attempts = 3 });
            }

            await using TestServer again = await TestServer.StartAsync(folder: folder);
            Job job = await again.Client.GetJobAsync(id);
            Assert.Equal(JobState.Failed, job.State);
            Assert.Contains("3 times", job.Error, StringComparison.Ordinal);
            await again.Client.RetryJobAsync(id);
            Assert.Equal(JobState.Done, (await again.Client.WaitForJobAsync(id)).State);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public async Task A_single_song_does_not_wait_for_a_batch()
    {
        using SemaphoreSlim gate = new(0);
        await using TestServer server = await TestServer.StartAsync(fake: fake => fake.Gate = gate);
        Song song = await server.UploadAsync();
        List<Job> batch = [];
        for (int i = 0; i < 10; i++)
        {
            batch.Add(await server.Client.CreateJobAsync(new NewJob(song.Id) { Batch = "album" }));
        }

        await server.WaitAsync(batch[1].Id, job => job.Progress?.Step == JobStep.Ready);
        Job single = await server.Client.CreateJobAsync(new NewJob(song.Id) { Batch = "single" });
        string[] queued = await QueuedAsync(server);
        Assert.Equal(single.Id, queued[1]);
        Assert.Equal(batch[^1].Id, queued[^1]);
        gate.Release(1000);
        foreach (Job job in batch.Append(single))
        {
            await server.Client.WaitForJobAsync(job.Id);
        }

        Assert.Equal(1, server.Separator.MostAtOnce);
    }

    [Fact]
    public async Task Queued_jobs_are_moved_and_run_in_that_order()
    {
        using SemaphoreSlim gate = new(0);
        await using TestServer server = await TestServer.StartAsync(fake: fake => fake.Gate = gate);
        Song song = await server.UploadAsync();
        List<Job> jobs = [];
        for (int i = 0; i < 6; i++)
        {
            jobs.Add(await server.Client.CreateJobAsync(new NewJob(song.Id)));
        }
        // Two are taken off the queue already: one is separated, one waits decoded.
        await server.WaitAsync(jobs[1].Id, job => job.Progress?.Step == JobStep.Ready);
        await server.Client.MoveJobAsync(jobs[5].Id, jobs[2].Id);
        await server.Client.MoveJobAsync(jobs[2].Id, null);
        Assert.Equal([jobs[5].Id, jobs[3].Id, jobs[4].Id, jobs[2].Id], await QueuedAsync(server));
        // Numbers between two neighbours run out some day.
        for (int i = 0; i < 70; i++)
        {
            await server.Client.MoveJobAsync(jobs[i % 2 == 0 ? 3 : 4].Id, jobs[i % 2 == 0 ? 4 : 3].Id);
        }

        Assert.Equal([jobs[5].Id, jobs[4].Id, jobs[3].Id, jobs[2].Id], await QueuedAsync(server));
        ApiException refusal = await Assert.ThrowsAsync<ApiException>(() => server.Client.MoveJobAsync(jobs[0].Id, null));
        Assert.Equal("urn:stemsharp:conflict", refusal.Problem.Type);
        gate.Release(1000);
        foreach (Job job in jobs)
        {
            await server.Client.WaitForJobAsync(job.Id);
        }

        Job[] ended = [.. (await server.Client.GetJobsAsync()).Jobs.OrderBy(job => job.Finished)];
        Assert.Equal([jobs[0].Id, jobs[1].Id, jobs[5].Id, jobs[4].Id, jobs[3].Id, jobs[2].Id], ended.Select(job => job.Id));
    }

    [Fact]
    public async Task Jobs_are_cancelled_wherever_they_are()
    {
        using SemaphoreSlim gate = new(0);
        await using TestServer server = await TestServer.StartAsync(fake: fake => fake.Gate = gate);
        Song song = await server.UploadAsync();
        Job separating = await server.Client.CreateJobAsync(new NewJob(song.Id));
        Job ready = await server.Client.CreateJobAsync(new NewJob(song.Id));
        Job queued = await server.Client.CreateJobAsync(new NewJob(song.Id));
        Job deleted = await server.Client.CreateJobAsync(new NewJob(song.Id));
        gate.Release();
        await server.WaitAsync(separating.Id, job => job.Progress?.PlayableFrames > 0);
        await server.WaitAsync(ready.Id, job => job.Progress?.Step == JobStep.Ready);
        Assert.Equal(JobState.Cancelled, (await server.Client.CancelJobAsync(queued.Id)).State);
        Assert.Equal(JobState.Cancelled, (await server.Client.CancelJobAsync(ready.Id)).State);
        // Tried again while the room that it was in has not noticed yet.
        await server.Client.RetryJobAsync(ready.Id);
        await server.Client.CancelJobAsync(separating.Id);
        Assert.Equal(JobState.Cancelled, (await server.Client.WaitForJobAsync(separating.Id)).State);
        await server.Client.DeleteJobAsync(deleted.Id);
        gate.Release(1000);
        Assert.Equal(JobState.Done, (await server.Client.WaitForJobAsync(ready.Id)).State);
        await Assert.ThrowsAsync<ApiException>(() => server.Client.CancelJobAsync(ready.Id));
        Assert.Equal(3, (await server.Client.GetJobsAsync()).Jobs.Count);
        // Nothing is left of what was made of it.
        Assert.InRange((await server.Client.GetJobAsync(separating.Id)).Bytes, 0, 1000);
    }

    [Fact]
    public async Task A_running_job_can_be_deleted()
    {
        using SemaphoreSlim gate = new(0);
        await using TestServer server = await TestServer.StartAsync(fake: fake => fake.Gate = gate);
        Song song = await server.UploadAsync();
        Job job = await server.Client.CreateJobAsync(new NewJob(song.Id));
        gate.Release();
        await server.WaitAsync(job.Id, running => running.Progress?.PlayableFrames > 0);
        await server.Client.DeleteJobAsync(job.Id);
        await foreach (ServerEvent happened in server.Client.WatchAsync())
        {
            if (happened.Removed == job.Id || happened.Jobs?.Count == 0)
            {
                break;
            }
        }
        Assert.Empty((await server.Client.GetJobsAsync()).Jobs);
        using HttpResponseMessage song2 = await server.Http.DeleteAsync($"/api/v1/songs/{song.Id}");
        Assert.True(song2.IsSuccessStatusCode);
        Assert.Equal(0, (await server.Client.GetServerAsync()).UsedDiskBytes);
    }

    [Fact]
    public async Task Jobs_are_listed_page_by_page()
    {
        using SemaphoreSlim gate = new(0);
        await using TestServer server = await TestServer.StartAsync(fake: fake => fake.Gate = gate);
        Song song = await server.UploadAsync();
        List<string> made = [];
        for (int i = 0; i < 120; i++)
        {
            made.Insert(0, (await server.Client.CreateJobAsync(new NewJob(song.Id))).Id);
        }

        JobPage first = await server.Client.GetJobsAsync(), second = await server.Client.GetJobsAsync(first.Next);
        Assert.Equal(100, first.Jobs.Count);
        Assert.Null(second.Next);
        Assert.Equal(made, first.Jobs.Concat(second.Jobs).Select(job => job.Id));
    }

    [Fact]
    public async Task What_nobody_needs_goes()
    {
        await using TestServer server = await TestServer.StartAsync(options => options with { Keep = TimeSpan.FromDays(3) });
        Job job = await server.SeparateAsync();
        Song unused = await server.UploadAsync();
        Retention retention = server.Server.Services.GetServices<IHostedService>().OfType<Retention>().Single();
        retention.Sweep(DateTimeOffset.UtcNow);
        Assert.Contains(unused.Id, await SongsAsync(), StringComparison.Ordinal);
        retention.Sweep(DateTimeOffset.UtcNow.AddDays(2));
        string songs = await SongsAsync();
        Assert.DoesNotContain(unused.Id, songs, StringComparison.Ordinal);
        Assert.Contains(job.SongId, songs, StringComparison.Ordinal);
        Assert.Equal(JobState.Done, (await server.Client.GetJobAsync(job.Id)).State);
        retention.Sweep(DateTimeOffset.UtcNow.AddDays(4));
        Assert.Equal("[]", await SongsAsync());
        Assert.Empty((await server.Client.GetJobsAsync()).Jobs);
        Assert.Equal(0, (await server.Client.GetServerAsync()).UsedDiskBytes);

        Task<string> SongsAsync() => server.Http.GetStringAsync("/api/v1/songs");
    }

    [Fact]
    public async Task A_slow_watcher_gets_the_latest_state_and_holds_no_events()
    {
        EventHub hub = new();
        Job job = new("a", "s", "song", 1, JobState.Queued, new JobSettings(), DateTimeOffset.UtcNow);
        using CancellationTokenSource stop = new();
        await using IAsyncEnumerator<ServerEvent?> watch = hub
            .WatchAsync(() => new JobPage([job]), _ => job, _ => null, TimeSpan.FromMinutes(1), stop.Token).GetAsyncEnumerator();
        Assert.True(await watch.MoveNextAsync());
        for (int i = 0; i < 1000; i++)
        {
            job = job with { Bytes = i };
            hub.JobChanged("a");
        }
        Assert.True(await watch.MoveNextAsync());
        Assert.Equal(999, watch.Current!.Job!.Bytes);
        Task<bool> next = watch.MoveNextAsync().AsTask();
        Assert.False(next.IsCompleted);
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => next);
    }

    [Fact]
    public async Task Metrics_tell_what_happened()
    {
        await using TestServer server = await TestServer.StartAsync();
        await server.SeparateAsync();
        string metrics = await server.Http.GetStringAsync("/metrics");
        Assert.Contains("stemsharp_jobs{state=\"done\"} 1\n", metrics, StringComparison.Ordinal);
        Assert.Contains("stemsharp_jobs_finished_total{state=\"done\"} 1\n", metrics, StringComparison.Ordinal);
        Assert.Contains("stemsharp_song_seconds_total 0.5\n", metrics, StringComparison.Ordinal);
        Assert.Contains("stemsharp_uploaded_bytes_total 88244\n", metrics, StringComparison.Ordinal);
        foreach (string line in metrics.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            Assert.Matches(@"^(# (HELP|TYPE) [a-z_]+ .+|[a-z_]+(\{[a-z]+=""[^""]+""\})? [0-9.E+]+)$", line);
        }
    }

    [Fact]
    public async Task Every_line_about_a_job_has_its_id()
    {
        using LogRecorder log = new();
        Job job;
        await using (TestServer server = await TestServer.StartAsync(log: log))
        {
            job = await server.SeparateAsync();
        }

        (LogLevel Level, string Category, string Text, IReadOnlyDictionary<string, object?> Values)[] lines = [.. log.Lines.Where(line => line.Category == typeof(Pipeline).FullName)];
        Assert.True(lines.Length >= 3);
        Assert.All(lines, line => Assert.Equal(job.Id, line.Values["JobId"]));
    }

    private static async Task<string[]> QueuedAsync(TestServer server) =>
        [.. (await server.Client.GetJobsAsync()).Jobs.Where(job => job.State == JobState.Queued).OrderBy(job => job.Order).ThenBy(job => job.Created).Select(job => job.Id)];
}
