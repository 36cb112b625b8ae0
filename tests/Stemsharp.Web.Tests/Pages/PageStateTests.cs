using System.Text.RegularExpressions;
using Microsoft.Playwright;
using Stemsharp.Client;
using Stemsharp.Tests;
using Xunit;

namespace Stemsharp.Web.Tests.Pages;

/// <summary>
/// Goes through every state of the page, on a desktop, a tablet held either way, and a phone. In each nothing is hidden sideways, axe finds nothing,
/// and controls can be told from their ground and hit, in both themes. Where STEMSHARP_STATES names a folder, each is kept there as a picture.
/// </summary>
[Collection("browser")]
public sealed class PageStateTests(BrowserFixture fixture)
{
    /// <summary>Up to here tabs at the foot take the place of two columns, in pixels; and a menu that of the player's row of tools.</summary>
    private const int WidestWithTabs = 992, WidestWithMenu = 1200, WidestPhone = 640;
    private static readonly byte[] Song = File.ReadAllBytes(RepositoryFiles.Sample("song", "mix.wav"));

    [PageTheory]
    [InlineData("desktop", 1360, 860)]
    [InlineData("tablet", 820, 1180)]
    [InlineData("tablet-across", 1180, 820)]
    [InlineData("phone", 390, 844)]
    public async Task Every_state_is_seen_whole_told_apart_and_reached(string device, int width, int height)
    {
        using SemaphoreSlim gate = new(0);
        TaskCompletionSource never = new(), arrived = new();
        await using TestServer server = await TestServer.StartAsync(fake: fake => Prepare(fake, gate, never.Task));
        await using PageSession session = await PageSession.OpenAsync(fixture.Browser, server.Server.Address.ToString(), width, height, touch: device != "desktop");
        Walk walk = new(session, device, width);
        IPage page = session.Page;

        await Assertions.Expect(page.GetByLabel("Token or code")).ToBeVisibleAsync();
        await walk.SeeAsync("sign-in");
        await page.GetByLabel("Token or code").FillAsync(server.Server.Token);
        await session.Button("Open").ClickAsync();
        await Assertions.Expect(session.Button("Choose songs")).ToBeVisibleAsync();
        await Assertions.Expect(page.Locator(".preset").First).ToContainTextAsync("for a 4\u2011minute song");
        await walk.SeeAsync("empty");
        await session.OpenAdvancedAsync();
        await walk.SeeAsync("advanced");
        await session.OpenAdvancedAsync();
        await DragAsync(page, "dragover");
        await walk.SeeAsync("drag");
        await DragAsync(page, "dragleave");

        await page.RouteAsync("**/api/v1/uploads/*", async route =>
        {
            await arrived.Task;
            await route.ContinueAsync();
        });
        await session.DropAsync(("Night Bus.wav", Song), ("Paper Boats.wav", Song), ("Low Tide.wav", Song));
        await Assertions.Expect(page.Locator(".lane-picture.skeleton")).ToHaveCountAsync(4);
        await walk.SeeAsync("upload");
        arrived.SetResult();
        gate.Release(2);
        await Assertions.Expect(session.Button("Play")).ToBeEnabledAsync();
        await Assertions.Expect(page.Locator(".job[data-state=queued]")).ToHaveCountAsync(1);
        await walk.SeeAsync("separating");
        await walk.SongsAsync();
        await walk.SeeAsync("queue");
        gate.Release(1000);
        await Assertions.Expect(page.Locator(".song[data-state=done]")).ToHaveCountAsync(3);

        await walk.AddAsync();
        server.Separator.Error = new ModelException("The model's file ends in the middle. Download it again.");
        await session.DropAsync(("Broken Record.wav", Song));
        await Assertions.Expect(page.Locator(".player-note")).ToHaveTextAsync(new Regex("ends in the middle"));
        await walk.SeeAsync("failed");
        server.Separator.Error = null;
        await walk.AddAsync();
        await page.GetByRole(AriaRole.Radio, new() { NameRegex = new("^6 stems") }).ClickAsync();
        await session.DropAsync(("Long Way Home.wav", Song));
        await Assertions.Expect(page.Locator(".player-names .facts")).ToContainTextAsync("50 % downloaded");
        await walk.SeeAsync("waiting");
        await walk.SongsAsync();
        await walk.SeeAsync("waiting-row");
        await session.Button("Cancel Long Way Home").ClickAsync();
        await Assertions.Expect(page.Locator(".job[data-state=waiting]")).ToHaveCountAsync(0);

        await walk.SongsAsync();
        await Assertions.Expect(session.Button("Night Bus")).ToBeVisibleAsync();
        await walk.SeeAsync("songs");
        await page.GetByLabel("Search songs").FillAsync("tide");
        await Assertions.Expect(page.Locator(".song")).ToHaveCountAsync(1);
        await walk.SeeAsync("search");
        await page.GetByLabel("Search songs").FillAsync("");
        await session.Button("Select").ClickAsync();
        await session.Button("Low Tide").ClickAsync();
        await walk.SeeAsync("selecting");
        await session.Button("Done").ClickAsync();
        await session.Button("More about Night Bus").ClickAsync();
        await walk.SeeAsync("menu");
        await session.Button("Rename …").ClickAsync();
        await walk.SeeAsync("rename");
        await session.Button("Cancel").ClickAsync();
        await session.FromMenuAsync("Night Bus", "Delete …");
        await walk.SeeAsync("delete");
        await session.Button("Keep").ClickAsync();

        string song = (await server.Client.GetJobsAsync()).Jobs.Single(job => job.Name == "Night Bus.wav").SongId;
        await server.Client.WaitForJobAsync((await server.Client.CreateJobAsync(new NewJob(song) { Settings = new JobSettings { Model = "fake2" } })).Id);
        await Assertions.Expect(page.Locator(".song .tag").GetByText("fake2")).ToHaveCountAsync(1);
        await session.Button("Night Bus").ClickAsync();
        await Assertions.Expect(session.Button("Play")).ToBeEnabledAsync();
        await walk.SeeAsync("player");
        if (width <= WidestPhone)
        {
            await session.Button("More about bass").ClickAsync();
            await walk.SeeAsync("lane");
        }

        await session.Button("Play").ClickAsync();
        await session.WaitForPositionAsync(seconds => seconds > 0.5);
        await session.Button("Mute drums").ClickAsync();
        await page.RunAndWaitForResponseAsync(
            () => session.Button("Spectrogram of bass").ClickAsync(), response => response.Url.Contains("spectrogram", StringComparison.Ordinal));
        await session.Button("Loop").ClickAsync();
        if (width > WidestPhone)
        {
            await session.Button("Zoom in").ClickAsync();
        }

        await session.Button("Pause").ClickAsync();
        await walk.SeeAsync("playing");
        await walk.ToolsAsync();
        if (width <= WidestWithMenu)
        {
            await walk.SeeAsync("tools");
        }

        await page.GetByLabel("Compare with").SelectOptionAsync(new SelectOptionValue { Label = "fake" });
        await Assertions.Expect(page.Locator(".sides button")).ToHaveCountAsync(2);
        await walk.SeeAsync("compare");
        await page.GetByLabel("Compare with").SelectOptionAsync("");
        await session.Button("Practice").ClickAsync();
        await Assertions.Expect(page.Locator(".practice")).ToContainTextAsync(new Regex("beats a minute|No steady beat"));
        await Assertions.Expect(page.GetByLabel("Speed of the song")).ToBeInViewportAsync();
        // To its end, where nothing lies behind the transport.
        await session.EvaluateAsync<double>("() => { const stage = document.getElementById('stage'); return (stage.scrollTop = stage.scrollHeight); }");
        await walk.SeeAsync("practice");
        await session.Button("Export").ClickAsync();
        await walk.SeeAsync("export");
        await page.Keyboard.PressAsync("Escape");
        await page.Keyboard.PressAsync("?");
        await walk.SeeAsync("keys");
        await page.Keyboard.PressAsync("Escape");

        await session.Button("Settings").ClickAsync();
        await Assertions.Expect(session.Button("Delete fake2 …")).ToBeVisibleAsync();
        await walk.SeeAsync("settings");
        await session.Button("Delete fake2 …").ClickAsync();
        await Assertions.Expect(page.GetByText("fake2-1.th")).ToBeVisibleAsync();
        await walk.SeeAsync("delete-model");
        await session.Button("Keep").ClickAsync();
        await page.GetByRole(AriaRole.Switch).CheckAsync();
        await Assertions.Expect(page.Locator(".pairing .code")).ToBeVisibleAsync();
        await Assertions.Expect(page.GetByAltText("QR code of the page's address for other devices")).ToHaveJSPropertyAsync("complete", true);
        await walk.SeeAsync("pairing");
        await page.GetByRole(AriaRole.Switch).UncheckAsync();
        await Assertions.Expect(page.Locator(".pairing .code")).ToHaveCountAsync(0);
        await page.Keyboard.PressAsync("Escape");

        await server.Server.StopAsync();
        await Assertions.Expect(page.GetByText("The server does not answer")).ToBeInViewportAsync();
        await walk.SeeAsync("no-server");
        session.AssertQuiet("401", "409", "416", "ERR_");
    }

