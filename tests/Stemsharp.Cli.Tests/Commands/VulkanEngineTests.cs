using System.Text.Json;
using Stemsharp.Cli.Hosting;
using Xunit;

namespace Stemsharp.Cli.Tests.Commands;

/// <summary><c>--engine vulkan</c> in every command that chooses an engine, as a user runs it.</summary>
public sealed class VulkanEngineTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [VulkanFact]
    public async Task A_track_is_separated_and_says_what_made_it()
    {
        string clip = Clip.Song(_folder.Combine("song.wav"), 0.5);
        CommandLineRun run = await CommandLineRun.OfAsync(
            "separate", clip, "--model", "demo", "-o", _folder.Combine("out"), "--stems", "drums", "--json", "--quiet", "--engine", "vulkan", "--device", "0");
        Assert.True(run.ExitCode == 0, run.Error);
        JsonElement engine = Assert.Single(JsonDocument.Parse(run.Output).RootElement.GetProperty("tracks")[0].GetProperty("engines").EnumerateArray().ToArray());
        Assert.Equal(("vulkan", "fp32"), (engine.GetProperty("engine").GetString(), engine.GetProperty("precision").GetString()));
        Assert.StartsWith("0 ", engine.GetProperty("device").GetString(), StringComparison.Ordinal);
    }

    [VulkanFact]
    public async Task A_plan_knows_the_devices_memory()
    {
        string clip = Clip.Song(_folder.Combine("song.wav"), 0.5);
        CommandLineRun run = await CommandLineRun.OfAsync("plan", clip, "--model", "demo", "--stems", "drums", "--json", "--engine", "vulkan", "--device", "0");
        Assert.True(run.ExitCode == 0, run.Error);
        Assert.True(JsonDocument.Parse(run.Output).RootElement.GetProperty("device_memory_bytes").GetInt64() > 1_000_000);
    }

    [VulkanFact]
    public async Task A_model_is_measured_step_by_step()
    {
        (int code, byte[] output, string error) = await ChildProcess.RunAsync(["bench", "demo", "--segments", "1", "--profile", "--json", "--engine", "vulkan", "--device", "0", "--precision", "mixed"]);
        Assert.True(code == 0, error);
        JsonElement bench = JsonDocument.Parse(output).RootElement;
        Assert.StartsWith("vulkan (", bench.GetProperty("engine").GetString(), StringComparison.Ordinal);
        Assert.True(bench.GetProperty("segments_per_run").GetInt32() >= 1);
        JsonElement[] steps = [.. bench.GetProperty("profile").EnumerateArray()];
        Assert.True(steps.Length > 50 && steps.Sum(s => s.GetProperty("seconds").GetDouble()) > 0);
        Assert.Contains(steps, step => step.GetProperty("name").GetString() == "istft.overlap");
    }

    [VulkanFact]
    public async Task A_device_is_verified_and_compared_with_the_processor()
    {
        (int code, byte[] output, string error) = await ChildProcess.RunAsync(["verify", "demo", "--engine", "vulkan", "--device", "0"]);
        Assert.True(code == 0, error);
        Assert.Contains("engine  vulkan (", System.Text.Encoding.UTF8.GetString(output), StringComparison.Ordinal);
        (code, output, error) = await ChildProcess.RunAsync(["compare", "demo", "demo", "--engine", "vulkan", "--device", "0", "--min-snr", "90"]);
        Assert.True(code == 0, error);
        Assert.Contains("actual    demo: vulkan (", System.Text.Encoding.UTF8.GetString(output), StringComparison.Ordinal);
    }

    [VulkanFact]
    public async Task Devices_are_listed_and_one_that_is_not_there_is_refused()
    {
        CommandLineRun run = await CommandLineRun.OfAsync("doctor");
        Assert.Contains("--engine vulkan --device 0 ", run.Output, StringComparison.Ordinal);
        run = await CommandLineRun.OfAsync("verify", "demo", "--engine", "vulkan", "--device", "no such GPU");
        Assert.Equal(ExitCode.ExternalTool, run.ExitCode);
        Assert.Contains("There is no GPU 'no such GPU'. There are: 0: ", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Without_a_loader_the_engine_is_refused_and_auto_takes_the_processor()
    {
        string clip = Clip.Song(_folder.Combine("song.wav"), 0.2);
        Dictionary<string, string> environment = new() { ["STEMSHARP_VULKAN"] = _folder.Combine("libnothing.so") };
        string[] separate = ["separate", clip, "--model", "demo", "-o", _folder.Combine("out"), "--stems", "drums", "--quiet"];
        (int code, _, string error) = await ChildProcess.RunAsync([.. separate, "--engine", "vulkan"], environment: environment);
        Assert.Equal(ExitCode.ExternalTool, code);
        Assert.Contains("There is no Vulkan on this system", error, StringComparison.Ordinal);
        (code, _, error) = await ChildProcess.RunAsync(separate, environment: environment);
        Assert.Equal((0, ""), (code, error));
        (code, _, error) = await ChildProcess.RunAsync([.. separate, "--overwrite", "--engine", "vulkan", "--fallback"], environment: environment);
        Assert.Equal(0, code);
        Assert.Contains("Going on with cpu.", error, StringComparison.Ordinal);
    }
}
