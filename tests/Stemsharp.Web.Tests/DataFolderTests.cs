using Microsoft.Data.Sqlite;
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
            string song = Path.Combine(folder, "songs", job.SongId, "song.json");
            byte[] kept = await File.ReadAllBytesAsync(song);
            await File.WriteAllTextAsync(song, "{");
            string record = ReplaceRecord(folder, "{");

            using (LogRecorder log = new())
            {
                await using TestServer server = await TestServer.StartAsync(folder: folder, log: log);
                Assert.Empty((await server.Client.GetJobsAsync()).Jobs);
                Assert.Contains(log.Lines, line => line.Text.Contains(song, StringComparison.Ordinal));
                Assert.Contains(log.Lines, line => line.Text.Contains(job.Id, StringComparison.Ordinal) && line.Text.Contains("cannot be read", StringComparison.Ordinal));
            }

            await File.WriteAllBytesAsync(song, kept);
            Assert.Equal("{", ReplaceRecord(folder, record));

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

            await File.WriteAllTextAsync(Path.Combine(folder, "songs", Directory.GetDirectories(Path.Combine(folder, "songs")).Single(), "song.json.new"), "{\"id\":");
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

    /// <summary>Puts another record in the place of the only job's, and gives that.</summary>
    private static string ReplaceRecord(string folder, string record)
    {
        using SqliteConnection database = new($"Data Source={Path.Combine(folder, "jobs.db")};Pooling=False");
        database.Open();
        using SqliteCommand read = database.CreateCommand(), write = database.CreateCommand();
        read.CommandText = "SELECT record FROM jobs";
        string before = (string)read.ExecuteScalar()!;
        write.CommandText = "UPDATE jobs SET record = $record";
        write.Parameters.AddWithValue("$record", record);
        Assert.Equal(1, write.ExecuteNonQuery());
        return before;
    }
}
