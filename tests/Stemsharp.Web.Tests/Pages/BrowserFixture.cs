using Microsoft.Playwright;
using Stemsharp.Tests;
using Xunit;

namespace Stemsharp.Web.Tests.Pages;

/// <summary>Debian's Chromium, started once for all tests of the page.</summary>
public sealed class BrowserFixture : IAsyncLifetime
{
    private IPlaywright? _playwright;

    public IBrowser Browser { get; private set; } = null!;

    public static string? Chromium { get; } = ((string[])["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"])
        .Prepend(Environment.GetEnvironmentVariable("STEMSHARP_CHROMIUM") ?? "").FirstOrDefault(File.Exists);

    /// <summary>Whether the page is in this build.</summary>
    public static bool HasPage { get; } = File.Exists(Path.Combine(AppContext.BaseDirectory, "wwwroot", "index.html"));

    public async Task InitializeAsync()
    {
        if (Chromium is null)
        {
            return;
        }
        // A machine that is busy is no failure: only the whole run has a limit of time.
        Assertions.SetDefaultExpectTimeout(120_000);
        _playwright = await Playwright.CreateAsync();
        Browser = await _playwright.Chromium.LaunchAsync(new BrowserTypeLaunchOptions
        {
            ExecutablePath = Chromium,
            Args =
            [
                "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
                "--disable-component-update", "--disable-sync", "--mute-audio",
            ],
        });
    }

    public async Task DisposeAsync()
    {
        if (Browser is not null)
        {
            await Browser.CloseAsync();
        }

        _playwright?.Dispose();
    }
}

[CollectionDefinition("browser")]
public sealed class BrowserCollection : ICollectionFixture<BrowserFixture>;

/// <summary>A test of the page: it needs Chromium and a build with the page in it.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class PageFactAttribute : FactAttribute
{
    public PageFactAttribute() => Skip = Missing;

    /// <summary>What the machine lacks for tests of the page; null where nothing is missing, or where everything has to be there.</summary>
    public static string? Missing =>
        ToolFactAttribute.RequireAll ? null
        : BrowserFixture.Chromium is null ? "Chromium is not installed."
        : BrowserFixture.HasPage ? null
        : "The page is not in this build: npm ci in src/Stemsharp.Web/client, then dotnet build.";
}

/// <summary>A test of the page with cases.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class PageTheoryAttribute : TheoryAttribute
{
    public PageTheoryAttribute() => Skip = PageFactAttribute.Missing;
}
