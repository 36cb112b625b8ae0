using System.Diagnostics;
using System.Net.Http.Headers;
using System.Text.Json;
using System.Text.RegularExpressions;
using Stemsharp.Tests;
using Xunit;

namespace Stemsharp.Cli.Tests.Commands;

/// <summary>
/// A build for one system, self-contained or native, needs nothing but itself: no .NET, no search path, no FFmpeg, no variable but the home
/// folder. STEMSHARP_SELF_CONTAINED names its program; .ci/run publishes one.
/// </summary>
public sealed partial class SelfContainedTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [SelfContainedFact]
    public async Task AnMp3BecomesStems()
    {
        string song = RepositoryFiles.Golden("media", "v2.mp3");
        using Process process = Start("separate", song, "--model", "demo", "-o", _folder.Combine("out"), "--json");
        Task<string> error = process.StandardError.ReadToEndAsync();
        string output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        Assert.True(process.ExitCode == 0, await error);
        JsonElement track = JsonDocument.Parse(output).RootElement.GetProperty("tracks")[0];
        Assert.Equal("done", track.GetProperty("status").GetString());
        JsonElement[] files = [.. track.GetProperty("files").EnumerateArray()];
        Assert.NotEmpty(files);
        Assert.All(files, file => Assert.True(new FileInfo(file.GetProperty("path").GetString()!).Length > 1000));
    }

    [SelfContainedFact]
    public async Task ItServesThePageWithAllItsFilesAndTheDescriptionOfItsApi()
    {
        using Process server = Start("open", "--port", "0", "--no-browser", "--model", "demo", "--data", _folder.Combine("data"));
        try
        {
            Match announced = Announced().Match(await server.StandardOutput.ReadLineAsync() ?? "");
            Assert.True(announced.Success);
            using HttpClient http = new() { BaseAddress = new Uri(announced.Groups[1].Value) };
            http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", announced.Groups[2].Value);
            string page = await http.GetStringAsync("");
            Assert.Contains("<title>Stemsharp", page, StringComparison.Ordinal);
            string[] files = [.. Files().Matches(page).Select(match => match.Groups[1].Value)];
            Assert.NotEmpty(files);
            foreach (string file in files)
            {
                Assert.NotEmpty(await http.GetByteArrayAsync(file));
            }

            using JsonDocument facts = JsonDocument.Parse(await http.GetStringAsync("api/v1/server"));
            Assert.Equal("demo", facts.RootElement.GetProperty("defaultModel").GetString());
            using JsonDocument description = JsonDocument.Parse(await http.GetStringAsync("api/v1/openapi.json"));
            Assert.True(description.RootElement.GetProperty("paths").EnumerateObject().Count() > 10);
        }
        finally
        {
            // The server ends with the command that started it.
            server.Kill();
            await server.WaitForExitAsync();
        }
    }

    private Process Start(params string[] arguments)
    {
        ProcessStartInfo start = new(Environment.GetEnvironmentVariable(SelfContainedFactAttribute.Variable)!, arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment.Clear();
        start.Environment["HOME"] = _folder.Path;
        return Process.Start(start)!;
    }

    [GeneratedRegex(@"(http://\S+)#token=(\S+)")]
    private static partial Regex Announced();

    [GeneratedRegex(@"(?:src|href)=""/([^""]+)""")]
    private static partial Regex Files();

    [AttributeUsage(AttributeTargets.Method)]
    private sealed class SelfContainedFactAttribute : FactAttribute
    {
        internal const string Variable = "STEMSHARP_SELF_CONTAINED";

        public SelfContainedFactAttribute()
        {
            if (!ToolFactAttribute.RequireAll && !File.Exists(Environment.GetEnvironmentVariable(Variable)))
            {
                Skip = $"{Variable} names no program of a build for one system; .ci/package and .ci/run make them.";
            }
        }
    }
}
