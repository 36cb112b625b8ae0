using System.IO.Compression;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Playwright;
using Stemsharp.Client;
using Stemsharp.Web.Store;
using Xunit;

namespace Stemsharp.Web.Tests.Pages;

[Collection("browser")]
public sealed class PageTests(BrowserFixture fixture)
{
    // What is fetched once somebody practises.
    private static readonly string[] s_practice = ["panel-", "stretch.worklet-", "export.worker-"];

    private static readonly byte[] Song = TestServer.Song(8);

    private Task<PageSession> OpenAsync(TestServer server) => PageSession.OpenAsync(fixture.Browser, server.Server.PageAddress);

    [PageFact]
    public async Task What_is_odd_about_a_song_is_shown()
    {
        await using TestServer server = await TestServer.StartAsync(fake: fake => fake.Warnings = ["The file is cut short."]);
        await server.SeparateAsync();
        await using PageSession session = await OpenAsync(server);
        await Assertions.Expect(session.Page.Locator(".song .status")).ToContainTextAsync("has a warning");
        await session.Button("song").ClickAsync();
        await Assertions.Expect(session.Page.Locator(".player .warnings li")).ToHaveTextAsync("The file is cut short.");
    }

    [PageFact]
    public async Task Everything_is_done_by_keyboard()
    {
        await using TestServer server = await TestServer.StartAsync();
        await using PageSession session = await OpenAsync(server);
        IKeyboard keys = session.Page.Keyboard;
        await Assertions.Expect(session.Page.Locator(".drop button.primary")).ToBeVisibleAsync();
        // The browser is told that its file dialog is awaited, and a key can overtake that: the way to the button gives it time.
        IFileChooser chooser = await session.Page.RunAndWaitForFileChooserAsync(async () =>
        {
            await session.TabToAsync("Choose songs");
            await keys.PressAsync("Enter");
        });
        await chooser.SetFilesAsync(new FilePayload { Name = "tune.wav", MimeType = "audio/wav", Buffer = Song });
        await Assertions.Expect(session.Page.Locator(".job[data-state=done]")).ToHaveCountAsync(1);
        await session.TabToAsync("tune");
        await keys.PressAsync("Enter");
        await Assertions.Expect(session.Lanes).ToHaveCountAsync(4);
        await keys.PressAsync("Space");
        await session.WaitForPositionAsync(seconds => seconds > 0.2);
        await keys.PressAsync("Space");
        await Assertions.Expect(session.Button("Play")).ToBeVisibleAsync();
        await keys.PressAsync("1");
        await Assertions.Expect(session.Button("Mute vocals")).ToHaveAttributeAsync("aria-pressed", "true");
        await Assertions.Expect(session.Page.Locator(".lane-picture.silent")).ToHaveCountAsync(1);
        await keys.PressAsync("Shift+2");
        await Assertions.Expect(session.Button("Solo drums")).ToHaveAttributeAsync("aria-pressed", "true");
        await Assertions.Expect(session.Page.Locator(".lane-picture.silent")).ToHaveCountAsync(3);
        await keys.PressAsync("e");
        string mix = (await (await session.ExportAsync("mix")).GetAttributeAsync("href"))!;
        Assert.Contains("gains=1,0,0,0&pans=0,0,0,0", mix, StringComparison.Ordinal);
        await keys.PressAsync("Escape");
        // A slider has no use for Space, and arrows move it.
        await session.Page.GetByLabel("Volume of bass").FocusAsync();
        await keys.PressAsync("ArrowRight");
        await Assertions.Expect(session.Page.Locator(".lane-head[aria-label=bass] .db")).ToHaveTextAsync("0.1");
        await keys.PressAsync("Space");
        await Assertions.Expect(session.Button("Pause")).ToBeVisibleAsync();
        await keys.PressAsync("Space");
        await session.Page.Locator("#player-title").FocusAsync();
        await keys.PressAsync("Home");
        await keys.PressAsync("ArrowRight");
        await session.WaitForPositionAsync(seconds => seconds == 5);
        await keys.PressAsync("]");
        await Assertions.Expect(session.Button("Loop")).ToHaveAttributeAsync("aria-pressed", "true");
        await keys.PressAsync("+");
        await Assertions.Expect(session.Button("Zoom out")).ToBeEnabledAsync();
        await keys.PressAsync("0");
        await Assertions.Expect(session.Button("Zoom out")).ToBeDisabledAsync();
        await keys.PressAsync("?");
        await Assertions.Expect(session.Page.GetByRole(AriaRole.Dialog)).ToBeVisibleAsync();
        await keys.PressAsync("Escape");
        await Assertions.Expect(session.Page.GetByRole(AriaRole.Dialog)).ToBeHiddenAsync();

        // Every control can be reached with Tab, and shows that it has the focus.
        HashSet<string> reached = [];
        for (int i = 0; i < 60; i++)
        {
            await keys.PressAsync("Tab");
            reached.Add(await session.EvaluateAsync<string>("() => document.activeElement.getAttribute('aria-label') ?? document.activeElement.textContent ?? ''"));
            Assert.NotEqual("none", await session.EvaluateAsync<string>("() => document.activeElement === document.body ? '' : getComputedStyle(document.activeElement).outlineStyle"));
        }
        Assert.Superset(new HashSet<string> { "Mute drums", "Volume of vocals", "Pan of bass", "Spectrogram of other", "Play", "Loop", "Position", "Export", "Add songs", "Settings", "Reset bass" }, reached);
        session.AssertQuiet();
    }

