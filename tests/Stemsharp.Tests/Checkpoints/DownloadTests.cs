using System.Collections.Concurrent;
using System.Security.Cryptography;
using Xunit;
using Answer = Stemsharp.Tests.Checkpoints.ModelServer.Answer;

namespace Stemsharp.Tests.Checkpoints;

public sealed class DownloadTests : IDisposable
{
    private const string FileName = "tiny4-cf67fb40.th";

    private static readonly byte[] Model = File.ReadAllBytes(RepositoryFiles.Golden("tiny4", FileName));

    private readonly string _folder = Directory.CreateTempSubdirectory("stemsharp-download-").FullName;

    private string Cached => Path.Combine(_folder, "cache", "models", FileName);

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task A_file_is_fetched_verified_pinned_and_used()
    {
        using ModelServer server = new((request, _) => Answer.File(Model, request));
        Recorder progress = new();
        ModelSource source = await Catalog(server).ResolveAsync("mine", progress: progress);
        Assert.Equal("mine", source.Name);
        Assert.Equal(Cached, source.Members[0].Path);
        Assert.Equal(Model, File.ReadAllBytes(Cached));
        Assert.Equal(Convert.ToHexStringLower(SHA256.HashData(Model)), File.ReadAllText(Path.Combine(_folder, "cache", "pins", FileName + ".sha256")).Trim());
        Assert.Equal(new DownloadProgress(FileName, Model.Length, Model.Length), progress.Last with { Notice = null });
        Assert.Equal("/models/" + FileName, Assert.Single(server.Requests).Path);
        await Catalog(server).ResolveAsync("mine");
        Assert.Single(server.Requests);
        Assert.Empty(Directory.GetFiles(Path.GetDirectoryName(Cached)!, "*.part"));
    }

    [Fact]
    public async Task Cut_connections_are_resumed()
    {
        using ModelServer server = new((request, index) => index < 5 ? Answer.File(Model, request).Cut(300_000) : Answer.File(Model, request));
        await Catalog(server).DownloadAsync("mine");
        Assert.Equal(Model, File.ReadAllBytes(Cached));
        Assert.Equal([null, 300_000, 600_000, 900_000, 1_200_000, 1_500_000], server.Requests.Select(r => r.RangeStart));
    }

    [Fact]
    public async Task A_later_run_continues_where_an_earlier_one_stopped()
    {
        using (ModelServer dying = new((request, index) => index == 0 ? Answer.File(Model, request).Cut(500_000) : new Answer(503, ["Content-Length: 0"], [])))
        {
            ModelException e = await Assert.ThrowsAsync<ModelException>(() => Catalog(dying).DownloadAsync("mine"));
            Assert.Contains("503", e.Message, StringComparison.Ordinal);
        }

        Assert.False(File.Exists(Cached));
        using ModelServer server = new((request, _) => Answer.File(Model, request));
        await Catalog(server).DownloadAsync("mine");
        Assert.Equal(500_000, Assert.Single(server.Requests).RangeStart);
        Assert.Equal(Model, File.ReadAllBytes(Cached));
    }

    [Fact]
    public async Task A_server_without_ranges_sends_the_file_anew()
    {
        Part(400_000, Model);
        using ModelServer server = new((_, _) => new Answer(200, [$"Content-Length: {Model.Length}"], Model));
        await Catalog(server).DownloadAsync("mine");
        Assert.Equal(Model, File.ReadAllBytes(Cached));
    }

    [Fact]
    public async Task A_partial_file_that_is_whole_already_is_taken()
    {
        Part(Model.Length, Model);
        using ModelServer server = new((request, _) => Answer.File(Model, request));
        await Catalog(server).DownloadAsync("mine");
        Assert.Equal(Model.Length, Assert.Single(server.Requests).RangeStart);
        Assert.Equal(Model, File.ReadAllBytes(Cached));
    }

