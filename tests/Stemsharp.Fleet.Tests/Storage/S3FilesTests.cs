using System.Text.Json;
using Amazon.S3;
using Amazon.S3.Model;
using Stemsharp.Cli.Hosting;
using Stemsharp.Cli.Tests;
using Stemsharp.Fleet.Bench.Runs;
using Stemsharp.Fleet.S3;
using Stemsharp.Fleet.Storage;
using Xunit;

namespace Stemsharp.Fleet.Tests.Storage;

/// <summary>Songs and stems on a server of S3's API.</summary>
public sealed class S3FilesTests(SharedServer server, S3Server s3) : IClassFixture<SharedServer>, IClassFixture<S3Server>
{
    [S3Fact]
    public async Task Jobs_go_from_bucket_to_bucket_and_are_not_done_twice()
    {
        using TemporaryFolder folder = new();
        using AmazonS3Client client = await ClientAsync();
        string queue = await server.NewAsync(), song = Songs.Make(folder.Combine("song.wav"), 1);
        await client.PutObjectAsync(new PutObjectRequest { BucketName = "songs", Key = "an album/song.wav", FilePath = song, UseChunkEncoding = false });
        Assert.Equal(0, (await CommandRun.StartAsync("separate", song, "--model", "demo", "-o", folder.Combine("plain"), "--threads", "1", "--quiet")).Code);
        string[] submit = ["submit", "s3://songs/an album/song.wav", "s3://songs/absent.wav", "--queue", queue, "--model", "demo", "-o", "s3://stems/mine", "--max-failures", "1"];
        Assert.Equal(ExitCode.Success, (await CommandRun.StartAsync(submit)).Code);
        await WorkAsync(queue);
        JsonElement[] jobs = await JobsAsync(queue);
        Assert.Equal(["not-found"], jobs.Where(j => j.GetProperty("state").GetString() == "dead").Select(j => j.GetProperty("error").GetString()));
        JsonElement done = Assert.Single(jobs, j => j.GetProperty("state").GetString() == "done");
        Assert.Equal(6, done.GetProperty("files").GetArrayLength());
        Assert.Contains("s3://stems/mine/demo/song/drums.wav", done.GetProperty("files").EnumerateArray().Select(f => f.GetString()));

        Assert.Equal(ExitCode.Success, (await CommandRun.StartAsync(["jobs", "fetch", done.GetProperty("id").GetString()!, "--queue", queue, "-o", folder.Combine("fetched")], await VariablesAsync())).Code);
        string[] plain = [.. Directory.EnumerateFiles(folder.Combine("plain", "demo", "song")).Select(f => Path.GetFileName(f))];
        Assert.Equal(6, plain.Length);
        Assert.All(plain, f => Assert.Equal(File.ReadAllBytes(folder.Combine("plain", "demo", "song", f)), File.ReadAllBytes(folder.Combine("fetched", "demo", "song", f))));

        // Handed out again, as after a worker's death behind its files: whoever gets it finds them.
        DateTime? written = (await client.GetObjectMetadataAsync("stems", "mine/demo/song/drums.wav")).LastModified;
        Assert.Equal(ExitCode.Success, (await CommandRun.StartAsync([.. submit, "--again"])).Code);
        await WorkAsync(queue);
        Assert.Equal(0, (await JobsAsync(queue)).Single(j => j.GetProperty("state").GetString() == "done").GetProperty("elapsed_seconds").GetDouble());
        Assert.Equal(written, (await client.GetObjectMetadataAsync("stems", "mine/demo/song/drums.wav")).LastModified);

        // The stems of another song of the same name are not replaced.
        await client.PutObjectAsync(new PutObjectRequest { BucketName = "songs", Key = "another/song.wav", FilePath = Songs.Make(folder.Combine("other.wav"), 2), UseChunkEncoding = false });
        Assert.Equal(ExitCode.Success, (await CommandRun.StartAsync("submit", "s3://songs/another/song.wav", "--queue", queue, "--model", "demo", "-o", "s3://stems/mine", "--max-failures", "1")).Code);
        await WorkAsync(queue);
        Assert.Contains(await JobsAsync(queue), j => j.GetProperty("message").GetString() is { } message && message.Contains("another input, s3://songs/an album/song.wav", StringComparison.Ordinal));
    }

    [S3Fact]
    public async Task A_worker_without_credentials_leaves_the_job_to_others()
    {
        using TemporaryFolder folder = new();
        string queue = await server.NewAsync();
        Assert.Equal(ExitCode.Success, (await CommandRun.StartAsync("submit", "s3://songs/a.wav", "--queue", queue, "--model", "demo", "-o", folder.Combine("stems"), "--max-failures", "1")).Code);
        (int code, _, string log) = await CommandRun.StartAsync(["work", "--queue", queue, "--most", "1", "--threads", "1"], new() { ["AWS_ACCESS_KEY_ID"] = "" });
        Assert.Equal(ExitCode.Success, code);
        Assert.Contains("AWS_ACCESS_KEY_ID", log, StringComparison.Ordinal);
        JsonElement job = (await JobsAsync(queue)).Single();
        Assert.Equal(("waiting", 0), (job.GetProperty("state").GetString(), job.GetProperty("failures").GetInt32()));
    }

