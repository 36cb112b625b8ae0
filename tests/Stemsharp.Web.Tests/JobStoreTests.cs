using System.Diagnostics;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Stemsharp.Client;
using Stemsharp.Tests;
using Stemsharp.Web.Store;
using Xunit;
using static Stemsharp.Web.Tests.AccessTests;

namespace Stemsharp.Web.Tests;

/// <summary>What the database of jobs survives: power cuts, other programs, full disks, damage, folders of the older form.</summary>
public sealed class JobStoreTests : IDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("stemsharp-store-").FullName;

    private string Database => Path.Combine(_root, "jobs.db");

    [Fact]
    public void What_a_power_cut_leaves_is_every_change_up_to_some_point()
    {
        // Job i is saved, then saved as done with its neighbour, in one transaction.
        const int Count = 12;
        string copy = Directory.CreateDirectory(Path.Combine(_root, "copy")).FullName, original = Path.Combine(_root, "original");
        StoredJob[] jobs = [.. Enumerable.Range(0, Count).Select(Make)];
        using (DataFolder folder = new(original))
        using (SqliteJobStore store = Open(folder))
        {
            for (int i = 0; i < Count; i++)
            {
                store.Save(jobs[i]);
                if (i % 2 == 1)
                {
                    store.Save(Done(jobs[i - 1]), Done(jobs[i]));
                }
            }

            File.Copy(Path.Combine(original, "jobs.db"), Path.Combine(copy, "jobs.db"));
            File.Copy(Path.Combine(original, "jobs.db-wal"), Path.Combine(copy, "jobs.db-wal"));
        }

        byte[] database = File.ReadAllBytes(Path.Combine(copy, "jobs.db")), log = File.ReadAllBytes(Path.Combine(copy, "jobs.db-wal"));
        Assert.True(log.Length > Count * 4096);
        HashSet<int> counts = [];
        Random dice = new(7);
        for (int at = log.Length; at > 0; at -= 1 + dice.Next(4000))
        {
            // The tail never reached the disk, or what is there is not what was written.
            byte[] torn = at % 2 == 0 ? log[..at] : [.. log[..at], .. Enumerable.Range(0, 9000).Select(_ => (byte)dice.Next(256))];
            string cut = Path.Combine(_root, $"cut-{at}");
            Directory.CreateDirectory(cut);
            File.WriteAllBytes(Path.Combine(cut, "jobs.db"), database);
            File.WriteAllBytes(Path.Combine(cut, "jobs.db-wal"), torn);
            using DataFolder folder = new(cut);
            using SqliteJobStore store = Open(folder);
            Dictionary<string, StoredJob> found = store.Recover().ToDictionary(job => job.Id);
            counts.Add(found.Count);
            Assert.Equal(jobs.Take(found.Count).Select(job => job.Id).Order(), found.Keys.Order());
            for (int pair = 0; pair < Count / 2; pair++)
            {
                JobState?[] states = [found.GetValueOrDefault(jobs[2 * pair].Id)?.State, found.GetValueOrDefault(jobs[2 * pair + 1].Id)?.State];
                Assert.True(states is [null or JobState.Queued, null] or [JobState.Queued, JobState.Queued] or [JobState.Done, JobState.Done], $"pair {pair} at {at}: {states[0]}, {states[1]}");
                // Whatever was saved later than a pair's end comes with it.
                Assert.True(found.Count <= 2 * pair + 2 || states[0] == JobState.Done, $"pair {pair} of {found.Count}");
            }

            Assert.False(Directory.Exists(Path.Combine(cut, "set-aside")));
            store.Save(Make(99));
        }

        Assert.Contains(Count, counts);
        Assert.True(counts.Count > Count / 2, $"{counts.Count}");
    }

    [Fact]
    public async Task A_locked_database_refuses_a_change_and_the_next_one_is_taken()
    {
        await using TestServer server = await TestServer.StartAsync(folder: _root, idle: true);
        string song = (await server.UploadAsync()).Id;
        using (SqliteConnection other = new($"Data Source={Database};Pooling=False"))
        {
            other.Open();
            using SqliteTransaction held = other.BeginTransaction();
            Stopwatch patience = Stopwatch.StartNew();
            await AssertRefusalAsync(await server.Http.PostAsync("/api/v1/jobs", Json($$"""{"songId":"{{song}}"}""")), 503, "busy");
            Assert.InRange(patience.Elapsed.TotalSeconds, 1, 30);
            Assert.Empty((await server.Client.GetJobsAsync()).Jobs);
        }

        Assert.Equal(JobState.Queued, (await server.Client.CreateJobAsync(new NewJob(song))).State);
    }

    [Fact]
    public void A_database_that_another_program_holds_is_told_at_the_start()
    {
        using DataFolder folder = new(_root);
        using (SqliteJobStore store = Open(folder))
        {
            store.Save(Make(1));
        }

        using (SqliteConnection other = new($"Data Source={Database};Pooling=False"))
        {
            other.Open();
            Execute(other, "PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = DELETE; BEGIN EXCLUSIVE");
            Assert.Contains("Another program holds", Assert.Throws<OptionException>(() => Open(folder)).Message, StringComparison.Ordinal);
        }

        using SqliteJobStore again = Open(folder);
        Assert.Single(again.Recover());
    }

    [Fact]
    public void A_database_of_a_newer_form_is_refused_and_left_as_it_is()
    {
        using DataFolder folder = new(_root);
        using (SqliteJobStore store = Open(folder))
        {
            store.Save(Make(1));
        }

        using (SqliteConnection other = new($"Data Source={Database};Pooling=False"))
        {
            other.Open();
            Execute(other, "PRAGMA user_version = 3");
        }

        byte[] before = File.ReadAllBytes(Database);
        Assert.Contains("newer", Assert.Throws<OptionException>(() => Open(folder)).Message, StringComparison.Ordinal);
        Assert.Equal(before, File.ReadAllBytes(Database));
    }

    [RootFact]
    public async Task On_a_full_disk_changes_are_refused_and_deletion_makes_room()
    {
        string disk = Directory.CreateDirectory(Path.Combine(_root, "disk")).FullName, data = Path.Combine(disk, "data");
        await RunAsync("mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", disk);
        try
        {
            using DataFolder folder = new(data);
            using (SqliteJobStore store = Open(folder))
            {
                List<string> kept = [];
                for (int i = 0; i < 3; i++)
                {
                    store.Save(Make(i));
                    kept.Add(Make(i).Id);
                    Directory.CreateDirectory(store.Files(kept[i]).Stems);
                    File.WriteAllBytes(store.Files(kept[i]).Final(0, "wav"), new byte[300_000]);
                }

                Fill(Path.Combine(disk, "others"));
                Action saveForEver = () =>
                {
                    for (int i = 3; ; i++)
                    {
                        store.Save(Make(i));
                        kept.Add(Make(i).Id);
                    }
                };
                StoreException full = Assert.Throws<StoreException>(saveForEver);
                Assert.Equal(StoreErrorKind.DiskFull, full.Kind);
                Fill(Path.Combine(disk, "more"));
                Assert.Equal(kept.Order(), store.Recover().Select(job => job.Id).Order());

                store.Delete(kept[0]);
                Assert.DoesNotContain(kept[0], store.Recover().Select(job => job.Id));
                store.Save(Make(1000));
                kept = [.. kept.Skip(1), Make(1000).Id];
                Assert.Equal(kept.Order(), store.Recover().Select(job => job.Id).Order());
            }

            using SqliteJobStore again = Open(folder);
            Assert.Contains(Make(1000).Id, again.Recover().Select(job => job.Id));
        }
        finally
        {
            await RunAsync("umount", disk);
        }

        static void Fill(string path)
        {
            using FileStream file = new(path, FileMode.Create, FileAccess.Write, FileShare.None, bufferSize: 0);
            byte[] page = new byte[4096];
            try
            {
                while (true)
                {
                    file.Write(page);
                }
            }
            catch (IOException)
            {
                // It is full.
            }
        }
    }

    [Theory]
    [InlineData("header")]
    [InlineData("middle")]
    [InlineData("cut")]
    [InlineData("text")]
    public void A_damaged_database_is_set_aside_and_what_can_be_read_is_kept(string damage)
    {
        const int Count = 200;
        using DataFolder folder = new(_root);
        using (SqliteJobStore store = Open(folder))
        {
            for (int i = 0; i < Count; i++)
            {
                store.Save(Make(i));
                Directory.CreateDirectory(store.Files(Make(i).Id).Stems);
            }
        }

        byte[] file = File.ReadAllBytes(Database);
        switch (damage)
        {
            case "header":
                Array.Fill<byte>(file, 0xEE, 0, 100);
                break;
            case "middle":
                Array.Fill<byte>(file, 0xEE, file.Length / 2, 3 * 4096);
                break;
            case "cut":
                file = file[..(file.Length * 3 / 4)];
                break;
            default:
                file = "This is no database at all.\n"u8.ToArray();
                break;
        }

        File.WriteAllBytes(Database, file);
        using LogRecorder log = new();
        using (LoggerFactory logging = new([log]))
        using (SqliteJobStore store = new(folder, new Logger<SqliteJobStore>(logging)))
        {
            StoredJob[] found = [.. store.Recover()];
            Assert.Equal(damage is "header" or "text" ? 0 : found.Length, found.Length);
            Assert.InRange(found.Length, damage is "middle" ? Count / 2 : 0, Count - 1);
            Assert.All(found, job => Assert.Equal(Make(int.Parse(job.Name, System.Globalization.CultureInfo.InvariantCulture)), job));
            Assert.Contains(log.Lines, line => line.Level == LogLevel.Error && line.Text.Contains($"{found.Length} jobs could be read", StringComparison.Ordinal));
            // Nothing is deleted: the folders of the others lie beside the damaged file.
            string aside = Directory.GetDirectories(Path.Combine(_root, "set-aside")).Single();
            Assert.Equal(file, File.ReadAllBytes(Path.Combine(aside, "jobs.db")));
            Assert.Equal(Count, folder.Ids("jobs").Length + Directory.GetDirectories(aside).Length);
            Assert.Equal(found.Select(job => job.Id).Order(), folder.Ids("jobs").Order());
            store.Save(Make(1000));
        }

        using SqliteJobStore again = Open(folder);
        Assert.Contains(Make(1000).Id, again.Recover().Select(job => job.Id));
        Assert.Single(Directory.GetDirectories(Path.Combine(_root, "set-aside")));
    }

    [Fact]
    public void Without_its_database_no_stems_are_deleted()
    {
        using DataFolder folder = new(_root);
        using (SqliteJobStore store = Open(folder))
        {
            store.Save(Make(1), Make(2));
            Directory.CreateDirectory(store.Files(Make(1).Id).Stems);
        }

        File.Delete(Database);
        using SqliteJobStore again = Open(folder);
        Assert.Empty(again.Recover());
        Assert.Empty(folder.Ids("jobs"));
        string aside = Directory.GetDirectories(Path.Combine(_root, "set-aside")).Single();
        Assert.Equal([Make(1).Id], Directory.GetDirectories(aside).Select(Path.GetFileName));
    }

    [Fact]
    public void A_data_folder_of_the_older_form_is_taken_over_once()
    {
        using DataFolder folder = new(_root);
        for (int i = 0; i < 5; i++)
        {
            Directory.CreateDirectory(folder.Job(Make(i).Id));
            DataFolder.WriteJson(Older(i), Make(i), StoreJson.Default.StoredJob);
        }

        File.WriteAllText(Older(4), "{");
        using (SqliteJobStore store = Open(folder))
        {
            Assert.Equal(Enumerable.Range(0, 4).Select(i => Make(i).Id).Order(), store.Recover().Select(job => job.Id).Order());
            Assert.False(File.Exists(Older(0)));
            Assert.True(File.Exists(Older(4)));
            store.Save(Done(Make(0)));
            store.Delete(Make(1).Id);
        }

        // What a server leaves that was killed when it had the jobs and not yet deleted their files.
        DataFolder.WriteJson(Older(0), Make(0), StoreJson.Default.StoredJob);
        DataFolder.WriteJson(Older(4), Make(4), StoreJson.Default.StoredJob);
        using SqliteJobStore again = Open(folder);
        Dictionary<string, StoredJob> found = again.Recover().ToDictionary(job => job.Id);
        Assert.Equal(new[] { 0, 2, 3, 4 }.Select(i => Make(i).Id).Order(), found.Keys.Order());
        Assert.Equal(JobState.Done, found[Make(0).Id].State);
        Assert.Empty(Directory.EnumerateFiles(_root, "job.json*", SearchOption.AllDirectories));

        string Older(int i) => Path.Combine(folder.Job(Make(i).Id), "job.json");
    }

    [Fact]
    public async Task A_server_that_is_killed_again_and_again_has_every_job_that_it_has_accepted()
    {
        List<string> accepted = [];
        string? song = null;
        Random dice = new(3);
        for (int kill = 0; kill < 5; kill++)
        {
            using ServerProcess server = await ServerProcess.StartAsync(_root);
            if (song is null)
            {
                using FileStream mix = File.OpenRead(RepositoryFiles.Sample("song", "mix.wav"));
                song = (await server.Client.UploadAsync("mix.wav", mix)).Id;
            }

            string[] found = [.. (await server.Client.GetJobsAsync()).Jobs.Select(job => job.Id)];
            Assert.Empty(accepted.Except(found));
            Task killed = Task.Run(async () =>
            {
                await Task.Delay(dice.Next(50, 400));
                await server.KillAsync();
            });
            try
            {
                while (accepted.Count < 90)
                {
                    accepted.Add((await server.Client.CreateJobAsync(new NewJob(song))).Id);
                }
            }
            catch (Exception error) when (error is HttpRequestException or IOException)
            {
                // Killed in the middle of a request: that job may be there or not.
            }

            await killed;
        }

        using DataFolder folder = new(_root);
        using SqliteJobStore store = Open(folder);
        string[] kept = [.. store.Recover().Select(job => job.Id)];
        Assert.Empty(accepted.Except(kept));
        Assert.InRange(kept.Length, Math.Max(accepted.Count, 5), accepted.Count + 5);
    }

    public void Dispose() => Directory.Delete(_root, recursive: true);

    private static SqliteJobStore Open(DataFolder folder) => new(folder, NullLogger<SqliteJobStore>.Instance);

    private static StoredJob Make(int number) => new(
        $"{number:D4}{new string('a', Id.New().Length - 4)}", "song", $"{number}", 100, new JobSettings(), DateTimeOffset.UnixEpoch.AddSeconds(number))
    {
        Order = number,
    };

    private static StoredJob Done(StoredJob job) => job with { State = JobState.Done, Bytes = 1234 };

    private static void Execute(SqliteConnection connection, string sql)
    {
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }

    private static async Task RunAsync(string program, params string[] arguments)
    {
        using Process process = Process.Start(program, arguments);
        await process.WaitForExitAsync();
        Assert.Equal(0, process.ExitCode);
    }
}

/// <summary>A test that mounts a file system, which Linux's root may. Elsewhere it is skipped, with the reason.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class RootFactAttribute : FactAttribute
{
    public RootFactAttribute()
    {
        if (!OperatingSystem.IsLinux() || Environment.UserName != "root")
        {
            Skip = "This test mounts a small file system, which needs Linux and its user root.";
        }
    }
}
