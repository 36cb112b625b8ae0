using Microsoft.Playwright;
using Stemsharp.Tests;
using Xunit;

namespace Stemsharp.Web.Tests.Pages;

/// <summary>A browser window on a server. Messages in the browser's console that tell of errors fail the test.</summary>
internal sealed class PageSession : IAsyncDisposable
{
    private readonly IBrowserContext _context;

    private PageSession(IBrowserContext context, IPage page) => (_context, Page) = (context, page);

    public IPage Page { get; }

    public List<string> Errors { get; } = [];

    public static async Task<PageSession> OpenAsync(
        IBrowser browser, string address, int width = 1360, int height = 860, ColorScheme theme = ColorScheme.Dark, bool touch = false)
    {
        IBrowserContext context = await browser.NewContextAsync(new BrowserNewContextOptions
        {
            ViewportSize = new ViewportSize { Width = width, Height = height }, ColorScheme = theme, HasTouch = touch, IsMobile = touch,
            DeviceScaleFactor = touch ? 2 : 1, AcceptDownloads = true,
        });
        IPage page = await context.NewPageAsync();
        PageSession session = new(context, page);
        page.PageError += (_, error) => session.Errors.Add(error);
        page.Console += (_, message) =>
        {
            if (message.Type == "error") session.Errors.Add($"{message.Text} ({message.Location})");
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

    /// <summary>Keeps a picture: in docs/images where STEMSHARP_SCREENSHOTS is set, nowhere otherwise.</summary>
    public async Task PictureAsync(string name)
    {
        byte[] png = await Page.ScreenshotAsync();
        Assert.NotEmpty(png);
        if (Environment.GetEnvironmentVariable("STEMSHARP_SCREENSHOTS") != "1") return;
        string folder = Directory.CreateDirectory(RepositoryFiles.At("docs", "images")).FullName;
        await File.WriteAllBytesAsync(Path.Combine(folder, $"web-{name}.png"), png);
    }

    /// <summary>The page's own JavaScript, called for what cannot be seen from outside.</summary>
    public Task<T> EvaluateAsync<T>(string script, object? argument = null) => Page.EvaluateAsync<T>(script, argument);

    public async ValueTask DisposeAsync()
    {
        await _context.CloseAsync();
        Assert.Empty(Errors);
    }
}