    [S3Fact]
    public async Task Stems_are_seen_when_all_have_come_and_not_before()
    {
        using TemporaryFolder folder = new();
        using AmazonS3Client client = await ClientAsync();
        S3Target target = new(client, "s3://stems/staged");
        byte[] content = new byte[(17 << 20) + 5];
        new Random(1).NextBytes(content);
        string large = folder.Combine("large.wav"), small = folder.Make("small.wav", "s");
        File.WriteAllBytes(large, content);
        IStagedFile[] staged = [await target.StageAsync("a/large.wav", large, CancellationToken.None), await target.StageAsync("a/small.wav", small, CancellationToken.None)];
        Assert.Null(await target.LengthAsync("a/large.wav", CancellationToken.None));
        Assert.Null(await target.ReadAsync("a/small.wav", CancellationToken.None));
        foreach (IStagedFile file in staged)
        {
            await file.PublishAsync(CancellationToken.None);
            await file.DisposeAsync();
        }

        Assert.Equal(content.Length, await target.LengthAsync("a/large.wav", CancellationToken.None));
        Assert.Equal("s"u8.ToArray(), await target.ReadAsync("a/small.wav", CancellationToken.None));
        await new S3Files(client, TimeProvider.System).FetchAsync(target.AddressOf("a/large.wav"), folder.Combine("back.wav"), CancellationToken.None);
        Assert.True(content.AsSpan().SequenceEqual(File.ReadAllBytes(folder.Combine("back.wav"))));

        // One that is not published is never seen.
        await using (await target.StageAsync("a/dropped.wav", small, CancellationToken.None))
        {
        }

        Assert.Null(await target.LengthAsync("a/dropped.wav", CancellationToken.None));
        StorageException absent = await Assert.ThrowsAsync<StorageException>(() => new S3Target(client, "s3://no-such-bucket").StageAsync("a", small, CancellationToken.None));
        Assert.Equal(StorageFailure.NotFound, absent.Failure);
    }

    [Fact]
    public async Task A_song_that_was_cut_goes_on_where_it_was_and_another_version_from_the_start()
    {
        using TemporaryFolder folder = new();
        byte[] content = new byte[600_000], other = new byte[500_000];
        new Random(2).NextBytes(content);
        new Random(3).NextBytes(other);
        // As of uploads in parts: no sum of the whole.
        const string first = "\"0123456789abcdef0123456789abcdef-2\"", second = "\"1123456789abcdef0123456789abcdef-2\"";
        int calls = 0;
        using CuttingServer web = new(call => Interlocked.Increment(ref calls) switch
        {
            1 or 2 => CuttingServer.File(call, content, first, 100_000),
            3 => Answer.Plain("412 Precondition Failed", "<Error><Code>PreconditionFailed</Code></Error>"u8.ToArray()),
            _ => CuttingServer.File(call, other, second, null),
        });
        using AmazonS3Client client = Client(web.Url);
        await new S3Files(client, TimeProvider.System).FetchAsync("s3://songs/song.wav", folder.Combine("song.wav"), CancellationToken.None);
        Assert.Equal(other, File.ReadAllBytes(folder.Combine("song.wav")));
        Assert.Equal(["", "bytes=100000-", "bytes=200000-", ""], web.Calls.Select(c => c.Headers.GetValueOrDefault("Range") ?? ""));
        Assert.Equal(["", first, first, ""], web.Calls.Select(c => c.Headers.GetValueOrDefault("If-Match") ?? ""));
        Assert.All(web.Calls, c => Assert.StartsWith("/songs/song.wav", c.Target, StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_song_whose_sum_is_another_is_no_song()
    {
        using TemporaryFolder folder = new();
        using CuttingServer web = new(call => CuttingServer.File(call, "song"u8.ToArray(), "\"0123456789abcdef0123456789abcdef\"", null));
        using AmazonS3Client client = Client(web.Url);
        StorageException wrong = await Assert.ThrowsAsync<StorageException>(() => new S3Files(client, TimeProvider.System).FetchAsync("s3://songs/song.wav", folder.Combine("song.wav"), CancellationToken.None));
        Assert.Equal(StorageFailure.Wrong, wrong.Failure);
        Assert.Empty(Directory.EnumerateFileSystemEntries(folder.Path));
    }

    [Theory]
    [InlineData("AWS_ACCESS_KEY_ID", null, null)]
    [InlineData("no address of a server", "id", "nonsense")]
    public void What_the_environment_lacks_is_said(string hint, string? id, string? endpoint)
    {
        StorageException refused = Assert.Throws<StorageException>(() => S3Client.Create(name => name switch { "AWS_ACCESS_KEY_ID" or "AWS_SECRET_ACCESS_KEY" => id, "AWS_ENDPOINT_URL" => endpoint, _ => null }));
        Assert.Equal(StorageFailure.NoCredentials, refused.Failure);
        Assert.Contains(hint, refused.Message, StringComparison.Ordinal);
    }

    private static AmazonS3Client Client(string url) =>
        S3Client.Create(name => name switch { "AWS_ACCESS_KEY_ID" => S3Server.KeyId, "AWS_SECRET_ACCESS_KEY" => S3Server.Secret, "AWS_ENDPOINT_URL" => url, _ => null });

    private async Task<AmazonS3Client> ClientAsync() => Client(await s3.UrlAsync());

    private async Task<Dictionary<string, string>> VariablesAsync() =>
        new() { ["AWS_ACCESS_KEY_ID"] = S3Server.KeyId, ["AWS_SECRET_ACCESS_KEY"] = S3Server.Secret, ["AWS_ENDPOINT_URL"] = await s3.UrlAsync() };

    private async Task WorkAsync(string queue)
    {
        (int code, _, string error) = await CommandRun.StartAsync(["work", "--queue", queue, "--until-empty", "--threads", "1", "--progress", "none"], await VariablesAsync());
        Assert.True(code == ExitCode.Success, error);
    }

    private static async Task<JsonElement[]> JobsAsync(string queue) =>
        [.. JsonDocument.Parse((await CommandRun.StartAsync("jobs", "list", "--queue", queue, "--json")).Output).RootElement.GetProperty("jobs").EnumerateArray()];
}
