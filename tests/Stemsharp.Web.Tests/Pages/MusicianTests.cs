using System.Text.Json;
using System.Text.RegularExpressions;
using Microsoft.Playwright;
using Stemsharp.Client;
using Xunit;

namespace Stemsharp.Web.Tests.Pages;

/// <summary>What a musician expects of the page: songs stay as they were left, have addresses, and say what they wait for.</summary>
[Collection("browser")]
public sealed class MusicianTests(BrowserFixture fixture)
{
    private static readonly byte[] Song = TestServer.Song(8);

    private Task<PageSession> OpenAsync(TestServer server) => PageSession.OpenAsync(fixture.Browser, server.Server.PageAddress);

    [PageFact]
    public async Task A_song_has_an_address_a_title_and_a_place_in_the_history()
    {
        await using TestServer server = await TestServer.StartAsync();
        Job job = await server.SeparateAsync(Song);
        await using PageSession session = await OpenAsync(server);
        await session.Button("song").ClickAsync();
        await Assertions.Expect(session.Page).ToHaveURLAsync(new Regex($"#/song/{job.SongId}$"));
        await Assertions.Expect(session.Page).ToHaveTitleAsync("song – Stemsharp");
        await session.Page.ReloadAsync();
        await Assertions.Expect(session.Lanes).ToHaveCountAsync(4);
        await session.Button("Add songs").ClickAsync();
        await Assertions.Expect(session.Button("Choose songs")).ToBeVisibleAsync();
        await session.Page.GoBackAsync();
        await Assertions.Expect(session.Page.Locator("#player")).ToBeVisibleAsync();
        await session.Page.GoForwardAsync();
        await Assertions.Expect(session.Button("Choose songs")).ToBeVisibleAsync();
        await session.Page.EvaluateAsync("() => location.hash = '#/song/00000000000000000000000000'");
        await Assertions.Expect(session.Page.GetByText("That song is not here any more.")).ToBeVisibleAsync();
        session.AssertQuiet();
    }

    [PageFact]
    public async Task Levels_are_kept_for_each_song_and_solo_is_not()
    {
        await using TestServer server = await TestServer.StartAsync();
        await server.SeparateAsync(Song);
        await using PageSession session = await OpenAsync(server);
        await session.Button("song").ClickAsync();
        await session.Page.GetByLabel("Volume of drums").FillAsync("0.5");
        await session.Button("Mute bass").ClickAsync();
        await session.Page.RunAndWaitForResponseAsync(() => session.Button("Solo vocals").ClickAsync(), response => response.Request.Method == "PATCH");
        await Assertions.Expect(session.Page.Locator("[aria-label=drums] .db")).ToHaveTextAsync("−6.0");
        // Another song begins as every song does.
        await session.DropAsync(("other.wav", Song));
        await session.Button("other").ClickAsync();
        await Assertions.Expect(session.Page.GetByRole(AriaRole.Heading, new() { Name = "other" })).ToBeVisibleAsync();
        await Assertions.Expect(session.Page.Locator("[aria-label=drums] .db")).ToHaveTextAsync("0.0");
        await Assertions.Expect(session.Button("Mute bass")).ToHaveAttributeAsync("aria-pressed", "false");
        await Assertions.Expect(session.Button("Solo vocals")).ToHaveAttributeAsync("aria-pressed", "false");
        await session.Page.ReloadAsync();
        await session.Button("song").ClickAsync();
        await Assertions.Expect(session.Page.Locator("[aria-label=drums] .db")).ToHaveTextAsync("−6.0");
        await Assertions.Expect(session.Button("Mute bass")).ToHaveAttributeAsync("aria-pressed", "true");
        await Assertions.Expect(session.Button("Solo vocals")).ToHaveAttributeAsync("aria-pressed", "false");
        await session.Button("Reset mix").ClickAsync();
        await Assertions.Expect(session.Page.Locator("[aria-label=drums] .db")).ToHaveTextAsync("0.0");
        await Assertions.Expect(session.Button("Reset mix")).ToBeDisabledAsync();
        session.AssertQuiet();
    }

