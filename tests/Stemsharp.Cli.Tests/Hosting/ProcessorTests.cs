using System.Diagnostics;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using System.Text.Json;
using Stemsharp.Tests;
using Xunit;

namespace Stemsharp.Cli.Tests.Hosting;

/// <summary>
/// Processors other than this one, as child processes see them: without the wider instruction sets, and with another
/// number of processors. Each says what it runs on, and is right. A child takes seconds, so that each serves for both.
/// </summary>
public class ProcessorTests
{
    private static readonly string[] s_tiers = ["AVX-512", "AVX2", "128-bit", "scalar"];

    // What a container's quota does to the runtime's count of processors, this variable does too.
    [Fact]
    public Task The_widest_instruction_set_on_as_many_threads_as_there_are_processors() =>
        VerifyAsync("AVX-512", "3 threads", [], new() { ["DOTNET_PROCESSOR_COUNT"] = "3" });

    // EnableAVX512F, the switch of earlier runtimes, does nothing any more.
    [Fact]
    public Task Without_avx512_on_as_many_threads_as_asked_for() =>
        VerifyAsync("AVX2", "5 threads", ["--threads", "5"], new() { ["DOTNET_EnableAVX512"] = "0" });

    [Fact]
    public Task Without_avx2_on_one_processor() =>
        VerifyAsync("128-bit", "1 thread", [], new() { ["DOTNET_EnableAVX2"] = "0", ["DOTNET_PROCESSOR_COUNT"] = "1" });

    [LinuxFact]
    public Task Without_vectors_bound_to_one_processor() =>
        VerifyAsync("scalar", "1 thread", [], new() { ["DOTNET_EnableHWIntrinsic"] = "0" }, prefix: ["taskset", "-c", "0"]);

    private static async Task VerifyAsync(
        string tier, string threads, string[] options, Dictionary<string, string> environment, string[]? prefix = null)
    {
        // A machine without the wide ones has nothing to switch off, and runs what it has.
        string widest = Avx512F.IsSupported ? "AVX-512" : Avx2.IsSupported ? "AVX2" : Vector128.IsHardwareAccelerated ? "128-bit" : "scalar";
        string expected = s_tiers[Math.Max(Array.IndexOf(s_tiers, tier), Array.IndexOf(s_tiers, widest))];

        using Process process = ChildProcess.Start(["verify", "demo", "--offline", "--json", .. options], environment, prefix);
        process.StandardInput.Close();
        Task<string> error = process.StandardError.ReadToEndAsync();
        string output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        Assert.True(process.ExitCode == 0, $"{await error}{output}");
        JsonElement result = JsonDocument.Parse(output).RootElement;
        Assert.Equal($"cpu ({expected}, {threads})", result.GetProperty("engine").GetString());
        Assert.All(result.GetProperty("checks").EnumerateArray(), check => Assert.True(check.GetProperty("passed").GetBoolean()));
    }
}
