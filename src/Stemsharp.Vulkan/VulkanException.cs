using Stemsharp.Inference;
using Stemsharp.Vulkan.Native;

namespace Stemsharp.Vulkan;

/// <summary>A failure of the GPU engine.</summary>
public sealed class VulkanException : EngineException
{
    /// <summary>Makes an error with a message for the user.</summary>
    /// <param name="failure">Its kind.</param>
    /// <param name="message">What was found, what is valid, what to do.</param>
    public VulkanException(EngineFailure failure, string message) : base(failure, message)
    {
    }

    /// <summary>Throws unless a call succeeded.</summary>
    internal static void Check(VkResult result, string what)
    {
        if (result != VkResult.Success)
        {
            throw Of(result, what);
        }
    }

    internal static VulkanException Of(VkResult result, string what) => result switch
    {
        VkResult.OutOfHostMemory or VkResult.OutOfDeviceMemory or VkResult.MemoryMapFailed or VkResult.TooManyObjects =>
            new(EngineFailure.OutOfMemory, $"The GPU has not enough free memory to {what} ({result}). Close other programs that use it, run fewer pieces at a time, or take another engine."),
        VkResult.DeviceLost => new(EngineFailure.DeviceLost, $"The GPU was lost while it was to {what}: it was reset or taken away, or its driver failed."),
        _ => new(EngineFailure.Refused, $"The GPU's driver refused to {what} ({result}). A newer driver may help; another engine will."),
    };
}