    [PageFact]
    public async Task A_song_waits_in_its_row_for_the_download_of_its_model()
    {
        TaskCompletionSource gate = new();
        await using TestServer server = await TestServer.StartAsync(fake: fake => fake.Downloading = gate.Task);
        await using PageSession session = await OpenAsync(server);
        await session.OpenAdvancedAsync();
        await session.Page.GetByLabel("Model", new() { Exact = true }).SelectOptionAsync("absent");
        await session.DropAsync(("tune.wav", Song));
        ILocator row = session.Page.Locator(".job[data-state=waiting]");
        await Assertions.Expect(row).ToContainTextAsync("Waits for absent");
        await Assertions.Expect(row).ToContainTextAsync("50 % downloaded");
        await Assertions.Expect(row).ToContainTextAsync("Licence: CC BY-NC 4.0, as stated by its trainer");
        await session.AuditAsync("waiting");
        // Its lanes are there, and say what they wait for.
        await Assertions.Expect(session.Page.Locator(".lane-picture.skeleton")).ToHaveCountAsync(4);
        await Assertions.Expect(session.Page.Locator(".player-names .facts")).ToContainTextAsync("Waits for absent");
        // The page may be closed meanwhile, and any browser shows what waits.
        await session.Page.ReloadAsync();
        await Assertions.Expect(row).ToHaveCountAsync(1);
        await using PageSession other = await OpenAsync(server);
        await Assertions.Expect(other.Page.Locator(".job[data-state=waiting]")).ToContainTextAsync("50 % downloaded");
        gate.SetResult();
        await Assertions.Expect(other.Page.Locator(".song[data-state=done]")).ToHaveCountAsync(1);
        await Assertions.Expect(session.Page.Locator(".song[data-state=done]")).ToHaveCountAsync(1);
        Assert.Equal("absent", (await server.Client.GetJobsAsync()).Jobs.Single().Settings.Model);
        session.AssertQuiet();
    }

    [PageFact]
    public async Task A_download_that_fails_is_tried_again_and_a_song_that_waits_is_given_up()
    {
        await using TestServer server = await TestServer.StartAsync(fake: fake => fake.Downloading = Task.FromException(new IOException("The cable is out.")));
        await using PageSession session = await OpenAsync(server);
        await session.OpenAdvancedAsync();
        await session.Page.GetByLabel("Model", new() { Exact = true }).SelectOptionAsync("absent");
        await session.DropAsync(("tune.wav", Song), ("other.wav", Song));
        ILocator rows = session.Page.Locator(".job[data-state=waiting]");
        await Assertions.Expect(rows).ToHaveCountAsync(2);
        await Assertions.Expect(session.Page.Locator(".player-note")).ToHaveTextAsync("The cable is out.");
        await session.Button("Cancel other").ClickAsync();
        await Assertions.Expect(rows).ToHaveCountAsync(1);
        Assert.Single((await server.Client.GetJobsAsync()).Jobs);
        server.Separator.Downloading = Task.CompletedTask;
        await session.Button("Try again").ClickAsync();
        await Assertions.Expect(session.Page.Locator(".song[data-state=done]")).ToHaveCountAsync(1);
        session.AssertQuiet();
    }

    [PageFact]
    public async Task A_server_that_has_not_answered_once_is_missed_and_a_song_dropped_meanwhile_goes_on_when_it_does()
    {
        await using TestServer server = await TestServer.StartAsync();
        await using PageSession session = await OpenAsync(server);
        await session.Page.RouteAsync("**/api/v1/{events,uploads}", route => route.AbortAsync());
        await session.Page.ReloadAsync();
        await Assertions.Expect(session.Page.GetByText("The server does not answer")).ToBeInViewportAsync();
        await session.DropAsync(("tune.wav", Song));
        await session.Page.UnrouteAllAsync();
        await session.Button("Try now").ClickAsync();
        await Assertions.Expect(session.Page.GetByText("The server does not answer")).ToBeHiddenAsync();
        await Assertions.Expect(session.Page.Locator(".song[data-state=done]")).ToHaveCountAsync(1);
        session.AssertQuiet("ERR_FAILED", "416");
    }

