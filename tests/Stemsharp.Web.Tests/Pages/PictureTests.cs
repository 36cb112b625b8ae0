using Microsoft.Playwright;
using Stemsharp.Tests;
using Xunit;

namespace Stemsharp.Web.Tests.Pages;

[Collection("browser")]
public sealed class PictureTests(BrowserFixture fixture)
{
    [PageFact]
    public async Task The_page_in_its_states()
    {
        using SemaphoreSlim gate = new(0);
        await using TestServer server = await TestServer.StartAsync(fake: fake => (fake.Gate, fake.StemFolder) = (gate, RepositoryFiles.Sample("song")));
        byte[] song = await File.ReadAllBytesAsync(RepositoryFiles.Sample("song", "mix.wav"));
        await using PageSession session = await PageSession.OpenAsync(fixture.Browser, server.Server.PageAddress);
        await Assertions.Expect(session.Page.GetByText("Nothing is open yet")).ToBeVisibleAsync();
        await session.PictureAsync("empty-dark");
        await session.DropAsync(("Night Bus.wav", song), ("Paper Boats.wav", song), ("Slow Elevator.wav", song));
        await Assertions.Expect(session.Page.Locator(".job")).ToHaveCountAsync(3);
        gate.Release(2);
        await Assertions.Expect(session.Page.GetByText("playable")).ToBeVisibleAsync();
        await session.Button("Night Bus").ClickAsync();
        await session.Page.WaitForTimeoutAsync(300);
        await session.PictureAsync("separating-dark");
        gate.Release(100);
        await Assertions.Expect(session.Page.Locator(".job[data-state=done]")).ToHaveCountAsync(3);
        await session.Page.WaitForTimeoutAsync(300);
        await session.PictureAsync("player-dark");
        await session.Button("Light colours").ClickAsync();
        await session.Button("Play").ClickAsync();
        await session.Page.WaitForTimeoutAsync(1500);
        await session.Button("Mute drums").ClickAsync();
        await session.Page.RunAndWaitForResponseAsync(() => session.Button("Spectrogram of vocals").ClickAsync(), response => response.Url.Contains("spectrogram", StringComparison.Ordinal));
        await session.Button("Loop").ClickAsync();
        await session.Page.WaitForTimeoutAsync(300);
        await session.PictureAsync("playing-light");
        await using PageSession phone = await PageSession.OpenAsync(fixture.Browser, server.Server.PageAddress, 390, 844, ColorScheme.Dark, touch: true);
        await Assertions.Expect(phone.Page.Locator(".job")).ToHaveCountAsync(3);
        await phone.PictureAsync("phone-songs-dark");
        await phone.Button("Night Bus").ClickAsync();
        await phone.Page.WaitForTimeoutAsync(300);
        await phone.PictureAsync("phone-player-dark");
    }
}
