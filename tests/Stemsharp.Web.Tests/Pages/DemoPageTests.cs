using System.IO.Compression;
using Microsoft.Playwright;
using Stemsharp.Client;
using Stemsharp.Tests;
using Stemsharp.Web.Separation;
using Xunit;

namespace Stemsharp.Web.Tests.Pages;

/// <summary>The page with the real separator, the demo model and its song: what somebody does who tries Stemsharp for the first time.</summary>
[Collection("browser")]
public sealed class DemoPageTests(BrowserFixture fixture)
{
    private static readonly string[] Stems = ["drums", "bass", "other", "vocals", "guitar", "piano"];
    private static readonly byte[] Mix = File.ReadAllBytes(RepositoryFiles.Sample("song", "mix.wav"));

    /// <summary>
    /// The files that the library writes for the song, through the sink that the command line writes with. The command's
    /// own tests compare the server with the command.
    /// </summary>
    private static readonly Lazy<Task<Dictionary<string, byte[]>>> Expected = new(async () =>
    {
        string folder = Directory.CreateTempSubdirectory("stemsharp-web-").FullName;
        try
        {
            await using Separator separator = await Separator.OpenAsync(new SeparatorOptions { Model = "demo" }, ModelShelf.Catalog(offline: true));
            SeparatedFiles files = await separator.SeparateToFilesAsync(AudioInput.FromFile(RepositoryFiles.Sample("song", "mix.wav")), folder);
            return files.Files.ToDictionary(file => file.Key, file => File.ReadAllBytes(file.Value));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    });

    [PageFact]
    public async Task The_sample_is_separated_played_and_taken_home()
    {
        await using TestServer server = await TestServer.StartDemoAsync();
        await using PageSession session = await PageSession.OpenAsync(fixture.Browser, server.Server.PageAddress);
        await session.WatchAsync();
        server.Demo.HoldFrom(0.3);
        await session.DropAsync(("mix.wav", Mix));
        // It opens by itself, with a lane a stem, as soon as it can be heard.
        await Assertions.Expect(session.Page.Locator(".queue").GetByText("playable")).ToBeVisibleAsync();
        await Assertions.Expect(session.Lanes).ToHaveCountAsync(6);
        await Assertions.Expect(session.Page.GetByText("levels are not final yet")).ToBeVisibleAsync();
        await Assertions.Expect(session.Button("Play")).ToBeEnabledAsync();
        // Stopped before it is done it says so, for its stems are gone; begun again it goes on where it is shown.
        await session.Button("Cancel mix").ClickAsync();
        await Assertions.Expect(session.Page.Locator(".player-note")).ToHaveTextAsync("Cancelled");
        await Assertions.Expect(session.Button("Play")).ToBeDisabledAsync();
        await session.Button("Try again").ClickAsync();
        await Assertions.Expect(session.Button("Play")).ToBeEnabledAsync();
        server.Demo.Release();
        await Assertions.Expect(session.Page.Locator(".job[data-state=done]")).ToHaveCountAsync(1);
        string[] seen = await session.SeenAsync();
        Assert.Contains(seen, text => text.Contains('%', StringComparison.Ordinal) && text.Contains("playable", StringComparison.Ordinal));
        await Assertions.Expect(session.Page.Locator(".player")).ToContainTextAsync("× real time");

        // What is muted is silent, what is soloed is alone: the meters show what goes to the loudspeakers.
        await session.Button("Play").ClickAsync();
        await session.WaitForLevelsAsync(levels => levels.Count(level => level > 0.05) >= 4);
        await session.Button("Mute bass").ClickAsync();
        await session.WaitForLevelsAsync(levels => levels[2] == 0 && levels[3] > 0.05);
        await session.Button("Solo guitar").ClickAsync();
        await session.WaitForLevelsAsync(levels => levels.Index().All(level => level.Item == 0 == (level.Index != 3)));
        await session.Button("Solo guitar").ClickAsync();
        await session.Button("Mute bass").ClickAsync();
        await session.Page.GetByLabel("Position").FillAsync("5");
        await session.Button("Loop").ClickAsync();
        await session.WaitForPositionAsync(seconds => seconds is > 5.2 and < 7);
        await session.Button("Pause").ClickAsync();

        // Every stem as the command line would have written it, alone and in the zip.
        Dictionary<string, byte[]> expected = await Expected.Value;
        Assert.Equal(Stems, expected.Keys);
        foreach (string stem in (string[])["vocals", "guitar"])
        {
            Assert.Equal(expected[stem], await session.DownloadAsync(session.Page.GetByRole(AriaRole.Link, new() { Name = $"Download {stem}" })));
        }

        using ZipArchive zip = new(new MemoryStream(await session.DownloadAsync(await session.ExportAsync("stems"))));
        Assert.Equal(Stems.Select(stem => $"mix - {stem}.wav"), zip.Entries.Select(entry => entry.Name));
        foreach (ZipArchiveEntry entry in zip.Entries)
        {
            using MemoryStream bytes = new();
            await entry.Open().CopyToAsync(bytes);
            Assert.True(expected[Path.GetFileNameWithoutExtension(entry.Name)["mix - ".Length..]].SequenceEqual(bytes.ToArray()), entry.Name);
        }
        await session.Page.Keyboard.PressAsync("Escape");
        await session.Button("Solo bass").ClickAsync();
        byte[] mix = await session.DownloadAsync(await session.ExportAsync("mix"));
        // Only the bass is heard, so the mix is the bass, but for the dither of two roundings.
        byte[] bass = expected["bass"];
        Assert.Equal(bass.Length, mix.Length);
        for (int i = 44; i < mix.Length; i += 2)
        {
            Assert.InRange(BitConverter.ToInt16(mix, i) - BitConverter.ToInt16(bass, i), -2, 2);
        }

        // What was on its way when the song was cancelled is refused: there is no such part any more.
        session.AssertQuiet("409", "416");
    }

    [PageFact]
    public async Task A_server_that_is_killed_goes_on_under_the_open_page()
    {
        string folder = Directory.CreateTempSubdirectory("stemsharp-web-").FullName;
        try
        {
            using ServerProcess first = await ServerProcess.StartAsync(folder);
            await using PageSession session = await PageSession.OpenAsync(fixture.Browser, first.PageAddress);
            await session.DropAsync(("mix.wav", Mix));
            await Assertions.Expect(session.Lanes).ToHaveCountAsync(6);
            await Assertions.Expect(session.Page.Locator(".job[data-state=running], .job[data-state=done]")).ToHaveCountAsync(1);
            await first.KillAsync();
            await Assertions.Expect(session.Page.GetByText("The server does not answer")).ToBeInViewportAsync();
            await Assertions.Expect(session.Button("Try now")).ToBeVisibleAsync();
            using ServerProcess second = await ServerProcess.StartAsync(folder, first.Address.Port);
            await Assertions.Expect(session.Page.Locator(".job[data-state=done]")).ToHaveCountAsync(1);
            await Assertions.Expect(session.Page.GetByText("The server does not answer")).ToBeHiddenAsync();
            await session.Button("mix").ClickAsync();
            byte[] vocals = await session.DownloadAsync(session.Page.GetByRole(AriaRole.Link, new() { Name = "Download vocals" }));
            Assert.Equal((await Expected.Value)["vocals"], vocals);
            await session.Button("Play").ClickAsync();
            await session.WaitForPositionAsync(seconds => seconds > 0.3);
            session.AssertQuiet("ERR_");
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [PageFact]
    public async Task One_stem_and_the_rest_add_up_to_the_song()
    {
        await using TestServer server = await TestServer.StartDemoAsync();
        await using PageSession session = await PageSession.OpenAsync(fixture.Browser, server.Server.PageAddress);
        await session.Page.GetByLabel("Which stem is left out").SelectOptionAsync("guitar");
        await session.OpenAdvancedAsync();
        await session.Page.GetByText("Stems add up to the song exactly").ClickAsync();
        await session.DropAsync(("mix.wav", Mix));
        await Assertions.Expect(session.Page.Locator(".job[data-state=done]")).ToHaveCountAsync(1);
        await Assertions.Expect(session.Lanes).ToHaveCountAsync(2);
        byte[] one = await session.DownloadAsync(session.Page.GetByRole(AriaRole.Link, new() { Name = "Download guitar", Exact = true }));
        byte[] rest = await session.DownloadAsync(session.Page.GetByRole(AriaRole.Link, new() { Name = "Download all but guitar" }));
        // From the end, for the headers differ.
        for (int i = Mix.Length - 2, j = one.Length - 2; i >= 44; i -= 2, j -= 2)
        {
            Assert.Equal(BitConverter.ToInt16(Mix, i), BitConverter.ToInt16(one, j) + BitConverter.ToInt16(rest, j));
        }

        Job job = (await server.Client.GetJobsAsync()).Jobs.Single();
        Assert.Equal(["guitar", "no_guitar"], job.Audio!.Stems);
        Assert.Equal("no_guitar", job.Settings.Residual);
        session.AssertQuiet();
    }
}
