using System.Diagnostics;
using System.Text.Json;
using Stemsharp.Cli.Hosting;
using Stemsharp.Tests;
using Xunit;
using Answer = Stemsharp.Tests.Checkpoints.ModelServer.Answer;

namespace Stemsharp.Cli.Tests.Commands;

/// <summary>Downloads by processes of their own, over TLS. Elsewhere than on Linux no variable makes them trust the server.</summary>
public sealed class ModelDownloadTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [LinuxFact]
    public async Task TwoProcessesFetchAFileOnce()
    {
        using ModelHost host = new(
            _folder.Path, (request, _) => Answer.File(ModelHost.Model, request) with { Pieces = 10, Pause = TimeSpan.FromMilliseconds(100) }, "mine");
        string[] command = ["models", "download", "mine", "--quiet"];
        (int ExitCode, byte[] Output, string Error)[] runs = await Task.WhenAll(
            ChildProcess.RunAsync(command, environment: host.Environment), ChildProcess.RunAsync(command, environment: host.Environment));
        Assert.All(runs, r => Assert.Equal((0, "", host.Cached), (r.ExitCode, r.Error, System.Text.Encoding.UTF8.GetString(r.Output).Trim())));
        Assert.Single(host.Server.Requests);
        Assert.Equal(ModelHost.Model, File.ReadAllBytes(host.Cached));
        Assert.Equal([host.Cached], Directory.GetFiles(Path.GetDirectoryName(host.Cached)!));
    }

    [LinuxFact]
    public async Task AKilledDownloadIsContinued()
    {
        const int sent = 500_000;
        using ModelHost host = new(
            _folder.Path,
            (request, index) => index == 0 ? Answer.File(ModelHost.Model, request).Cut(sent) with { StallAfterwards = true } : Answer.File(ModelHost.Model, request),
            "mine");
        string[] command = ["models", "download", "mine"];
        using (Process process = ChildProcess.Start(command, host.Environment))
        {
            FileInfo part = new(host.Cached + ".part");
            for (; !part.Exists || part.Length < sent; part.Refresh())
            {
                Assert.False(process.HasExited);
                await Task.Delay(10);
            }

            process.Kill();
            await process.WaitForExitAsync();
        }

        Assert.False(File.Exists(host.Cached));
        (int code, _, string error) = await ChildProcess.RunAsync(command, environment: host.Environment);
        Assert.True(code == 0, error);
        Assert.Equal([null, sent], host.Server.Requests.Select(r => r.RangeStart));
        Assert.Equal(ModelHost.Model, File.ReadAllBytes(host.Cached));
    }

    [LinuxFact]
    public async Task DownloadsGoThroughAProxyAndAreToldAsJson()
    {
        using ModelHost host = new(_folder.Path);
        Dictionary<string, string> environment = new(host.Environment)
        {
            ["HTTPS_PROXY"] = $"http://127.0.0.1:{host.Server.Port}",
            ["NO_PROXY"] = "",
            ["STEMSHARP_CATALOG"] = _folder.Make("elsewhere.json", $$"""{"models": {"mine": {"files": ["https://models.test/{{ModelHost.FileName}}"] } } }"""),
        };
        string clip = Clip.Song(_folder.Combine("song.wav"), 0.3);
        string[] command = ["separate", clip, "-n", "mine", "-o", _folder.Combine("out"), "--stems", "bass", "--progress", "json"];
        (int code, byte[] output, string error) = await ChildProcess.RunAsync(command, environment: environment);
        Assert.True(code == 0, error);
        Assert.Empty(output);
        Assert.Equal(["models.test:443"], host.Server.Tunnels);
        JsonElement[] events = Events(error);
        JsonElement last = events.Last(e => e.GetProperty("event").GetString() == "download");
        Assert.Equal((ModelHost.FileName, ModelHost.Model.Length), (last.GetProperty("file").GetString(), last.GetProperty("received_bytes").GetInt32()));
        Assert.Equal(ModelHost.Model.Length, last.GetProperty("total_bytes").GetInt32());
        Assert.Equal("end", events[^1].GetProperty("event").GetString());

        // Without the network the same model serves again.
        (code, _, error) = await ChildProcess.RunAsync([.. command, "--offline", "--overwrite"], environment: new Dictionary<string, string>(environment) { ["HTTPS_PROXY"] = "http://127.0.0.1:1" });
        Assert.True(code == 0, error);
        Assert.Single(host.Server.Tunnels);
    }

    [Fact]
    public async Task WhatEndsTheWholeRunIsToldAsJsonToo()
    {
        string clip = Clip.Song(_folder.Combine("song.wav"), 0.3);
        CommandLineRun run = await CommandLineRun.OfAsync("separate", clip, "-n", "nonesuch", "--offline", "-o", _folder.Combine("out"), "--progress", "json", "--json");
        Assert.Equal(ExitCode.Model, run.ExitCode);
        JsonElement told = Assert.Single(Events(run.Error)), result = JsonDocument.Parse(run.Output).RootElement;
        Assert.Equal("error", told.GetProperty("event").GetString());
        foreach (JsonElement error in new[] { told, result })
        {
            Assert.Equal(("model", ExitCode.Model), (error.GetProperty("error").GetString(), error.GetProperty("exit_code").GetInt32()));
            Assert.Contains("nonesuch", error.GetProperty("message").GetString()!, StringComparison.Ordinal);
        }

        run = await CommandLineRun.OfAsync("separate", clip, "-n", "nonesuch", "--offline", "--json");
        Assert.StartsWith("stemsharp: There is no model 'nonesuch'", run.Error, StringComparison.Ordinal);
        Assert.Equal(1, JsonDocument.Parse(run.Output).RootElement.GetProperty("version").GetInt32());
    }

    private static JsonElement[] Events(string lines) =>
        [.. lines.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(l => JsonDocument.Parse(l).RootElement)];
}
