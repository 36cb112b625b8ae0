using Stemsharp.Tests;
using Stemsharp.Vulkan;
using Xunit;

namespace Stemsharp.Cli.Tests;

/// <summary>
/// A test that needs a Vulkan device; a processor that plays one (lavapipe) is enough. Without one it is skipped, with the reason; where
/// STEMSHARP_REQUIRE_ALL=1 is set (CI) it runs regardless, and fails.
/// </summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class VulkanFactAttribute : FactAttribute
{
    public VulkanFactAttribute() => Skip = ToolFactAttribute.RequireAll ? null : new VulkanBackend().WhyAbsent;
}
