using System.Diagnostics;
using Stemsharp.Client;

namespace Stemsharp.Web.Tests;

/// <summary>The server as a process of its own, with the real separator and the demo model, so that it can be killed.</summary>
internal sealed class ServerProcess : IDisposable
{
    private readonly Process _process;

    private ServerProcess(Process process, Uri address, string token) =>
        (_process, Address, Token, Client) = (process, address, token, new StemsharpClient(address, token));

    public Uri Address { get; }

    public string Token { get; }

    public string PageAddress => $"{Address}#token={Token}";

    public StemsharpClient Client { get; }

    /// <param name="folder">Its data folder.</param>
    /// <param name="port">Its port; 0 for any that is free.</param>
    /// <param name="programs">A folder whose programs go before all others, the one that opens the browser among them; null for no browser.</param>
    /// <param name="environment">Sets variables of its environment.</param>
    /// <param name="further">Further arguments.</param>
    public static async Task<ServerProcess> StartAsync(
        string folder, int port = 0, string? programs = null, IReadOnlyDictionary<string, string>? environment = null, IReadOnlyList<string>? further = null)
    {
        ProcessStartInfo start = new(
            "dotnet", ["exec", Path.Combine(AppContext.BaseDirectory, "Stemsharp.Web.dll"), "--port", $"{port}", "--data", folder, "--model", "demo", "--lifeline", .. further ?? []])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        };
        if (programs is null)
        {
            start.ArgumentList.Add("--no-browser");
        }
        else
        {
            start.Environment["PATH"] = $"{programs}{Path.PathSeparator}{Environment.GetEnvironmentVariable("PATH")}";
        }

        foreach ((string name, string value) in environment ?? new Dictionary<string, string>())
        {
            start.Environment[name] = value;
        }

        Process process = Process.Start(start)!;
        string? line;
        do
        {
            line = await process.StandardOutput.ReadLineAsync() ?? throw new IOException("The server has not said where it is.");
        }
        while (!line.StartsWith("Stemsharp is at", StringComparison.Ordinal));
        string[] parts = line.Split(' ')[^1].Split("#token=");
        // What else it says is read, so that it can go on saying it.
        _ = process.StandardOutput.ReadToEndAsync();
        return new ServerProcess(process, new Uri(parts[0]), parts[1]);
    }

    /// <summary>Ends it as kill -9 does.</summary>
    public async Task KillAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync();
    }

    /// <summary>Ends it as its starter's end does.</summary>
    public async Task<int> EndInputAsync()
    {
        _process.StandardInput.Close();
        await _process.WaitForExitAsync();
        return _process.ExitCode;
    }

    public void Dispose()
    {
        Client.Dispose();
        if (!_process.HasExited)
        {
            _process.Kill();
        }

        _process.Dispose();
    }
}
