using System.Text.Json;
using System.Text.Json.Nodes;
using Stemsharp.Evaluation;
using Stemsharp.OnnxRuntime;
using Stemsharp.OnnxRuntime.Tests;
using Stemsharp.Tests;
using Xunit;

namespace Stemsharp.Cli.Tests.Commands;

/// <summary><c>separate --engine onnxruntime</c>, <c>compare</c> and <c>doctor</c>, as a user runs them.</summary>
public sealed class OnnxRuntimeEngineTests : IDisposable
{
    private static readonly string s_tiny = RepositoryFiles.Golden("tiny4", "tiny4-cf67fb40.th");

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [OnnxRuntimeFact]
    public async Task AModelIsExportedOnceAndSeparatedAsOnTheCpuEngine()
    {
        string song = Clip.Song(_folder.Combine("song.wav"), 3);
        await SeparateAsync(song, "own", "--model", "demo");
        await SeparateAsync(song, "first", "--model", "demo", "--engine", "onnxruntime");
        string graph = Assert.Single(Directory.GetFiles(_folder.Combine("cache", "onnx")));
        DateTime made = File.GetLastWriteTimeUtc(graph);
        await SeparateAsync(song, "second", "--model", "demo", "--engine", "onnxruntime", "--provider", "cpu", "--fallback");
        Assert.Equal(made, File.GetLastWriteTimeUtc(graph));
        if (!OperatingSystem.IsWindows())
        {
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, File.GetUnixFileMode(_folder.Combine("cache", "onnx")));
        }

