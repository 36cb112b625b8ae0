using Microsoft.Playwright;
using Stemsharp.Tests;
using Xunit;

namespace Stemsharp.Web.Tests.Pages;

/// <summary>A browser window on a server, its errors noted.</summary>
internal sealed class PageSession : IAsyncDisposable
{
    private readonly IBrowserContext _context;

    private PageSession(IBrowserContext context, IPage page) => (_context, Page) = (context, page);

    public IPage Page { get; }

    public List<string> Errors { get; } = [];

    /// <summary>Addresses that were asked for.</summary>
    public List<string> Requests { get; } = [];

    public ILocator Lanes => Page.Locator(".lane-head");

    public static async Task<PageSession> OpenAsync(
        IBrowser browser, string address, int width = 1360, int height = 860, ColorScheme theme = ColorScheme.Dark, bool touch = false)
    {
        IBrowserContext context = await browser.NewContextAsync(new BrowserNewContextOptions
        {
            ViewportSize = new ViewportSize { Width = width, Height = height },
            ColorScheme = theme,
            HasTouch = touch,
            IsMobile = touch,
            DeviceScaleFactor = touch ? 2 : 1,
            AcceptDownloads = true,
            // Colours that are still changing would be audited as they are then.
            ReducedMotion = ReducedMotion.Reduce,
        });
        IPage page = await context.NewPageAsync();
        page.SetDefaultTimeout(120_000);
        PageSession session = new(context, page);
        page.Request += (_, request) => session.Requests.Add(request.Url);
        page.PageError += (_, error) => session.Errors.Add(error);
        page.Console += (_, message) =>
        {
            if (message.Type == "error")
            {
                session.Errors.Add($"{message.Text} ({message.Location})");
            }
        };
        await page.GotoAsync(address);
        return session;
    }

    public ILocator Button(string name) => Page.GetByRole(AriaRole.Button, new PageGetByRoleOptions { Name = name, Exact = true });

    /// <summary>Drops files on the page as a user does.</summary>
    public async Task DropAsync(params (string Name, byte[] Bytes)[] files)
    {
        IJSHandle transfer = await Page.EvaluateHandleAsync(
            """
            (files) => {
              const transfer = new DataTransfer();
              for (const { name, data } of files) {
                const bytes = Uint8Array.from(atob(data), (c) => c.charCodeAt(0));
                transfer.items.add(new File([bytes], name));
              }
              return transfer;
            }
            """,
            files.Select(file => new { name = file.Name, data = Convert.ToBase64String(file.Bytes) }).ToArray());
        await Page.DispatchEventAsync(".drop", "drop", new { dataTransfer = transfer });
    }

    /// <summary>Drops a file or a folder that is on the disk, as the system's file manager does.</summary>
    public async Task DropFromDiskAsync(string path)
    {
        LocatorBoundingBoxResult zone = (await Page.Locator(".drop").BoundingBoxAsync())!;
        ICDPSession devtools = await _context.NewCDPSessionAsync(Page);
        foreach (string type in (string[])["dragEnter", "dragOver", "drop"])
        {
            await devtools.SendAsync("Input.dispatchDragEvent", new Dictionary<string, object>
            {
                ["type"] = type,
                ["x"] = zone.X + zone.Width / 2,
                ["y"] = zone.Y + zone.Height / 2,
                ["data"] = new { items = Array.Empty<object>(), files = new[] { path }, dragOperationsMask = 1 },
            });
        }
    }

    /// <summary>Drops a song and waits until its stems are there.</summary>
    public async Task SeparateAsync(string name, byte[] song)
    {
        await DropAsync((name, song));
        await Assertions.Expect(Page.Locator(".job[data-state=done]").Filter(new LocatorFilterOptions { HasText = Path.GetFileNameWithoutExtension(name) }))
            .ToHaveCountAsync(1);
    }

    /// <summary>What the player's clock shows, in seconds.</summary>
    public async Task<double> PositionAsync() => double.Parse(await Page.GetByLabel("Position").InputValueAsync(), System.Globalization.CultureInfo.InvariantCulture);

