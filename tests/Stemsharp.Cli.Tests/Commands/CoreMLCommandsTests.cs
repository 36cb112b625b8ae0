using System.Text.Json;
using Stemsharp.Tests;
using Xunit;

namespace Stemsharp.Cli.Tests.Commands;

/// <summary><c>export coreml</c> and <c>inspect</c>, as a user runs them.</summary>
public class CoreMLCommandsTests
{
    private static readonly string s_model = RepositoryFiles.Golden("tiny4", "tiny4-cf67fb40.th");

    [Fact]
    public async Task AnExportedPackageIsSoundAndInspected()
    {
        using TemporaryFolder folder = new();
        string package = folder.Combine("tiny4.mlpackage");
        CommandLineRun export = await CommandLineRun.OfAsync("export", "coreml", s_model, "-o", package, "--target", "ios18", "--palettize", "6", "--palette-group", "16", "--stems", "vocals,drums");
        Assert.Equal((0, ""), (export.ExitCode, export.ExitCode == 0 ? "" : export.Error));
        Assert.StartsWith($"{package}: drums, vocals; ", export.Output, StringComparison.Ordinal);
        Assert.Contains("of the multiply-adds in half precision", export.Output, StringComparison.Ordinal);

        CommandLineRun inspect = await CommandLineRun.OfAsync("inspect", package);
        Assert.Equal(0, inspect.ExitCode);
        foreach (string line in (string[])
        [
            "sound. Specification 9, operation set CoreML8", "input   spectrogram: Float32 [1, 4, 2048, 84]", "input   waveform: Float32 [1, 2, 85995]",
            "output  spectrograms: Float32 [1, 2, 4, 2048, 84]", "output  waveforms: Float32 [1, 2, 2, 85995]", "scaled_dot_product_attention", "multiply-adds: ",
            "weights palette, 6 bits: ", "com.stemsharp.stems = drums,vocals", "com.stemsharp.source_sha256 = cf67fb40",
        ])
        {
            Assert.Contains(line, inspect.Output, StringComparison.Ordinal);
        }

        CommandLineRun json = await CommandLineRun.OfAsync("inspect", package, "--json");
        using JsonDocument report = JsonDocument.Parse(json.Output);
        Assert.Equal(9, report.RootElement.GetProperty("specification_version").GetInt32());
        Assert.True(report.RootElement.GetProperty("operations").GetProperty("conv").GetProperty("single").GetInt32() > 0);
        Assert.True(report.RootElement.GetProperty("multiply_adds").GetProperty("half").GetInt64() > 0);
        Assert.True(report.RootElement.GetProperty("multiply_adds").GetProperty("single").GetInt64() > 0);
        Assert.Equal("spectrograms: Float32 [1, 2, 4, 2048, 84]", report.RootElement.GetProperty("outputs")[0].GetString());
        JsonElement palettes = report.RootElement.GetProperty("weights").EnumerateArray().Single(w => w.GetProperty("encoding").GetString() == "palette, 6 bits");
        long elements = palettes.GetProperty("elements").GetInt64();
        Assert.InRange(palettes.GetProperty("bytes").GetInt64(), elements * 6 / 8, elements);
        Assert.Equal("drums,vocals", report.RootElement.GetProperty("metadata").GetProperty("com.stemsharp.stems").GetString());
    }

    [Fact]
    public async Task WhatTheUserShouldKnowIsSaid()
    {
        using TemporaryFolder folder = new();
        string package = folder.Combine("tiny4.mlpackage");
        string[] command = ["export", "coreml", s_model, "-o", package, "--segment", "1", "--single", "GroupNorm,no.such.layer"];
        CommandLineRun export = await CommandLineRun.OfAsync(command);
        Assert.Equal(0, export.ExitCode);
        Assert.Contains("trained on segments of 85995 samples (1.95 s) and this package takes 44100 (1 s)", export.Error, StringComparison.Ordinal);
        Assert.Contains("\"no.such.layer\" names no layer", export.Error, StringComparison.Ordinal);
        Assert.Matches(@"On made-up music its stems are at -?[\d.]+ dB of those at the trained length", export.Error);

        CommandLineRun again = await CommandLineRun.OfAsync(command);
        Assert.NotEqual(0, again.ExitCode);
        Assert.Contains("is there already", again.Error, StringComparison.Ordinal);
        Assert.Equal(0, (await CommandLineRun.OfAsync([.. command, "--overwrite"])).ExitCode);
    }

    [Fact]
    public async Task DamageIsRefusedWithThePlace()
    {
        using TemporaryFolder folder = new();
        string package = folder.Combine("tiny4.mlpackage");
        Assert.Equal(0, (await CommandLineRun.OfAsync("export", "coreml", s_model, "-o", package, "--precision", "fp16")).ExitCode);
        using (FileStream weights = File.OpenWrite(Path.Combine(package, "Data", "com.apple.CoreML", "weights", "weight.bin")))
        {
            weights.SetLength(weights.Length / 2);
        }

        CommandLineRun inspect = await CommandLineRun.OfAsync("inspect", package);
        Assert.NotEqual(0, inspect.ExitCode);
        Assert.Contains("weight.bin", inspect.Error, StringComparison.Ordinal);
        Assert.Empty(inspect.Output);
    }
}
