using System.Runtime.InteropServices;
using Stemsharp.Kernels;
using Xunit;

namespace Stemsharp.Tests;

/// <summary>
/// A test of one instruction set. Where this process lacks it the test is skipped, with a reason that .ci/run knows: there it is no
/// failure, unless the processor has the instruction set and the process was kept from it.
/// </summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class TierFactAttribute : FactAttribute
{
    /// <param name="tier">A name in <see cref="KernelTier.All"/>.</param>
    /// <param name="onlyX64">Whether what it expects was recorded on x64, where other processors round elsewhere.</param>
    public TierFactAttribute(string tier, bool onlyX64 = false)
    {
        if (onlyX64 && RuntimeInformation.ProcessArchitecture != System.Runtime.InteropServices.Architecture.X64)
        {
            Skip = "What this test expects was recorded on x64.";
        }
        else if (!KernelTier.All.Single(t => t.Name == tier).IsSupported && !(ToolFactAttribute.RequireAll && ProcessorHas(tier)))
        {
            Skip = $"This processor has no {tier}.";
        }
    }

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
