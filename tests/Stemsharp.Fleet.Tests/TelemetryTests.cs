using System.Runtime.CompilerServices;
using Stemsharp.Cli.Hosting;
using Stemsharp.Cli.Tests;
using Stemsharp.Fleet.Bench.Runs;
using Stemsharp.Fleet.Nats;
using Stemsharp.Fleet.Protocol;
using Stemsharp.Tests;
using Xunit;

namespace Stemsharp.Fleet.Tests;

/// <summary>What observers are told of a worker: read by a collector that the worker sends it to.</summary>
public sealed class TelemetryTests(SharedServer server) : IClassFixture<SharedServer>
{
    private const string Nats = "nats-server";

    [ToolFact(Nats)]
    public async Task A_worker_tells_a_collector_of_its_jobs_the_queue_and_itself()
    {
        using TemporaryFolder folder = new();
        using OtlpReceiver collector = new();
        string queue = await server.NewAsync(), song = Songs.Make(folder.Combine("song.wav"), 12), text = folder.Make("text.wav", "it is no sound");
        Assert.Equal(ExitCode.Success, (await ChildProcess.RunAsync(
            ["submit", song, text, "--queue", queue, "--model", "demo", "-o", folder.Combine("stems"), "--max-failures", "1", "--lease", "2s", "--quiet"])).ExitCode);
        (int code, _, string error) = await ChildProcess.RunAsync(
            ["work", "--queue", queue, "--threads", "1", "--until-empty", "--progress", "none"], environment: collector.Environment);
        Assert.Equal(ExitCode.Success, code);
        Assert.DoesNotContain("Telemetry", error, StringComparison.Ordinal);

        // Jobs: one done, one dead with its reason; seconds of song and of work, and the speed that follows.
        Assert.Equal(1, collector.Last("stemsharp.jobs", "stemsharp.outcome=done", "stemsharp.model=demo", "stemsharp.lane=bulk")!.Value);
        Assert.Equal(1, collector.Last("stemsharp.jobs", "stemsharp.outcome=dead", "error.type=audio")!.Value);
        OtlpPoint audio = collector.Last("stemsharp.job.audio", "stemsharp.model=demo")!, work = collector.Last("stemsharp.job.work")!, speed = collector.Last("stemsharp.job.speed")!;
        Assert.Equal(12, audio.Value, 3);
        Assert.StartsWith("cpu", audio.Attributes["stemsharp.engine"], StringComparison.Ordinal);
        Assert.Equal((12 / work.Value, 1), (speed.Value, speed.Count));
        Assert.Equal(2, collector.Points.Where(p => p.Name == "stemsharp.job.wait").Max(p => p.Count));

        // The queue: both jobs were there when it began; where two have ended there are none.
        Assert.Contains(collector.Points, p => p is { Name: "stemsharp.queue.jobs", Value: > 0 } && p.Attributes["stemsharp.model"] == "demo" && p.Attributes["stemsharp.lane"] == "bulk");
        Assert.Contains(collector.Points, p => p is { Name: "stemsharp.queue.oldest", Value: > 0 and < 600 });

        // Itself: memory, and the time to load the network.
        Assert.InRange(collector.Last("dotnet.process.memory.working_set")!.Value, 20e6, 4e9);
        Assert.Equal(1, collector.Last("stemsharp.load.duration")!.Count);
        Assert.All(collector.Points, p => Assert.Equal("stemsharp-work", p.Service));

        // A job's activity is the root of its own trace, with the song, the network's loading and the segments below it.
        OtlpSpan[] jobs = [.. collector.Spans.Where(s => s is { Source: FleetTelemetry.Name, Name: "job" })];
        Assert.Equal(2, jobs.Length);
        Assert.All(jobs, j => Assert.Equal("", j.Parent));
        Assert.Equal(2, jobs.Single(j => j.Attributes["stemsharp.outcome"] == "dead").Status);
        OtlpSpan done = jobs.Single(j => j.Attributes["stemsharp.outcome"] == "done");
        OtlpSpan separation = collector.Spans.Single(s => s.Name == "separation");
        Assert.Equal((done.Trace, done.Id), (separation.Trace, separation.Parent));
        OtlpSpan[] inner = [.. collector.Spans.Where(s => s.Name is "load" or "segment")];
        Assert.Equal(["load", "segment"], inner.Select(s => s.Name).Distinct().Order());
        Assert.True(inner.Count(s => s.Name == "segment") > 1);
        Assert.All(inner, s => Assert.Equal((done.Trace, separation.Id), (s.Trace, s.Parent)));
        Assert.True(inner.Sum(s => s.Nanoseconds) <= done.Nanoseconds);
    }

