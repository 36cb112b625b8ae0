using Stemsharp.Vulkan.Native;

namespace Stemsharp.Vulkan;

/// <summary>Kinds of failure, for whoever decides what to do next.</summary>
public enum VulkanFailure
{
    /// <summary>The device or driver lacks something, or an option is not valid for it.</summary>
    Refused,

    /// <summary>Not enough memory; fewer pieces at a time may fit.</summary>
    OutOfMemory,

    /// <summary>The device is gone, was reset, or does not answer.</summary>
    DeviceLost,

    /// <summary>The device computed something that cannot be right.</summary>
    Wrong,
}

/// <summary>A failure of the GPU engine.</summary>
public sealed class VulkanException : StemsharpException
{
    /// <summary>Makes an error with a message for the user.</summary>
    /// <param name="failure">Its kind.</param>
    /// <param name="message">What was found, what is valid, what to do.</param>
    public VulkanException(VulkanFailure failure, string message) : base(message) => Failure = failure;

    /// <summary>Its kind.</summary>
    public VulkanFailure Failure { get; }

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
            new(VulkanFailure.OutOfMemory, $"The GPU has not enough free memory to {what} ({result}). Close other programs that use it, run fewer pieces at a time, or take another engine."),
        VkResult.DeviceLost => new(VulkanFailure.DeviceLost, $"The GPU was lost while it was to {what}: it was reset or taken away, or its driver failed."),
        _ => new(VulkanFailure.Refused, $"The GPU's driver refused to {what} ({result}). A newer driver may help; another engine will."),
    };
}
