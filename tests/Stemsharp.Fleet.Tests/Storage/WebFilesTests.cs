using System.Text.Json;
using Stemsharp.Cli.Hosting;
using Stemsharp.Cli.Tests;
using Stemsharp.Fleet.Bench.Runs;
using Stemsharp.Fleet.Storage;
using Stemsharp.Tests;
using Xunit;

namespace Stemsharp.Fleet.Tests.Storage;

/// <summary>Songs from the web and stems to it, over connections that are cut.</summary>
public sealed class WebFilesTests(SharedServer server) : IClassFixture<SharedServer>
{
    private const string Secret = "X-Amz-Signature=c0ffee";

    private static readonly byte[] s_song = Content(1_000_000);

    [Theory]
    [InlineData("\"one\"")]
    [InlineData(null)]
    public async Task A_song_that_was_cut_goes_on_where_it_can_and_from_the_start_elsewhere(string? tag)
    {
        using TemporaryFolder folder = new();
        int calls = 0;
        using CuttingServer web = new(call => CuttingServer.File(call, s_song, tag, cut: Interlocked.Increment(ref calls) <= 3 ? 200_000 : null));
        await FetchAsync($"{web.Url}/song.wav?{Secret}", folder.Combine("song.wav"));
        Assert.Equal(s_song, File.ReadAllBytes(folder.Combine("song.wav")));
        Assert.Equal(4, web.Calls.Count);
        Assert.Equal(tag is null ? 0 : 3, web.Calls.Count(c => c.Headers.ContainsKey("Range") && c.Headers["If-Range"] == tag));
    }

    [Fact]
    public async Task A_song_that_changes_meanwhile_is_fetched_from_the_start()
    {
        using TemporaryFolder folder = new();
        byte[] other = Content(700_000);
        int calls = 0;
        using CuttingServer web = new(call => Interlocked.Increment(ref calls) == 1 ? CuttingServer.File(call, s_song, "\"one\"", 300_000) : CuttingServer.File(call, other, "\"two\"", null));
        await FetchAsync($"{web.Url}/song.wav", folder.Combine("song.wav"));
        Assert.Equal(other, File.ReadAllBytes(folder.Combine("song.wav")));
    }

    [Fact]
    public async Task An_address_may_lead_elsewhere_and_a_busy_server_is_asked_again()
    {
        using TemporaryFolder folder = new();
        int calls = 0;
        using CuttingServer web = new(call => call.Target.StartsWith("/old", StringComparison.Ordinal) ? Answer.Plain("302 Found", null, $"Location: /new?{Secret}")
            : Interlocked.Increment(ref calls) == 1 ? Answer.Plain("503 Busy") : CuttingServer.File(call, s_song, null, null));
        await FetchAsync($"{web.Url}/old", folder.Combine("song.wav"));
        Assert.Equal(s_song, File.ReadAllBytes(folder.Combine("song.wav")));
    }