    [PageFact]
    public async Task The_keyboard_keeps_its_place_among_the_songs()
    {
        using SemaphoreSlim gate = new(0);
        await using TestServer server = await TestServer.StartAsync(fake: fake => fake.Gate = gate);
        await using PageSession session = await OpenAsync(server);
        IKeyboard keys = session.Page.Keyboard;
        byte[] song = TestServer.Song(0.2);
        await session.DropAsync([.. Enumerable.Range(1, 5).Select(i => ($"song {i}.wav", song))]);
        ILocator names = session.Page.Locator(".job[data-state=queued] button.job-name");
        await Assertions.Expect(names).ToHaveTextAsync(["song 3", "song 4", "song 5"]);
        // What is first has no way up, and what is last has none down: the focus goes to the way back.
        await session.Button("Move earlier: song 4").FocusAsync();
        await keys.PressAsync("Enter");
        await Assertions.Expect(names).ToHaveTextAsync(["song 4", "song 3", "song 5"]);
        await Assertions.Expect(session.Button("Move later: song 4")).ToBeFocusedAsync();
        await keys.PressAsync("Enter");
        await Assertions.Expect(names).ToHaveTextAsync(["song 3", "song 4", "song 5"]);
        await Assertions.Expect(session.Button("Move later: song 4")).ToBeFocusedAsync();
        await keys.PressAsync("Enter");
        await Assertions.Expect(names).ToHaveTextAsync(["song 3", "song 5", "song 4"]);
        await Assertions.Expect(session.Button("Move earlier: song 4")).ToBeFocusedAsync();
        // A cancelled song leaves the queue; the focus stays among the songs.
        await session.Button("Cancel song 4").FocusAsync();
        await keys.PressAsync("Enter");
        await Assertions.Expect(session.Page.Locator("#songs")).ToBeFocusedAsync();
        await session.Button("More about song 4").FocusAsync();
        await keys.PressAsync("Enter");
        await session.Button("Try again").FocusAsync();
        await keys.PressAsync("Enter");
        await Assertions.Expect(session.Button("Cancel song 4")).ToBeVisibleAsync();
        session.AssertQuiet();
    }

