using System.Text.Json;
using NATS.Client.ObjectStore;
using NATS.Client.ObjectStore.Models;
using Stemsharp.Cli.Hosting;
using Stemsharp.Cli.Tests;
using Stemsharp.Fleet.Bench.Runs;
using Stemsharp.Fleet.Nats;
using Stemsharp.Fleet.Storage;
using Stemsharp.Tests;
using Xunit;

namespace Stemsharp.Fleet.Tests.Storage;

/// <summary>Songs and stems in object stores of a real server.</summary>
public sealed class NatsFilesTests(SharedServer server) : IClassFixture<SharedServer>
{
    [ToolFact("nats-server")]
    public async Task Workers_that_see_no_file_do_uploaded_songs_and_the_stems_come_back()
    {
        using TemporaryFolder folder = new();
        string queue = await server.NewAsync();
        string song = Songs.Make(folder.Combine("album", "une chanson é.wav"), 1), other = Songs.Make(folder.Combine("other.wav"), 2);
        Assert.Equal(0, (await CommandRun.StartAsync("separate", song, other, "--model", "demo", "-o", folder.Combine("plain"), "--threads", "1", "--quiet")).Code);
        string[] submit = ["submit", folder.Combine("album"), other, "--upload", "--queue", queue, "--model", "demo", "--json"];
        (int submitted, string text, string why) = await CommandRun.StartAsync(submit);
        Assert.True(submitted == ExitCode.Success, why);
        Assert.Equal(2, JsonDocument.Parse(text).RootElement.GetProperty("queued").GetInt32());
        Assert.Equal(0, JsonDocument.Parse((await CommandRun.StartAsync(submit)).Output).RootElement.GetProperty("queued").GetInt32());
        File.Delete(song);
        File.Delete(other);
        Assert.Equal(ExitCode.Success, (await CommandRun.StartAsync("work", "--queue", queue, "--until-empty", "--threads", "1", "--progress", "none")).Code);

        (int fetched, string listed, string error) = await CommandRun.StartAsync("jobs", "fetch", "--all", "--queue", queue, "-o", folder.Combine("fetched"));
        Assert.True(fetched == ExitCode.Success, error);
        Assert.Contains("12 files of 2 jobs", listed, StringComparison.Ordinal);
        string[] plain = FilesOf(folder.Combine("plain"));
        Assert.Equal(12, plain.Length);
        Assert.Equal(plain, FilesOf(folder.Combine("fetched")));
        Assert.All(plain, f => Assert.Equal(File.ReadAllBytes(folder.Combine("plain", f)), File.ReadAllBytes(folder.Combine("fetched", f))));

        // What was taken away is said to be gone, and what is done may be done again.
        Assert.Equal(ExitCode.Success, (await CommandRun.StartAsync("jobs", "fetch", "--all", "--remove", "--queue", queue, "-o", folder.Combine("fetched"))).Code);
        (int gone, _, string reason) = await CommandRun.StartAsync("jobs", "fetch", "--all", "--queue", queue, "-o", folder.Combine("late"));
        Assert.Equal((ExitCode.ExternalTool, true), (gone, reason.Contains("there is no such object", StringComparison.Ordinal)));
        Assert.Empty(FilesOf(folder.Combine("late")));
    }

    [ToolFact("nats-server")]
    public async Task A_song_that_is_not_there_is_a_failure_of_its_job()
    {
        using TemporaryFolder folder = new();
        string queue = await server.NewAsync();
        Assert.Equal(ExitCode.Success, (await CommandRun.StartAsync("submit", "nats-obj://nowhere/song.wav", "--queue", queue, "--model", "demo", "-o", folder.Combine("stems"), "--max-failures", "1")).Code);
        Assert.Equal(ExitCode.Success, (await CommandRun.StartAsync("work", "--queue", queue, "--until-empty", "--threads", "1", "--progress", "none")).Code);
        JsonElement job = JsonDocument.Parse((await CommandRun.StartAsync("jobs", "list", "--queue", queue, "--json")).Output).RootElement.GetProperty("jobs")[0];
        Assert.Equal(("dead", "not-found"), (job.GetProperty("state").GetString(), job.GetProperty("error").GetString()));
        Assert.Contains("no object store nowhere", job.GetProperty("message").GetString(), StringComparison.Ordinal);
    }

