using System.Text.Json;
using Stemsharp.Cli.Hosting;
using Stemsharp.Cli.Verification;
using Xunit;

namespace Stemsharp.Cli.Tests.Commands;

/// <summary><c>stemsharp doctor</c> says what is here, what is not, and what keeps the work from being done.</summary>
public sealed class DoctorTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task EverythingIsLookedAt()
    {
        (int code, string[] lines) = await RunAsync([]);
        Assert.Equal(0, code);
        foreach (string subject in (string[])["system", "engine cpu", "mixed precision", "GPU", "FFmpeg", "models", "cache", "temporary folder", "current folder", "page", "onnxruntime"])
        {
            Assert.Contains(lines, line => line[0] is '✓' or '–' && line[2..].StartsWith($"{subject}: ", StringComparison.Ordinal));
        }

        Assert.Contains(lines, line => line.StartsWith("✓ engine cpu: cpu (", StringComparison.Ordinal) && line.Contains(" dB, at least 100 wanted", StringComparison.Ordinal));
        Assert.Equal("Separating and serving work.", lines[^1]);
    }

    [Fact]
    public async Task WhatIsMissingIsNoFault()
    {
        string cache = _folder.Make("cache", "a file where a folder should be");
        (int code, string[] lines) = await RunAsync([], new() { ["PATH"] = _folder.Path, ["STEMSHARP_FFMPEG"] = "", ["STEMSHARP_VULKAN"] = _folder.Combine("libnothing.so"), ["STEMSHARP_CACHE"] = cache, ["STEMSHARP_INSTRUCTIONS"] = "scalar" });
        Assert.Equal(0, code);
        Assert.Contains(lines, line => line.StartsWith("– FFmpeg: ", StringComparison.Ordinal) && line.Contains("which was not found", StringComparison.Ordinal));
        Assert.Contains(lines, line => line.StartsWith("– GPU: There is no Vulkan", StringComparison.Ordinal));
        Assert.Contains(lines, line => line.StartsWith($"– cache: {cache} cannot be written", StringComparison.Ordinal));
        Assert.Contains(lines, line => line.StartsWith("– engine cpu: ", StringComparison.Ordinal) && line.Contains("STEMSHARP_INSTRUCTIONS", StringComparison.Ordinal));
        Assert.Contains("– mixed precision: --precision mixed runs in fp32 on the processor: scalar instructions do not multiply bfloat16", lines);
    }

    [Fact]
    public async Task WhatKeepsTheWorkFromBeingDoneIsAFault()
    {
        (int code, string[] lines) = await RunAsync([], new() { ["STEMSHARP_CATALOG"] = _folder.Combine("nowhere.json") });
        Assert.Equal(ExitCode.CheckFailed, code);
        Assert.Contains(lines, line => line.StartsWith("✗ models: ", StringComparison.Ordinal) && line.Contains("nowhere.json", StringComparison.Ordinal));
        Assert.StartsWith("What is marked ✗", lines[^1], StringComparison.Ordinal);

        (code, lines) = await RunAsync(["--json"], new() { ["STEMSHARP_INSTRUCTIONS"] = "mmx" });
        JsonElement result = JsonDocument.Parse(string.Join('\n', lines)).RootElement;
        Assert.Equal((ExitCode.CheckFailed, ExitCode.CheckFailed), (code, result.GetProperty("exit_code").GetInt32()));
        JsonElement fault = Assert.Single(result.GetProperty("findings").EnumerateArray(), f => f.GetProperty("state").GetString() == "fault");
        Assert.Equal("engine cpu", fault.GetProperty("subject").GetString());
        Assert.Contains("no instruction set is called so", fault.GetProperty("text").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public void APageThatCannotBeServedIsAFault()
    {
        Finding page = Assert.Single(Examination.Of(() => "The web server is missing.", CancellationToken.None), f => f.Subject == "page");
        Assert.Equal(Finding.Fault("page", "The web server is missing."), page);
    }

    private async Task<(int Code, string[] Lines)> RunAsync(string[] arguments, Dictionary<string, string>? environment = null)
    {
        environment ??= [];
        environment.TryAdd("STEMSHARP_CACHE", _folder.Combine("kept"));
        (int code, byte[] output, string error) = await ChildProcess.RunAsync(["doctor", .. arguments], environment: environment);
        Assert.Equal("", error);
        return (code, System.Text.Encoding.UTF8.GetString(output).Split('\n', StringSplitOptions.RemoveEmptyEntries));
    }
}
