using Microsoft.Playwright;
using Stemsharp.Client;
using Xunit;

namespace Stemsharp.Web.Tests.Pages;

/// <summary>Everything by keyboard alone: no test here clicks, or gives a control the focus in another way than with keys.</summary>
[Collection("browser")]
public sealed class KeyboardTests(BrowserFixture fixture)
{
    private static readonly byte[] Song = TestServer.Song(8);

    [PageFact]
    public async Task From_the_token_to_the_first_song()
    {
        await using TestServer server = await TestServer.StartAsync(fake: fake =>
            fake.Models = [.. fake.Models.Select(model => model.Name == "fake" ? model with { Purposes = ["two", "four"] } : model)]);
        await using PageSession session = await PageSession.OpenAsync(fixture.Browser, server.Server.Address.ToString());
        IKeyboard keys = session.Page.Keyboard;
        await Assertions.Expect(session.Page.GetByLabel("Token or code")).ToBeVisibleAsync();
        await session.TabToAsync("Token or code");
        await keys.TypeAsync(server.Server.Token);
        await keys.PressAsync("Enter");
        await Assertions.Expect(session.Button("Choose songs")).ToBeVisibleAsync();

        // Cards are one stop, and arrows go among them.
        await session.TabToAsync("4 stems*");
        await keys.PressAsync("ArrowLeft");
        await keys.PressAsync("ArrowLeft");
        ILocator vocals = session.Page.GetByRole(AriaRole.Radio, new() { NameRegex = new("^Vocals") });
        await Assertions.Expect(vocals).ToBeFocusedAsync();
        await Assertions.Expect(vocals).ToBeCheckedAsync();
        await session.TabToAsync("Advanced");
        await keys.PressAsync("Enter");
        await session.TabToAsync("Model");
        await keys.TypeAsync("fake2");
        await Assertions.Expect(session.Page.Locator("#model")).ToHaveValueAsync("fake2");
        await session.TabToAsync("Depth of the files");
        await keys.PressAsync("ArrowDown");
        await session.TabToAsync("Passes, averaged");
        await keys.PressAsync("ArrowUp");
        await keys.PressAsync("Shift+Tab");
        IFileChooser chooser = await session.Page.RunAndWaitForFileChooserAsync(async () =>
        {
            await session.TabToAsync("Choose songs");
            await keys.PressAsync("Enter");
        });
        await chooser.SetFilesAsync(new FilePayload { Name = "tune.wav", MimeType = "audio/wav", Buffer = Song });
        await Assertions.Expect(session.Page.Locator(".song[data-state=done]")).ToHaveCountAsync(1);
        JobSettings made = (await server.Client.GetJobsAsync()).Jobs.Single().Settings;
        Assert.Equal(("fake2", "vocals", "none", "pcm24", 2), (made.Model, made.TwoStems, made.OtherMethod, made.SampleFormat, made.Shifts));
        session.AssertQuiet("401");
    }

    [PageFact]
    public async Task Songs_are_searched_sorted_selected_renamed_and_deleted()
    {
        await using TestServer server = await TestServer.StartAsync();
        foreach (string name in (string[])["Beta", "Alpha"])
        {
            Song song = await server.UploadAsync($"{name}.wav", Song);
            await server.Client.WaitForJobAsync((await server.Client.CreateJobAsync(new NewJob(song.Id))).Id);
        }

        await using PageSession session = await OpenAsync(server);
        IKeyboard keys = session.Page.Keyboard;
        ILocator names = session.Page.Locator(".song .job-name");
        await Assertions.Expect(names).ToHaveTextAsync(["Alpha", "Beta"]);
        await session.TabToAsync("Search songs");
        await keys.TypeAsync("bet");
        await Assertions.Expect(names).ToHaveTextAsync(["Beta"]);
        await keys.PressAsync("ControlOrMeta+a");
        await keys.PressAsync("Delete");
        await session.TabToAsync("Order of songs");
        await keys.PressAsync("ArrowDown");
        await Assertions.Expect(session.Page.GetByLabel("Order of songs")).ToHaveValueAsync("title");
        await session.TabToAsync("Alpha");
        await keys.PressAsync("ArrowDown");
        await Assertions.Expect(session.Button("Beta")).ToBeFocusedAsync();

        await session.TabToAsync("More about Beta");
        await keys.PressAsync("Enter");
        await session.TabToAsync("Rename …");
        await keys.PressAsync("Enter");
        await session.TabToAsync("Title");
        await keys.PressAsync("ControlOrMeta+a");
        await keys.TypeAsync("Gamma");
        await keys.PressAsync("Enter");
        await Assertions.Expect(names).ToHaveTextAsync(["Alpha", "Gamma"]);

        await session.TabToAsync("Select");
        await keys.PressAsync("Space");
        await session.TabToAsync("Gamma");
        await keys.PressAsync("Space");
        await Assertions.Expect(session.Page.GetByText("1 song selected")).ToBeVisibleAsync();
        await session.TabToAsync("Delete …");
        await keys.PressAsync("Enter");
        await Assertions.Expect(session.Page.GetByRole(AriaRole.Dialog, new() { Name = "Delete this song?" })).ToBeVisibleAsync();
        await session.TabToAsync("Delete");
        await keys.PressAsync("Enter");
        await Assertions.Expect(names).ToHaveTextAsync(["Alpha"]);
        await Assertions.Expect(session.Button("Select")).ToBeVisibleAsync();
        session.AssertQuiet();
    }