    public async Task WaitForPositionAsync(Func<double, bool> wanted)
    {
        await WaitAsync(async () => wanted(await PositionAsync()));
    }

    /// <summary>Notes from now on what the lists of songs say, however short a time they say it.</summary>
    public Task WatchAsync() => Page.EvaluateAsync(
        """
        () => {
          window.seen = new Set();
          new MutationObserver(() => document.querySelectorAll(".job .status").forEach((status) => window.seen.add(status.textContent)))
            .observe(document.body, { subtree: true, childList: true, characterData: true });
        }
        """);

    public Task<string[]> SeenAsync() => EvaluateAsync<string[]>("() => [...window.seen]");

    /// <summary>Waits until the meters of the lanes, 0 to 1, are as wanted.</summary>
    public Task WaitForLevelsAsync(Func<double[], bool> wanted) => WaitAsync(async () =>
        wanted(await EvaluateAsync<double[]>("() => [...document.querySelectorAll('.level')].map((level) => new DOMMatrix(level.style.transform).a)")));

    /// <summary>Waits as long as Playwright does: what never comes shall fail its own test only.</summary>
    private async Task WaitAsync(Func<Task<bool>> wanted)
    {
        for (long start = Environment.TickCount64; !await wanted();)
        {
            Assert.True(Environment.TickCount64 - start < 120_000, "What the test waits for has not come.");
            await Page.WaitForTimeoutAsync(30);
        }
    }

    /// <summary>Downloads what a link leads to.</summary>
    public async Task<byte[]> DownloadAsync(ILocator link)
    {
        IDownload download = await Page.RunAndWaitForDownloadAsync(() => link.ClickAsync());
        return await File.ReadAllBytesAsync(await download.PathAsync());
    }

    /// <summary>Audits what is on the screen against WCAG 2.2 A and AA, and its contrasts in the other theme too.</summary>
    public async Task AuditAsync(string state)
    {
        string axe = RepositoryFiles.At("src", "Stemsharp.Web", "client", "node_modules", "axe-core", "axe.min.js");
        await Page.EvaluateAsync(await File.ReadAllTextAsync(axe));
        string[] violations = await Page.EvaluateAsync<string[]>(
            """
            async () => {
              const { dataset } = document.documentElement;
              const theme = dataset.theme;
              const found = [];
              const run = async (runOnly) => {
                const result = await axe.run(document, { runOnly, resultTypes: ["violations"] });
                for (const { id, nodes } of result.violations)
                  for (const node of nodes) found.push(`${dataset.theme}: ${id}: ${node.target} ${node.failureSummary}`);
              };
              await run({ type: "tag", values: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"] });
              dataset.theme = theme === "dark" ? "light" : "dark";
              await run({ type: "rule", values: ["color-contrast"] });
              dataset.theme = theme;
              return found;
            }
            """);
        Assert.True(violations.Length == 0, $"{state}: {string.Join("\n", violations)}");
    }

    /// <summary>Keeps a picture: in docs/images where STEMSHARP_SCREENSHOTS is set, nowhere otherwise.</summary>
    public async Task PictureAsync(string name)
    {
        // Nothing is hovered by chance.
        await Page.Mouse.MoveAsync(0, 0);
        byte[] png = await Page.ScreenshotAsync();
        Assert.NotEmpty(png);
        if (Environment.GetEnvironmentVariable("STEMSHARP_SCREENSHOTS") != "1")
        {
            return;
        }

        string folder = Directory.CreateDirectory(RepositoryFiles.At("docs", "images")).FullName;
        await File.WriteAllBytesAsync(Path.Combine(folder, $"web-{name}.png"), png);
    }

    /// <summary>The page's own JavaScript, called for what cannot be seen from outside.</summary>
    public Task<T> EvaluateAsync<T>(string script, object? argument = null) => Page.EvaluateAsync<T>(script, argument);

    public async ValueTask DisposeAsync() => await _context.CloseAsync();

    /// <summary>The browser has complained of nothing, its content security policy included, but for what is named.</summary>
    public void AssertQuiet(params string[] allowed) =>
        Assert.All(Errors, error => Assert.Contains(allowed, part => error.Contains(part, StringComparison.Ordinal)));
}
