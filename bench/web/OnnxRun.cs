using System.Globalization;
using Microsoft.Playwright;
using Stemsharp.Evaluation;
using Stemsharp.Export.Onnx;
using Stemsharp.Web.Tests.Hosts;

namespace Stemsharp.Web.Bench;

/// <summary>
/// How long does a browser take for two segments of a full-size model, and in how much memory? onnxruntime-web on wasm, in
/// the page of docs/hosts/onnxruntime-javascript.md; the stems are held against Stemsharp's own engine.
/// STEMSHARP_NODE_MODULES names the folder with onnxruntime-web.
/// </summary>
internal static class OnnxRun
{
    public static async Task<int> RunAsync(string model)
    {
        string modules = Environment.GetEnvironmentVariable("STEMSHARP_NODE_MODULES") ?? throw new InvalidOperationException("STEMSHARP_NODE_MODULES names no folder.");
        using BrowserHost host = new(modules);
        ModelSource source = await new ModelCatalog().ResolveAsync(model).ConfigureAwait(false);
        OnnxExportResult exported = OnnxExporter.Export(source, host.Folder);
        Random random = new(1);
        float[] song = new float[2 * (int)(7.8 * 44_100)];
        for (int i = 0; i < song.Length; i++)
        {
            song[i] = 0.2f * (random.NextSingle() + random.NextSingle() - 1);
        }

        using IPlaywright playwright = await Playwright.CreateAsync().ConfigureAwait(false);
        IBrowser browser = await playwright.Chromium.LaunchAsync(new BrowserTypeLaunchOptions
        {
            ExecutablePath = Environment.GetEnvironmentVariable("STEMSHARP_CHROMIUM") ?? "/usr/bin/chromium",
            Args = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"],
        }).ConfigureAwait(false);
        await using (browser.ConfigureAwait(false))
        {
            IPage page = await browser.NewPageAsync().ConfigureAwait(false);
            page.SetDefaultTimeout(600_000);
            (Dictionary<string, float[]> stems, double seconds, int workers) = await host.SeparateAsync(page, Path.GetFileName(exported.Description), song).ConfigureAwait(false);
            long peak = PeakOfRenderers();
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{model}: graph of {exported.Files[0].Bytes / 1e6:F1} MB, 7.8 s of sound, two runs, in {seconds:F1} s with loading, {workers} worker threads, renderer's peak {peak / 1e9:F2} GB"));
            Separator separator = await Separator.OpenAsync(new SeparatorOptions { Model = model }).ConfigureAwait(false);
            await using (separator.ConfigureAwait(false))
            {
                SeparationResult truth = await separator.SeparateAsync(AudioInput.FromSamples(song, 44_100, 2)).ConfigureAwait(false);
                foreach (string stem in truth.StemNames)
                {
                    Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{stem}: {ParityReport.Compare([.. truth[stem][0], .. truth[stem][1]], stems[stem]).Snr:F1} dB to Stemsharp's own engine"));
                }
            }
        }

        return 0;
    }

    // The page's process is the largest of the browser's.
    private static long PeakOfRenderers() =>
        Directory.EnumerateDirectories("/proc").Where(d => int.TryParse(Path.GetFileName(d), out _)).Select(d =>
        {
            try
            {
                if (!File.ReadAllText(Path.Combine(d, "cmdline")).Contains("--type=renderer", StringComparison.Ordinal))
                {
                    return 0;
                }

                string line = File.ReadLines(Path.Combine(d, "status")).First(l => l.StartsWith("VmHWM:", StringComparison.Ordinal));
                return long.Parse(line[6..].Replace("kB", "", StringComparison.Ordinal), CultureInfo.InvariantCulture) * 1024;
            }
            catch (Exception e) when (e is IOException or InvalidOperationException or UnauthorizedAccessException)
            {
                return 0;
            }
        }).Max();
}
