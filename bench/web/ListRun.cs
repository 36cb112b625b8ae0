using System.Diagnostics;
using System.Net.Http.Headers;
using System.Text.Json;
using Microsoft.Playwright;
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
                await ScrollAsync(server, jobs).ConfigureAwait(false);
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

    /// <summary>How soon the page lists them, and how long its frames take while the list is scrolled through.</summary>
    private static async Task ScrollAsync(MeasuredServer server, int jobs)
    {
        using IPlaywright playwright = await Playwright.CreateAsync().ConfigureAwait(false);
        IBrowser browser = await playwright.Chromium.LaunchAsync(new BrowserTypeLaunchOptions
        {
            ExecutablePath = Environment.GetEnvironmentVariable("STEMSHARP_CHROMIUM") ?? "/usr/bin/chromium",
            Args = PageRun.Flags,
        }).ConfigureAwait(false);
        await using (browser.ConfigureAwait(false))
        {
            IPage page = await browser.NewPageAsync().ConfigureAwait(false);
            await page.AddInitScriptAsync(
                """
                new MutationObserver(() => {
                  if (document.querySelector(".song")) window.listed ??= performance.now();
                }).observe(document, { subtree: true, childList: true });
                """).ConfigureAwait(false);
            await page.GotoAsync($"{server.Address}#token={server.Token}").ConfigureAwait(false);
            await page.GetByText($"{jobs:N0} songs").WaitForAsync().ConfigureAwait(false);
            double listed = await page.EvaluateAsync<double>("() => window.listed").ConfigureAwait(false);
            double[] work = await page.EvaluateAsync<double[]>(
                """
                async () => {
                  const list = document.querySelector(".song-scroll"), work = [];
                  const seen = new PerformanceObserver((entries) => { for (const entry of entries.getEntries()) work.push(entry.duration); });
                  seen.observe({ type: "longtask" });
                  const frames = [];
                  let before = performance.now();
                  for (let i = 0; i < 120; i++) {
                    list.scrollTop += 1500;
                    await new Promise(requestAnimationFrame);
                    const now = performance.now();
                    frames.push(now - before);
                    before = now;
                  }
                  return [Math.max(0, ...frames), frames.sort((a, b) => a - b)[60], Math.max(0, ...work)];
                }
                """).ConfigureAwait(false);
            Console.WriteLine($"the page with {jobs} songs: first rows after {listed:F0} ms; scrolled, a frame takes {work[1]:F0} ms in the median, {work[0]:F0} ms at most; longest task {work[2]:F0} ms");
        }
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
                $$$"""{"id":"{{{id}}}","songId":"{{{(i == 0 ? song.Id : id)}}}","name":"Song number {{{i}}}.wav","durationSeconds":180,"settings":{"model":"demo","stems":[{{{stems}}}],"sampleFormat":"pcm16"},"created":"{{{created:O}}}","state":"done","order":{{{i}}},"attempts":1,"started":"{{{created:O}}}","finished":"{{{created:O}}}","timesRealTime":4.2,"bytes":126000000}""");
        }
    }
}
