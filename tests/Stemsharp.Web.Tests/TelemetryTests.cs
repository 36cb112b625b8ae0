using Stemsharp.Client;
using Stemsharp.Tests;
using Xunit;

namespace Stemsharp.Web.Tests;

/// <summary>What observers are told of the server: read by a collector that it sends it to.</summary>
public sealed class TelemetryTests
{
    [Fact]
    public async Task The_server_tells_a_collector_of_its_jobs_and_of_itself()
    {
        string folder = Directory.CreateTempSubdirectory("stemsharp-web-").FullName;
        try
        {
            using OtlpReceiver collector = new();
            using (ServerProcess server = await ServerProcess.StartAsync(folder, environment: collector.Environment))
            {
                using FileStream mix = File.OpenRead(RepositoryFiles.Sample("song", "mix.wav"));
                Song song = await server.Client.UploadAsync("mix.wav", mix);
                Job done = await server.Client.WaitForJobAsync((await server.Client.CreateJobAsync(new NewJob(song.Id))).Id);
                Assert.Equal(JobState.Done, done.State);
                Assert.Equal(0, await server.EndInputAsync());
                Assert.Equal(song.DurationSeconds, collector.Last("stemsharp.job.audio", "stemsharp.model=demo")!.Value, 1);
            }

            Assert.Equal(1, collector.Last("stemsharp.jobs", "stemsharp.model=demo", "stemsharp.outcome=done")!.Value);
            OtlpPoint speed = collector.Last("stemsharp.job.speed")!;
            Assert.Equal((collector.Last("stemsharp.job.audio")!.Value / collector.Last("stemsharp.job.work")!.Value, 1), (speed.Value, speed.Count));
            Assert.Equal(0, collector.Last("stemsharp.queue.jobs", "stemsharp.state=waiting")!.Value);
            Assert.Contains(collector.Points, p => p is { Name: "stemsharp.queue.oldest", Value: >= 0 });
            Assert.InRange(collector.Last("dotnet.process.memory.working_set")!.Value, 20e6, 4e9);
            Assert.Equal(1, collector.Last("stemsharp.load.duration")!.Count);
            Assert.Equal(new FileInfo(RepositoryFiles.Sample("song", "mix.wav")).Length, collector.Last("stemsharp.uploads")!.Value);
            Assert.All(collector.Points, p => Assert.Equal("stemsharp-serve", p.Service));

            OtlpSpan job = collector.Spans.Single(s => s.Name == "job");
            Assert.Equal(("", "done"), (job.Parent, job.Attributes["stemsharp.outcome"]));
            Assert.Equal(["decode", "separate", "write"], collector.Spans.Where(s => s.Parent == job.Id).Select(s => s.Name).Order());
            OtlpSpan separate = collector.Spans.Single(s => s.Name == "separate"), separation = collector.Spans.Single(s => s.Name == "separation");
            Assert.Equal((job.Trace, separate.Id), (separation.Trace, separation.Parent));
            Assert.Contains(collector.Spans, s => s.Name == "segment" && s.Parent == separation.Id && s.Trace == job.Trace);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public async Task Every_instrument_is_listed()
    {
        await using TestServer server = await TestServer.StartAsync();
        Assert.NotEmpty(InstrumentTable.Real("Stemsharp.Web"));
        Assert.Equal(InstrumentTable.Real("Stemsharp.Web"), InstrumentTable.Documented("Stemsharp.Web"));
    }
}