    [Fact]
    public async Task A_partial_file_longer_than_the_servers_is_dropped()
    {
        Part(Model.Length + 10, [.. Model, .. new byte[10]]);
        using ModelServer server = new((request, _) => Answer.File(Model, request));
        await Catalog(server).DownloadAsync("mine");
        Assert.Equal([Model.Length + 10, null], server.Requests.Select(r => r.RangeStart));
        Assert.Equal(Model, File.ReadAllBytes(Cached));
    }

    [Fact]
    public async Task A_partial_file_of_something_else_is_dropped_once()
    {
        Part(400_000, new byte[Model.Length]);
        using ModelServer server = new((request, _) => Answer.File(Model, request));
        await Catalog(server).DownloadAsync("mine");
        Assert.Equal([400_000, null], server.Requests.Select(r => r.RangeStart));
        Assert.Equal(Model, File.ReadAllBytes(Cached));
    }

    [Fact]
    public async Task Wrong_bytes_never_enter_the_cache()
    {
        byte[] wrong = [.. Model];
        wrong[^1] ^= 1;
        using ModelServer server = new((request, _) => Answer.File(wrong, request));
        ModelException e = await Assert.ThrowsAsync<ModelException>(() => Catalog(server).DownloadAsync("mine"));
        Assert.Contains("cf67fb40 was expected", e.Message, StringComparison.Ordinal);
        Assert.Contains(FileName, e.Message, StringComparison.Ordinal);
        Assert.Contains("--model demo", e.Message, StringComparison.Ordinal);
        Assert.Single(server.Requests);
        Assert.Empty(Directory.GetFiles(Path.GetDirectoryName(Cached)!));
    }

