using System.Net;
using System.Net.Http.Headers;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Stemsharp.Client;
using Stemsharp.Web.Hosting;
using Stemsharp.Web.Queue;
using Stemsharp.Web.Store;
using Xunit;
using static Stemsharp.Web.Tests.AccessTests;

namespace Stemsharp.Web.Tests;

/// <summary>A store that fails costs a job and never the queue; what was booked for what failed is given back.</summary>
public sealed class QueueFaultTests
{
    private const int Jobs = 50;

    public enum Fault
    {
        Read, Access, Full,
    }

    [Theory]
    [InlineData(Fault.Read, 2)]
    [InlineData(Fault.Read, 3)]
    [InlineData(Fault.Access, 2)]
    [InlineData(Fault.Access, 5)]
    [InlineData(Fault.Full, 3)]
    [InlineData(Fault.Full, 7)]
    public async Task Every_job_ends_and_the_next_is_taken_whatever_the_store_throws(Fault fault, int every)
    {
        string folder = Directory.CreateTempSubdirectory("stemsharp-web-").FullName;
        try
        {
            using LogRecorder log = new();
            List<string> kept = [], deleted = [];
            await using (TestServer server = await TestServer.StartAsync(options => options with { MaxChanges = 10_000 }, folder, log: log, faulty: true))
            {
                Song song = await server.UploadAsync();
                // Calls that fail by their number alone could hit the same ones for ever.
                Random dice = new(every);
                server.Store.Fault = (_, _) => dice.Next(every) == 0 ? Make(fault) : null;
                for (int i = 0; i < Jobs; i++)
                {
                    kept.Add((await InsistAsync(fault, () => server.Client.CreateJobAsync(new NewJob(song.Id)))).Id);
                }

                foreach (string id in kept)
                {
                    Job job = await server.Client.WaitForJobAsync(id);
                    Assert.True(job.State == JobState.Done || (job.State == JobState.Failed && job.Error is { Length: > 0 }), $"{job.State} {job.Error}");
                }

                for (int i = 0; i < Jobs / 5; i++)
                {
                    string id = kept[^1];
                    await InsistAsync(fault, async () =>
                    {
                        await server.Client.DeleteJobAsync(id);
                        return id;
                    });
                    kept.RemoveAt(kept.Count - 1);
                    deleted.Add(id);
                }

                Assert.Subset(server.Store.Failed.Keys.ToHashSet(), new HashSet<string> { "Save", "Tidy", "Size" });
                Assert.All(server.Store.Failed.Values, times => Assert.InRange(times, 1, log.Lines.Count));
                server.Store.Fault = (_, _) => null;
                string next = (await server.Client.CreateJobAsync(new NewJob(song.Id))).Id;
                Assert.Equal(JobState.Done, (await server.Client.WaitForJobAsync(next)).State);
                kept.Add(next);
            }

            // What has happened holds for the next server, which tries again what could not be kept.
            await using TestServer again = await TestServer.StartAsync(folder: folder);
            foreach (string id in kept)
            {
                Assert.Contains((await again.Client.WaitForJobAsync(id)).State, (JobState[])[JobState.Done, JobState.Failed]);
            }

            // Among them may be one that was refused because it was not clear whether it is kept.
            string[] found = [.. (await again.Client.GetJobsAsync()).Jobs.Select(job => job.Id)];
            Assert.Empty(found.Intersect(deleted));
            foreach (string id in found)
            {
                await again.Client.WaitForJobAsync(id);
                await again.Client.DeleteJobAsync(id);
            }

            // The song with its record is left.
            Assert.InRange((await again.Client.GetServerAsync()).UsedDiskBytes, TestServer.Song().Length, TestServer.Song().Length + 1000);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public async Task A_job_that_is_deleted_or_cancelled_while_it_ends_is_gone_or_cancelled()
    {
        await using TestServer server = await TestServer.StartAsync(faulty: true, idle: true);
        JobQueue queue = server.Server.Services.GetRequiredService<JobQueue>();
        string song = (await server.UploadAsync()).Id;
        (string Name, Action<JobEntry> End)[] ends =
            [("done", entry => queue.Succeed(entry, TimeSpan.FromSeconds(1))), ("failed", entry => queue.Fail(entry, "broken")), ("stopped", queue.Stop)];
        foreach ((string name, Action<JobEntry> end) in ends)
        {
            JobEntry entry = await RunAsync(queue, song);
            queue.Delete(entry.Stored.Id);
            end(entry);
            Assert.True(queue.TryGet(entry.Stored.Id) is null, name);

            entry = await RunAsync(queue, song);
            queue.Cancel(entry.Stored.Id);
            end(entry);
            Assert.True(queue.Get(entry.Stored.Id).State == JobState.Cancelled, name);

            // One that cannot be deleted says so, and can be deleted later.
            entry = await RunAsync(queue, song);
            queue.Delete(entry.Stored.Id);
            server.Store.Fault = (call, _) => call == "Delete" ? Make(Fault.Access) : null;
            end(entry);
            server.Store.Fault = (_, _) => null;
            Assert.True(queue.Get(entry.Stored.Id) is { State: JobState.Failed, Error.Length: > 0 }, name);
            queue.Delete(entry.Stored.Id);
        }

        Assert.Equal(3, queue.Page(null, 10).Jobs.Count);
    }

    [Fact]
    public async Task A_change_that_cannot_be_kept_is_refused_and_changes_nothing()
    {
        await using TestServer server = await TestServer.StartAsync(faulty: true, idle: true);
        JobQueue queue = server.Server.Services.GetRequiredService<JobQueue>();
        DiskBudget disk = server.Server.Services.GetRequiredService<DiskBudget>();
        string song = (await server.UploadAsync()).Id;
        long empty = disk.UsedBytes;
        server.Store.Fault = (_, _) => Make(Fault.Full);
        Assert.Throws<IOException>(() => queue.Create(new NewJob(song)));
        Assert.Equal(empty, disk.UsedBytes);
        Assert.Empty(queue.Page(null, 10).Jobs);

        server.Store.Fault = (_, _) => null;
        string first = queue.Create(new NewJob(song)).Id, second = queue.Create(new NewJob(song)).Id;
        queue.Cancel(second);
        long used = disk.UsedBytes;
        server.Store.Fault = (_, _) => Make(Fault.Access);
        Assert.Throws<UnauthorizedAccessException>(() => queue.Cancel(first));
        Assert.Throws<UnauthorizedAccessException>(() => queue.Delete(first));
        Assert.Throws<UnauthorizedAccessException>(() => queue.Move(first, null));
        Assert.Throws<UnauthorizedAccessException>(() => queue.Retry(second));
        Assert.Equal((JobState.Queued, JobState.Cancelled), (queue.Get(first).State, queue.Get(second).State));
        Assert.Equal(used, disk.UsedBytes);
        server.Store.Fault = (_, _) => null;
        queue.Delete(first);
        queue.Delete(second);
        Assert.Equal(empty, disk.UsedBytes);
    }

    [Fact]
    public async Task A_move_that_numbers_the_queue_anew_is_kept_whole_or_not_at_all()
    {
        await using TestServer server = await TestServer.StartAsync(faulty: true, idle: true);
        JobQueue queue = server.Server.Services.GetRequiredService<JobQueue>();
        string song = (await server.UploadAsync()).Id;
        string[] ids = [.. Enumerable.Range(0, 4).Select(_ => queue.Create(new NewJob(song)).Id)];
        int anew = 0;
        for (int i = 0; i < 70; i++)
        {
            (string moved, string before) = i % 2 == 0 ? (ids[1], ids[2]) : (ids[2], ids[1]);
            double[] orders = Orders();
            // Every other call fails before it has done anything, and none may do a part.
            server.Store.Failed.Clear();
            server.Store.Fault = (call, _) => call == "Save" ? Make(Fault.Read) : null;
            Assert.Throws<IOException>(() => queue.Move(moved, before));
            Assert.Equal(orders, Orders());
            Assert.Equal(orders, Kept());
            server.Store.Fault = (_, _) => null;
            queue.Move(moved, before);
            Assert.Equal(Orders(), Kept());
            anew += Orders().Zip(orders).Count(change => change.First != change.Second) > 1 ? 1 : 0;
        }

        Assert.InRange(anew, 1, 3);

        double[] Orders() => [.. ids.Select(id => queue.Get(id).Order)];

        double[] Kept()
        {
            Dictionary<string, double> kept = server.Store.Recover().ToDictionary(job => job.Id, job => job.Order);
            return [.. ids.Select(id => kept[id])];
        }
    }

    [Fact]
    public async Task What_cannot_be_removed_ends_neither_the_sweep_nor_the_server()
    {
        using LogRecorder log = new();
        await using TestServer server = await TestServer.StartAsync(options => options with { Keep = TimeSpan.FromDays(3) }, log: log, faulty: true);
        Job first = await server.SeparateAsync(), second = await server.SeparateAsync();
        server.Store.Fault = (call, _) => call == "Delete" && server.Store.Failed.Count == 0 ? Make(Fault.Access) : null;
        Retention retention = server.Server.Services.GetServices<IHostedService>().OfType<Retention>().Single();
        retention.Sweep(DateTimeOffset.UtcNow.AddDays(4));
        Assert.Single((await server.Client.GetJobsAsync()).Jobs);
        Assert.Contains(log.Lines, line => line.Level >= LogLevel.Warning && line.Text.Contains("deleted", StringComparison.Ordinal));
        retention.Sweep(DateTimeOffset.UtcNow.AddDays(4));
        Assert.Empty((await server.Client.GetJobsAsync()).Jobs);
        Assert.Equal("[]", await server.Http.GetStringAsync("/api/v1/songs"));
    }

    [Fact]
    public async Task A_full_disk_is_no_fault_of_the_music()
    {
        await using TestServer server = await TestServer.StartAsync();
        server.Separator.Probing = () => throw new OutputException("The file can't be written.", Make(Fault.Full));
        using ByteArrayContent song = Wav(TestServer.Song());
        await AssertRefusalAsync(await server.Http.PostAsync("/api/v1/songs?name=a", song), 507, "disk-full");
        server.Separator.Probing = () => throw new OutputException("The file can't be written.");
        await AssertRefusalAsync(await server.Http.PostAsync("/api/v1/songs?name=a", song), 500, "internal");
        Assert.Equal(0, (await server.Client.GetServerAsync()).UsedDiskBytes);
        server.Separator.Probing = null;
        server.Separator.Error = new OutputException("The file can't be written.", Make(Fault.Full));
        Job job = await server.SeparateAsync();
        Assert.Equal((JobState.Failed, true), (job.State, job.Error!.Contains("file", StringComparison.Ordinal)));
        server.Separator.Error = Make(Fault.Full);
        job = await server.SeparateAsync();
        Assert.Contains("disk is full", job.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("uploads")]
    [InlineData("songs")]
    public async Task An_upload_that_fails_gives_its_space_back(string kind)
    {
        await using TestServer server = await TestServer.StartAsync();
        string folder = Path.Combine(server.Folder, kind);
        Directory.Delete(folder);
        await File.WriteAllTextAsync(folder, "in the way");
        using ByteArrayContent song = Wav(TestServer.Song());
        using HttpResponseMessage refused = kind == "songs"
            ? await server.Http.PostAsync("/api/v1/songs?name=a", song)
            : await server.Http.PostAsync("/api/v1/uploads", Json("""{"name":"a","bytes":2000000}"""));
        Assert.Equal(HttpStatusCode.InternalServerError, refused.StatusCode);
        Assert.Equal(0, (await server.Client.GetServerAsync()).UsedDiskBytes);
    }

    [Fact]
    public async Task A_mix_counts_against_the_disk_that_the_server_may_take()
    {
        await using TestServer server = await TestServer.StartAsync(options => options with { MaxDiskBytes = 5_000_000 });
        Job job = await server.SeparateAsync();
        // What is found in a song is kept beside it, a moment after the job is done.
        await server.Http.GetStringAsync($"/api/v1/songs/{job.SongId}/analysis");
        long used = (await server.Client.GetServerAsync()).UsedDiskBytes;
        using HttpResponseMessage filled = await server.Http.PostAsync("/api/v1/uploads", Json($$"""{"name":"a","bytes":{{5_000_000 - used - 100_000}}}"""));
        Assert.Equal(HttpStatusCode.Created, filled.StatusCode);
        await AssertRefusalAsync(await server.Http.GetAsync($"/api/v1/jobs/{job.Id}/mix"), 507, "disk-full");
        using HttpResponseMessage emptied = await server.Http.DeleteAsync(filled.Headers.Location);
        for (int i = 0; i < 20; i++)
        {
            Assert.True((await server.Http.GetByteArrayAsync($"/api/v1/jobs/{job.Id}/mix")).Length > 88_000);
        }

        // The last file is closed a moment after its last byte has gone.
        await TestServer.UntilAsync($"{used} bytes are used", async () => (await server.Client.GetServerAsync()).UsedDiskBytes == used);
    }

    private static async Task<JobEntry> RunAsync(JobQueue queue, string song)
    {
        queue.Create(new NewJob(song));
        JobEntry entry = await queue.TakeAsync(CancellationToken.None);
        queue.Start(entry, entry.Stop!.Token);
        return entry;
    }

    /// <summary>Asks until it is granted, as a client does that was told to try again.</summary>
    private static async Task<T> InsistAsync<T>(Fault fault, Func<Task<T>> ask)
    {
        while (true)
        {
            try
            {
                return await ask();
            }
            catch (ApiException refusal)
            {
                Assert.Equal(fault == Fault.Full ? 507 : 500, refusal.Problem.Status);
            }
        }
    }

    private static ByteArrayContent Wav(byte[] song) => new(song) { Headers = { ContentType = new MediaTypeHeaderValue("audio/wav") } };

    private static Exception Make(Fault fault) => fault switch
    {
        Fault.Read => new IOException("The device is gone."),
        Fault.Access => new UnauthorizedAccessException("Access is denied."),
        _ => new IOException("There is not enough space on the disk.", unchecked((int)0x80070070)),
    };
}