    [PageFact]
    public async Task A_song_is_practised_exported_and_the_page_is_set()
    {
        await using TestServer server = await TestServer.StartAsync(fake: fake =>
        {
            fake.Models = [.. fake.Models.Select(model => model.Name == "fake2" ? model with { RemovableBytes = 80 } : model)];
            fake.Cached["fake2"] = new ModelFiles([new ModelFile("fake2.th", 80)], []);
        });
        await server.SeparateAsync(BeatSong.Wav(8));
        await using PageSession session = await OpenAsync(server);
        IKeyboard keys = session.Page.Keyboard;
        await session.TabToAsync("song");
        await keys.PressAsync("Enter");
        await Assertions.Expect(session.Button("Play")).ToBeEnabledAsync();
        await session.TabToAsync("Practice");
        await keys.PressAsync("Enter");
        await Assertions.Expect(session.Page.Locator(".practice")).ToContainTextAsync("beats a minute");
        await session.TabToAsync("Speed of the song");
        await keys.PressAsync("ArrowLeft");
        await Assertions.Expect(session.Page.Locator(".player-names .facts")).ToContainTextAsync("heard at 99 %");
        await session.TabToAsync("Metronome");
        await keys.PressAsync("Space");
        await Assertions.Expect(session.Page.GetByLabel("Metronome")).ToBeCheckedAsync();
        await keys.PressAsync("l");
        await Assertions.Expect(session.Button("Loop")).ToHaveAttributeAsync("aria-pressed", "true");
        await session.TabToAsync("Keep this loop as");
        await keys.TypeAsync("Chorus");
        await keys.PressAsync("Enter");
        await session.TabToAsync("Forget Chorus");
        await keys.PressAsync("Enter");
        await Assertions.Expect(session.Page.Locator(".practice-markers li")).ToHaveCountAsync(0);

        await session.TabToAsync("Export");
        await keys.PressAsync("Enter");
        await session.TabToAsync("What");
        await keys.PressAsync("ArrowDown");
        await session.TabToAsync("Only the loop*");
        await keys.PressAsync("Space");
        await session.TabToAsync("Export");
        IDownload download = await session.Page.RunAndWaitForDownloadAsync(() => keys.PressAsync("Enter"));
        Assert.Equal("song - mix.wav", download.SuggestedFilename);
        await keys.PressAsync("Escape");

        await session.TabToAsync("Settings");
        await keys.PressAsync("Enter");
        await session.TabToAsync("Colours");
        await keys.PressAsync("ArrowDown");
        await Assertions.Expect(session.Page.Locator("html")).ToHaveAttributeAsync("data-theme", "light");
        await session.TabToAsync("Let phones and tablets of this network in");
        await keys.PressAsync("Space");
        await Assertions.Expect(session.Page.Locator(".pairing .code")).ToBeVisibleAsync();
        await keys.PressAsync("Space");
        await Assertions.Expect(session.Page.Locator(".pairing .code")).ToHaveCountAsync(0);
        await session.TabToAsync("Delete fake2 …");
        await keys.PressAsync("Enter");
        await Assertions.Expect(session.Page.GetByRole(AriaRole.Dialog, new() { Name = "Delete fake2?" })).ToBeVisibleAsync();
        await session.TabToAsync("Delete");
        await keys.PressAsync("Enter");
        await Assertions.Expect(session.Page.GetByRole(AriaRole.Button, new() { Name = "Download fake2" })).ToBeVisibleAsync();
        await Assertions.Expect(session.Page.GetByRole(AriaRole.Button, new() { Name = "Download fake2" })).ToBeFocusedAsync();
        await keys.PressAsync("Escape");
        await Assertions.Expect(session.Page.GetByRole(AriaRole.Dialog)).ToHaveCountAsync(0);
        await Assertions.Expect(session.Button("Settings")).ToBeFocusedAsync();
        session.AssertQuiet();
    }

    [PageFact]
    public async Task Tabs_and_menus_of_a_phone_are_reached()
    {
        await using TestServer server = await TestServer.StartAsync();
        await server.SeparateAsync(Song);
        await using PageSession session = await PageSession.OpenAsync(fixture.Browser, server.Server.PageAddress, 390, 844, touch: true);
        IKeyboard keys = session.Page.Keyboard;
        await Assertions.Expect(session.Button("song")).ToBeVisibleAsync();
        await session.TabToAsync("Add");
        await keys.PressAsync("Enter");
        await Assertions.Expect(session.Button("Choose songs")).ToBeVisibleAsync();
        await session.TabToAsync("Songs");
        await keys.PressAsync("Enter");
        await session.TabToAsync("song");
        await keys.PressAsync("Enter");
        await Assertions.Expect(session.Page.Locator("#player-title")).ToBeFocusedAsync();
        await session.TabToAsync("More about this song");
        await keys.PressAsync("Enter");
        await session.TabToAsync("Practice");
        await keys.PressAsync("Enter");
        await Assertions.Expect(session.Page.GetByLabel("Speed of the song")).ToBeVisibleAsync();
        await session.TabToAsync("More about vocals");
        await keys.PressAsync("Enter");
        await session.TabToAsync("Pan of vocals");
        await keys.PressAsync("ArrowRight");
        await session.TabToAsync("Back to the songs");
        await keys.PressAsync("Enter");
        await Assertions.Expect(session.Button("song")).ToBeVisibleAsync();
        session.AssertQuiet();
    }

    private async Task<PageSession> OpenAsync(TestServer server)
    {
        PageSession session = await PageSession.OpenAsync(fixture.Browser, server.Server.PageAddress);
        await Assertions.Expect(session.Page.Locator(".song").First).ToBeVisibleAsync();
        return session;
    }
}