    [PageFact]
    public async Task Nothing_jumps_from_the_drop_to_the_finished_song()
    {
        using SemaphoreSlim gate = new(0);
        await using TestServer server = await TestServer.StartAsync(fake: fake => fake.Gate = gate);
        await using PageSession session = await OpenAsync(server);
        await session.DropAsync(("tune.wav", Song));
        // Its lanes are there at once, before anything of it is made.
        await Assertions.Expect(session.Lanes).ToHaveCountAsync(4);
        await Assertions.Expect(session.Page.Locator(".lane-picture.skeleton")).ToHaveCountAsync(4);
        // The first song makes room for itself, unseen.
        await Assertions.Expect(session.Page.Locator("main:not(.empty) .lane-pictures")).ToBeVisibleAsync();
        LocatorBoundingBoxResult before = (await session.Page.Locator(".lane-pictures").BoundingBoxAsync())!;
        gate.Release(2);
        await Assertions.Expect(session.Button("Play")).ToBeEnabledAsync();
        gate.Release(100);
        await Assertions.Expect(session.Page.Locator(".song[data-state=done]")).ToHaveCountAsync(1);
        await Assertions.Expect(session.Button("Export")).ToBeEnabledAsync();
        LocatorBoundingBoxResult after = (await session.Page.Locator(".lane-pictures").BoundingBoxAsync())!;
        Assert.Equal((before.X, before.Y, before.Width), (after.X, after.Y, after.Width));
        await session.AssertStillAsync();
        session.AssertQuiet("416");
    }

    [PageTheory]
    [InlineData(1360, 860, false)]
    [InlineData(820, 1180, true)]
    [InlineData(390, 844, true)]
    public async Task Lanes_are_there_from_the_first_moment_of_an_upload_and_nothing_jumps(int width, int height, bool touch)
    {
        using SemaphoreSlim gate = new(0);
        await using TestServer server = await TestServer.StartAsync(fake: fake => fake.Gate = gate);
        await using PageSession session = await PageSession.OpenAsync(fixture.Browser, server.Server.PageAddress, width, height, touch: touch);
        await Assertions.Expect(session.Button("Choose songs")).ToBeVisibleAsync();
        TaskCompletionSource arrived = new();
        await session.Page.RouteAsync("**/api/v1/uploads/*", async route =>
        {
            await arrived.Task;
            await route.ContinueAsync();
        });
        await session.DropAsync(("tune.wav", Song));
        await Assertions.Expect(session.Page.Locator(".lane-picture.skeleton")).ToHaveCountAsync(4);
        await Assertions.Expect(session.Page.GetByRole(AriaRole.Heading, new() { Name = "tune" })).ToBeVisibleAsync();
        await Assertions.Expect(session.Page.Locator(".player-names .facts")).ToHaveTextAsync("Waits to be copied");
        await Assertions.Expect(session.Button("Play")).ToBeDisabledAsync();
        await session.AuditAsync("upload");
        // What is set meanwhile is meant for the song.
        await session.Button("Mute bass").ClickAsync();
        LocatorBoundingBoxResult before = (await session.Page.Locator(".lane-pictures").BoundingBoxAsync())!;
        arrived.SetResult();
        await Assertions.Expect(session.Page).ToHaveURLAsync(new Regex("#/song/"));
        await Assertions.Expect(session.Button("Mute bass")).ToHaveAttributeAsync("aria-pressed", "true");
        await Assertions.Expect(session.Lanes).ToHaveCountAsync(4);
        gate.Release(100);
        await Assertions.Expect(session.Button("Export")).ToBeEnabledAsync();
        LocatorBoundingBoxResult after = (await session.Page.Locator(".lane-pictures").BoundingBoxAsync())!;
        Assert.Equal((before.X, before.Y, before.Width, before.Height), (after.X, after.Y, after.Width, after.Height));
        await session.AssertStillAsync();
        session.AssertQuiet("416");
    }

