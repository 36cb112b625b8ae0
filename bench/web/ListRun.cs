using System.Diagnostics;
using System.Net.Http.Headers;
using System.Text.Json;
using Stemsharp.Client;

namespace Stemsharp.Web.Bench;

/// <summary>Thousands of jobs that are done: how long a server takes to start with them, to list them and to delete some?</summary>
internal static class ListRun
{
    private const int Deleted = 50;

    /// <param name="jobs">How many.</param>
    /// <param name="build">The folder of another build's server, to compare with; null for this one's.</param>
    public static async Task<int> RunAsync(int jobs, string? build)
    {
        string folder = Directory.CreateTempSubdirectory("stemsharp-bench-").FullName;
        using (MeasuredServer server = MeasuredServer.Start(build, folder))
        {
            using StemsharpClient client = server.Connect();
            using MemoryStream content = new(MeasuredServer.Song(1));
            Song song = await client.UploadAsync("song.wav", content).ConfigureAwait(false);
            Write(folder, song, jobs);
        }

        // The first start takes the jobs over from files, in a build that keeps them in a database.
        foreach (string start in (string[])["first", "second", "third"])
        {
            Stopwatch watch = Stopwatch.StartNew();
            using MeasuredServer server = MeasuredServer.Start(build, folder, deleteFolder: start == "third");
            double started = watch.Elapsed.TotalMilliseconds;
            using HttpClient http = new() { BaseAddress = server.Address };
            http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", server.Token);
            await ListAsync(http, 1).ConfigureAwait(false);
            watch.Restart();
            (int listed, int bytes) = await ListAsync(http, 1000).ConfigureAwait(false);
            Console.WriteLine($"{start} start with {jobs} jobs: {started:F0} ms; {listed} listed, {bytes / 1e6:F1} MB, in {watch.Elapsed.TotalMilliseconds:F0} ms; {server.ResidentBytes >> 20} MB resident");
            if (start == "third")
            {
                using StemsharpClient client = server.Connect();
                JobPage page = await client.GetJobsAsync().ConfigureAwait(false);
                watch.Restart();
                foreach (Job job in page.Jobs.Take(Deleted))
                {
                    await client.DeleteJobAsync(job.Id).ConfigureAwait(false);
                }

                Console.WriteLine($"a deletion: {watch.Elapsed.TotalMilliseconds / Deleted:F1} ms");
            }
        }

        return 0;
    }

    /// <summary>Lists all jobs in pages of at most so many; with 1 only the first page, to warm up.</summary>
    private static async Task<(int Jobs, int Bytes)> ListAsync(HttpClient http, int limit)
    {
        (int jobs, int bytes) = (0, 0);
        string? before = null;
        do
        {
            byte[] page = await http.GetByteArrayAsync($"api/v1/jobs?limit={limit}{(before is null ? "" : $"&before={before}")}").ConfigureAwait(false);
            using JsonDocument json = JsonDocument.Parse(page);
            jobs += json.RootElement.GetProperty("jobs").GetArrayLength();
            bytes += page.Length;
            before = json.RootElement.TryGetProperty("next", out JsonElement next) ? next.GetString() : null;
        }
        while (before is not null && limit > 1);

        return (jobs, bytes);
    }

    /// <summary>Jobs as data folders of the older form have them, which every server reads.</summary>
    private static void Write(string folder, Song song, int jobs)
    {
        for (int i = 0; i < jobs; i++)
        {
            string id = $"{i:D26}", job = Path.Combine(folder, "jobs", id);
            DateTimeOffset created = DateTimeOffset.UnixEpoch.AddSeconds(i);
            string stems = string.Concat(Enumerable.Range(0, 4).Select(stem => $"{(stem > 0 ? "," : "")}\"stem{stem}\""));
            Directory.CreateDirectory(Path.Combine(job, "stems"));
            File.WriteAllText(
                Path.Combine(job, "job.json"),
                $$$"""{"id":"{{{id}}}","songId":"{{{song.Id}}}","name":"Song number {{{i}}}.wav","durationSeconds":180,"settings":{"model":"demo","stems":[{{{stems}}}],"sampleFormat":"pcm16"},"created":"{{{created:O}}}","state":"done","order":{{{i}}},"attempts":1,"started":"{{{created:O}}}","finished":"{{{created:O}}}","timesRealTime":4.2,"bytes":126000000}""");
        }
    }
}
