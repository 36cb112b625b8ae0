using Stemsharp.Client;
using Stemsharp.Web.Store;
using Xunit;

namespace Stemsharp.Web.Tests;

/// <summary>What a server finds in a data folder that another one has left.</summary>
public sealed class DataFolderTests
{
    [Fact]
    public async Task What_cannot_be_read_is_not_deleted()
    {
        string folder = Directory.CreateTempSubdirectory("stemsharp-web-").FullName;
        try
        {
            Job job;
            byte[] vocals;
            await using (TestServer server = await TestServer.StartAsync(folder: folder))
            {
                job = await server.SeparateAsync();
                vocals = await server.Http.GetByteArrayAsync($"/api/v1/jobs/{job.Id}/stems/vocals");
            }
            string[] records = [Path.Combine(folder, "jobs", job.Id, "job.json"), Path.Combine(folder, "songs", job.SongId, "song.json")];
            byte[][] kept = [.. records.Select(File.ReadAllBytes)];
            foreach (string record in records)
            {
                await File.WriteAllTextAsync(record, "{");
            }

            using (LogRecorder log = new())
            {
                await using TestServer server = await TestServer.StartAsync(folder: folder, log: log);
                Assert.Empty((await server.Client.GetJobsAsync()).Jobs);
                foreach (string record in records)
                {
                    Assert.Contains(log.Lines, line => line.Text.Contains(record, StringComparison.Ordinal));
                }
            }
            for (int i = 0; i < records.Length; i++)
            {
                await File.WriteAllBytesAsync(records[i], kept[i]);
            }

            await using TestServer again = await TestServer.StartAsync(folder: folder);
            Assert.Equal(job.Id, (await again.Client.GetJobsAsync()).Jobs.Single().Id);
            Assert.Equal(vocals, await again.Http.GetByteArrayAsync($"/api/v1/jobs/{job.Id}/stems/vocals"));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public async Task What_was_half_written_is_no_record()
    {
        string folder = Directory.CreateTempSubdirectory("stemsharp-web-").FullName;
        try
        {
            string id;
            await using (TestServer server = await TestServer.StartAsync(folder: folder))
            {
                id = (await server.SeparateAsync()).Id;
            }

            await File.WriteAllTextAsync(Path.Combine(folder, "jobs", id, "job.json.new"), "{\"id\":");
            string torn = Directory.CreateDirectory(Path.Combine(folder, "jobs", Id.New())).FullName;
            await using TestServer again = await TestServer.StartAsync(folder: folder);
            Assert.Equal(JobState.Done, (await again.Client.GetJobsAsync()).Jobs.Single().State);
            Assert.False(Directory.Exists(torn));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }
}