    private static void Prepare(FakeSeparator fake, SemaphoreSlim gate, Task download)
    {
        fake.Gate = gate;
        fake.Downloading = download;
        fake.Models =
        [
            new("fake", "Four stems, one network: fast and good.", FakeSeparator.Stems, true) { Purposes = ["two", "four"] },
            new("fake2", "Four stems, a network for each: better, and four times the work.", FakeSeparator.Stems, true) { Purposes = ["best"], RemovableBytes = 336_000_000 },
            new("fake6", "Six stems, with guitar and piano.", [.. FakeSeparator.Stems, "guitar", "piano"], false)
            {
                Purposes = ["six"], DownloadBytes = 84_000_000, Licence = new LicenceInfo("MIT", "its authors") { Link = "https://models.test/licence" },
            },
        ];
        fake.Cached["fake2"] = new ModelFiles([new ModelFile("fake2-1.th", 168_000_000), new ModelFile("fake2-2.th", 168_000_000)], []);
        (fake.Works["fake"], fake.Works["fake2"], fake.Works["fake6"]) = (57, 229, 44);
        fake.Measuring = _ => Task.FromResult(400.0);
    }

    private static Task DragAsync(IPage page, string happens) => page.EvaluateAsync(
        """
        (happens) => {
          const dataTransfer = new DataTransfer();
          dataTransfer.items.add(new File(["song"], "song.wav"));
          dispatchEvent(new DragEvent(happens, { dataTransfer, cancelable: true }));
        }
        """,
        happens);

