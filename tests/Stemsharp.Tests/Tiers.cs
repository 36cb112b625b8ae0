using Stemsharp.Simd;

namespace Stemsharp.Tests;

/// <summary>The instruction sets, for tests.</summary>
internal static class Tiers
{
    /// <summary>The instruction set of a name; it must be in the table.</summary>
    public static SimdTier Named(string name) => SimdTier.All.Single(t => t.Name == name);

    /// <summary>
    /// Why a test of an instruction set cannot run here; null where it can. The reason is one that .ci/run knows: there it is no
    /// failure. Where the processor has the instruction set and the process was kept from it, the test runs there, and fails.
    /// </summary>
    /// <param name="name">A name in <see cref="SimdTier.All"/>.</param>
    public static string? SkipReason(string name) =>
        Named(name).IsSupported || (ToolFactAttribute.RequireAll && ProcessorHas(name)) ? null : $"This processor has no {name}.";

    // What the processor says of itself, not what the runtime was told to use.
    private static bool ProcessorHas(string tier)
    {
        string? flag = tier switch
        {
            "AVX-512" => "avx512f",
            "AVX2" => "avx2",
            _ => null,
        };
        return flag is null || (OperatingSystem.IsLinux() && File.ReadLines("/proc/cpuinfo").Any(line => line.Split(' ').Contains(flag)));
    }
}
