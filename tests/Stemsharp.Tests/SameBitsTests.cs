using System.Diagnostics;
using System.Text.Json;
using Stemsharp.Simd;
using Xunit;

namespace Stemsharp.Tests;

/// <summary>
/// Stems keep their bits: twelve ways to separate, on every instruction set, give the SHA-256 that tests/golden/stem-hashes.json
/// recorded. Sums are taken in one order whatever the machine, so what changes a hash has changed the arithmetic. Where that is
/// meant, the accuracy on golden data is measured again, and the hashes are recorded anew:
/// <c>dotnet run --project tests/Stemsharp.StemHashes -- .</c>, with the runtime's switches below.
/// </summary>
public class SameBitsTests
{
    [TierFact("AVX-512", onlyX64: true)]
    public Task With_avx512() => VerifyAsync("AVX-512");

    // As on processors that slow down for wide vectors: there the runtime says that they are not accelerated.
    [TierFact("AVX-512", onlyX64: true)]
    public Task With_avx512_where_the_runtime_prefers_narrower_vectors() => VerifyAsync("AVX-512", ("DOTNET_PreferredVectorBitWidth", "256"));

    [TierFact("AVX2", onlyX64: true)]
    public Task With_avx2() => VerifyAsync("AVX2", ("DOTNET_EnableAVX512", "0"));

    [TierFact("128-bit", onlyX64: true)]
    public Task With_128_bits() => VerifyAsync("128-bit", ("DOTNET_EnableAVX2", "0"));

    [TierFact("scalar", onlyX64: true)]
    public Task Without_vectors() => VerifyAsync("scalar", ("DOTNET_EnableHWIntrinsic", "0"));

    // The setting decides for transforms and kernels alike, so that it gives what a processor without the wider ones gives.
    [TierFact("AVX2", onlyX64: true)]
    public Task Avx2_forced() => VerifyAsync("AVX2", (SimdTier.Variable, "avx2"));

    [TierFact("128-bit", onlyX64: true)]
    public Task Vectors_of_128_bits_forced() => VerifyAsync("128-bit", (SimdTier.Variable, "128"));

    [TierFact("scalar", onlyX64: true)]
    public Task Scalar_code_forced() => VerifyAsync("scalar", (SimdTier.Variable, "scalar"));

    [Fact]
    public async Task An_unknown_instruction_set_is_refused_when_an_engine_is_opened()
    {
        (int exitCode, string output, string error) = await RunAsync((SimdTier.Variable, "sse2"));
        Assert.NotEqual(0, exitCode);
        Assert.Equal("", output);
        Assert.Contains("OptionException: STEMSHARP_INSTRUCTIONS is 'sse2'", error);
        Assert.DoesNotContain(nameof(TypeInitializationException), error);
    }

    private static async Task VerifyAsync(string tier, params (string Name, string Value)[] environment)
    {
        using JsonDocument recorded = JsonDocument.Parse(await File.ReadAllBytesAsync(RepositoryFiles.Golden("stem-hashes.json")));
        string[] expected = [.. recorded.RootElement.GetProperty(tier).EnumerateObject().Select(p => $"{p.Value.GetString()} {p.Name}")];
        Assert.Equal(12, expected.Length);

        (int exitCode, string output, string error) = await RunAsync(environment);
        Assert.True(exitCode == 0, error);
        Assert.Equal(expected, output.Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries));
    }

    private static async Task<(int ExitCode, string Output, string Error)> RunAsync(params (string Name, string Value)[] environment)
    {
        string host = Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") is { Length: > 0 } named ? named : "dotnet";
        ProcessStartInfo start = new(host, [Path.Combine(AppContext.BaseDirectory, "Stemsharp.StemHashes.dll"), RepositoryFiles.Root])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment.Remove(SimdTier.Variable);
        foreach ((string name, string value) in environment)
        {
            start.Environment[name] = value;
        }

        using Process process = Process.Start(start)!;
        Task<string> error = process.StandardError.ReadToEndAsync();
        string output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        return (process.ExitCode, output, await error);
    }
}