    [PageFact]
    public async Task Folders_are_gone_through()
    {
        string folder = Directory.CreateTempSubdirectory("stemsharp-album-").FullName;
        try
        {
            byte[] song = TestServer.Song(0.2);
            Directory.CreateDirectory(Path.Combine(folder, "disc 2"));
            await File.WriteAllBytesAsync(Path.Combine(folder, "one.wav"), song);
            await File.WriteAllBytesAsync(Path.Combine(folder, "disc 2", "two.wav"), song);
            await File.WriteAllTextAsync(Path.Combine(folder, "notes.txt"), "Not music.");
            await using TestServer server = await TestServer.StartAsync();
            await using PageSession session = await OpenAsync(server);
            IFileChooser chooser = await session.Page.RunAndWaitForFileChooserAsync(() => session.Button("Choose a folder").ClickAsync());
            await chooser.SetFilesAsync(folder);
            await Assertions.Expect(session.Page.Locator(".job[data-state=done]")).ToHaveCountAsync(2);
            await session.DropFromDiskAsync(folder);
            await Assertions.Expect(session.Page.Locator(".job[data-state=done]")).ToHaveCountAsync(4);
            await Assertions.Expect(session.Button("one")).ToHaveCountAsync(2);
            await Assertions.Expect(session.Button("two")).ToHaveCountAsync(2);
            Assert.Equal(4, (await server.Client.GetJobsAsync()).Jobs.Count);
            session.AssertQuiet();
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [PageFact]
    public async Task An_upload_goes_on_after_the_connection_has_broken()
    {
        await using TestServer server = await TestServer.StartAsync();
        await using PageSession session = await OpenAsync(server);
        int tries = 0;
        // The first piece and the first question how far it came find no server.
        await session.Page.RouteAsync("**/api/v1/uploads/*", route => ++tries <= 2 ? route.AbortAsync("connectionrefused") : route.ContinueAsync());
        await session.SeparateAsync("tune.wav", Song);
        Assert.True(tries >= 4);
        session.AssertQuiet("ERR_CONNECTION_REFUSED");
    }

    [PageFact]
    public async Task Thousands_of_songs_are_listed_searched_and_scrolled()
    {
        const int count = 5000;
        string folder = Directory.CreateTempSubdirectory("stemsharp-web-").FullName;
        try
        {
            await using (TestServer server = await TestServer.StartAsync(folder: folder))
            {
                await server.SeparateAsync();
                IJobStore store = server.Server.Services.GetRequiredService<IJobStore>();
                StoredJob job = store.Recover().Single();
                store.Save([.. Enumerable.Range(1, count - 1).Select(i => job with
                {
                    Id = Id.New(), SongId = Id.New(), Name = $"Song {i:D4}.wav", Created = job.Created.AddSeconds(-i), DurationSeconds = i,
                })]);
            }

            await using TestServer again = await TestServer.StartAsync(folder: folder);
            await using PageSession session = await OpenAsync(again);
            await Assertions.Expect(session.Page.GetByText("5,000 songs")).ToBeVisibleAsync();
            ILocator rows = session.Page.Locator(".song");
            await Assertions.Expect(rows.First.Locator(".job-name")).ToHaveTextAsync("song");
            // Only what is seen is in the page, wherever it has been scrolled to.
            Assert.InRange(await rows.CountAsync(), 5, 60);
            await session.Page.Locator(".song-scroll").EvaluateAsync("(list) => list.scrollTo(0, list.scrollHeight)");
            await Assertions.Expect(session.Button("Song 4999")).ToBeVisibleAsync();
            Assert.InRange(await rows.CountAsync(), 5, 60);
            await Assertions.Expect(rows.Last).ToHaveAttributeAsync("aria-posinset", "5000");
            // With the keyboard too.
            await session.Button("Song 4999").FocusAsync();
            await session.Page.Keyboard.PressAsync("ArrowUp");
            await Assertions.Expect(session.Button("Song 4998")).ToBeFocusedAsync();
            await session.Page.Keyboard.PressAsync("Home");
            await Assertions.Expect(session.Button("song")).ToBeFocusedAsync();
            await session.Page.GetByLabel("Order of songs").SelectOptionAsync("length");
            await Assertions.Expect(rows.First.Locator(".job-name")).ToHaveTextAsync("song");
            await session.Page.GetByLabel("Search songs").FillAsync("song 49");
            await Assertions.Expect(session.Page.GetByText("199 of 5,000 songs")).ToBeVisibleAsync();
            await Assertions.Expect(rows.First.Locator(".job-name")).ToHaveTextAsync("Song 0049");
            session.AssertQuiet();
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [PageFact]
    public async Task The_page_is_small_compressed_and_all_of_it_is_local()
    {
        await using TestServer server = await TestServer.StartAsync();
        await using PageSession session = await OpenAsync(server);
        await Assertions.Expect(session.Page.GetByText("Take songs apart")).ToBeVisibleAsync();
        Assert.All(session.Requests, address => Assert.StartsWith(server.Server.Address.ToString(), address, StringComparison.Ordinal));
        long sent = 0;
        foreach (string file in Directory.EnumerateFiles(Path.Combine(AppContext.BaseDirectory, "wwwroot", "assets"), "*.js"))
        {
            foreach (string encoding in (string[])["br", "gzip"])
            {
                using HttpRequestMessage request = new(HttpMethod.Get, $"/assets/{Path.GetFileName(file)}");
                request.Headers.Add("Accept-Encoding", encoding);
                using HttpResponseMessage answer = await server.Http.SendAsync(request);
                byte[] bytes = await answer.Content.ReadAsByteArrayAsync();
                Assert.Equal([encoding], answer.Content.Headers.ContentEncoding);
                Assert.Equal("Accept-Encoding", answer.Headers.Vary.Single());
                Assert.Contains("immutable", answer.Headers.CacheControl!.ToString(), StringComparison.Ordinal);
                using Stream plain = encoding == "br" ? new BrotliStream(new MemoryStream(bytes), CompressionMode.Decompress) : new GZipStream(new MemoryStream(bytes), CompressionMode.Decompress);
                using MemoryStream text = new();
                await plain.CopyToAsync(text);
                Assert.Equal(await File.ReadAllBytesAsync(file), text.ToArray());
                sent += encoding == "br" && !s_practice.Any(name => Path.GetFileName(file).StartsWith(name, StringComparison.Ordinal)) ? bytes.Length : 0;
            }
        }

        Assert.InRange(sent, 1, 60_000);
        Assert.DoesNotContain(session.Requests, address => s_practice.Any(name => address.Contains($"/assets/{name}", StringComparison.Ordinal)));
    }

    [PageFact]
    public async Task A_region_is_looped()
    {
        await using TestServer server = await TestServer.StartAsync();
        await using PageSession session = await OpenAsync(server);
        await session.SeparateAsync("tune.wav", Song);
        await session.Button("tune").ClickAsync();
        LocatorBoundingBoxResult box = (await session.Page.Locator(".overlay").BoundingBoxAsync())!;
        await session.Page.Mouse.MoveAsync(box.X + box.Width / 4, box.Y + 20);
        await session.Page.Mouse.DownAsync();
        await session.Page.Mouse.MoveAsync(box.X + box.Width / 4 + box.Width / 16, box.Y + 30, new MouseMoveOptions { Steps = 4 });
        await session.Page.Mouse.UpAsync();
        await Assertions.Expect(session.Page.Locator(".region")).ToBeVisibleAsync();
        await session.Button("Play").ClickAsync();
        // Half a second long: it comes round several times, and is never outside.
        int rounds = 0;
        for (double before = 2; rounds < 3;)
        {
            double now = await session.PositionAsync();
            Assert.InRange(now, 1.9, 2.6);
            if (now < before)
            {
                rounds++;
            }

            before = now;
            await session.Page.WaitForTimeoutAsync(40);
        }
    }

    [PageFact]
    public async Task Lanes_are_zoomed_and_scrolled()
    {
        await using TestServer server = await TestServer.StartAsync();
        await using PageSession session = await OpenAsync(server);
        await session.SeparateAsync("tune.wav", Song);
        await Assertions.Expect(session.Lanes).ToHaveCountAsync(4);
        ILocator marks = session.Page.Locator(".mark"), scroller = session.Page.GetByLabel("Scroll through the song");
        await Assertions.Expect(marks.First).ToHaveTextAsync("0:00");
        await Assertions.Expect(scroller).ToBeHiddenAsync();
        LocatorBoundingBoxResult box = (await session.Page.Locator(".overlay").BoundingBoxAsync())!;
        // Four times about the middle: from 3 to 5 seconds of 8.
        await session.Page.Mouse.MoveAsync(box.X + box.Width / 2, box.Y + 20);
        await session.Page.Keyboard.DownAsync("Control");
        await session.Page.Mouse.WheelAsync(0, -2000);
        await session.Page.Keyboard.UpAsync("Control");
        await Assertions.Expect(marks.First).ToHaveTextAsync("0:03.0");
        await Assertions.Expect(session.Button("Zoom in")).ToBeDisabledAsync();
        // A click seeks to what is seen there.
        await session.Page.Mouse.ClickAsync(box.X + box.Width * 3 / 4, box.Y + 20);
        await session.WaitForPositionAsync(seconds => Math.Abs(seconds - 4.5) < 0.06);
        // The spectrogram is fetched anew for what is seen.
        await session.Button("Spectrogram of vocals").ClickAsync();
        await scroller.FocusAsync();
        IResponse finer = await session.Page.RunAndWaitForResponseAsync(
            () => session.Page.Keyboard.PressAsync("End"), response => response.Url.Contains("spectrogram", StringComparison.Ordinal) && response.Url.Contains("to=352800", StringComparison.Ordinal));
        Assert.Contains("from=2646", finer.Url, StringComparison.Ordinal);
        await Assertions.Expect(marks.First).ToHaveTextAsync("0:06.0");
        // Playing turns the page to where it is.
        await session.Button("Play").ClickAsync();
        await Assertions.Expect(marks.First).Not.ToHaveTextAsync("0:06.0");
        await session.Button("The whole song").ClickAsync();
        await Assertions.Expect(marks.First).ToHaveTextAsync("0:00");
        session.AssertQuiet();
    }

    [PageFact]
    public async Task Two_models_are_compared_on_the_same_song()
    {
        await using TestServer server = await TestServer.StartAsync();
        await using PageSession session = await OpenAsync(server);
        await session.SeparateAsync("tune.wav", Song);
        await session.Button("tune").ClickAsync();
        await session.Page.GetByLabel("Separate this song again with").SelectOptionAsync("fake2");
        // One row a song, with a badge for each of its results.
        await Assertions.Expect(session.Page.Locator(".song .tag")).ToHaveTextAsync(["fake2", "fake"]);
        await Assertions.Expect(session.Page.Locator(".song")).ToHaveCountAsync(1);
        await session.Page.GetByLabel("Compare with").SelectOptionAsync(new SelectOptionValue { Label = "fake2" });
        await session.Button("Play").ClickAsync();
        await session.WaitForPositionAsync(seconds => seconds > 0.3);
        await session.Button("B · fake2").ClickAsync();
        await Assertions.Expect(session.Button("B · fake2")).ToHaveAttributeAsync("aria-pressed", "true");
        double at = await session.PositionAsync();
        await session.WaitForPositionAsync(seconds => seconds > at + 0.2);
        // What is shown and how it is heard holds for both sides.
        await session.Page.RunAndWaitForResponseAsync(
            () => session.Button("Spectrogram of bass").ClickAsync(), response => response.Url.Contains("spectrogram", StringComparison.Ordinal));
        await session.Page.RunAndWaitForResponseAsync(
            () => session.Page.Keyboard.PressAsync("b"), response => response.Url.Contains("spectrogram", StringComparison.Ordinal));
        await Assertions.Expect(session.Button("A · fake")).ToHaveAttributeAsync("aria-pressed", "true");
        await Assertions.Expect(session.Button("Spectrogram of bass")).ToHaveAttributeAsync("aria-pressed", "true");
        // What was fetched once is not asked for again.
        int asked = session.Requests.Count(address => address.Contains("spectrogram", StringComparison.Ordinal));
        await session.Page.Keyboard.PressAsync("b");
        await Assertions.Expect(session.Button("B · fake2")).ToHaveAttributeAsync("aria-pressed", "true");
        await session.Page.WaitForTimeoutAsync(300);
        Assert.Equal(asked, session.Requests.Count(address => address.Contains("spectrogram", StringComparison.Ordinal)));
        session.AssertQuiet();
    }

    [PageFact]
    public async Task A_job_is_cancelled_tried_again_moved_and_deleted()
    {
        using SemaphoreSlim gate = new(0);
        await using TestServer server = await TestServer.StartAsync(fake: fake => fake.Gate = gate);
        await using PageSession session = await OpenAsync(server);
        byte[] song = TestServer.Song(0.2);
        await session.DropAsync([.. Enumerable.Range(1, 5).Select(i => ($"song {i}.wav", song))]);
        await Assertions.Expect(session.Page.Locator(".job[data-state=running]")).ToHaveCountAsync(2);
        await Assertions.Expect(session.Page.Locator(".job[data-state=queued]")).ToHaveCountAsync(3);
        string[] queued = [.. await session.Page.Locator(".job[data-state=queued] button.job-name").AllTextContentsAsync()];
        await session.Button($"Move later: {queued[0]}").ClickAsync();
        await Assertions.Expect(session.Page.Locator(".job[data-state=queued] button.job-name")).ToHaveTextAsync([queued[1], queued[0], queued[2]]);
        await session.Button($"Move earlier: {queued[2]}").ClickAsync();
        await Assertions.Expect(session.Page.Locator(".job[data-state=queued] button.job-name")).ToHaveTextAsync([queued[1], queued[2], queued[0]]);
        string running = await session.Page.Locator(".job[data-state=running] button.job-name").First.InnerTextAsync();
        await session.Button($"Cancel {running}").ClickAsync();
        await session.FromMenuAsync(running, "Try again");
        gate.Release(1000);
        await Assertions.Expect(session.Page.Locator(".job[data-state=done]")).ToHaveCountAsync(5);
        // It says what goes: the results, their files, and the page's copy of the song.
        await session.FromMenuAsync(running, "Delete …");
        ILocator dialog = session.Page.GetByRole(AriaRole.Dialog);
        await Assertions.Expect(dialog).ToContainTextAsync($"{running} – fake");
        await Assertions.Expect(dialog).ToContainTextAsync("4 stems of 1 result");
        await session.AuditAsync("delete dialog");
        await session.Page.GetByRole(AriaRole.Dialog).GetByRole(AriaRole.Button, new() { Name = "Delete" }).ClickAsync();
        await Assertions.Expect(session.Page.Locator(".job[data-state=done]")).ToHaveCountAsync(4);
        Assert.Equal(4, (await server.Client.GetJobsAsync()).Jobs.Count);
        Assert.DoesNotContain(running, (await SongsAsync(server)).Select(song => song.Title));

        // Several at once.
        await session.Button("Select").ClickAsync();
        await session.Page.Locator(".song .job-name").First.ClickAsync();
        await session.Page.Locator(".song .job-name").Nth(2).ClickAsync(new LocatorClickOptions { Modifiers = [KeyboardModifier.Shift] });
        await Assertions.Expect(session.Page.GetByText("3 songs selected")).ToBeVisibleAsync();
        await session.AuditAsync("selection");
        await session.Button("Delete …").ClickAsync();
        await session.Page.GetByRole(AriaRole.Dialog).GetByRole(AriaRole.Button, new() { Name = "Delete" }).ClickAsync();
        await Assertions.Expect(session.Page.Locator(".song")).ToHaveCountAsync(1);
        Assert.Single(await SongsAsync(server));
    }

    private static async Task<Song[]> SongsAsync(TestServer server) =>
        JsonSerializer.Deserialize<Song[]>(await server.Http.GetStringAsync("/api/v1/songs"), JsonSerializerOptions.Web)!;

    [PageFact]
    public async Task Without_the_token_nothing_is_shown()
    {
        await using TestServer server = await TestServer.StartAsync();
        await using PageSession session = await PageSession.OpenAsync(fixture.Browser, server.Server.Address.ToString());
        await Assertions.Expect(session.Page.GetByText("Whose songs are these?")).ToBeVisibleAsync();
        await session.AuditAsync("sign in");
        await session.PictureAsync("sign-in-dark");
        await session.Page.GetByLabel("Token or code").FillAsync("wrong");
        await session.Button("Open").ClickAsync();
        await Assertions.Expect(session.Page.Locator(".toast.error")).ToBeVisibleAsync();
        await session.Page.GetByLabel("Token or code").FillAsync(server.Server.PageAddress);
        await session.Button("Open").ClickAsync();
        await Assertions.Expect(session.Page.GetByText("Take songs apart")).ToBeVisibleAsync();
        Assert.DoesNotContain(server.Server.Token, session.Page.Url, StringComparison.Ordinal);
        Assert.DoesNotContain(session.Requests, address => address.Contains(server.Server.Token, StringComparison.Ordinal));
        Assert.Equal("", await session.EvaluateAsync<string>("() => document.cookie"));
        session.AssertQuiet("401");
    }

    [PageFact]
    public async Task Hostile_names_are_only_text()
    {
        const string name = "<img src=x onerror=alert(1)>.wav";
        await using TestServer server = await TestServer.StartAsync();
        await using PageSession session = await OpenAsync(server);
        await session.SeparateAsync(name, TestServer.Song());
        await session.Button("<img src=x onerror=alert(1)>").ClickAsync();
        await Assertions.Expect(session.Page.GetByRole(AriaRole.Heading, new() { Name = "<img src=x onerror=alert(1)>" })).ToBeVisibleAsync();
        Assert.Equal(0, await session.Page.Locator("img[src=x]").CountAsync());
        session.AssertQuiet();
    }

    [PageFact]
    public async Task A_phone_shows_everything_without_scrolling_sideways()
    {
        await using TestServer server = await TestServer.StartAsync();
        await server.SeparateAsync();
        await using PageSession session = await PageSession.OpenAsync(fixture.Browser, server.Server.PageAddress, 360, 740, ColorScheme.Light, touch: true);
        await Assertions.Expect(session.Page.Locator(".song")).ToHaveCountAsync(1);
        await session.AuditAsync("phone, songs");
        await session.AssertControlsAsync();
        Assert.Equal(360, await session.EvaluateAsync<int>("() => document.documentElement.scrollWidth"));
        await session.Page.Locator(".tabs").GetByText("Add").ClickAsync();
        await Assertions.Expect(session.Button("Choose songs")).ToBeVisibleAsync();
        await session.AuditAsync("phone, add");
        await session.AssertControlsAsync();
        Assert.Equal(360, await session.EvaluateAsync<int>("() => document.documentElement.scrollWidth"));
        await session.Page.Locator(".tabs").GetByText("Songs").ClickAsync();
        await session.Button("song").ClickAsync();
        await Assertions.Expect(session.Lanes).ToHaveCountAsync(4);
        // Its name is what a screen reader says.
        await Assertions.Expect(session.Page.Locator("#player-title")).ToBeFocusedAsync();
        await session.AuditAsync("phone, player");
        await session.AssertControlsAsync();
        Assert.Equal(360, await session.EvaluateAsync<int>("() => document.documentElement.scrollWidth"));
        // Each stem's waveform lies below its own name, and nothing but the rest is behind the menu.
        double[][] cards = await session.EvaluateAsync<double[][]>(
            """
            () => [...document.querySelectorAll(".lane-head")].map((head, i) => {
              const name = head.querySelector(".lane-name").getBoundingClientRect(), wave = document.querySelectorAll(".lane-picture")[i].getBoundingClientRect();
              return [name.bottom, wave.top, wave.bottom, document.querySelectorAll(".lane-head")[i + 1]?.getBoundingClientRect().top ?? 1e9];
            })
            """);
        Assert.Equal(4, cards.Length);
        Assert.All(cards, card => Assert.Equal(card.Order(), card));
        await Assertions.Expect(session.Page.GetByLabel("Pan of vocals")).ToBeHiddenAsync();
        await session.Button("More about vocals").ClickAsync();
        await Assertions.Expect(session.Page.GetByLabel("Pan of vocals")).ToBeVisibleAsync();
        await session.AssertControlsAsync();
        await session.Button("Back to the songs").ClickAsync();
        await Assertions.Expect(session.Button("song")).ToBeVisibleAsync();
        await session.Button("song").ClickAsync();
        // What is deleted meanwhile leaves nobody in an empty player without a way back.
        await server.Client.DeleteJobAsync((await server.Client.GetJobsAsync()).Jobs.Single().Id);
        await Assertions.Expect(session.Button("Choose songs")).ToBeVisibleAsync();
    }

    [PageFact]
    public async Task Lanes_are_in_step_to_the_sample()
    {
        await using TestServer server = await TestServer.StartAsync();
        await using PageSession session = await OpenAsync(server);
        string worklet = Directory.EnumerateFiles(Path.Combine(AppContext.BaseDirectory, "wwwroot", "assets"), "mixer.worklet-*.js")
            .OrderByDescending(File.GetLastWriteTimeUtc).Select(file => Path.GetFileName(file)).First();
        // Six lanes with a click at the same frames, each at a level of its own, through the very mixer that the page
        // plays with; a jump, a loop and a missing block on the way.
        JsonElement result = await session.EvaluateAsync<JsonElement>(
            """
            async (worklet) => {
              const block = 65536, lanes = 6, frames = 4 * block;
              const context = new OfflineAudioContext(2, 3 * 44100, 44100);
              await context.audioWorklet.addModule(`/assets/${worklet}`);
              const node = new AudioWorkletNode(context, "stem-mixer", { numberOfInputs: 0, outputChannelCount: [2] });
              node.connect(context.destination);
              // Messages are taken while the clock stands still.
              void context.suspend(0.01).then(async () => {
                const post = (message) => node.port.postMessage(message);
                post({ kind: "open", lanes, frames });
                const levels = Array.from({ length: lanes }, (_, lane) => 2 ** -(lane + 1));
                post({ kind: "levels", left: levels, right: levels.map((level) => -level) });
                for (let b = 0; b < 4; b++) {
                  for (let lane = 0; lane < lanes; lane++) {
                    const samples = new Float32Array(block * 2);
                    for (let i = 0; i < block; i += 1000) samples[2 * i] = samples[2 * i + 1] = 1;
                    post({ kind: "block", lane, block: b, samples });
                  }
                }
                post({ kind: "loop", from: block - 500, to: block + 1400 });
                const taken = new Promise((resolve) => (node.port.onmessage = resolve));
                post({ kind: "play", playing: true });
                await taken;
                await context.resume();
              });
              const sound = await context.startRendering();
              const left = sound.getChannelData(0), right = sound.getChannelData(1);
              const clicks = [];
              let stray = 0;
              for (let i = 2000; i < left.length; i++) {
                if (left[i] === 0 && right[i] === 0) continue;
                clicks.push(i);
                if (Math.abs(left[i] - (1 - 2 ** -lanes)) > 1e-6 || Math.abs(right[i] + left[i]) > 1e-6) stray++;
              }
              return { clicks, stray };
            }
            """,
            worklet);
        Assert.Equal(0, result.GetProperty("stray").GetInt32());
        int[] clicks = [.. result.GetProperty("clicks").EnumerateArray().Select(click => click.GetInt32())];
        // A click every thousand frames up to the border of the first block, then a loop of 1900 frames with two clicks.
        int[] gaps = [.. clicks.Zip(clicks[1..], (one, next) => next - one)];
        int border = Array.IndexOf(gaps, 536);
        Assert.All(gaps[..border], gap => Assert.Equal(1000, gap));
        Assert.True(gaps.Length - border > 40);
        Assert.All(gaps[(border + 1)..].Index(), gap => Assert.Equal(gap.Index % 2 == 0 ? 1000 : 900, gap.Item));
    }

    [PageFact]
    public async Task A_models_licence_stands_below_it()
    {
        await using TestServer server = await TestServer.StartAsync();
        await using PageSession session = await OpenAsync(server);
        await session.OpenAdvancedAsync();
        await session.Page.GetByLabel("Model", new() { Exact = true }).SelectOptionAsync("absent");
        await Assertions.Expect(session.Page.GetByText("Licence: CC BY-NC 4.0, as stated by its trainer")).ToBeVisibleAsync();
        ILocator link = session.Page.GetByRole(AriaRole.Link, new() { Name = "its trainer" });
        await Assertions.Expect(link).ToHaveAttributeAsync("href", "https://models.test/licence");
        await Assertions.Expect(link).ToHaveAttributeAsync("rel", "noopener noreferrer");
        await session.AuditAsync("licence");
        await session.Page.GetByLabel("Model", new() { Exact = true }).SelectOptionAsync("fake");
        await Assertions.Expect(session.Page.GetByText("Licence: not stated")).ToBeVisibleAsync();
        session.AssertQuiet();
    }

    [PageFact]
    public async Task Chains_stand_apart_from_models_and_say_what_they_run()
    {
        await using TestServer server = await TestServer.StartAsync(
            fake: fake => fake.Models = [.. fake.Models, new ModelInfo("both", "Two of them.", ["vocals", "rest"], false) { Models = ["fake", "absent"] }]);
        await using PageSession session = await OpenAsync(server);
        await session.OpenAdvancedAsync();
        await Assertions.Expect(session.Page.Locator("#model > optgroup > option")).ToHaveTextAsync(["both (not here yet)"]);
        await Assertions.Expect(session.Page.Locator("#model > option")).ToHaveCountAsync(4);
        await session.Page.GetByLabel("Model", new() { Exact = true }).SelectOptionAsync("both");
        await Assertions.Expect(session.Page.GetByText("Two of them. Runs fake, absent.")).ToBeVisibleAsync();
    }

    [PageFact]
    public async Task What_more_overlap_costs_is_shown_and_a_model_keeps_its_own()
    {
        await using TestServer server = await TestServer.StartAsync(fake: fake => fake.Models =
            [.. fake.Models, new ModelInfo("theirs", "By somebody.", ["vocals"], true) { ByOthers = true, Overlap = 0.5 }]);
        await using PageSession session = await OpenAsync(server);
        await session.OpenAdvancedAsync();
        await Assertions.Expect(session.Page.Locator("#model > optgroup[label='Models of others'] > option")).ToHaveTextAsync(["theirs"]);
        await Assertions.Expect(session.Page.Locator("#overlap > option")).ToHaveTextAsync(["As the model has it", "10 %", "25 %", "50 %", "75 %", "88 %"]);
        await session.Page.GetByLabel("Model", new() { Exact = true }).SelectOptionAsync("theirs");
        await Assertions.Expect(session.Page.Locator("#overlap > option")).ToHaveTextAsync(
            ["As the model has it: 50 %", "10 %, 0.56 × the time", "25 %, 0.67 × the time", "75 %, 2 × the time", "88 %, 4 × the time"]);

        // What is not chosen is not asked for: the model's own counts.
        await session.Page.GetByLabel("Model", new() { Exact = true }).SelectOptionAsync("fake");
        await session.Page.Locator("input[type=file]").First.SetInputFilesAsync(new FilePayload { Name = "tune.wav", MimeType = "audio/wav", Buffer = Song });
        await Assertions.Expect(session.Page.Locator(".job[data-state=done]")).ToHaveCountAsync(1);
        Assert.Null((await server.Client.GetJobsAsync()).Jobs.Single().Settings.Overlap);
        session.AssertQuiet();
    }
}
