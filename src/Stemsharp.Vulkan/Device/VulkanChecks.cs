namespace Stemsharp.Vulkan.Device;

/// <summary>What the Khronos validation layer, which must be installed, is to check: for tests.</summary>
internal enum VulkanChecks
{
    /// <summary>Nothing.</summary>
    None,

    /// <summary>Every call, and that nothing is read while it is written.</summary>
    Calls,

    /// <summary>Every call, and that kernels stay within their buffers: they are rewritten for it and run many times longer.</summary>
    Kernels,
}