    [ToolFact("nats-server")]
    public async Task What_holders_that_died_have_left_is_nobodys_and_the_next_one_takes_it_away()
    {
        using TemporaryFolder folder = new();
        await using NatsFleet fleet = await SharedServer.OpenAsync(await server.NewAsync());
        NatsFiles files = new(fleet);
        string stem = folder.Make("vocals.wav", "stem"), place = $"nats-obj://{fleet.Name}-own/my/place";
        IStemTarget first = await files.TargetAsync(place, "job", 1, CancellationToken.None);
        _ = await first.StageAsync("demo/song/vocals.wav", stem, CancellationToken.None);
        await using (await first.StageAsync("demo/song/bass.wav", stem, CancellationToken.None))
        {
            // Taken back: its holder came second.
        }

        IStemTarget neighbour = await files.TargetAsync(place, "job2", 1, CancellationToken.None);
        await (await neighbour.StageAsync("demo/other/vocals.wav", stem, CancellationToken.None)).PublishAsync(CancellationToken.None);
        Assert.Equal(["my/place/job/1/demo/song/vocals.wav", "my/place/job2/1/demo/other/vocals.wav"], await NamesAsync());

        IStemTarget second = await files.TargetAsync(place, "job", 2, CancellationToken.None);
        IStagedFile staged = await second.StageAsync("demo/song/vocals.wav", stem, CancellationToken.None);
        await staged.PublishAsync(CancellationToken.None);
        await staged.DisposeAsync();
        Assert.Equal(["my/place/job/2/demo/song/vocals.wav", "my/place/job2/1/demo/other/vocals.wav"], await NamesAsync());
        await files.FetchAsync(second.AddressOf("demo/song/vocals.wav"), folder.Combine("fetched"), CancellationToken.None);
        Assert.Equal("stem", File.ReadAllText(folder.Combine("fetched")));

        async Task<string[]> NamesAsync()
        {
            INatsObjStore store = await new NatsObjContext(fleet.Context).GetObjectStoreAsync($"{fleet.Name}-own");
            List<string> names = [];
            await foreach (ObjectMetadata meta in store.ListAsync())
            {
                names.Add(meta.Name);
            }

            return [.. names.Order(StringComparer.Ordinal)];
        }
    }

    [ToolFact("nats-server")]
    public async Task A_song_comes_whole_though_the_server_is_killed_on_the_way()
    {
        using TemporaryFolder folder = new(), store = new();
        using NatsServer own = await NatsServer.StartAsync(store.Path);
        await using NatsFleet fleet = await SharedServer.OpenAsync(own.Url);
        NatsFiles files = new(fleet);
        byte[] content = new byte[48_000_000];
        new Random(1).NextBytes(content);
        File.WriteAllBytes(folder.Combine("song.wav"), content);
        string address = await files.UploadAsync(folder.Combine("song.wav"), CancellationToken.None);
        string path = folder.Combine("fetched.wav");
        Task fetch = files.FetchAsync(address, path, CancellationToken.None);
        while (!fetch.IsCompleted && !(File.Exists(path) && new FileInfo(path).Length > 0))
        {
            await Task.Yield();
        }

        own.Kill();
        await own.StartAsync();
        await fetch.WaitAsync(TimeSpan.FromMinutes(2));
        Assert.True(content.AsSpan().SequenceEqual(File.ReadAllBytes(path)));
    }

    private static string[] FilesOf(string folder) => Directory.Exists(folder)
        ? [.. Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories).Select(f => Path.GetRelativePath(folder, f)).Where(f => !f.Contains(".stemsharp", StringComparison.Ordinal)).Order(StringComparer.Ordinal)]
        : [];
}
