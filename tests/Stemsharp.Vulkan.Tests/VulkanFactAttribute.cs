using Stemsharp.Tests;
using Stemsharp.Vulkan.Device;
using Stemsharp.Vulkan.Planning;
using Xunit;

[assembly: CollectionBehavior(DisableTestParallelization = true)]

namespace Stemsharp.Vulkan.Tests;

/// <summary>
/// A test that needs a Vulkan device; a processor that plays one (lavapipe) is enough. Without one it is skipped, with the
/// reason; where STEMSHARP_REQUIRE_ALL=1 is set (CI) it runs regardless, and fails.
/// </summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class VulkanFactAttribute : FactAttribute
{
    public VulkanFactAttribute() => Skip = TestDevice.SkipReason;
}

/// <summary>The same for a theory.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class VulkanTheoryAttribute : TheoryAttribute
{
    public VulkanTheoryAttribute() => Skip = TestDevice.SkipReason;
}

/// <summary>The device that tests run on, opened once.</summary>
internal static class TestDevice
{
    private static readonly Lazy<string?> s_reason = new(Find);
    private static readonly Lazy<(GpuDevice Device, PipelineSet Pipelines)> s_opened = new(Open);

    public static string? SkipReason => ToolFactAttribute.RequireAll ? null : s_reason.Value;

    /// <summary>A device by number or name, for a machine with several.</summary>
    public static string? Wanted => Environment.GetEnvironmentVariable("STEMSHARP_VULKAN_DEVICE");

    /// <summary>Traits of the device as if it had cooperative matrices, which ordinary arithmetic plays.</summary>
    public static GpuTraits Emulated => GpuTraits.Of(Device.Info) with { Matrix = new CooperativeShape(16, 16, 16), IsEmulated = true };

    public static VulkanInstance Instance => VulkanInstance.TryGet(out string? reason) ?? throw new InvalidOperationException(reason);

    public static GpuDevice Device => s_opened.Value.Device;

    public static PipelineSet Pipelines => s_opened.Value.Pipelines;

    private static string? Find()
    {
        VulkanInstance? instance = VulkanInstance.TryGet(out string? reason);
        if (instance == null)
        {
            return reason;
        }

        try
        {
            DeviceChoice.Choose(instance.Devices(), Wanted, allowSoftware: true);
            return null;
        }
        catch (VulkanException e)
        {
            return e.Message;
        }
    }

    private static (GpuDevice, PipelineSet) Open()
    {
        GpuDevice device = new(Instance, DeviceChoice.Choose(Instance.Devices(), Wanted, allowSoftware: true));
        return (device, new PipelineSet(device, []));
    }
}
