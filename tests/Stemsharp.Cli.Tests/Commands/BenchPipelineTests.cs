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

    [ToolFact("ffmpeg")]
    public async Task WhatFFmpegTakesByItselfIsToldBesides()
    {
        CommandLineRun run = await CommandLineRun.OfAsync("bench", "pipeline", "--seconds", "10", "--threads", "2", "--json", "--format", "flac");
        Assert.Equal((0, ""), (run.ExitCode, run.Error));
        using JsonDocument json = JsonDocument.Parse(run.Output);
        Assert.Equal(0, json.RootElement.GetProperty("ffmpeg_decode_seconds").GetDouble());
        Assert.True(json.RootElement.GetProperty("ffmpeg_encode_seconds").GetDouble() > 0);
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
