using System.Diagnostics;
using System.Text.Json;
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
    public Task With_avx512() => VerifyAsync("AVX-512", null);

    [TierFact("AVX2", onlyX64: true)]
    public Task With_avx2() => VerifyAsync("AVX2", "DOTNET_EnableAVX512");

    [TierFact("128-bit", onlyX64: true)]
    public Task With_128_bits() => VerifyAsync("128-bit", "DOTNET_EnableAVX2");

    [TierFact("scalar", onlyX64: true)]
    public Task Without_vectors() => VerifyAsync("scalar", "DOTNET_EnableHWIntrinsic");

    private static async Task VerifyAsync(string tier, string? switchedOff)
    {
        using JsonDocument recorded = JsonDocument.Parse(await File.ReadAllBytesAsync(RepositoryFiles.Golden("stem-hashes.json")));
        string[] expected = [.. recorded.RootElement.GetProperty(tier).EnumerateObject().Select(p => $"{p.Value.GetString()} {p.Name}")];
        Assert.Equal(12, expected.Length);

        string host = Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") is { Length: > 0 } named ? named : "dotnet";
        ProcessStartInfo start = new(host, [Path.Combine(AppContext.BaseDirectory, "Stemsharp.StemHashes.dll"), RepositoryFiles.Root])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        if (switchedOff is not null)
        {
            start.Environment[switchedOff] = "0";
        }

        using Process process = Process.Start(start)!;
        Task<string> error = process.StandardError.ReadToEndAsync();
        string output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        Assert.True(process.ExitCode == 0, await error);
        Assert.Equal(expected, output.Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries));
    }
}