        foreach (string stem in (string[])["drums", "bass", "other", "vocals", "guitar", "piano"])
        {
            Assert.InRange(SignalToNoise.Of(Stem("own", "demo", stem), Stem("first", "demo", stem)), 80, double.PositiveInfinity);
            // Its threads share the work as it comes, and with it the order of additions.
            Assert.InRange(SignalToNoise.Of(Stem("first", "demo", stem), Stem("second", "demo", stem)), 100, double.PositiveInfinity);
        }
    }

    [OnnxRuntimeTheory]
    [InlineData("waveform")]
    [InlineData("spectrogram")]
    public async Task AnExportOfABagIsSeparatedWithoutItsCheckpoints(string graph)
    {
        string song = Clip.Song(_folder.Combine("song.wav"), 3), models = _folder.Combine("models"), exports = _folder.Combine("exports");
        Directory.CreateDirectory(models);
        File.Copy(s_tiny, Path.Combine(models, "cf67fb40.th"));
        File.Copy(RepositoryFiles.Golden("mixed-storage", "mixed-7b6ab67f.th"), Path.Combine(models, "7b6ab67f.th"));
        File.WriteAllText(Path.Combine(models, "two.yaml"), "models: ['cf67fb40', '7b6ab67f']\nweights: [[1, 0, 0, 1], [0, 1, 1, 3]]\n");
        CommandLineRun export = await CommandLineRun.OfAsync("export", "onnx", Path.Combine(models, "two.yaml"), "-o", exports, "--graph", graph);
        Assert.True(export.ExitCode == 0, export.Error);
        await SeparateAsync(song, "own", "--model", Path.Combine(models, "two.yaml"));
        string description = Path.Combine(exports, "two.json");
        (int compared, string table, string error) = await RunAsync(["compare", Path.Combine(models, "two.yaml"), description, "--min-snr", "80", "--audio", song]);
        Assert.True(compared == 0, table + error);
        Assert.Matches(@"expected  .*two\.yaml: cpu .*, 2 networks, ", table);
        Assert.Matches(@"actual    .*two\.json: onnxruntime .*, 2 networks, ", table);
        Directory.Delete(models, recursive: true);

        await SeparateAsync(song, "exported", "--model", description, "--engine", "onnxruntime");
        foreach (string stem in (string[])["drums", "bass", "other", "vocals"])
        {
            Assert.InRange(SignalToNoise.Of(Stem("own", "two", stem), Stem("exported", "two", stem)), 80, double.PositiveInfinity);
        }

        // One network alone gives its own stems; a subset runs only what it takes.
        string one = Path.Combine(exports, "two-cf67fb40.onnx");
        await SeparateAsync(song, "alone", "--model", one, "--engine", "onnxruntime");
        Assert.Equal(["drums.wav", "vocals.wav"], Directory.GetFiles(_folder.Combine("alone", "two-cf67fb40", "song")).Select(f => Path.GetFileName(f)!).Order(StringComparer.Ordinal));
        File.Delete(one);
        Assert.Contains("not beside it", await RefusalAsync(4, song, "--model", description, "--engine", "onnxruntime"), StringComparison.Ordinal);
        File.WriteAllText(one, "another file");
        Assert.Contains("is not the graph that", await RefusalAsync(4, song, "--model", description, "--engine", "onnxruntime"), StringComparison.Ordinal);
    }

    /// <summary>Several segments a run give what each gives alone, whether the export was made so or it is made at the first use.</summary>
    [OnnxRuntimeTheory]
    [InlineData("waveform")]
    [InlineData("spectrogram")]
    public async Task SegmentsAreRunInBatches(string graph)
    {
        // Three segments: a whole batch and a part of one.
        string song = Clip.Song(_folder.Combine("song.wav"), 4.5);
        foreach (string batch in (string[])["1", "2"])
        {
            CommandLineRun export = await CommandLineRun.OfAsync("export", "onnx", s_tiny, "-o", _folder.Combine("exports" + batch), "--graph", graph, "--batch", batch);
            Assert.True(export.ExitCode == 0, export.Error);
            await SeparateAsync(song, "by" + batch, "--model", _folder.Combine("exports" + batch, "tiny4.json"), "--engine", "onnxruntime");
        }

        await SeparateAsync(song, "by3", "--model", s_tiny, "--engine", "onnxruntime", "--batch", "2");

        // The graph of two, and that of one, against which it was measured what company changes.
        string[] graphs = Directory.GetFiles(_folder.Combine("cache", "onnx"));
        Assert.Equal(2, graphs.Length);
        Assert.Single(graphs, g => g.Contains("-85995-x2-", StringComparison.Ordinal));
        foreach (string stem in (string[])["drums", "bass", "other", "vocals"])
        {
            foreach (string folder in (string[])["by2", "by3"])
            {
                Assert.InRange(SignalToNoise.Of(Stem("by1", "tiny4", stem), Stem(folder, "tiny4", stem)), 100, double.PositiveInfinity);
            }
        }
    }

    [OnnxRuntimeFact]
    public async Task WhatAnExportCannotDoIsSaidBeforeTheWork()
    {
        string song = Clip.Song(_folder.Combine("song.wav"));
        Assert.Equal(0, (await CommandLineRun.OfAsync("export", "onnx", s_tiny, "-o", _folder.Combine("exports"))).ExitCode);
        string exported = _folder.Combine("exports", "tiny4.json"), graph = _folder.Combine("exports", "tiny4.onnx");
        Assert.Contains("--engine onnxruntime", await RefusalAsync(2, song, "--model", exported), StringComparison.Ordinal);
        Assert.Contains("--engine onnxruntime", await RefusalAsync(2, song, "--model", graph), StringComparison.Ordinal);
        Assert.Contains("--fallback", await RefusalAsync(2, song, "--model", graph, "--engine", "onnxruntime", "--fallback"), StringComparison.Ordinal);
        Assert.Contains("piano", await RefusalAsync(2, song, "--model", exported, "--engine", "onnxruntime", "--stems", "piano"), StringComparison.Ordinal);
        string other = _folder.Make("other.json", """{ "sources": ["drums"] }""");
        Assert.Contains("was not written by stemsharp export onnx", await RefusalAsync(4, song, "--model", other, "--engine", "onnxruntime"), StringComparison.Ordinal);
        JsonNode outside = JsonNode.Parse(File.ReadAllText(exported))!;
        outside["networks"]![0]!["file"] = "../song.wav";
        File.WriteAllText(exported, outside.ToJsonString());
        Assert.Contains("does not lie beside it", await RefusalAsync(4, song, "--model", exported, "--engine", "onnxruntime"), StringComparison.Ordinal);
    }

    [OnnxRuntimeTheory]
    [InlineData(2, "--workspace is TensorRT's", "--engine", "onnxruntime", "--workspace", "2G")]
    [InlineData(2, "write KEY=VALUE", "--engine", "onnxruntime", "--provider-option", "speed")]
    [InlineData(6, "knows no device '-1'", "--engine", "onnxruntime", "--provider", "cuda", "--gpu", "-1")]
    [InlineData(6, "has no devices to choose from; leave --device 1 out", "--engine", "onnxruntime", "--gpu", "1")]
    [InlineData(2, "belongs to another --engine", "--gpu", "1")]
    [InlineData(2, "belongs to --engine onnxruntime", "--workspace", "2G")]
    [InlineData(2, "belongs to --engine onnxruntime", "--engine", "auto", "--provider", "cuda")]
    [InlineData(6, "There is no file", "--engine", "onnxruntime", "--onnxruntime", "/no/such/library.so")]
    public async Task OptionsOfTheEngineAreChecked(int code, string message, params string[] arguments) =>
        Assert.Contains(message, await RefusalAsync(code, Clip.Song(_folder.Combine("song.wav")), ["--model", s_tiny, .. arguments]), StringComparison.Ordinal);

    [OnnxRuntimeFact]
    public async Task AProviderThatIsNotThereIsRefusedOrTheCpuEngineGoesOn()
    {
        if (OnnxRuntimeLibrary.Load().Providers.Contains("OpenVINOExecutionProvider"))
        {
            return;
        }

        string song = Clip.Song(_folder.Combine("song.wav"));
        string[] arguments = ["--model", "demo", "--stems", "vocals", "--engine", "onnxruntime", "--provider", "openvino"];
        Assert.Contains("was built without OpenVINOExecutionProvider", await RefusalAsync(6, song, arguments), StringComparison.Ordinal);
        await SeparateAsync(song, "own", "--model", "demo", "--stems", "vocals");
        (_, string error) = await SeparateAsync(song, "fallen", [.. arguments, "--fallback"]);
        Assert.Contains("Going on with cpu.", error, StringComparison.Ordinal);
        Assert.Equal(Stem("own", "demo", "vocals"), Stem("fallen", "demo", "vocals"));

        (_, error) = await SeparateAsync(song, "without", "--model", "demo", "--stems", "vocals", "--engine", "onnxruntime", "--onnxruntime", "/no/such/library.so", "--fallback");
        Assert.Contains("Going on with cpu.", error, StringComparison.Ordinal);
        Assert.Equal(Stem("own", "demo", "vocals"), Stem("without", "demo", "vocals"));
    }

    [OnnxRuntimeFact]
    public async Task TwoEnginesAreComparedOnASongWithItsTrueStems()
    {
        string song = RepositoryFiles.Sample("song", "mix.wav"), truth = RepositoryFiles.Sample("song");
        string[] command = ["compare", "demo", "demo", "--engine", "onnxruntime", "--audio", song, "--start", "2", "--truth", truth];
        (int code, string table, string error) = await RunAsync(command);
        Assert.True(code == 0, error + table);
        Assert.Contains("passed: at least 60 dB asked for, and at most 0.1 dB of change in SI-SDR", table, StringComparison.Ordinal);
        Assert.Contains("onnxruntime", table, StringComparison.Ordinal);

        (code, string json, error) = await RunAsync([.. command, "--json"]);
        Assert.True(code == 0, error);
        using JsonDocument document = JsonDocument.Parse(json);
        JsonElement root = document.RootElement;
        Assert.True(root.GetProperty("passed").GetBoolean());
        foreach (string side in (string[])["expected", "actual"])
        {
            Assert.InRange(root.GetProperty(side).GetProperty("seconds").GetDouble(), 1e-4, 600);
            Assert.InRange(root.GetProperty(side).GetProperty("peak_memory_bytes").GetInt64(), 20_000_000, 8_000_000_000);
        }

        JsonElement[] stems = [.. root.GetProperty("stems").EnumerateArray()];
        Assert.Equal(6, stems.Length);
        foreach (JsonElement stem in stems)
        {
            Assert.InRange(stem.GetProperty("snr_db").GetDouble(), 90, 200);
            Assert.InRange(stem.GetProperty("max_difference").GetDouble(), 1e-9, 1e-3);
            Assert.True(stem.GetProperty("all_close").GetBoolean());
            Assert.Equal(0, stem.GetProperty("out_of_tolerance").GetInt64());
            Assert.Equal(stem.GetProperty("actual_si_sdr_db").GetDouble() - stem.GetProperty("expected_si_sdr_db").GetDouble(), stem.GetProperty("si_sdr_change_db").GetDouble(), 1e-3);
            Assert.InRange(stem.GetProperty("si_sdr_change_db").GetDouble(), -0.001, 0.001);
        }
    }

    [OnnxRuntimeFact]
    public async Task AnExportBelowTheBarFails()
    {
        Assert.Equal(0, (await CommandLineRun.OfAsync("export", "onnx", s_tiny, "-o", _folder.Combine("exports"), "--quantize", "int8")).ExitCode);
        string graph = _folder.Combine("exports", "tiny4-int8.onnx");
        (int code, string table, _) = await RunAsync(["compare", s_tiny, graph, "--rtol", "0", "--atol", "1e-9"]);
        Assert.Equal(7, code);
        Assert.Contains("FAILED: at least 60 dB asked for", table, StringComparison.Ordinal);
        Assert.Matches(@"drums\s.*\d+ not", table);
        (code, table, _) = await RunAsync(["compare", s_tiny, graph, "--min-snr", "20"]);
        Assert.Equal(0, code);
        Assert.Contains("passed", table, StringComparison.Ordinal);

        (code, _, string error) = await RunAsync(["compare", "demo", graph]);
        Assert.Equal(2, code);
        Assert.Contains("only equal segments can be compared", error, StringComparison.Ordinal);
        (code, _, error) = await RunAsync(["compare", s_tiny, graph, "--truth", _folder.Path]);
        Assert.Equal(2, code);
        Assert.Contains("--audio", error, StringComparison.Ordinal);
    }

    [OnnxRuntimeFact]
    public async Task TheDoctorSaysWhatIsThere()
    {
        (int code, string output, string error) = await RunAsync(["doctor"]);
        Assert.True(code == 0, error);
        OnnxRuntimeLibrary library = OnnxRuntimeLibrary.Load();
        foreach (string line in (string[])["system: ", $"onnxruntime: {library.Version}, {library.Path}", "--provider cpu: available"])
        {
            Assert.Contains(line, output, StringComparison.Ordinal);
        }

        foreach (ExecutionProvider provider in Enum.GetValues<ExecutionProvider>())
        {
            Assert.Contains($"--provider {provider.ToString().ToLowerInvariant()}: ", output, StringComparison.Ordinal);
        }

        if (!library.Providers.Contains("TensorrtExecutionProvider"))
        {
            Assert.Contains("--provider tensorrt: not in this build of onnxruntime", output, StringComparison.Ordinal);
        }
    }

    /// <summary>A library in the current directory is not taken, even where the search path has an empty entry; one in an absolute entry is.</summary>
    [OnnxRuntimeFact]
    public async Task TheCurrentDirectoryIsNeverSearched()
    {
        if (!OperatingSystem.IsLinux())
        {
            return;
        }

        File.CreateSymbolicLink(_folder.Combine("libonnxruntime.so"), Path.GetFullPath(OnnxRuntimeLibrary.Load().Path));
        (int code, string output, string error) = await DoctorAsync(":/nowhere");
        Assert.True(code == 0, output + error);
        Assert.Contains("– onnxruntime: No onnxruntime was found", output, StringComparison.Ordinal);
        Assert.Contains("--engine cpu works without it.", output, StringComparison.Ordinal);
        (code, output, error) = await DoctorAsync($":{_folder.Path}");
        Assert.True(code == 0, output + error);
        Assert.Contains($"onnxruntime: {OnnxRuntimeLibrary.Load().Version}", output, StringComparison.Ordinal);

        (code, _, error) = await RunAsync(["doctor"], new() { [OnnxRuntimeLibrary.Variable] = "libonnxruntime.so" });
        Assert.Equal(2, code);
        Assert.Contains("absolute path", error, StringComparison.Ordinal);

        Task<(int, string, string)> DoctorAsync(string searchPath) =>
            RunAsync(["doctor"], new() { [OnnxRuntimeLibrary.Variable] = "", ["LD_LIBRARY_PATH"] = searchPath }, ["/bin/sh", "-c", $"cd '{_folder.Path}' && exec \"$@\"", "sh"]);
    }

    private async Task<(int Code, string Error)> SeparateAsync(string song, string folder, params string[] arguments)
    {
        (int code, _, string error) = await RunAsync(["separate", song, "-o", _folder.Combine(folder), "--float32", "--threads", "2", .. arguments]);
        Assert.True(code == 0, error);
        return (code, error);
    }

    private async Task<string> RefusalAsync(int expected, string song, params string[] arguments)
    {
        (int code, _, string error) = await RunAsync(["separate", song, "-o", _folder.Combine("refused"), .. arguments]);
        Assert.True(code == expected, $"{code}: {error}");
        return error;
    }

    private async Task<(int Code, string Output, string Error)> RunAsync(string[] arguments, Dictionary<string, string>? environment = null, IReadOnlyList<string>? prefix = null)
    {
        environment ??= [];
        environment["STEMSHARP_CACHE"] = _folder.Combine("cache");
        environment.TryAdd(OnnxRuntimeLibrary.Variable, OnnxRuntimeLibrary.Load().Path);
        using System.Diagnostics.Process process = ChildProcess.Start(arguments, environment, prefix);
        process.StandardInput.Close();
        Task<string> error = process.StandardError.ReadToEndAsync();
        string output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        return (process.ExitCode, output, await error);
    }

    private float[] Stem(string folder, string model, string stem) => Clip.Floats(_folder.Combine(folder, model, "song", stem + ".wav"));
}
