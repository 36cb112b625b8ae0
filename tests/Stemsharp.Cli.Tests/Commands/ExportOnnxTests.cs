using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using Stemsharp.Tests;
using Xunit;

namespace Stemsharp.Cli.Tests.Commands;

/// <summary><c>export onnx</c> and <c>inspect</c> of what it wrote, as a user runs them.</summary>
public sealed class ExportOnnxTests : IDisposable
{
    private static readonly string s_model = RepositoryFiles.Golden("tiny4", "tiny4-cf67fb40.th");

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    private Task<CommandLineRun> ExportAsync(params string[] arguments) => CommandLineRun.OfAsync(["export", "onnx", s_model, "-o", _folder.Combine("out"), .. arguments]);

    private string[] Written => Directory.Exists(_folder.Combine("out")) ? [.. Directory.GetFiles(_folder.Combine("out")).Select(f => Path.GetFileName(f)!).Order(StringComparer.Ordinal)] : [];

    [Fact]
    public async Task AGraphAndItsDescriptionAreWrittenAndInspected()
    {
        CommandLineRun run = await ExportAsync();
        Assert.Equal((0, ""), (run.ExitCode, run.Error));
        Assert.StartsWith($"{_folder.Combine("out", "tiny4.onnx")}: drums, bass, other, vocals; ", run.Output, StringComparison.Ordinal);
        Assert.Equal(["tiny4.json", "tiny4.onnx"], Written);
        using JsonDocument description = JsonDocument.Parse(File.ReadAllText(_folder.Combine("out", "tiny4.json")));
        JsonElement root = description.RootElement;
        Assert.Equal(("tiny4", "waveform", "fp32"), (root.GetProperty("model").GetString(), root.GetProperty("graph").GetString(), root.GetProperty("precision").GetString()));
        Assert.Equal((2, 1, 2), (root.GetProperty("version").GetInt32(), root.GetProperty("definition").GetInt32(), root.GetProperty("channels").GetInt32()));
        Assert.Equal(["drums", "bass", "other", "vocals"], root.GetProperty("stems").EnumerateArray().Select(s => s.GetString()!));
        Assert.Equal(("tiny4.onnx", 85995), (root.GetProperty("networks")[0].GetProperty("file").GetString(), root.GetProperty("cut").GetProperty("samples").GetInt32()));
        Assert.Equal((44100, 85995, 1, 4096, 1024), (root.GetProperty("sample_rate").GetInt32(), root.GetProperty("segment_samples").GetInt32(), root.GetProperty("batch").GetInt32(), root.GetProperty("n_fft").GetInt32(), root.GetProperty("hop_length").GetInt32()));

        CommandLineRun inspect = await CommandLineRun.OfAsync("inspect", _folder.Combine("out", "tiny4.onnx"));
        Assert.Equal(0, inspect.ExitCode);
        foreach (string line in (string[])["operator set 17", "input   mix Float [1, 2, 85995]", "output  stems Float [1, 4, 2, 85995]", "stemsharp.source_sha256 = cf67fb40", "stemsharp.definition = {\"definition\":1,", "tensorrt    takes it"])
        {
            Assert.Contains(line, inspect.Output, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("opset 16", "Operator set 16 is not supported; 17, 18, 19, 20 are.")]
    [InlineData("opset 21", "Operator set 21 is not supported")]
    [InlineData("batch 0", "A batch of 0 is not valid; 1 to 64 are.")]
    [InlineData("batch 65", "A batch of 65 is not valid")]
    [InlineData("segment 0", "A segment of 0 s is not valid; 0.1 to 60 are.")]
    [InlineData("segment 61", "A segment of 61 s is not valid")]
    [InlineData("segment NaN", "A segment of NaN s is not valid")]
    [InlineData("stems piano", "'piano'")]
    [InlineData("weights int4", "--weights int4 is not valid; fp16, fp32, inline and external are.")]
    [InlineData("weights fp16,fp32", "exclude each other")]
    [InlineData("weights inline,external", "exclude each other")]
    [InlineData("attention-limit -1", "--attention-limit")]
    [InlineData("target abacus", "web-wasm")]
    [InlineData("precision fp8", "fp8")]
    [InlineData("quantize int4", "int4")]
    [InlineData("graph picture", "picture")]
    [InlineData("quantize int8 --precision mixed", "int8 goes with fp32 only, not mixed")]
    public async Task WhatIsNotValidIsRefusedBeforeAnythingIsWritten(string option, string message)
    {
        CommandLineRun run = await ExportAsync(["--" + option.Split(' ')[0], .. option.Split(' ')[1..]]);
        Assert.Equal(2, run.ExitCode);
        Assert.Contains(message, run.Error, StringComparison.Ordinal);
        Assert.False(Directory.Exists(_folder.Combine("out")));
    }

    [Fact]
    public async Task WhatOptionsCostIsInTheJson()
    {
        CommandLineRun run = await ExportAsync("--quantize", "int8", "--segment", "1", "--stems", "vocals,drums", "--weights", "external", "fp16", "--json");
        Assert.Equal(0, run.ExitCode);
        using JsonDocument document = JsonDocument.Parse(run.Output);
        JsonElement file = Assert.Single(document.RootElement.GetProperty("files").EnumerateArray().ToArray());
        Assert.Equal(["drums", "vocals"], file.GetProperty("stems").EnumerateArray().Select(s => s.GetString()!));
        Assert.Equal(["tiny4-int8.json", "tiny4-int8.onnx", "tiny4-int8.onnx.data"], Written);
        Assert.Equal(file.GetProperty("bytes").GetInt64(), new FileInfo(_folder.Combine("out", "tiny4-int8.onnx")).Length + new FileInfo(_folder.Combine("out", "tiny4-int8.onnx.data")).Length);
        string[] warnings = [.. document.RootElement.GetProperty("warnings").EnumerateArray().Select(w => w.GetString()!)];
        Assert.Contains(warnings, w => w.Contains("with int8", StringComparison.Ordinal));
        Assert.Contains(warnings, w => w.Contains("1.95 s", StringComparison.Ordinal));
    }

    [Fact]
    public async Task ATargetThatRefusesTheGraphIsSaid()
    {
        CommandLineRun run = await ExportAsync("--quantize", "int8", "--target", "tensorrt");
        Assert.Equal(7, run.ExitCode);
        Assert.Contains("TensorRT 10, by its ONNX parser does not take", run.Error, StringComparison.Ordinal);
        Assert.Equal(0, (await ExportAsync("--target", "tensorrt", "--precision", "mixed")).ExitCode);
        Assert.Equal(["tiny4-int8.json", "tiny4-int8.onnx", "tiny4-mixed.json", "tiny4-mixed.onnx"], Written);
    }

    [Theory]
    [InlineData("cuda", "gpu", 20)]
    [InlineData("tensorrt --opset 18", "gpu", 18)]
    [InlineData("cpu", null, 17)]
    [InlineData("web-wasm --opset 20", "wasm", 20)]
    [InlineData("web-webgpu", null, 17)]
    public async Task ATargetChoosesTheFormAndTheOperatorSet(string target, string? form, int opset)
    {
        CommandLineRun run = await ExportAsync(["--target", .. target.Split(' ')]);
        Assert.True(run.ExitCode == 0, run.Error);
        using JsonDocument report = JsonDocument.Parse((await CommandLineRun.OfAsync("inspect", _folder.Combine("out", "tiny4.onnx"), "--json")).Output);
        Assert.Equal(form, report.RootElement.GetProperty("metadata").TryGetProperty("stemsharp.form", out JsonElement written) ? written.GetString() : null);
        Assert.Equal(opset, report.RootElement.GetProperty("opset").GetInt32());
    }

    /// <summary>Two processes, because what a hash orders differs between them.</summary>
    [Fact]
    public async Task EqualExportsAreEqualFiles()
    {
        foreach (string folder in (string[])["one", "two"])
        {
            (int code, _, string error) = await ChildProcess.RunAsync(["export", "onnx", s_model, "-o", _folder.Combine(folder), "--weights", "external"]);
            Assert.True(code == 0, error);
        }

        foreach (string file in (string[])["tiny4.onnx", "tiny4.onnx.data", "tiny4.json"])
        {
            Assert.Equal(File.ReadAllBytes(_folder.Combine("one", file)), File.ReadAllBytes(_folder.Combine("two", file)));
        }
    }

    /// <summary>By the processor's time, which other work on the machine does not lengthen: the writer has one thread.</summary>
    [LinuxFact]
    public async Task AFullSizeModelIsWrittenWithinTenSeconds()
    {
        using Process process = ChildProcess.Start(["export", "onnx", "synthetic:htdemucs", "-o", _folder.Combine("out")], prefix: ["/bin/sh", "-c", "\"$@\" && times", "sh"]);
        Task<string> error = process.StandardError.ReadToEndAsync();
        string[] lines = (await process.StandardOutput.ReadToEndAsync()).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        await process.WaitForExitAsync();
        Assert.Equal((0, ""), (process.ExitCode, await error));
        Assert.InRange(new FileInfo(_folder.Combine("out", "synthetic-htdemucs.onnx")).Length, 1, 92_000_000);

        // The shell's last line is what its children took: user and system, as 0m3.21s.
        double seconds = Regex.Matches(lines[^1], @"(\d+)m([\d.]+)s").Sum(m => 60 * int.Parse(m.Groups[1].Value, CultureInfo.InvariantCulture) + double.Parse(m.Groups[2].Value, CultureInfo.InvariantCulture));
        Assert.InRange(seconds, 0.1, 10);
    }

    [Fact]
    public async Task WhereTheFileCannotBeWrittenNothingIsLeft()
    {
        // A folder of the graph's name stands in its way.
        Directory.CreateDirectory(_folder.Combine("out", "tiny4.onnx"));
        CommandLineRun run = await ExportAsync();
        Assert.NotEqual(0, run.ExitCode);
        Assert.NotEmpty(run.Error);
        Assert.Empty(Written);
    }
}
