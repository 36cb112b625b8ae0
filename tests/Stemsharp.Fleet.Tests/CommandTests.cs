using System.Text.Json;
using Stemsharp.Cli.Hosting;
using Stemsharp.Cli.Tests;
using Stemsharp.Fleet.Bench.Runs;
using Stemsharp.Tests;
using Xunit;

namespace Stemsharp.Fleet.Tests;

/// <summary>submit, work and jobs as people and scripts call them.</summary>
public sealed class CommandTests(SharedServer server) : IClassFixture<SharedServer>
{
    [Theory]
    [InlineData("--queue", "submit", "song.wav")]
    [InlineData("NATS_USER", "jobs", "list", "--queue", "nats://me:secret@queue.example")]
    [InlineData("no input", "submit", "--queue", "nats://queue.example")]
    [InlineData("exclude each other", "submit", "song.wav", "--list", "tracks.txt", "--queue", "nats://queue.example")]
    [InlineData("Which jobs", "jobs", "retry", "--queue", "nats://queue.example")]
    [InlineData("exclude each other", "jobs", "cancel", "--all", "abc", "--queue", "nats://queue.example")]
    [InlineData("--max-failures 0", "submit", "song.wav", "--max-failures", "0", "--queue", "nats://queue.example")]
    [InlineData("--lease", "work", "--lease", "10ms", "--queue", "nats://queue.example")]
    [InlineData("--threads", "work", "--threads", "-1", "--queue", "nats://queue.example")]
    [InlineData("no option --engine", "submit", "song.wav", "--engine", "cpu", "--queue", "nats://queue.example")]
    public async Task What_is_wrong_is_said_before_the_queue_is_asked(string hint, params string[] arguments)
    {
        using TemporaryFolder folder = new();
        string song = Songs.Make(folder.Combine("song.wav"), 1);
        (int code, _, string error) = await RunAsync([.. arguments.Select(a => a == "song.wav" ? song : a)]);
        Assert.Equal(ExitCode.Usage, code);
        Assert.Contains(hint, error, StringComparison.Ordinal);
    }

    [ToolFact("nats-server")]
    public async Task Settings_go_with_the_job_and_machines_have_their_own()
    {
        using TemporaryFolder folder = new();
        string queue = await server.NewAsync(), song = Songs.Make(folder.Combine("song.wav"), 1), other = Songs.Make(folder.Combine("other.wav"), 1), stems = folder.Combine("stems");
        folder.Make("wrong.jsonl", $"{{\"input\":\"{song}\",\"threads\":2}}\n");
        (int refused, _, string why) = await RunAsync("submit", "--list", folder.Combine("wrong.jsonl"), "--queue", queue, "--model", "demo", "-o", stems);
        Assert.Equal((ExitCode.Usage, true), (refused, why.Contains("stemsharp work", StringComparison.Ordinal)));

        (int partly, string text, string missing) = await RunAsync("submit", song, other, folder.Combine("absent.wav"), "--queue", queue, "--model", "demo", "-o", stems, "--flac", "--two-stems", "vocals", "--json");
        Assert.Equal(ExitCode.PartialFailure, partly);
        Assert.Contains("absent.wav", missing, StringComparison.Ordinal);
        using JsonDocument submitted = JsonDocument.Parse(text);
        Assert.Equal(2, submitted.RootElement.GetProperty("queued").GetInt32());
        string id = submitted.RootElement.GetProperty("jobs")[0].GetProperty("id").GetString()!;

        Assert.Equal(ExitCode.Success, (await RunAsync("jobs", "cancel", id, "--queue", queue)).Code);
        Assert.Equal(ExitCode.Success, (await RunAsync("work", "--queue", queue, "--until-empty", "--threads", "1", "--progress", "none")).Code);
        Assert.Equal(ExitCode.PartialFailure, (await RunAsync("jobs", "watch", "--queue", queue)).Code);
        Assert.False(Directory.Exists(Path.Combine(stems, "demo", "song")));
        Assert.Equal(["no_vocals.flac", "vocals.flac"], Directory.EnumerateFiles(Path.Combine(stems, "demo", "other")).Select(Path.GetFileName).Order(StringComparer.Ordinal));

        // Withdrawn, then wanted after all; and what is done stays done.
        Assert.Equal(ExitCode.Success, (await RunAsync("jobs", "retry", id, "--queue", queue)).Code);
        Assert.Equal(ExitCode.Success, (await RunAsync("work", "--queue", queue, "--until-empty", "--threads", "1", "--progress", "none")).Code);
        Assert.Equal(ExitCode.Success, (await RunAsync("jobs", "watch", id, "--queue", queue)).Code);
        Assert.Equal(ExitCode.PartialFailure, (await RunAsync("jobs", "retry", id, "--queue", queue)).Code);
        Assert.Equal(ExitCode.Usage, (await RunAsync("jobs", "watch", "unheard-of", "--queue", queue)).Code);
        (_, string list, _) = await RunAsync("jobs", "list", "--queue", queue, "--json");
        using JsonDocument listed = JsonDocument.Parse(list);
        Assert.Equal((2, 0), (listed.RootElement.GetProperty("done").GetInt32(), listed.RootElement.GetProperty("workers").GetArrayLength()));
        Assert.All(listed.RootElement.GetProperty("jobs").EnumerateArray(), job => Assert.Equal(2, job.GetProperty("files").GetArrayLength()));
    }

    private static Task<(int Code, string Output, string Error)> RunAsync(params string[] arguments) => CommandRun.StartAsync(arguments);
}
