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
        PageViewportSizeResult window = Page.ViewportSize!;
        ICDPSession devtools = await _context.NewCDPSessionAsync(Page);
        foreach (string type in (string[])["dragEnter", "dragOver", "drop"])
        {
            await devtools.SendAsync("Input.dispatchDragEvent", new Dictionary<string, object>
            {
                ["type"] = type,
                ["x"] = window.Width / 2,
                ["y"] = window.Height / 2,
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

    /// <summary>Opens the drawer with everything that the cards do not ask.</summary>
    public Task OpenAdvancedAsync() => Page.GetByText("Advanced", new PageGetByTextOptions { Exact = true }).ClickAsync();

    /// <summary>Opens the dialog with what can be taken home, says what is wanted, and gives the link to it.</summary>
    public async Task<ILocator> ExportAsync(string what, string? format = null, string? depth = null, bool loop = false)
    {
        if (!await Page.GetByRole(AriaRole.Dialog).IsVisibleAsync())
        {
            await Button("Export").ClickAsync();
        }

        await Page.GetByLabel("What", new PageGetByLabelOptions { Exact = true }).SelectOptionAsync(what);
        if (format is not null)
        {
            await Page.GetByLabel("Format", new PageGetByLabelOptions { Exact = true }).SelectOptionAsync(format);
        }

        if (depth is not null)
        {
            await Page.GetByLabel("Depth", new PageGetByLabelOptions { Exact = true }).SelectOptionAsync(depth);
        }

        await Page.Locator("#export-loop").SetCheckedAsync(loop);
        return Page.GetByRole(AriaRole.Dialog).GetByRole(AriaRole.Link, new LocatorGetByRoleOptions { Name = "Export" });
    }

    /// <summary>Chooses from the list of what can be done with a song.</summary>
    public async Task FromMenuAsync(string song, string action)
    {
        await Button($"More about {song}").ClickAsync();
        await Page.GetByRole(AriaRole.Dialog).GetByRole(AriaRole.Button, new LocatorGetByRoleOptions { Name = action }).ClickAsync();
    }

    /// <summary>Things jump less than people notice since the page was opened, in the browser's own measure.</summary>
    public async Task AssertStillAsync()
    {
        string[] shifts = await EvaluateAsync<string[]>(
            """
            () => new Promise((resolve) => {
              const found = [];
              const name = (node) => (node ? `${node.nodeName} ${node.id ?? ""} ${node.className ?? node.textContent}` : "gone");
              new PerformanceObserver((list) => {
                for (const { value, hadRecentInput, sources } of list.getEntries())
                  if (!hadRecentInput) found.push(`${value} ${sources.map(({ node, previousRect: a, currentRect: b }) => `${name(node)} (${a.x}, ${a.y}, ${a.width}, ${a.height}) → (${b.x}, ${b.y}, ${b.width}, ${b.height})`).join("; ")}`);
              }).observe({ type: "layout-shift", buffered: true });
              setTimeout(() => resolve(found), 100);
            })
            """);
        double sum = shifts.Sum(shift => double.Parse(shift.Split(' ')[0], System.Globalization.CultureInfo.InvariantCulture));
        Assert.True(sum <= 0.02, $"{sum}: {string.Join("\n", shifts)}");
    }

    /// <summary>
    /// Controls whose border, rail or mark has less than 3:1 to what is around it, and those that are smaller than 44 pixels, in the theme that is on.
    /// </summary>
    public Task<string[]> WeakControlsAsync() => EvaluateAsync<string[]>(WeakControls);

    /// <summary>Every control can be told from what is around it, and hit with a thumb, in both themes.</summary>
    public async Task AssertControlsAsync(string state = "")
    {
        string theme = await EvaluateAsync<string>("() => document.documentElement.dataset.theme");
        foreach (string other in (string[])["light", "dark", theme])
        {
            await EvaluateAsync<string>("(theme) => document.documentElement.dataset.theme = theme", other);
            string[] weak = await WeakControlsAsync();
            Assert.True(weak.Length == 0, $"{state}: {string.Join("\n", weak)}");
        }
    }

    /// <summary>Goes to a control with the Tab key: by its name, or by its beginning, with a * behind it.</summary>
    public async Task TabToAsync(string name)
    {
        for (int i = 0; i < 120; i++)
        {
            await Page.Keyboard.PressAsync("Tab");
            string focused = await EvaluateAsync<string>(
                "() => { const e = document.activeElement; return (e.getAttribute('aria-label') ?? e.labels?.[0]?.textContent ?? e.textContent).trim(); }");
            if (focused == name || (name.EndsWith('*') && focused.StartsWith(name[..^1], StringComparison.Ordinal)))
            {
                return;
            }
        }

        Assert.Fail($"'{name}' cannot be reached with Tab.");
    }

    private const string WeakControls =
        """
        () => {
          const context = Object.assign(document.createElement("canvas"), { width: 1, height: 1 }).getContext("2d", { willReadFrequently: true });
          const over = (colour, below) => {
            context.clearRect(0, 0, 1, 1);
            context.fillStyle = `rgb(${below.join()})`;
            context.fillRect(0, 0, 1, 1);
            context.fillStyle = colour;
            context.fillRect(0, 0, 1, 1);
            return [...context.getImageData(0, 0, 1, 1).data].slice(0, 3);
          };
          const light = (rgb) => rgb.map((c) => c / 255).map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)).reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
          const contrast = (a, b) => (Math.max(light(a), light(b)) + 0.05) / (Math.min(light(a), light(b)) + 0.05);
          const ground = (element) => {
            const chain = [];
            for (let at = element; at; at = at.parentElement) chain.unshift(getComputedStyle(at).backgroundColor);
            return chain.reduce((below, colour) => over(colour, below), [255, 255, 255]);
          };
          const found = [];
          const name = (e) => `${document.documentElement.dataset.theme} ${e.tagName} ${e.className} "${e.getAttribute("aria-label") ?? e.textContent.slice(0, 30)}"`;
          for (const e of document.querySelectorAll("button, select, input, a.button, a.icon, summary, label.chip, label.check")) {
            if (!e.checkVisibility({ visibilityProperty: true }) || e.disabled || e.closest("label") !== null && e.tagName === "INPUT" && e.type !== "range") continue;
            const box = e.getBoundingClientRect(), style = getComputedStyle(e);
            if (box.width === 0) continue;
            const after = e.classList.contains("job-name") ? e.closest(".song, .job").getBoundingClientRect() : box;
            if (after.height < 43.5 && !e.classList.contains("letter") || (after.width < 43.5 && !e.classList.contains("letter"))) found.push(`${name(e)} is ${box.width} × ${box.height}`);
            const around = ground(e.parentElement);
            if (style.borderTopStyle !== "none" && parseFloat(style.borderTopWidth) > 0 && over(style.borderTopColor, around).join() !== around.join()) {
              const border = contrast(over(style.borderTopColor, around), around), fill = contrast(ground(e), around);
              if (Math.max(border, fill) < 3) found.push(`${name(e)} has a border of ${border.toFixed(2)}`);
            }
            if (e.type === "range") {
              const probe = Object.assign(document.createElement("i"), { style: "color: var(--edge)" });
              probe.style.color = "var(--edge)";
              e.parentElement.append(probe);
              const rail = contrast(over(getComputedStyle(probe).color, around), around);
              probe.remove();
              if (rail < 3) found.push(`${name(e)} has a rail of ${rail.toFixed(2)}`);
            }
            const mark = e.querySelector("svg");
            if (mark) {
              const own = contrast(over(getComputedStyle(mark).fill, ground(e)), ground(e));
              if (own < 3) found.push(`${name(e)} has a mark of ${own.toFixed(2)}`);
            }
          }
          return found;
        }
        """;

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
        Assert.All(Errors, error => Assert.True(allowed.Any(part => error.Contains(part, StringComparison.Ordinal)), error));
}