    [Fact]
    public async Task A_file_that_differs_from_its_pin_is_refused()
    {
        using ModelServer server = new((request, _) => Answer.File(Model, request));
        ModelCatalog catalog = Catalog(server);
        await catalog.DownloadAsync("mine");
        Assert.Equal([FileName], catalog.Remove("mine"));
        Assert.False(File.Exists(Cached));
        Assert.Empty(catalog.Remove("mine"));
        string pin = Path.Combine(_folder, "cache", "pins", FileName + ".sha256");
        File.WriteAllText(pin, "cf67fb40" + new string('0', 56) + "\n");
        ModelException e = await Assert.ThrowsAsync<ModelException>(() => catalog.DownloadAsync("mine"));
        Assert.Contains("was pinned", e.Message, StringComparison.Ordinal);
        Assert.Contains(pin, e.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(404)]
    [InlineData(403)]
    [InlineData(500)]
    public async Task Error_answers_are_reported(int status)
    {
        using ModelServer server = new((_, _) => new Answer(status, ["Content-Length: 0"], []));
        ModelException e = await Assert.ThrowsAsync<ModelException>(() => Catalog(server).ResolveAsync("mine"));
        Assert.Contains($"{status}", e.Message, StringComparison.Ordinal);
        Assert.Contains(Path.GetDirectoryName(Cached)!, e.Message, StringComparison.Ordinal);
        Assert.Equal(status >= 500 ? 4 : 1, server.Requests.Count);
    }

    [Fact]
    public async Task Redirects_are_followed_within_https_only()
    {
        using ModelServer server = new((request, _) => request.Path.StartsWith("/models/", StringComparison.Ordinal) ? Answer.Redirect("https://elsewhere.test/file?x=1") : Answer.File(Model, request));
        await Catalog(server).DownloadAsync("mine");
        Assert.Equal(["/models/" + FileName, "/file?x=1"], server.Requests.Select(r => r.Path));

        File.Delete(Cached);
        using ModelServer downgrading = new((_, _) => Answer.Redirect("http://elsewhere.test/file"));
        ModelException e = await Assert.ThrowsAsync<ModelException>(() => Catalog(downgrading).DownloadAsync("mine"));
        Assert.Contains("not https", e.Message, StringComparison.Ordinal);
        Assert.Single(downgrading.Requests);

        using ModelServer circling = new((request, _) => Answer.Redirect("/models/again"));
        e = await Assert.ThrowsAsync<ModelException>(() => Catalog(circling).DownloadAsync("mine"));
        Assert.Contains("more than 10 times", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_connection_that_stands_still_is_given_up_and_resumed()
    {
        using ModelServer server = new((request, index) => index == 0 ? Answer.File(Model, request).Cut(100_000) with { StallAfterwards = true } : Answer.File(Model, request));
        await Catalog(server, stall: TimeSpan.FromMilliseconds(300)).DownloadAsync("mine");
        Assert.Equal(Model, File.ReadAllBytes(Cached));
        Assert.Contains(server.Requests, r => r.RangeStart > 0);
    }

    [Fact]
    public async Task A_slow_connection_is_waited_for_as_long_as_something_comes()
    {
        TimeSpan stall = TimeSpan.FromSeconds(2);
        using ModelServer server = new((request, _) => Answer.File(Model, request) with { Pieces = 6, Pause = stall / 4 });
        await Catalog(server, stall: stall).DownloadAsync("mine");
        Assert.Null(Assert.Single(server.Requests).RangeStart);
        Assert.Equal(Model, File.ReadAllBytes(Cached));
    }

    [Fact]
    public async Task A_body_longer_than_announced_is_cut_off()
    {
        using ModelServer server = new((_, _) => new Answer(206, ["Content-Range: bytes 0-9/10", "Transfer-Encoding: chunked"], "1000\r\n"u8.ToArray().Concat(new byte[4096]).Concat("\r\n0\r\n\r\n"u8.ToArray()).ToArray()));
        await Assert.ThrowsAsync<ModelException>(() => Catalog(server).DownloadAsync("mine"));
        Assert.False(File.Exists(Cached));
    }

    [Fact]
    public async Task Cancellation_keeps_what_came()
    {
        using CancellationTokenSource cancel = new();
        using ModelServer server = new((request, _) => Answer.File(Model, request).Cut(200_000) with { StallAfterwards = true });
        Recorder progress = new(p =>
        {
            if (p.Received == 200_000)
            {
                cancel.Cancel();
            }
        });
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Catalog(server).DownloadAsync("mine", progress, cancel.Token));
        Assert.Equal(200_000, new FileInfo(Cached + ".part").Length);
    }

    [Fact]
    public async Task Mirrors_are_asked_first()
    {
        using ModelServer server = new((request, _) => request.Path.StartsWith("/mirror/", StringComparison.Ordinal) ? Answer.Status404 : Answer.File(Model, request));
        await Catalog(server, mirrors: """["https://mirror.test/mirror"]""").DownloadAsync("mine");
        Assert.Equal(["/mirror/" + FileName, "/models/" + FileName], server.Requests.Select(r => r.Path));
    }

    [Fact]
    public async Task Several_at_once_fetch_a_file_once()
    {
        using ModelServer server = new((request, _) => Answer.File(Model, request));
        // Separate catalogs share nothing but the folder, as separate processes do.
        await Task.WhenAll(Enumerable.Range(0, 6).Select(_ => Catalog(server).DownloadAsync("mine")));
        Assert.Single(server.Requests);
        Assert.Equal(Model, File.ReadAllBytes(Cached));
    }

    [Fact]
    public async Task Offline_never_asks()
    {
        using ModelServer server = new((request, _) => Answer.File(Model, request));
        ModelException e = await Assert.ThrowsAsync<ModelException>(() => Catalog(server, offline: true).ResolveAsync("mine"));
        Assert.Contains("offline", e.Message, StringComparison.Ordinal);
        Assert.Empty(server.Requests);
    }

    [Fact]
    public async Task Files_in_torchs_cache_are_found_verified_and_left_alone()
    {
        string hub = Path.Combine(_folder, "torch", "hub", "checkpoints");
        Directory.CreateDirectory(hub);
        File.WriteAllBytes(Path.Combine(hub, FileName), Model);
        using ModelServer server = new((_, _) => Answer.Status404);
        ModelCatalog catalog = Catalog(server);
        Assert.Equal(Path.Combine(hub, FileName), (await catalog.ResolveAsync("mine")).Members[0].Path);
        KnownModelFile located = Assert.Single(catalog.Locate("mine"));
        Assert.Equal(ModelFilePlace.TorchHub, located.Place);
        Assert.Null(Assert.Single(catalog.Verify("mine")).Problem);
        Assert.Empty(catalog.Remove("mine"));
        Assert.True(File.Exists(located.Path));
        Assert.Empty(server.Requests);
        File.WriteAllBytes(located.Path!, Model[..^1]);
        Assert.Contains("cf67fb40 was expected", Assert.Single(catalog.Verify("mine")).Problem!, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_cut_file_in_any_cache_is_not_here()
    {
        string hub = Path.Combine(_folder, "torch", "hub", "checkpoints", FileName);
        Directory.CreateDirectory(Path.GetDirectoryName(hub)!);
        File.WriteAllBytes(hub, Model[..60_000]);
        using ModelServer server = new((request, _) => Answer.File(Model, request));
        ModelException e = await Assert.ThrowsAsync<ModelException>(() => Catalog(server, offline: true).ResolveAsync("mine"));
        Assert.Contains(hub + ": its SHA-256 is", e.Message, StringComparison.Ordinal);
        Assert.Equal([Cached], await Catalog(server).DownloadAsync("mine"));
        Assert.Equal(Cached, (await Catalog(server, offline: true).ResolveAsync("mine")).Members[0].Path);
        Assert.Equal(60_000, new FileInfo(hub).Length);

        // Our own, too: it is fetched anew.
        File.WriteAllBytes(Cached, Model[..70_000]);
        Assert.Equal(Cached, (await Catalog(server).ResolveAsync("mine")).Members[0].Path);
        Assert.Equal(Model, File.ReadAllBytes(Cached));
        Assert.Equal(2, server.Requests.Count);
    }

    [Fact]
    public async Task An_unusable_cache_folder_is_reported()
    {
        File.WriteAllText(Path.Combine(_folder, "cache"), "a file where the folder should be");
        using ModelServer server = new((request, _) => Answer.File(Model, request));
        ModelException e = await Assert.ThrowsAsync<ModelException>(() => Catalog(server).DownloadAsync("mine"));
        Assert.Contains("STEMSHARP_CACHE", e.Message, StringComparison.Ordinal);
    }

    private void Part(int length, byte[] content)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(Cached)!);
        File.WriteAllBytes(Cached + ".part", content[..length]);
    }

    private ModelCatalog Catalog(ModelServer server, bool offline = false, TimeSpan? stall = null, string mirrors = "[]")
    {
        string file = Path.Combine(_folder, "catalog.json");
        if (!File.Exists(file))
        {
            File.WriteAllText(file, $$"""{"mirrors": {{mirrors}}, "models": {"mine": {"files": ["https://models.test/models/{{FileName}}"] } } }""");
        }

        return new ModelCatalog(new ModelCatalogOptions
        {
            CacheFolder = Path.Combine(_folder, "cache"),
            CatalogFile = file,
            Offline = offline,
            HttpHandler = server.Handler,
            EnvironmentVariable = name => name == "TORCH_HOME" ? Path.Combine(_folder, "torch") : null,
            RetryPause = TimeSpan.FromMilliseconds(1),
            StallLimit = stall ?? TimeSpan.FromSeconds(60),
        });
    }

    /// <summary>Reports at once, where Progress&lt;T&gt; would report later.</summary>
    private sealed class Recorder(Action<DownloadProgress>? also = null) : IProgress<DownloadProgress>
    {
        private readonly ConcurrentQueue<DownloadProgress> _all = new();

        public DownloadProgress Last => _all.Last();

        public void Report(DownloadProgress value)
        {
            _all.Enqueue(value);
            also?.Invoke(value);
        }
    }
}