    /// <summary>Ways through the page on a device, and what holds of every state.</summary>
    private sealed class Walk(PageSession session, string device, int width)
    {
        private static readonly string? Folder = Environment.GetEnvironmentVariable("STEMSHARP_STATES");
        private int _seen;

        public Task SongsAsync() => width <= WidestWithTabs ? TabAsync("Songs") : Task.CompletedTask;

        public Task AddAsync() => width <= WidestWithTabs ? TabAsync("Add") : session.Button("Add songs").ClickAsync();

        /// <summary>Opens the menu of tools, or shuts it, where they are in one.</summary>
        public Task ToolsAsync() => width <= WidestWithMenu ? session.Button("More about this song").ClickAsync() : Task.CompletedTask;

        public async Task SeeAsync(string state)
        {
            string what = $"{device}, {state}";
            await PictureAsync($"{device}-{++_seen:D2}-{state}");
            double over = await session.EvaluateAsync<double>("() => document.documentElement.scrollWidth");
            Assert.True(over == width, $"{what}: {over} pixels wide");
            await session.AuditAsync(what);
            await session.AssertControlsAsync(what);
        }

        private Task TabAsync(string name) => session.Page.Locator(".tabs").GetByText(name).ClickAsync();

        private async Task PictureAsync(string name)
        {
            if (Folder is null)
            {
                return;
            }

            foreach (ColorScheme theme in (ColorScheme[])[ColorScheme.Light, ColorScheme.Dark])
            {
                await session.Page.EmulateMediaAsync(new PageEmulateMediaOptions { ColorScheme = theme });
                await session.Page.WaitForTimeoutAsync(150);
                string file = Path.Combine(Directory.CreateDirectory(Folder).FullName, $"{name}-{theme.ToString().ToLowerInvariant()}.png");
                await session.Page.ScreenshotAsync(new PageScreenshotOptions { Path = file });
            }
        }
    }
}
