namespace Stemsharp.Vulkan.Native;

internal unsafe struct VkBufferCreateInfo
{
    public VkStructureType Type;
    public void* Next;
    public uint Flags;
    public ulong Size;
    public VkBufferUsage Usage;
    public uint SharingMode;
    public uint FamilyCount;
    public uint* Families;
}

internal struct VkMemoryRequirements
{
    public ulong Size;
    public ulong Alignment;
    public uint TypeBits;
}

internal unsafe struct VkMemoryAllocateInfo
{
    public VkStructureType Type;
    public void* Next;
    public ulong Size;
    public uint TypeIndex;
}

internal unsafe struct VkMemoryAllocateFlagsInfo
{
    public VkStructureType Type;
    public void* Next;
    public uint Flags;
    public uint DeviceMask;
}

internal unsafe struct VkBufferDeviceAddressInfo
{
    public VkStructureType Type;
    public void* Next;
    public ulong Buffer;
}

internal unsafe struct VkShaderModuleCreateInfo
{
    public VkStructureType Type;
    public void* Next;
    public uint Flags;
    public nuint CodeSize;
    public uint* Code;
}

internal unsafe struct VkPipelineCacheCreateInfo
{
    public VkStructureType Type;
    public void* Next;
    public uint Flags;
    public nuint Size;
    public void* Data;
}

internal struct VkSpecializationMapEntry
{
    public uint Id;
    public uint Offset;
    public nuint Size;
}

internal unsafe struct VkSpecializationInfo
{
    public uint Count;
    public VkSpecializationMapEntry* Entries;
    public nuint Size;
    public void* Data;
}

internal unsafe struct VkPipelineShaderStageCreateInfo
{
    public VkStructureType Type;
    public void* Next;
    public uint Flags;
    public uint Stage;
    public ulong Module;
    public byte* Name;
    public VkSpecializationInfo* Specialization;
}

internal unsafe struct VkPipelineShaderStageRequiredSubgroupSizeCreateInfo
{
    public VkStructureType Type;
    public void* Next;
    public uint Size;
}

internal unsafe struct VkComputePipelineCreateInfo
{
    public VkStructureType Type;
    public void* Next;
    public uint Flags;
    public VkPipelineShaderStageCreateInfo Stage;
    public ulong Layout;
    public ulong BasePipeline;
    public int BaseIndex;
}

internal struct VkPushConstantRange
{
    public uint Stages;
    public uint Offset;
    public uint Size;
}

internal unsafe struct VkPipelineLayoutCreateInfo
{
    public VkStructureType Type;
    public void* Next;
    public uint Flags;
    public uint SetLayoutCount;
    public ulong* SetLayouts;
    public uint RangeCount;
    public VkPushConstantRange* Ranges;
}

internal unsafe struct VkCommandPoolCreateInfo
{
    public VkStructureType Type;
    public void* Next;
    public uint Flags;
    public uint Family;
}

internal unsafe struct VkCommandBufferAllocateInfo
{
    public VkStructureType Type;
    public void* Next;
    public ulong Pool;
    public uint Level;
    public uint Count;
}

internal unsafe struct VkCommandBufferBeginInfo
{
    public VkStructureType Type;
    public void* Next;
    public uint Flags;
    public void* Inheritance;
}

internal unsafe struct VkMemoryBarrier
{
    public VkStructureType Type;
    public void* Next;
    public VkAccess Source;
    public VkAccess Destination;
}

internal struct VkBufferCopy
{
    public ulong Source;
    public ulong Destination;
    public ulong Size;
}

internal unsafe struct VkQueryPoolCreateInfo
{
    public VkStructureType Type;
    public void* Next;
    public uint Flags;
    public uint QueryType;
    public uint Count;
    public uint Statistics;
}

internal unsafe struct VkSubmitInfo
{
    public VkStructureType Type;
    public void* Next;
    public uint WaitCount;
    public ulong* Waits;
    public VkPipelineStage* WaitStages;
    public uint CommandBufferCount;
    public nint* CommandBuffers;
    public uint SignalCount;
    public ulong* Signals;
}

internal unsafe struct VkTimelineSemaphoreSubmitInfo
{
    public VkStructureType Type;
    public void* Next;
    public uint WaitCount;
    public ulong* WaitValues;
    public uint SignalCount;
    public ulong* SignalValues;
}

internal unsafe struct VkSemaphoreTypeCreateInfo
{
    public VkStructureType Type;
    public void* Next;
    public uint SemaphoreType;
    public ulong Initial;
}

/// <summary>VkSemaphoreCreateInfo and VkFenceCreateInfo.</summary>
internal unsafe struct VkFlagsCreateInfo
{
    public VkStructureType Type;
    public void* Next;
    public uint Flags;
}

internal unsafe struct VkSemaphoreWaitInfo
{
    public VkStructureType Type;
    public void* Next;
    public uint Flags;
    public uint Count;
    public ulong* Semaphores;
    public ulong* Values;
}
