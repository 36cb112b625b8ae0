using Microsoft.Playwright;
using Stemsharp.Tests;
using Xunit;

namespace Stemsharp.Web.Tests.Pages;

/// <summary>
/// The page's states with the demo model, kept as pictures for the documentation where STEMSHARP_SCREENSHOTS is 1.
/// </summary>
[Collection("browser")]
public sealed class PictureTests(BrowserFixture fixture)
{
    /// <summary>Where the samples begin in the sample song's file.</summary>
    private const int DataOffset = 44;

    [PageFact]
    public async Task The_page_in_its_states()
    {
        await using TestServer server = await TestServer.StartDemoAsync();
        byte[] song = await File.ReadAllBytesAsync(RepositoryFiles.Sample("song", "mix.wav"));
        await using PageSession session = await PageSession.OpenAsync(fixture.Browser, server.Server.PageAddress);
        await Assertions.Expect(session.Page.GetByText("Take songs apart")).ToBeVisibleAsync();
        await session.PictureAsync("empty-dark");

        // Longer, and held, so that there is time to look at it.
        server.Demo.HoldFrom(0.3);
        byte[] longer = [.. song, .. song[DataOffset..], .. song[DataOffset..], .. song[DataOffset..]];
        BitConverter.GetBytes(longer.Length - 8).CopyTo(longer, 4);
        BitConverter.GetBytes(longer.Length - DataOffset).CopyTo(longer, DataOffset - 4);
        await session.DropAsync(("Slow Elevator.wav", longer), ("Night Bus.wav", song), ("Paper Boats.wav", song), ("Low Tide.wav", song));
        await Assertions.Expect(session.Page.Locator(".job[data-state=queued]")).ToHaveCountAsync(2);
        await Assertions.Expect(session.Lanes).ToHaveCountAsync(6);
        await Assertions.Expect(session.Page.Locator(".queue").GetByText(" left ")).ToBeVisibleAsync();
        await Assertions.Expect(session.Button("Play")).ToBeEnabledAsync();
        await session.Button("Play").ClickAsync();
        await session.WaitForPositionAsync(seconds => seconds > 1);
        await Assertions.Expect(session.Page.GetByText("levels are not final yet")).ToBeVisibleAsync();
        await session.PictureAsync("separating-dark");
        await session.Button("Cancel Low Tide").ClickAsync();
        await session.Button("Cancel Slow Elevator").ClickAsync();
        await Assertions.Expect(session.Page.Locator(".song[data-state=cancelled]")).ToHaveCountAsync(2);
        server.Demo.Release();
        await Assertions.Expect(session.Page.Locator(".job[data-state=done]")).ToHaveCountAsync(2);
        await session.PictureAsync("history-dark");

        await session.Button("Night Bus").ClickAsync();
        await Assertions.Expect(session.Page.GetByRole(AriaRole.Heading, new() { Name = "Night Bus" })).ToBeVisibleAsync();
        await session.PictureAsync("player-dark");
        await session.Page.GetByLabel("Separate this song again with").SelectOptionAsync(new SelectOptionValue { Label = "demo, 4 passes" });
        await Assertions.Expect(session.Page.Locator(".song .tag")).ToHaveCountAsync(3);
        await session.Page.GetByLabel("Compare with").SelectOptionAsync(new SelectOptionValue { Label = "demo, 4 passes" });
        await session.Button("B · demo, 4 passes").ClickAsync();
        await session.PictureAsync("compare-dark");
        await session.AuditAsync("compare-dark");
        await session.Page.GetByLabel("Compare with").SelectOptionAsync("");

        await session.Button("Settings").ClickAsync();
        await session.PictureAsync("settings-dark");
        await session.Page.GetByLabel("Colours").SelectOptionAsync("light");
        await session.Page.Keyboard.PressAsync("Escape");
        await session.Button("Play").ClickAsync();
        await session.WaitForPositionAsync(seconds => seconds > 2);
        await session.Button("Mute drums").ClickAsync();
        await session.Page.RunAndWaitForResponseAsync(
            () => session.Button("Spectrogram of bass").ClickAsync(), response => response.Url.Contains("spectrogram", StringComparison.Ordinal));
        await session.Button("Zoom in").ClickAsync();
        await session.Button("Loop").ClickAsync();
        await session.Page.WaitForTimeoutAsync(600);
        await session.PictureAsync("playing-light");
        await session.AuditAsync("playing-light");
        await session.Button("Pause").ClickAsync();
        await session.Button("Export").ClickAsync();
        await session.PictureAsync("export-light");
        await session.Page.Keyboard.PressAsync("Escape");
        await session.Button("Add songs").ClickAsync();
        await session.OpenAdvancedAsync();
        await session.PictureAsync("options-light");
        await session.AuditAsync("options-light");
        await session.Page.GoBackAsync();
        await session.Button("Keyboard shortcuts").ClickAsync();
        await session.PictureAsync("keys-light");

        foreach (ColorScheme theme in (ColorScheme[])[ColorScheme.Dark, ColorScheme.Light])
        {
            string name = theme.ToString().ToLowerInvariant();
            await using PageSession phone = await PageSession.OpenAsync(fixture.Browser, server.Server.PageAddress, 390, 844, theme, touch: true);
            await Assertions.Expect(phone.Page.Locator(".song")).ToHaveCountAsync(4);
            await phone.PictureAsync($"phone-songs-{name}");
            await phone.Button("Paper Boats").ClickAsync();
            await Assertions.Expect(phone.Lanes).ToHaveCountAsync(6);
            await phone.Page.WaitForTimeoutAsync(200);
            await phone.PictureAsync($"phone-player-{name}");
            phone.AssertQuiet();
        }
        session.AssertQuiet("409", "416");
    }
}
