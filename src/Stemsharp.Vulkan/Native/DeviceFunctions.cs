using System.Text;

namespace Stemsharp.Vulkan.Native;

/// <summary>The functions of a device. Tests put their own in place of some of them, to see what an error does.</summary>
internal sealed unsafe class DeviceFunctions
{
    public delegate* unmanaged<nint, void*, void> DestroyDevice;
    public delegate* unmanaged<nint, uint, uint, nint*, void> GetDeviceQueue;
    public delegate* unmanaged<nint, VkBufferCreateInfo*, void*, ulong*, VkResult> CreateBuffer;
    public delegate* unmanaged<nint, ulong, void*, void> DestroyBuffer;
    public delegate* unmanaged<nint, ulong, VkMemoryRequirements*, void> GetBufferMemoryRequirements;
    public delegate* unmanaged<nint, VkMemoryAllocateInfo*, void*, ulong*, VkResult> AllocateMemory;
    public delegate* unmanaged<nint, ulong, void*, void> FreeMemory;
    public delegate* unmanaged<nint, ulong, ulong, ulong, VkResult> BindBufferMemory;
    public delegate* unmanaged<nint, ulong, ulong, ulong, uint, void**, VkResult> MapMemory;
    public delegate* unmanaged<nint, VkBufferDeviceAddressInfo*, ulong> GetBufferDeviceAddress;
    public delegate* unmanaged<nint, VkShaderModuleCreateInfo*, void*, ulong*, VkResult> CreateShaderModule;
    public delegate* unmanaged<nint, ulong, void*, void> DestroyShaderModule;
    public delegate* unmanaged<nint, VkPipelineLayoutCreateInfo*, void*, ulong*, VkResult> CreatePipelineLayout;
    public delegate* unmanaged<nint, ulong, void*, void> DestroyPipelineLayout;
    public delegate* unmanaged<nint, ulong, uint, VkComputePipelineCreateInfo*, void*, ulong*, VkResult> CreateComputePipelines;
    public delegate* unmanaged<nint, ulong, void*, void> DestroyPipeline;
    public delegate* unmanaged<nint, VkPipelineCacheCreateInfo*, void*, ulong*, VkResult> CreatePipelineCache;
    public delegate* unmanaged<nint, ulong, void*, void> DestroyPipelineCache;
    public delegate* unmanaged<nint, ulong, nuint*, void*, VkResult> GetPipelineCacheData;
    public delegate* unmanaged<nint, VkCommandPoolCreateInfo*, void*, ulong*, VkResult> CreateCommandPool;
    public delegate* unmanaged<nint, ulong, void*, void> DestroyCommandPool;
    public delegate* unmanaged<nint, VkCommandBufferAllocateInfo*, nint*, VkResult> AllocateCommandBuffers;
    public delegate* unmanaged<nint, ulong, uint, nint*, void> FreeCommandBuffers;
    public delegate* unmanaged<nint, VkCommandBufferBeginInfo*, VkResult> BeginCommandBuffer;
    public delegate* unmanaged<nint, VkResult> EndCommandBuffer;
    public delegate* unmanaged<nint, uint, ulong, void> CmdBindPipeline;
    public delegate* unmanaged<nint, ulong, uint, uint, uint, void*, void> CmdPushConstants;
    public delegate* unmanaged<nint, uint, uint, uint, void> CmdDispatch;
    public delegate* unmanaged<nint, VkPipelineStage, VkPipelineStage, uint, uint, VkMemoryBarrier*, uint, void*, uint, void*, void> CmdPipelineBarrier;
    public delegate* unmanaged<nint, ulong, ulong, uint, VkBufferCopy*, void> CmdCopyBuffer;
    public delegate* unmanaged<nint, ulong, ulong, ulong, uint, void> CmdFillBuffer;
    public delegate* unmanaged<nint, VkQueryPoolCreateInfo*, void*, ulong*, VkResult> CreateQueryPool;
    public delegate* unmanaged<nint, ulong, void*, void> DestroyQueryPool;
    public delegate* unmanaged<nint, ulong, uint, uint, void> CmdResetQueryPool;
    public delegate* unmanaged<nint, VkPipelineStage, ulong, uint, void> CmdWriteTimestamp;
    public delegate* unmanaged<nint, ulong, uint, uint, nuint, void*, ulong, uint, VkResult> GetQueryPoolResults;
    public delegate* unmanaged<nint, uint, VkSubmitInfo*, ulong, VkResult> QueueSubmit;
    public delegate* unmanaged<nint, VkResult> DeviceWaitIdle;
    public delegate* unmanaged<nint, VkFlagsCreateInfo*, void*, ulong*, VkResult> CreateSemaphore;
    public delegate* unmanaged<nint, ulong, void*, void> DestroySemaphore;
    public delegate* unmanaged<nint, VkSemaphoreWaitInfo*, ulong, VkResult> WaitSemaphores;

