using Stemsharp.Inference;
using Stemsharp.Vulkan.Planning;
using Xunit;
using Xunit.Abstractions;

namespace Stemsharp.Vulkan.Tests;

/// <summary>Every kernel against the interpreter in double precision.</summary>
public class KernelTests(ITestOutputHelper output)
{
    public static TheoryData<string> Cases => [.. KernelCases.All.Keys];

    [VulkanTheory]
    [MemberData(nameof(Cases))]
    public void Single_precision(string name) => Same(name, EnginePrecision.Fp32, 120);

    [VulkanTheory]
    [MemberData(nameof(Cases))]
    public void Halves_in_memory(string name) => Same(name, EnginePrecision.Mixed, 65);

    [VulkanTheory]
    [MemberData(nameof(Cases))]
    public void Halves_on_matrices_that_arithmetic_plays(string name) => Same(name, EnginePrecision.Mixed, 65, TestDevice.Emulated);

    [VulkanTheory]
    [MemberData(nameof(Cases))]
    public void With_the_least_that_a_device_may_have(string name) =>
        Same(name, EnginePrecision.Fp32, 120, GpuTraits.Least with { SubgroupSize = TestDevice.Device.Info.SubgroupSize, IsSoftware = TestDevice.Device.Info.IsSoftware });

    private void Same(string name, EnginePrecision precision, double least, GpuTraits? traits = null)
    {
        if (traits is { IsEmulated: true } && TestDevice.Device.Info.SubgroupSize != 8)
        {
            output.WriteLine("the emulation knows subgroups of eight only");
            return;
        }

        double found = new GraphRun(TestDevice.Device, TestDevice.Pipelines).Compare(KernelCases.All[name], precision, 2, traits);
        output.WriteLine($"{found:F1} dB");
        Assert.True(found > least, $"{found:F1} dB");
    }
}