    [PageFact]
    public async Task An_upload_that_is_refused_or_given_up_leaves_the_player()
    {
        await using TestServer server = await TestServer.StartAsync();
        await using PageSession session = await OpenAsync(server);
        await session.DropAsync(("notes.txt", "no music"u8.ToArray()));
        await Assertions.Expect(session.Page.Locator(".toast.error")).ToContainTextAsync("notes.txt");
        await Assertions.Expect(session.Button("Choose songs")).ToBeVisibleAsync();
        TaskCompletionSource never = new();
        await session.Page.RouteAsync("**/api/v1/uploads/*", async route =>
        {
            await never.Task;
            await route.AbortAsync();
        });
        await session.DropAsync(("tune.wav", Song));
        await Assertions.Expect(session.Lanes).ToHaveCountAsync(4);
        await session.Button("Cancel the upload of tune.wav").ClickAsync();
        await Assertions.Expect(session.Button("Choose songs")).ToBeVisibleAsync();
        // Its address leads nowhere any more.
        await session.Page.EvaluateAsync("() => location.hash = '#/upload'");
        await Assertions.Expect(session.Page).ToHaveURLAsync(new Regex("#/add$"));
        never.SetResult();
        session.AssertQuiet("422");
    }

    [PageFact]
    public async Task The_queue_is_put_in_order_by_drag()
    {
        using SemaphoreSlim gate = new(0);
        await using TestServer server = await TestServer.StartAsync(fake: fake => fake.Gate = gate);
        await using PageSession session = await OpenAsync(server);
        byte[] song = TestServer.Song(0.2);
        await session.DropAsync([.. Enumerable.Range(1, 5).Select(i => ($"song {i}.wav", song))]);
        ILocator names = session.Page.Locator(".job[data-state=queued] button.job-name");
        await Assertions.Expect(names).ToHaveTextAsync(["song 3", "song 4", "song 5"]);
        ILocator grips = session.Page.Locator(".job[data-state=queued] .grip");
        await grips.Nth(2).ScrollIntoViewIfNeededAsync();
        LocatorBoundingBoxResult from = (await grips.Nth(2).BoundingBoxAsync())!, to = (await grips.Nth(0).BoundingBoxAsync())!;
        await session.Page.Mouse.MoveAsync(from.X + 8, from.Y + from.Height / 2);
        await session.Page.Mouse.DownAsync();
        await session.Page.Mouse.MoveAsync(to.X + 8, to.Y + 2, new MouseMoveOptions { Steps = 5 });
        await session.Page.Mouse.UpAsync();
        await Assertions.Expect(names).ToHaveTextAsync(["song 5", "song 3", "song 4"]);
        gate.Release(1000);
        session.AssertQuiet();
    }

    [PageFact]
    public async Task Media_keys_play_and_seek_and_the_system_is_told_what_is_heard()
    {
        await using TestServer server = await TestServer.StartAsync();
        await server.SeparateAsync(Song);
        await using PageSession session = await OpenAsync(server);
        await session.Page.AddInitScriptAsync(
            """
            window.handlers = {};
            const set = navigator.mediaSession.setActionHandler.bind(navigator.mediaSession);
            navigator.mediaSession.setActionHandler = (action, handler) => { window.handlers[action] = handler; set(action, handler); };
            """);
        await session.Page.ReloadAsync();
        await session.Button("song").ClickAsync();
        await Assertions.Expect(session.Button("Play")).ToBeEnabledAsync();
        Assert.Equal("song", await session.EvaluateAsync<string>("() => navigator.mediaSession.metadata.title"));
        await session.EvaluateAsync<JsonElement?>("() => { window.handlers.play({ action: 'play' }); }");
        await session.WaitForPositionAsync(seconds => seconds > 0.2);
        Assert.Equal("playing", await session.EvaluateAsync<string>("() => navigator.mediaSession.playbackState"));
        await session.EvaluateAsync<JsonElement?>("() => { window.handlers.pause({ action: 'pause' }); }");
        await Assertions.Expect(session.Button("Play")).ToBeVisibleAsync();
        await session.EvaluateAsync<JsonElement?>("() => { window.handlers.seekto({ action: 'seekto', seekTime: 4 }); }");
        await session.WaitForPositionAsync(seconds => seconds == 4);
        session.AssertQuiet();
    }

