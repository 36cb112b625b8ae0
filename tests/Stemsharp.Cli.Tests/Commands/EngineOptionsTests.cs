using System.CommandLine;
using System.Text;
using System.Text.Json;
using Stemsharp.Backends;
using Stemsharp.Cli.Hosting;
using Stemsharp.Cpu;
using Stemsharp.Inference;
using Stemsharp.Model;
using Stemsharp.OnnxRuntime;
using Stemsharp.Tests;
using Stemsharp.Vulkan;
using Xunit;

namespace Stemsharp.Cli.Tests.Commands;

/// <summary>The options that choose what runs the network, of every command that has them.</summary>
public sealed class EngineOptionsTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    private static EngineChoice Parse(string line, string usual = Engines.Cpu)
    {
        EngineOptions options = new(usual);
        Command command = new("separate");
        foreach (Option option in options.All)
        {
            command.Add(option);
        }

        ParseResult result = command.Parse(line);
        Assert.Empty(result.Errors);
        return options.Read(result);
    }

    /// <summary>demucs' -d says cpu, cuda or mps; here it is the device of an engine, and these words choose the engine.</summary>
    [Theory]
    [InlineData("", "cpu", null, ExecutionProvider.Cpu)]
    [InlineData("-d cpu", "cpu", null, ExecutionProvider.Cpu)]
    [InlineData("-d cpu --engine cpu", "cpu", null, ExecutionProvider.Cpu)]
    [InlineData("-d cpu --engine onnxruntime", "onnxruntime", null, ExecutionProvider.Cpu)]
    [InlineData("-d 0", "cpu", null, ExecutionProvider.Cpu)]
    [InlineData("-d cuda", "onnxruntime", null, ExecutionProvider.Cuda)]
    [InlineData("-d cuda:1", "onnxruntime", "1", ExecutionProvider.Cuda)]
    [InlineData("--device cuda:1 --engine onnxruntime", "onnxruntime", "1", ExecutionProvider.Cuda)]
    [InlineData("--device cuda:2 --provider tensorrt", "onnxruntime", "2", ExecutionProvider.TensorRT)]
    [InlineData("-d mps", "onnxruntime", null, ExecutionProvider.CoreML)]
    [InlineData("--engine onnxruntime --provider cuda --device 1", "onnxruntime", "1", ExecutionProvider.Cuda)]
    [InlineData("--engine onnxruntime --provider directml --gpu 1", "onnxruntime", "1", ExecutionProvider.DirectML)]
    [InlineData("--engine onnxruntime --provider cuda --device h200", "onnxruntime", "h200", ExecutionProvider.Cuda)]
    [InlineData("--engine auto", "auto", null, ExecutionProvider.Cpu)]
    [InlineData("--engine vulkan", "vulkan", null, ExecutionProvider.Cpu)]
    [InlineData("--engine vulkan -d 1", "vulkan", "1", ExecutionProvider.Cpu)]
    [InlineData("--engine vulkan --device llvmpipe", "vulkan", "llvmpipe", ExecutionProvider.Cpu)]
    internal void DevicesAreUnderstoodAsByTheOriginal(string line, string engine, string? device, ExecutionProvider provider)
    {
        EngineChoice choice = Parse(line);
        Assert.Equal((engine, device, provider), (choice.Engine, choice.Device, choice.Session.Provider));
        Assert.Equal((EnginePrecision.Fp32, false), (choice.Precision, choice.Fallback));
        SeparatorOptions options = choice.Apply(new SeparatorOptions { Model = "demo" });
        Assert.Equal(("demo", engine, device), (options.Model, options.Engine, options.Device));
        Assert.Contains(options.Backends, b => b.Name == engine || engine == Engines.Auto);
    }

    [Theory]
    [InlineData("-d cpu --engine onnxruntime --provider cuda", "--device cpu and --provider cuda exclude each other; give one of them.")]
    [InlineData("-d cpu --engine auto", "--device cpu and --engine auto exclude each other; give one of them.")]
    [InlineData("-d 1", "The engine cpu has one device, the processor; --device 1 belongs to another --engine.")]
    [InlineData("-d xpu", "--engine vulkan takes a GPU of any maker ('stemsharp doctor' lists them)")]
    [InlineData("-d cuda:x", "--device cuda:x is not valid; write cuda, or cuda:1 for the second GPU.")]
    [InlineData("-d cuda:", "write cuda, or cuda:1")]
    [InlineData("-d cuda:0:1", "write cuda, or cuda:1")]
    [InlineData("--gpu 2 --engine cpu", "--device 2 belongs to another --engine.")]
    [InlineData("-d cuda --engine cpu", "--device cuda belongs to another --engine.")]
    [InlineData("-d cpu --engine auto", "--device cpu and --engine auto exclude each other")]
    [InlineData("--provider cuda", "--provider belongs to --engine onnxruntime, which is not asked for.")]
    [InlineData("--engine auto --onnxruntime x.so", "--onnxruntime belongs to --engine onnxruntime")]
    [InlineData("-d cuda --workspace 2G", "--workspace is TensorRT's")]
    [InlineData("-d cuda --provider-option speed", "write KEY=VALUE")]
    public void WhatDoesNotGoTogetherIsRefusedWithTheReason(string line, string message) =>
        Assert.Contains(message, Assert.Throws<OptionException>(() => Parse(line)).Message, StringComparison.Ordinal);

    /// <summary>Where nobody names an engine, separations take the best; -d cpu is the processor all the same.</summary>
    [Theory]
    [InlineData("", "auto", null)]
    [InlineData("-d 0", "auto", "0")]
    [InlineData("-d cpu", "cpu", null)]
    [InlineData("-d cuda", "onnxruntime", null)]
    [InlineData("--engine cpu", "cpu", null)]
    [InlineData("--engine vulkan -d 0", "vulkan", "0")]
    public void SeparationsTakeTheBestUnlessTheyAreTold(string line, string engine, string? device)
    {
        EngineChoice choice = Parse(line, Engines.Auto);
        Assert.Equal((engine, device), (choice.Engine, choice.Device));
    }

    [Fact]
    public void MemoryOfAGpuIsLimitedAsTheProcessIs()
    {
        EngineOptions options = new();
        Command command = new("separate") { options.Engine };
        EngineChoice choice = options.Read(command.Parse("--engine vulkan"), mostMemory: 800_000_000);
        Assert.Equal(800_000_000, Assert.Single(choice.Backends.OfType<VulkanBackend>()).MaxMemory);
        Assert.Equal(["vulkan", "onnxruntime", "cpu"], choice.Backends.Select(b => b.Name));
        Assert.EndsWith("vulkan", Assert.Single(choice.Backends.OfType<VulkanBackend>()).CacheFolder, StringComparison.Ordinal);
    }

    [Fact]
    public void FurtherOptionsArePassedOn()
    {
        EngineChoice choice = Parse("-d cuda --provider tensorrt --precision mixed --fallback --workspace 2G --onnxruntime x.so --provider-option a=1 --provider-option b=x=y");
        Assert.Equal((EnginePrecision.Mixed, true, "x.so"), (choice.Precision, choice.Fallback, choice.Library));
        Assert.Equal(2_000_000_000, choice.Session.Workspace);
        Assert.Equal(new Dictionary<string, string> { ["a"] = "1", ["b"] = "x=y" }, choice.Session.ProviderOptions);
        Assert.True(choice.Session.CountNodes);
        Assert.False(Parse("--engine onnxruntime").Session.CountNodes);
        Assert.Equal((4, null, EnginePrecision.Mixed), (choice.Settings(4).Threads, choice.Settings(4).Device, choice.Settings(4).Precision));
    }

    /// <summary>onnxruntime is somebody else's library: it is never taken without being named, even where it is there.</summary>
    [Fact]
    public void AutoTakesTheOwnEngine()
    {
        EngineChoice auto = Parse("--engine auto");
        CheckpointNetwork network = FamilyTable.All.Open("synthetic:htdemucs");
        EngineSettings settings = auto.Settings(2);
        Assert.Equal(Engines.Cpu, auto.For(network, settings).Name);
        SeparatorOptions options = auto.Apply(new SeparatorOptions());
        Assert.Contains(options.Backends, b => b.Name == OnnxRuntimeBackend.BackendName);
        Assert.Equal([Engines.Cpu], BackendChoice.Of(options, network, settings, out _).Select(c => c.Backend.Name));

        // Nor does it go on where another one fails.
        SeparatorOptions fallback = Parse("--fallback").Apply(new SeparatorOptions());
        Assert.Equal([Engines.Cpu], BackendChoice.Of(fallback, network, settings, out _).Select(c => c.Backend.Name));
    }

    [Fact]
    public async Task AFinishedTrackSaysWhatMadeItAndServesWhoAsksForNoMore()
    {
        string clip = Clip.Song(_folder.Combine("song.wav"));
        JsonElement track = await SeparateAsync();
        Assert.Equal("done", track.GetProperty("status").GetString());
        JsonElement engine = Assert.Single(track.GetProperty("engines").EnumerateArray().ToArray());
        Assert.Equal((Engines.Cpu, "fp32"), (engine.GetProperty("engine").GetString(), engine.GetProperty("precision").GetString()));
        Assert.NotEqual("", engine.GetProperty("device").GetString());
        Assert.Equal(1, engine.GetProperty("segments").GetInt64());

        // It serves who asks for less, and who asks for nothing in particular; a record tells what a skipped track was made by.
        foreach (string[] asked in (string[][])[[], ["--precision", "mixed"], ["--engine", "auto"], ["--engine", "cpu", "-d", "cpu"]])
        {
            track = await SeparateAsync(asked);
            Assert.Equal("skipped", track.GetProperty("status").GetString());
            Assert.Equal(engine.GetRawText(), Assert.Single(track.GetProperty("engines").EnumerateArray().ToArray()).GetRawText());
        }

        // What was made in lower precision does not serve who asks for more; on a processor that has none it is the same work.
        track = await SeparateAsync("--precision", "mixed", "--overwrite");
        string expected = CpuBackend.WhySingleHere is null ? "mixed" : "fp32";
        Assert.Equal(expected, Assert.Single(track.GetProperty("engines").EnumerateArray().ToArray()).GetProperty("precision").GetString());
        track = await SeparateAsync();
        Assert.Equal(expected == "mixed" ? "done" : "skipped", track.GetProperty("status").GetString());

        async Task<JsonElement> SeparateAsync(params string[] arguments)
        {
            CommandLineRun run = await CommandLineRun.OfAsync(["separate", clip, "--model", "demo", "-o", _folder.Combine("out"), "--stems", "drums", "--json", "--quiet", .. arguments]);
            Assert.True(run.ExitCode == 0, run.Error);
            return Assert.Single(JsonDocument.Parse(run.Output).RootElement.GetProperty("tracks").EnumerateArray().ToArray());
        }
    }

    /// <summary>demucs' devices, where nothing that they need is installed: what to install, and what works without it.</summary>
    [LinuxTheory]
    [InlineData("cuda", "linux-x64-gpu in its name from https://github.com/microsoft/onnxruntime/releases, and add --onnxruntime FOLDER/lib/libonnxruntime.so", "--engine vulkan runs on the same GPU")]
    [InlineData("cuda:1", "For NVIDIA's CUDA", "--engine auto takes a GPU through its driver, or the processor")]
    [InlineData("mps", "CoreML, which demucs' mps stands for here, is macOS's alone", "--engine auto takes a GPU")]
    public async Task ADeviceOfDemucsThatIsNotThereIsAnsweredWithWhatToDo(string device, params string[] answers)
    {
        string clip = Clip.Song(_folder.Combine("song.wav"));
        (int code, _, string error) = await ChildProcess.RunAsync(
            ["separate", clip, "--model", "demo", "-d", device, "-o", _folder.Combine("out")], environment: new Dictionary<string, string> { [OnnxRuntimeLibrary.Variable] = "", ["LD_LIBRARY_PATH"] = "" });
        Assert.True(code == ExitCode.ExternalTool, $"{code}: {error}");
        Assert.All(answers, answer => Assert.Contains(answer, error, StringComparison.Ordinal));
        Assert.False(Directory.Exists(_folder.Combine("out")));
    }

    [Fact]
    public async Task ACommandThatJudgesTakesTheEngineToJudge()
    {
        (string[] Arguments, string Shown)[] lines =
        [
            (["verify", "demo", "--engine", "auto", "--precision", "mixed", "--threads", "1"], "engine  cpu ("),
            (["verify", "demo", "-d", "cpu", "--json"], "\"engine\": \"cpu ("),
            (["compare", "demo", "demo", "--engine", "cpu", "--precision", "mixed", "--threads", "1"], "actual    demo: cpu ("),
            (["bench", "demo", "--engine", "cpu", "--precision", "mixed", "--segments", "1", "--threads", "1", "--json"], "\"engine\": \"cpu ("),
        ];
        foreach ((string[] arguments, string shown) in lines)
        {
            (int code, byte[] output, string error) = await ChildProcess.RunAsync([.. arguments]);
            Assert.True(code == 0, $"{string.Join(' ', arguments)}: {error}");
            Assert.Contains(shown, Encoding.UTF8.GetString(output), StringComparison.Ordinal);
        }

        Clip.Song(_folder.Combine("true", "song", "drums.wav"), 1.2, "drums.wav");
        foreach (string[] command in (string[][])[["verify", "demo"], ["compare", "demo", "demo"], ["bench", "demo"], ["evaluate", _folder.Combine("true"), "-n", "demo"]])
        {
            CommandLineRun run = await CommandLineRun.OfAsync([.. command, "--device", "3"]);
            Assert.Equal(ExitCode.Usage, run.ExitCode);
            Assert.Contains("belongs to another --engine", run.Error, StringComparison.Ordinal);

            // Another engine in the place of the one that is judged would be no judgement.
            run = await CommandLineRun.OfAsync([.. command, "--fallback"]);
            Assert.Equal(ExitCode.Usage, run.ExitCode);
            Assert.Contains("--fallback", run.Error, StringComparison.Ordinal);
        }
    }
}