    [Theory]
    [InlineData("403 Forbidden", "Content-Type: application/xml", StorageFailure.Refused)]
    [InlineData("404 Not Found", "Content-Type: text/plain", StorageFailure.NotFound)]
    [InlineData("200 OK", "Content-Type: text/html; charset=utf-8", StorageFailure.Wrong)]
    [InlineData("200 OK", "Content-Encoding: gzip", StorageFailure.Wrong)]
    [InlineData("418 Teapot", "Content-Type: text/plain", StorageFailure.Wrong)]
    [InlineData("206 Partial Content", "Content-Range: bytes 5-9/10", StorageFailure.Wrong)]
    public async Task What_is_no_song_is_refused_and_the_secret_is_kept(string status, string header, object failure)
    {
        using TemporaryFolder folder = new();
        using CuttingServer web = new(_ => Answer.Plain(status, "hello"u8.ToArray(), header));
        StorageException refused = await Assert.ThrowsAsync<StorageException>(() => FetchAsync($"{web.Url}/song.wav?{Secret}", folder.Combine("song.wav")));
        Assert.Equal(failure, refused.Failure);
        Assert.Contains("/song.wav?…", refused.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("c0ffee", refused.ToString(), StringComparison.Ordinal);
        Assert.Empty(Directory.EnumerateFileSystemEntries(folder.Path));
        Assert.Single(web.Calls);
    }

    [Fact]
    public async Task A_server_that_always_cuts_at_the_same_place_is_given_up()
    {
        using TemporaryFolder folder = new();
        using CuttingServer web = new(call => CuttingServer.File(call, s_song, null, 200_000));
        Assert.Equal(StorageFailure.Silent, (await Assert.ThrowsAsync<StorageException>(() => FetchAsync($"{web.Url}/song.wav", folder.Combine("song.wav")))).Failure);
        Assert.InRange(web.Calls.Count, 2, 10);
        Assert.Empty(Directory.EnumerateFileSystemEntries(folder.Path));
    }

    [Fact]
    public async Task A_server_that_is_not_there_is_given_up()
    {
        using TemporaryFolder folder = new();
        CuttingServer web = new(_ => Answer.Plain("200 OK"));
        string url = web.Url;
        web.Dispose();
        Assert.Equal(StorageFailure.Silent, (await Assert.ThrowsAsync<StorageException>(() => FetchAsync($"{url}/song.wav", folder.Combine("song.wav")))).Failure);
        Assert.Empty(Directory.EnumerateFileSystemEntries(folder.Path));
    }

    [ToolFact("nats-server")]
    public async Task A_job_goes_from_a_signed_address_to_signed_addresses_and_nobody_is_told_the_secrets()
    {
        using TemporaryFolder folder = new();
        string queue = await server.NewAsync(), song = Songs.Make(folder.Combine("in", "song.wav"), 1);
        byte[] content = File.ReadAllBytes(song);
        int gets = 0, puts = 0;
        using CuttingServer web = new(call => call.Method == "GET"
            ? call.Target.StartsWith("/gone", StringComparison.Ordinal) ? Answer.Plain("403 Forbidden") : CuttingServer.File(call, content, "\"v\"", Interlocked.Increment(ref gets) == 1 ? 50_000 : null)
            : Answer.Plain(Interlocked.Increment(ref puts) == 2 ? "500 Oops" : "200 OK"));
        string list = folder.Make("tracks.jsonl", $$"""
            {"input":"{{web.Url}}/in/song.wav?{{Secret}}","two_stems":"vocals","put":{"vocals":"{{web.Url}}/up/v.wav?{{Secret}}","no_vocals":"{{web.Url}}/up/rest.wav?{{Secret}}"} }
            {"input":"{{web.Url}}/gone/song.wav?{{Secret}}","two_stems":"vocals","put":{"vocals":"{{web.Url}}/up/x.wav?{{Secret}}","no_vocals":"{{web.Url}}/up/y.wav?{{Secret}}"} }
            {"input":"{{web.Url}}/in/other.wav?{{Secret}}","put":{"vocals":"{{web.Url}}/up/z.wav?{{Secret}}"} }
            """);
        Assert.Equal(0, (await CommandRun.StartAsync("separate", song, "--model", "demo", "--two-stems", "vocals", "-o", folder.Combine("plain"), "--threads", "1", "--quiet")).Code);
        (int submitted, string told, string why) = await CommandRun.StartAsync("submit", "--list", list, "--queue", queue, "--model", "demo", "--max-failures", "1", "--json");
        Assert.True(submitted == ExitCode.Success, why);
        (int worked, _, string log) = await CommandRun.StartAsync("work", "--queue", queue, "--until-empty", "--threads", "1");
        Assert.Equal(ExitCode.Success, worked);
        (_, string text, _) = await CommandRun.StartAsync("jobs", "list", "--queue", queue, "--json");
        (_, string lines, _) = await CommandRun.StartAsync("jobs", "list", "--queue", queue);
        Assert.All(new[] { told, log, text, lines }, said => Assert.DoesNotContain("c0ffee", said, StringComparison.Ordinal));

        JsonElement[] jobs = [.. JsonDocument.Parse(text).RootElement.GetProperty("jobs").EnumerateArray()];
        JsonElement done = Assert.Single(jobs, j => j.GetProperty("state").GetString() == "done");
        Assert.Equal([$"{web.Url}/up/v.wav?…", $"{web.Url}/up/rest.wav?…"], done.GetProperty("files").EnumerateArray().Select(f => f.GetString()));
        Assert.Equal(["refused", "usage"], jobs.Where(j => j.GetProperty("state").GetString() == "dead").Select(j => j.GetProperty("error").GetString()).Order(StringComparer.Ordinal));
        Assert.Contains(jobs, j => j.GetProperty("message").GetString() is { } message && message.Contains("--put names no address for", StringComparison.Ordinal));

        Call[] put = [.. web.Calls.Where(c => c.Method == "PUT")];
        Assert.Equal(3, put.Length);
        string plain = folder.Combine("plain", "demo", "song");
        Assert.Equal(File.ReadAllBytes(Path.Combine(plain, "vocals.wav")), put.Last(c => c.Target == $"/up/v.wav?{Secret}").Body);
        Assert.Equal(File.ReadAllBytes(Path.Combine(plain, "no_vocals.wav")), put.Last(c => c.Target == $"/up/rest.wav?{Secret}").Body);

        // A key that is over is replaced by a new one, and the job is the same.
        File.WriteAllText(list, File.ReadAllText(list).Replace("/gone/", "/in/", StringComparison.Ordinal).Replace("c0ffee", "fresh", StringComparison.Ordinal));
        (_, string again, _) = await CommandRun.StartAsync("submit", "--list", list, "--queue", queue, "--model", "demo", "--again", "--json");
        Assert.Equal(3, JsonDocument.Parse(again).RootElement.GetProperty("queued").GetInt32());
        Assert.Equal(ExitCode.Success, (await CommandRun.StartAsync("work", "--queue", queue, "--most", "1", "--threads", "1", "--progress", "none")).Code);
        Assert.Contains(web.Calls, c => c.Target.EndsWith("fresh", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("exclude each other", "--put", "vocals=https://h/v?sig=1", "-o", "stems")]
    [InlineData("STEM=https://", "--put", "https://h/v?sig=1")]
    [InlineData("ftp:// is none", "--put", "vocals=ftp://h/v")]
    [InlineData("ftp:// is none", "-o", "ftp://h/v")]
    [InlineData("twice", "--put", "vocals=https://h/v", "--put", "vocals=https://h/w")]
    [InlineData("2 tracks", "--put", "vocals=https://h/v?sig=1", "https://h/other.wav")]
    public async Task Addresses_that_make_no_sense_are_refused_before_the_queue_is_asked(string hint, params string[] arguments)
    {
        (int code, _, string error) = await CommandRun.StartAsync(["submit", "https://h/song.wav?sig=1", "--queue", "nats://queue.example", .. arguments]);
        Assert.Equal(ExitCode.Usage, code);
        Assert.Contains(hint, error, StringComparison.Ordinal);
        Assert.DoesNotContain("sig=1", error, StringComparison.Ordinal);
    }

    private static async Task FetchAsync(string address, string path)
    {
        using HttpClient client = WebClient.Create();
        await new WebFiles(client, TimeProvider.System).FetchAsync(address, path, CancellationToken.None);
    }

    private static byte[] Content(int length)
    {
        byte[] content = new byte[length];
        new Random(length).NextBytes(content);
        return content;
    }
}