    [PageFact]
    public async Task A_song_is_renamed_and_exported_under_its_new_name()
    {
        await using TestServer server = await TestServer.StartAsync();
        await server.SeparateAsync(Song);
        await using PageSession session = await OpenAsync(server);
        await session.FromMenuAsync("song", "Rename …");
        await session.Page.GetByLabel("Title").FillAsync("Night Bus");
        await session.Page.GetByLabel("Artist").FillAsync("The Late Ones");
        await session.AuditAsync("rename");
        await session.Button("Save").ClickAsync();
        await session.Button("Night Bus").ClickAsync();
        await Assertions.Expect(session.Page.Locator(".song .status")).ToHaveTextAsync("The Late Ones · 0:08");
        IDownload download = await session.Page.RunAndWaitForDownloadAsync(async () => await (await session.ExportAsync("instrumental", "flac", "pcm24")).ClickAsync());
        Assert.Equal("Night Bus - instrumental.flac", download.SuggestedFilename);
        session.AssertQuiet();
    }

    [PageFact]
    public async Task A_model_is_deleted_in_the_settings_which_say_what_goes()
    {
        await using TestServer server = await TestServer.StartAsync(fake: fake =>
        {
            fake.Models = [.. fake.Models.Select(model => model.Name == "fake2" ? model with { RemovableBytes = 84_000_000 } : model)];
            fake.Cached["fake2"] = new ModelFiles([new ModelFile("fake2-1.th", 80_000_000), new ModelFile("fake2.yaml", 4_000_000)], ["both"]);
        });
        await using PageSession session = await OpenAsync(server);
        await session.Button("Settings").ClickAsync();
        await session.Button("Delete fake2 …").ClickAsync();
        ILocator dialog = session.Page.GetByRole(AriaRole.Dialog, new() { Name = "Delete fake2?" });
        await Assertions.Expect(dialog).ToContainTextAsync("fake2-1.th, 80 MB");
        await Assertions.Expect(dialog).ToContainTextAsync("84 MB in all");
        await Assertions.Expect(dialog).ToContainTextAsync("because it needs the same: both");
        await session.AuditAsync("delete a model");
        await session.Button("Keep").ClickAsync();
        Assert.Contains("fake2", server.Separator.Cached.Keys);
        await session.Button("Delete fake2 …").ClickAsync();
        await session.Button("Delete").ClickAsync();
        await Assertions.Expect(session.Page.GetByRole(AriaRole.Button, new() { Name = "Download fake2" })).ToBeVisibleAsync();
        Assert.Empty(server.Separator.Cached);
        session.AssertQuiet();
    }

    [PageFact]
    public async Task Colours_are_those_of_the_system_unless_others_are_chosen()
    {
        await using TestServer server = await TestServer.StartAsync();
        await using PageSession session = await OpenAsync(server);
        ILocator page = session.Page.Locator("html");
        await Assertions.Expect(page).ToHaveAttributeAsync("data-theme", "dark");
        await session.Page.EmulateMediaAsync(new PageEmulateMediaOptions { ColorScheme = ColorScheme.Light });
        await Assertions.Expect(page).ToHaveAttributeAsync("data-theme", "light");
        await session.Button("Settings").ClickAsync();
        await session.Page.GetByLabel("Colours").SelectOptionAsync("dark");
        await Assertions.Expect(page).ToHaveAttributeAsync("data-theme", "dark");
        await session.Page.ReloadAsync();
        await Assertions.Expect(page).ToHaveAttributeAsync("data-theme", "dark");
        // The door to the network, with its picture, its code, and a way to shut it again.
        await session.Button("Settings").ClickAsync();
        ILocator door = session.Page.GetByRole(AriaRole.Switch, new() { Name = "Let phones and tablets of this network in" });
        await door.CheckAsync();
        await Assertions.Expect(session.Page.Locator(".pairing .code")).ToHaveTextAsync(new Regex("^[0-9]{4} [0-9]{4}$"));
        await Assertions.Expect(session.Page.GetByAltText("QR code of the page's address for other devices")).ToHaveJSPropertyAsync("complete", true);
        Assert.True(await session.EvaluateAsync<bool>("() => document.querySelector('.pairing img').naturalWidth > 50"));
        await session.AuditAsync("other devices");
        await door.UncheckAsync();
        await Assertions.Expect(session.Page.Locator(".pairing .code")).ToHaveCountAsync(0);
        Assert.Null(server.Server.Lan.Port);
        session.AssertQuiet();
    }
}
