using Stemsharp.Cli.Hosting;
using Stemsharp.Cli.Tests;
using Stemsharp.Cli.Working;
using Stemsharp.Fleet.Bench.Runs;
using Stemsharp.Fleet.Protocol;
using Stemsharp.Fleet.Storage;
using Stemsharp.Inference;
using Stemsharp.Tests;
using Xunit;

namespace Stemsharp.Fleet.Tests;

/// <summary>What a job is to blame for, and what the machine that has it.</summary>
public sealed class JobFaultsTests(SharedServer server) : IClassFixture<SharedServer>
{
    [Fact]
    public void What_is_the_machines_fault_is_held_against_no_job()
    {
        Assert.True(Here(new EngineException(EngineFailure.Refused, "no")));
        Assert.True(Here(new ModelException("no") { Failure = ModelFailure.Offline }));
        Assert.True(Here(new ModelException("no") { Failure = ModelFailure.Licence }));
        Assert.False(Here(new ModelException("no") { Failure = ModelFailure.Download }));
        Assert.False(Here(new OutputException("no", isDiskFull: true)));
        Assert.False(Here(new StorageException(StorageFailure.NoCredentials, "no")));
        Assert.False(Here(new StorageException(StorageFailure.Unreachable, "no")));

        // Whether it is so for all jobs of the model.
        static bool Here(StemsharpException exception) => Assert.IsType<NotHereException>(JobFaults.Of(exception)).ForModel;
    }

    [Fact]
    public void What_is_the_jobs_fault_is_a_failure_with_a_word_for_it()
    {
        Assert.Equal("not-found", Word(new StorageException(StorageFailure.NotFound, "no")));
        Assert.Equal("refused", Word(new StorageException(StorageFailure.Refused, "no")));
        Assert.Equal("transfer", Word(new StorageException(StorageFailure.Wrong, "no")));
        Assert.Equal("unreachable", Word(new StorageException(StorageFailure.Silent, "no")));
        Assert.Equal("model", Word(new ModelException("no") { Failure = ModelFailure.Unknown }));
        Assert.Equal("audio", Word(new AudioException("no")));
        Assert.Equal("output", Word(new OutputException("no")));
        Assert.Equal("usage", Word(new OptionException("no")));

        static string Word(StemsharpException exception) => Assert.IsType<JobFailedException>(JobFaults.Of(exception)).Kind;
    }

    [ToolFact("nats-server")]
    public async Task A_model_that_this_worker_may_not_fetch_is_left_to_others_and_that_is_said_once()
    {
        using TemporaryFolder folder = new();
        string queue = await server.NewAsync(), song = Songs.Make(folder.Combine("song.wav"), 1), other = Songs.Make(folder.Combine("other.wav"), 1);
        Assert.Equal(ExitCode.Success, (await CommandRun.StartAsync("submit", song, other, "--queue", queue, "--model", "htdemucs", "-o", folder.Combine("stems"), "--max-failures", "1")).Code);
        Assert.Equal(ExitCode.Success, (await CommandRun.StartAsync("submit", song, "--queue", queue, "--model", "demo", "-o", folder.Combine("stems"), "--max-failures", "1")).Code);
        (int code, _, string log) = await CommandRun.StartAsync(["work", "--queue", queue, "--until-empty", "--offline", "--threads", "1"], new() { ["STEMSHARP_CACHE"] = folder.Combine("cache") });
        Assert.Equal(ExitCode.Success, code);
        Assert.Single(log.Split('\n'), line => line.StartsWith("stemsharp: ", StringComparison.Ordinal) && line.Contains("htdemucs", StringComparison.Ordinal));
        (_, string list, _) = await CommandRun.StartAsync("jobs", "list", "--queue", queue);
        Assert.Contains("2 waiting, 0 running, 1 done, 0 dead", list, StringComparison.Ordinal);
        Assert.Contains("offline", list, StringComparison.Ordinal);
    }

    [RootFact]
    public async Task On_a_full_disk_a_job_is_given_back_and_nothing_is_left()
    {
        using TemporaryFolder folder = new();
        string queue = await server.NewAsync(), song = Songs.Make(folder.Combine("song.wav"), 60), disk = Directory.CreateDirectory(folder.Combine("disk")).FullName;
        Assert.Equal(ExitCode.Success, (await CommandRun.StartAsync("submit", song, "--upload", "--queue", queue, "--model", "demo", "--max-failures", "1")).Code);
        await RunAsync("mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", disk);
        try
        {
            (int code, _, string log) = await CommandRun.StartAsync(["work", "--queue", queue, "--most", "1", "--threads", "1"], new() { ["TMPDIR"] = disk, ["DOTNET_EnableDiagnostics"] = "0" });
            Assert.Equal(ExitCode.Success, code);
            Assert.Contains("The disk is full", log, StringComparison.Ordinal);
            Assert.Empty(Directory.EnumerateFileSystemEntries(disk));
        }
        finally
        {
            await RunAsync("umount", disk);
        }

        (_, string list, _) = await CommandRun.StartAsync("jobs", "list", "--queue", queue);
        Assert.Contains("1 waiting, 0 running, 0 done, 0 dead", list, StringComparison.Ordinal);
        Assert.Equal(ExitCode.Success, (await CommandRun.StartAsync("work", "--queue", queue, "--most", "1", "--threads", "1", "--progress", "none")).Code);
        Assert.Contains("1 done", (await CommandRun.StartAsync("jobs", "list", "--queue", queue)).Output, StringComparison.Ordinal);
    }

    private static async Task RunAsync(string program, params string[] arguments)
    {
        using System.Diagnostics.Process process = System.Diagnostics.Process.Start(program, arguments);
        await process.WaitForExitAsync();
        Assert.Equal(0, process.ExitCode);
    }
}

/// <summary>A test that mounts a file system; skipped with the reason where that is not allowed.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class RootFactAttribute : FactAttribute
{
    public RootFactAttribute() => Skip = ToolFactAttribute.WhyNot("nats-server")
        ?? (OperatingSystem.IsLinux() && Environment.UserName == "root" ? null : "Only root mounts file systems, and only Linux has tmpfs.");
}