    [ToolFact(Nats)]
    public async Task A_collector_that_is_away_is_told_of_once_and_holds_nothing_up()
    {
        using TemporaryFolder folder = new();
        string queue = await server.NewAsync(), song = Songs.Make(folder.Combine("song.wav"), 1);
        await ChildProcess.RunAsync(["submit", song, "--queue", queue, "--model", "demo", "-o", folder.Combine("stems"), "--quiet"]);
        OtlpReceiver gone = new();
        gone.Dispose();
        (int code, _, string error) = await ChildProcess.RunAsync(
            ["work", "--queue", queue, "--threads", "1", "--until-empty"], environment: gone.Environment);
        Assert.Equal(ExitCode.Success, code);
        Assert.Contains("done after", error, StringComparison.Ordinal);
        Assert.Single(error.Split('\n'), l => l.Contains("Telemetry is not sent", StringComparison.Ordinal) && l.Contains(gone.Address, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("OTEL_EXPORTER_OTLP_ENDPOINT", "collector:4317")]
    [InlineData("OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", "collector")]
    [InlineData("OTEL_EXPORTER_OTLP_PROTOCOL", "http/json")]
    public async Task A_variable_that_cannot_be_understood_is_told_of_before_the_queue_is_asked(string name, string value)
    {
        Dictionary<string, string> environment = new() { ["OTEL_EXPORTER_OTLP_ENDPOINT"] = "http://127.0.0.1:9", [name] = value };
        (int code, _, string error) = await ChildProcess.RunAsync(["work", "--queue", "nats://127.0.0.1:9"], environment: environment);
        Assert.Equal(ExitCode.Usage, code);
        Assert.Contains($"{name} is \"{value}\"", error, StringComparison.Ordinal);
    }

    [ToolFact(Nats)]
    public async Task The_oldest_job_of_a_part_of_the_queue_is_known_until_it_has_ended()
    {
        await using NatsFleet fleet = await SharedServer.OpenAsync(await server.NewAsync());
        FleetJobs jobs = new(fleet, new Patience(fleet.Clock));
        Assert.Null(await fleet.Queue.OldestAsync(Lane.Bulk, "demo", CancellationToken.None));
        DateTimeOffset before = DateTimeOffset.UtcNow;
        await jobs.SubmitAsync(new FleetJob("a", "demo", "", []), new SubmitOptions(), CancellationToken.None);
        DateTimeOffset between = DateTimeOffset.UtcNow;
        await jobs.SubmitAsync(new FleetJob("b", "demo", "", []), new SubmitOptions(), CancellationToken.None);
        IDelivery first = (await fleet.Queue.TakeAsync(Lane.Bulk, "demo", CancellationToken.None))!;
        Assert.InRange((await fleet.Queue.OldestAsync(Lane.Bulk, "demo", CancellationToken.None))!.Value, before, between);
        await first.AcknowledgeAsync(CancellationToken.None);
        Assert.True(await fleet.Queue.OldestAsync(Lane.Bulk, "demo", CancellationToken.None) > between);
        Assert.Null(await fleet.Queue.OldestAsync(Lane.Interactive, "demo", CancellationToken.None));
    }

    [Fact]
    public async Task Every_instrument_is_listed()
    {
        RuntimeHelpers.RunClassConstructor(typeof(FleetTelemetry).TypeHandle);
        using TemporaryFolder folder = new();
        await using (Separator separator = await DemoModel.OpenAsync(new SeparatorOptions { Threads = 1 }))
        {
            await separator.SeparateAsync(AudioInput.FromFile(Songs.Make(folder.Combine("song.wav"), 1)));
        }

        foreach (string meter in (string[])["Stemsharp", FleetTelemetry.Name])
        {
            Assert.NotEmpty(InstrumentTable.Real(meter));
            Assert.Equal(InstrumentTable.Real(meter), InstrumentTable.Documented(meter));
        }
    }
}
