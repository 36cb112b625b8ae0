using System.IO.Compression;
using Microsoft.Playwright;
using Stemsharp.Client;

namespace Stemsharp.Web.Bench;

/// <summary>How soon the page is there, how soon six lanes of a song can be used, and what it holds in memory while they play.</summary>
internal static class PageRun
{
    internal static readonly string[] Flags =
        ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync", "--mute-audio"];

    public static async Task<int> RunAsync(int seconds)
    {
        using MeasuredServer server = MeasuredServer.Start();
        using StemsharpClient client = server.Connect();
        using MemoryStream content = new(MeasuredServer.Song(seconds));
        Song song = await client.UploadAsync("Long Song.wav", content).ConfigureAwait(false);
        Job job = await client.CreateJobAsync(new NewJob(song.Id)).ConfigureAwait(false);
        job = await client.WaitForJobAsync(job.Id).ConfigureAwait(false);
        if (job.State != JobState.Done)
        {
            throw new InvalidOperationException(job.Error);
        }

        Console.WriteLine($"song of {seconds} s, {job.Audio!.Stems.Count} stems, separated at {job.TimesRealTime:F1} times real time");

        using IPlaywright playwright = await Playwright.CreateAsync().ConfigureAwait(false);
        IBrowser browser = await playwright.Chromium.LaunchAsync(new BrowserTypeLaunchOptions
        {
            ExecutablePath = Environment.GetEnvironmentVariable("STEMSHARP_CHROMIUM") ?? "/usr/bin/chromium",
            Args = Flags,
        }).ConfigureAwait(false);
        await using (browser.ConfigureAwait(false))
        {
            List<double> paints = [], interactive = [];
            IPage page = null!;
            for (int i = 0; i < 5; i++)
            {
                IBrowserContext context = await browser.NewContextAsync().ConfigureAwait(false);
                page = await context.NewPageAsync().ConfigureAwait(false);
                await page.GotoAsync($"{server.Address}#token={server.Token}").ConfigureAwait(false);
                await page.Locator(".job[data-state=done]").WaitForAsync().ConfigureAwait(false);
                paints.Add(await page.EvaluateAsync<double>("() => performance.getEntriesByName('first-contentful-paint')[0].startTime").ConfigureAwait(false));
                interactive.Add(await page.EvaluateAsync<double>(Open).ConfigureAwait(false));
                if (i < 4)
                {
                    await context.CloseAsync().ConfigureAwait(false);
                }
            }
            paints.Sort();
            interactive.Sort();
            Console.WriteLine($"first contentful paint: median {paints[2]:F0} ms, worst {paints[4]:F0} ms");
            Console.WriteLine($"from the click on the song to six drawn lanes and a moving position: median {interactive[2]:F0} ms, worst {interactive[4]:F0} ms");
            await page.WaitForTimeoutAsync(12_000).ConfigureAwait(false);
            string position = await page.GetByLabel("Position").InputValueAsync().ConfigureAwait(false);
            ICDPSession devtools = await page.Context.NewCDPSessionAsync(page).ConfigureAwait(false);
            await devtools.SendAsync("HeapProfiler.collectGarbage").ConfigureAwait(false);
            System.Text.Json.JsonElement? heap = await devtools.SendAsync("Runtime.getHeapUsage").ConfigureAwait(false);
            double used = heap!.Value.GetProperty("usedSize").GetDouble(), backing = heap.Value.GetProperty("backingStorageSize").GetDouble();
            Console.WriteLine($"after 12 s of playing (position {position} s): JavaScript heap {used / 1e6:F1} MB, buffers {backing / 1e6:F1} MB, renderer process private {RendererPrivateBytes() / 1e6:F0} MB");
            long compressed = Directory.EnumerateFiles(Path.Combine(AppContext.BaseDirectory, "wwwroot", "assets"), "*.js").Sum(Compressed);
            Console.WriteLine($"the page's JavaScript: {compressed / 1000.0:F1} kB compressed");
        }
        return 0;
    }

    /// <summary>Opens the song, presses play, and waits until every lane is drawn and the position moves.</summary>
    private const string Open = """
        async () => {
          const start = performance.now();
          document.querySelector("button.job-name").click();
          const drawn = () => [...document.querySelectorAll(".lane-picture")].filter((canvas) =>
            canvas.width > 300 && canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data.some((value) => value > 0)).length;
          document.querySelector(".transport .play").click();
          while (drawn() < 6 || Number(document.querySelector(".position").value) <= 0) await new Promise(requestAnimationFrame);
          return performance.now() - start;
        }
        """;

    private static long Compressed(string file)
    {
        using MemoryStream target = new();
        using (GZipStream zip = new(target, CompressionLevel.SmallestSize, leaveOpen: true))
        {
            zip.Write(File.ReadAllBytes(file));
        }

        return target.Length;
    }

    /// <summary>Private memory of the largest renderer that this process' browser has.</summary>
    private static long RendererPrivateBytes()
    {
        long most = 0;
        foreach (string folder in Directory.EnumerateDirectories("/proc").Where(path => int.TryParse(Path.GetFileName(path), out _)))
        {
            try
            {
                if (!File.ReadAllText(Path.Combine(folder, "cmdline")).Contains("--type=renderer", StringComparison.Ordinal) || !IsOurs(folder))
                {
                    continue;
                }

                long bytes = File.ReadLines(Path.Combine(folder, "smaps_rollup"))
                    .Where(line => line.StartsWith("Private_", StringComparison.Ordinal))
                    .Sum(line => long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1]) * 1024);
                most = Math.Max(most, bytes);
            }
            catch (Exception error) when (error is IOException or UnauthorizedAccessException)
            {
                // The process has ended meanwhile, or is somebody else's.
            }
        }
        return most;
    }

    /// <summary>Whether a process was started by this one, or by one that was.</summary>
    private static bool IsOurs(string folder)
    {
        for (int id = int.Parse(Path.GetFileName(folder)); id > 1;)
        {
            if (id == Environment.ProcessId)
            {
                return true;
            }

            // The name of the program may have spaces and brackets: what counts stands behind the last one.
            string stat = File.ReadAllText($"/proc/{id}/stat");
            id = int.Parse(stat[(stat.LastIndexOf(')') + 2)..].Split(' ')[1]);
        }

        return false;
    }
}