    public DeviceFunctions(delegate* unmanaged<nint, byte*, nint> get, nint device)
    {
        DestroyDevice = (delegate* unmanaged<nint, void*, void>)Load("vkDestroyDevice");
        GetDeviceQueue = (delegate* unmanaged<nint, uint, uint, nint*, void>)Load("vkGetDeviceQueue");
        CreateBuffer = (delegate* unmanaged<nint, VkBufferCreateInfo*, void*, ulong*, VkResult>)Load("vkCreateBuffer");
        DestroyBuffer = (delegate* unmanaged<nint, ulong, void*, void>)Load("vkDestroyBuffer");
        GetBufferMemoryRequirements = (delegate* unmanaged<nint, ulong, VkMemoryRequirements*, void>)Load("vkGetBufferMemoryRequirements");
        AllocateMemory = (delegate* unmanaged<nint, VkMemoryAllocateInfo*, void*, ulong*, VkResult>)Load("vkAllocateMemory");
        FreeMemory = (delegate* unmanaged<nint, ulong, void*, void>)Load("vkFreeMemory");
        BindBufferMemory = (delegate* unmanaged<nint, ulong, ulong, ulong, VkResult>)Load("vkBindBufferMemory");
        MapMemory = (delegate* unmanaged<nint, ulong, ulong, ulong, uint, void**, VkResult>)Load("vkMapMemory");
        GetBufferDeviceAddress = (delegate* unmanaged<nint, VkBufferDeviceAddressInfo*, ulong>)Load("vkGetBufferDeviceAddress");
        CreateShaderModule = (delegate* unmanaged<nint, VkShaderModuleCreateInfo*, void*, ulong*, VkResult>)Load("vkCreateShaderModule");
        DestroyShaderModule = (delegate* unmanaged<nint, ulong, void*, void>)Load("vkDestroyShaderModule");
        CreatePipelineLayout = (delegate* unmanaged<nint, VkPipelineLayoutCreateInfo*, void*, ulong*, VkResult>)Load("vkCreatePipelineLayout");
        DestroyPipelineLayout = (delegate* unmanaged<nint, ulong, void*, void>)Load("vkDestroyPipelineLayout");
        CreateComputePipelines = (delegate* unmanaged<nint, ulong, uint, VkComputePipelineCreateInfo*, void*, ulong*, VkResult>)Load("vkCreateComputePipelines");
        DestroyPipeline = (delegate* unmanaged<nint, ulong, void*, void>)Load("vkDestroyPipeline");
        CreatePipelineCache = (delegate* unmanaged<nint, VkPipelineCacheCreateInfo*, void*, ulong*, VkResult>)Load("vkCreatePipelineCache");
        DestroyPipelineCache = (delegate* unmanaged<nint, ulong, void*, void>)Load("vkDestroyPipelineCache");
        GetPipelineCacheData = (delegate* unmanaged<nint, ulong, nuint*, void*, VkResult>)Load("vkGetPipelineCacheData");
        CreateCommandPool = (delegate* unmanaged<nint, VkCommandPoolCreateInfo*, void*, ulong*, VkResult>)Load("vkCreateCommandPool");
        DestroyCommandPool = (delegate* unmanaged<nint, ulong, void*, void>)Load("vkDestroyCommandPool");
        AllocateCommandBuffers = (delegate* unmanaged<nint, VkCommandBufferAllocateInfo*, nint*, VkResult>)Load("vkAllocateCommandBuffers");
        FreeCommandBuffers = (delegate* unmanaged<nint, ulong, uint, nint*, void>)Load("vkFreeCommandBuffers");
        BeginCommandBuffer = (delegate* unmanaged<nint, VkCommandBufferBeginInfo*, VkResult>)Load("vkBeginCommandBuffer");
        EndCommandBuffer = (delegate* unmanaged<nint, VkResult>)Load("vkEndCommandBuffer");
        CmdBindPipeline = (delegate* unmanaged<nint, uint, ulong, void>)Load("vkCmdBindPipeline");
        CmdPushConstants = (delegate* unmanaged<nint, ulong, uint, uint, uint, void*, void>)Load("vkCmdPushConstants");
        CmdDispatch = (delegate* unmanaged<nint, uint, uint, uint, void>)Load("vkCmdDispatch");
        CmdPipelineBarrier = (delegate* unmanaged<nint, VkPipelineStage, VkPipelineStage, uint, uint, VkMemoryBarrier*, uint, void*, uint, void*, void>)Load("vkCmdPipelineBarrier");
        CmdCopyBuffer = (delegate* unmanaged<nint, ulong, ulong, uint, VkBufferCopy*, void>)Load("vkCmdCopyBuffer");
        CmdFillBuffer = (delegate* unmanaged<nint, ulong, ulong, ulong, uint, void>)Load("vkCmdFillBuffer");
        CreateQueryPool = (delegate* unmanaged<nint, VkQueryPoolCreateInfo*, void*, ulong*, VkResult>)Load("vkCreateQueryPool");
        DestroyQueryPool = (delegate* unmanaged<nint, ulong, void*, void>)Load("vkDestroyQueryPool");
        CmdResetQueryPool = (delegate* unmanaged<nint, ulong, uint, uint, void>)Load("vkCmdResetQueryPool");
        CmdWriteTimestamp = (delegate* unmanaged<nint, VkPipelineStage, ulong, uint, void>)Load("vkCmdWriteTimestamp");
        GetQueryPoolResults = (delegate* unmanaged<nint, ulong, uint, uint, nuint, void*, ulong, uint, VkResult>)Load("vkGetQueryPoolResults");
        QueueSubmit = (delegate* unmanaged<nint, uint, VkSubmitInfo*, ulong, VkResult>)Load("vkQueueSubmit");
        DeviceWaitIdle = (delegate* unmanaged<nint, VkResult>)Load("vkDeviceWaitIdle");
        CreateSemaphore = (delegate* unmanaged<nint, VkFlagsCreateInfo*, void*, ulong*, VkResult>)Load("vkCreateSemaphore");
        DestroySemaphore = (delegate* unmanaged<nint, ulong, void*, void>)Load("vkDestroySemaphore");
        WaitSemaphores = (delegate* unmanaged<nint, VkSemaphoreWaitInfo*, ulong, VkResult>)Load("vkWaitSemaphores");

        nint Load(string name)
        {
            fixed (byte* text = Encoding.ASCII.GetBytes(name + '\0'))
            {
                return get(device, text);
            }
        }
    }
}
