using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace Stemsharp.Web.Tests.Hosts;

/// <summary>
/// Serves a folder to a browser with the two headers that cross-origin isolation takes, and keeps what the page PUTs.
/// </summary>
internal sealed class IsolatedServer : IDisposable
{
    private readonly HttpListener _listener = new();
    private readonly string _folder;

    public IsolatedServer(string folder)
    {
        _folder = folder;
        using (TcpListener free = new(IPAddress.Loopback, 0))
        {
            free.Start();
            Address = $"http://localhost:{((IPEndPoint)free.LocalEndpoint).Port}/";
        }

        _listener.Prefixes.Add(Address);
        _listener.Start();
        _ = ServeAsync();
    }

    public string Address { get; }

    /// <summary>What was PUT, by name.</summary>
    public ConcurrentDictionary<string, byte[]> Received { get; } = new();

    public void Dispose() => _listener.Close();

    private async Task ServeAsync()
    {
        while (_listener.IsListening)
        {
            try
            {
                HttpListenerContext context = await _listener.GetContextAsync().ConfigureAwait(false);
                await AnswerAsync(context).ConfigureAwait(false);
            }
            catch (Exception e) when (e is HttpListenerException or ObjectDisposedException)
            {
                // The browser went away, or the test is over.
            }
        }
    }

    private async Task AnswerAsync(HttpListenerContext context)
    {
        HttpListenerResponse response = context.Response;
        string name = context.Request.Url!.AbsolutePath.TrimStart('/'), file = Path.Combine(_folder, name.Length == 0 ? "index.html" : name);
        response.Headers["Cross-Origin-Opener-Policy"] = "same-origin";
        response.Headers["Cross-Origin-Embedder-Policy"] = "require-corp";
        response.Headers["Cache-Control"] = "no-store";
        response.ContentType = Path.GetExtension(file) switch { ".html" => "text/html", ".mjs" => "text/javascript", ".wasm" => "application/wasm", _ => "application/octet-stream" };
        if (context.Request.HttpMethod == "PUT")
        {
            using MemoryStream body = new();
            await context.Request.InputStream.CopyToAsync(body).ConfigureAwait(false);
            Received[name] = body.ToArray();
        }
        else if (File.Exists(file))
        {
            using FileStream content = File.OpenRead(file);
            response.ContentLength64 = content.Length;
            await content.CopyToAsync(response.OutputStream).ConfigureAwait(false);
        }
        else
        {
            response.StatusCode = name == "favicon.ico" ? 204 : 404;
        }

        response.Close();
    }
}
