using System.Text.Json;
using Stemsharp.Tests;
using Xunit;

namespace Stemsharp.Cli.Tests.Commands;

public sealed class BenchPipelineTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task EverythingAroundANetworkIsMeasuredAndDrawn()
    {
        string picture = _folder.Combine("stages.svg");
        CommandLineRun run = await CommandLineRun.OfAsync("bench", "pipeline", "--seconds", "20", "--threads", "2", "--json", "--picture", picture);
        Assert.Equal((0, ""), (run.ExitCode, run.Error));
        using JsonDocument json = JsonDocument.Parse(run.Output);
        double wall = json.RootElement.GetProperty("wall_seconds").GetDouble(), chain = json.RootElement.GetProperty("critical_path_seconds").GetDouble();
        Assert.InRange(chain, 1e-6, wall);
        Assert.Equal(20, json.RootElement.GetProperty("audio_seconds").GetDouble());
        JsonElement stages = json.RootElement.GetProperty("stages");
        foreach (string stage in (string[])["open", "measure", "read", "fill", "network", "blend", "assemble", "write", "finish"])
        {
            Assert.True(stages.GetProperty(stage).GetProperty("count").GetInt32() > 0, stage);
        }

        Assert.StartsWith("<svg", File.ReadAllText(picture), StringComparison.Ordinal);
    }

    [LinuxTheory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task WhatFFmpegTakesByItselfIsToldBesidesWhereItIs(bool isThere)
    {
        string tool = isThere && !OperatingSystem.IsWindows() ? FakeFFmpeg.Make(_folder.Path, FakeFFmpeg.Encodes) : "";
        (int code, byte[] output, string error) = await ChildProcess.RunAsync(
            ["bench", "pipeline", "--seconds", "10", "--threads", "2", "--json", "--format", "flac"],
            environment: new Dictionary<string, string> { ["PATH"] = isThere ? "/usr/bin:/bin" : _folder.Path, ["STEMSHARP_FFMPEG"] = tool });
        Assert.Equal((0, ""), (code, error));
        using JsonDocument json = JsonDocument.Parse(output);
        if (isThere)
        {
            Assert.Equal(0, json.RootElement.GetProperty("ffmpeg_decode_seconds").GetDouble());
            Assert.True(json.RootElement.GetProperty("ffmpeg_encode_seconds").GetDouble() > 0);
        }
        else
        {
            Assert.False(json.RootElement.TryGetProperty("ffmpeg_encode_seconds", out _));
        }
    }

    [Theory]
    [InlineData("--seconds", "0.5")]
    [InlineData("--format", "mp3")]
    [InlineData("--threads", "-1")]
    public async Task WhatIsNotValidIsRefused(string option, string value)
    {
        CommandLineRun run = await CommandLineRun.OfAsync("bench", "pipeline", option, value);
        Assert.Equal(2, run.ExitCode);
        Assert.Contains(value, run.Error, StringComparison.Ordinal);
    }
}
