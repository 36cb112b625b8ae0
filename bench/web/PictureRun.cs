using System.Diagnostics;
using System.Globalization;
using Microsoft.Playwright;

namespace Stemsharp.Web.Bench;

/// <summary>
/// Films the page while somebody drops the sample song on it, listens, mutes and solos: a moving picture for the documentation, of a real
/// run at its real speed. FFmpeg puts the pictures together.
/// </summary>
internal static class PictureRun
{
    private const int Width = 1120, Height = 760, ShownWidth = 800;

    public static async Task<int> RunAsync(string file)
    {
        using MeasuredServer server = MeasuredServer.Start();
        string folder = Directory.CreateTempSubdirectory("stemsharp-picture-").FullName;
        using IPlaywright playwright = await Playwright.CreateAsync().ConfigureAwait(false);
        IBrowser browser = await playwright.Chromium.LaunchAsync(new BrowserTypeLaunchOptions
        {
            ExecutablePath = Environment.GetEnvironmentVariable("STEMSHARP_CHROMIUM") ?? "/usr/bin/chromium",
            Args = PageRun.Flags,
        }).ConfigureAwait(false);
        await using (browser.ConfigureAwait(false))
        {
            IPage page = await browser.NewPageAsync(new BrowserNewPageOptions
            {
                ViewportSize = new ViewportSize { Width = Width, Height = Height },
                ColorScheme = ColorScheme.Dark,
            }).ConfigureAwait(false);
            await page.GotoAsync($"{server.Address}#token={server.Token}").ConfigureAwait(false);
            await page.GetByText("Take songs apart").WaitForAsync().ConfigureAwait(false);
            Film film = new(page, folder);
            Task filming = film.RunAsync();
            await page.WaitForTimeoutAsync(1200).ConfigureAwait(false);
            await page.Locator("input[type=file]").First.SetInputFilesAsync(new FilePayload { Name = "Paper Boats.wav", MimeType = "audio/wav", Buffer = MeasuredServer.Song(10) }).ConfigureAwait(false);
            await page.Locator(".job[data-state=done]").WaitForAsync().ConfigureAwait(false);
            await page.WaitForTimeoutAsync(800).ConfigureAwait(false);
            await ClickAsync("Play", 2500).ConfigureAwait(false);
            await ClickAsync("Mute drums", 1800).ConfigureAwait(false);
            await ClickAsync("Solo vocals", 2500).ConfigureAwait(false);
            await ClickAsync("Pause", 800).ConfigureAwait(false);
            film.Stop();
            await filming.ConfigureAwait(false);
            await MakeAsync(film, folder, file).ConfigureAwait(false);

            async Task ClickAsync(string button, int pause)
            {
                await page.GetByRole(AriaRole.Button, new() { Name = button, Exact = true }).ClickAsync().ConfigureAwait(false);
                await page.WaitForTimeoutAsync(pause).ConfigureAwait(false);
            }
        }

        Directory.Delete(folder, recursive: true);
        Console.WriteLine($"{file}: {new FileInfo(file).Length / 1e6:F2} MB");
        return 0;
    }

    private static async Task MakeAsync(Film film, string folder, string file)
    {
        string list = Path.Combine(folder, "pictures.txt");
        await File.WriteAllLinesAsync(list, film.Pictures.Select(picture => string.Create(CultureInfo.InvariantCulture, $"file '{picture.File}'\nduration {picture.Seconds:F3}"))).ConfigureAwait(false);
        string shown = $"fps=8,scale={ShownWidth}:-1:flags=lanczos,split[a][b];[a]palettegen=max_colors=96[p];[b][p]paletteuse=dither=none:diff_mode=rectangle";
        using Process ffmpeg = Process.Start("ffmpeg", ["-nostdin", "-loglevel", "error", "-y", "-f", "concat", "-safe", "0", "-i", list, "-vf", shown, "-loop", "0", file]);
        await ffmpeg.WaitForExitAsync().ConfigureAwait(false);
        if (ffmpeg.ExitCode != 0)
        {
            throw new InvalidOperationException($"FFmpeg ended with exit code {ffmpeg.ExitCode}.");
        }
    }

    /// <summary>Pictures as fast as the browser gives them, each with the time until the next one.</summary>
    private sealed class Film(IPage page, string folder)
    {
        private volatile bool _stopped;

        public List<(string File, double Seconds)> Pictures { get; } = [];

        public void Stop() => _stopped = true;

        public async Task RunAsync()
        {
            Stopwatch watch = Stopwatch.StartNew();
            while (!_stopped)
            {
                double begin = watch.Elapsed.TotalSeconds;
                string file = Path.Combine(folder, $"{Pictures.Count:D5}.png");
                await page.ScreenshotAsync(new PageScreenshotOptions { Path = file }).ConfigureAwait(false);
                await Task.Delay(60).ConfigureAwait(false);
                Pictures.Add((file, watch.Elapsed.TotalSeconds - begin));
            }
        }
    }
}
