using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Stemsharp.Vulkan.Native;

// Structures of vulkan_core.h with the fields in its order; names without the prefix of every field.

/// <summary>The head of a structure that may be chained.</summary>
internal unsafe struct VkBase
{
    public VkStructureType Type;
    public void* Next;
}

internal unsafe struct VkApplicationInfo
{
    public VkStructureType Type;
    public void* Next;
    public byte* ApplicationName;
    public uint ApplicationVersion;
    public byte* EngineName;
    public uint EngineVersion;
    public uint ApiVersion;
}

internal unsafe struct VkInstanceCreateInfo
{
    public VkStructureType Type;
    public void* Next;
    public uint Flags;
    public VkApplicationInfo* Application;
    public uint LayerCount;
    public byte** Layers;
    public uint ExtensionCount;
    public byte** Extensions;
}

internal unsafe struct VkValidationFeatures
{
    public VkStructureType Type;
    public void* Next;
    public uint EnabledCount;
    public uint* Enabled;
    public uint DisabledCount;
    public uint* Disabled;
}

internal unsafe struct VkExtensionProperties
{
    public fixed byte Name[256];
    public uint Version;
}

internal unsafe struct VkLayerProperties
{
    public fixed byte Name[256];
    public uint SpecVersion;
    public uint ImplementationVersion;
    public fixed byte Description[256];
}

/// <summary>VkPhysicalDeviceLimits as bytes: only a few of its hundred fields are read, at their offsets.</summary>
[StructLayout(LayoutKind.Explicit, Size = 504)]
internal unsafe struct VkPhysicalDeviceLimits
{
    [FieldOffset(28)]
    public uint MaxStorageBufferRange;
    [FieldOffset(32)]
    public uint MaxPushConstantsSize;
    [FieldOffset(216)]
    public uint MaxComputeSharedMemorySize;
    [FieldOffset(220)]
    public fixed uint MaxComputeWorkGroupCount[3];
    [FieldOffset(232)]
    public uint MaxComputeWorkGroupInvocations;
    [FieldOffset(236)]
    public fixed uint MaxComputeWorkGroupSize[3];
    [FieldOffset(424)]
    public float TimestampPeriod;
    [FieldOffset(0)]
    public ulong Alignment;
}

internal unsafe struct VkPhysicalDeviceProperties
{
    public uint ApiVersion;
    public uint DriverVersion;
    public uint VendorId;
    public uint DeviceId;
    public VkPhysicalDeviceType DeviceType;
    public fixed byte DeviceName[256];
    public fixed byte PipelineCacheUuid[16];
    public VkPhysicalDeviceLimits Limits;
    public fixed uint SparseProperties[5];
}

internal unsafe struct VkPhysicalDeviceProperties2
{
    public VkStructureType Type;
    public void* Next;
    public VkPhysicalDeviceProperties Properties;
}

internal unsafe struct VkPhysicalDeviceVulkan11Properties
{
    public VkStructureType Type;
    public void* Next;
    public fixed byte DeviceUuid[16];
    public fixed byte DriverUuid[16];
    public fixed byte DeviceLuid[8];
    public uint DeviceNodeMask;
    public uint DeviceLuidValid;
    public uint SubgroupSize;
    public uint SubgroupSupportedStages;
    public VkSubgroupFeatures SubgroupSupportedOperations;
    public uint SubgroupQuadOperationsInAllStages;
    public uint PointClippingBehavior;
    public uint MaxMultiviewViewCount;
    public uint MaxMultiviewInstanceIndex;
    public uint ProtectedNoFault;
    public uint MaxPerSetDescriptors;
    public ulong MaxMemoryAllocationSize;
}

/// <summary>VkPhysicalDeviceVulkan12Properties: the driver's name and version; the rest is not read.</summary>
internal unsafe struct VkPhysicalDeviceVulkan12Properties
{
    public VkStructureType Type;
    public void* Next;
    public uint DriverId;
    public fixed byte DriverName[256];
    public fixed byte DriverInfo[256];
    public fixed byte Rest[256];
}

internal unsafe struct VkPhysicalDeviceSubgroupSizeControlProperties
{
    public VkStructureType Type;
    public void* Next;
    public uint MinSubgroupSize;
    public uint MaxSubgroupSize;
    public uint MaxComputeWorkgroupSubgroups;
    public uint RequiredSubgroupSizeStages;
}

internal unsafe struct VkPhysicalDeviceFeatures2
{
    public VkStructureType Type;
    public void* Next;
    public fixed uint Features[55];
}

internal unsafe struct VkPhysicalDeviceVulkan11Features
{
    public VkStructureType Type;
    public void* Next;
    public uint StorageBuffer16BitAccess;
    public uint UniformAndStorageBuffer16BitAccess;
    public uint StoragePushConstant16;
    public uint StorageInputOutput16;
    public fixed uint Rest[8];
}

/// <summary>VkPhysicalDeviceVulkan12Features, by index of its 47 switches.</summary>
internal unsafe struct VkPhysicalDeviceVulkan12Features
{
    public const int ShaderFloat16 = 7;
    public const int TimelineSemaphore = 37;
    public const int BufferDeviceAddress = 38;
    public const int VulkanMemoryModel = 41;
    public const int VulkanMemoryModelDeviceScope = 42;

    public VkStructureType Type;
    public void* Next;
    public fixed uint Switches[48];
}

internal unsafe struct VkPhysicalDeviceSubgroupSizeControlFeatures
{
    public VkStructureType Type;
    public void* Next;
    public uint SubgroupSizeControl;
    public uint ComputeFullSubgroups;
}

/// <summary>VkPhysicalDeviceCooperativeMatrixFeaturesNV, and the KHR structure of the same fields.</summary>
internal unsafe struct VkPhysicalDeviceCooperativeMatrixFeatures
{
    public VkStructureType Type;
    public void* Next;
    public uint CooperativeMatrix;
    public uint RobustBufferAccess;
}

internal unsafe struct VkCooperativeMatrixPropertiesNV
{
    public VkStructureType Type;
    public void* Next;
    public uint M;
    public uint N;
    public uint K;
    public VkComponentType A;
    public VkComponentType B;
    public VkComponentType C;
    public VkComponentType D;
    public uint Scope;
}

internal unsafe struct VkCooperativeMatrixProperties
{
    public VkStructureType Type;
    public void* Next;
    public uint M;
    public uint N;
    public uint K;
    public VkComponentType A;
    public VkComponentType B;
    public VkComponentType C;
    public VkComponentType Result;
    public uint SaturatingAccumulation;
    public uint Scope;
}

internal struct VkQueueFamilyProperties
{
    public VkQueueFlags Flags;
    public uint Count;
    public uint TimestampValidBits;
    public uint Width;
    public uint Height;
    public uint Depth;
}

internal struct VkMemoryType
{
    public VkMemoryProperties Flags;
    public uint Heap;
}

internal struct VkMemoryHeap
{
    public ulong Size;
    public uint Flags;
}

[InlineArray(32)]
internal struct VkMemoryTypes
{
    private VkMemoryType _first;
}

[InlineArray(16)]
internal struct VkMemoryHeaps
{
    private VkMemoryHeap _first;
}

internal unsafe struct VkPhysicalDeviceMemoryProperties2
{
    public VkStructureType Type;
    public void* Next;
    public uint TypeCount;
    public VkMemoryTypes Types;
    public uint HeapCount;
    public VkMemoryHeaps Heaps;
}

internal unsafe struct VkPhysicalDeviceMemoryBudgetProperties
{
    public VkStructureType Type;
    public void* Next;
    public fixed ulong Budget[16];
    public fixed ulong Usage[16];
}

internal unsafe struct VkDeviceQueueCreateInfo
{
    public VkStructureType Type;
    public void* Next;
    public uint Flags;
    public uint Family;
    public uint Count;
    public float* Priorities;
}

internal unsafe struct VkDeviceCreateInfo
{
    public VkStructureType Type;
    public void* Next;
    public uint Flags;
    public uint QueueCount;
    public VkDeviceQueueCreateInfo* Queues;
    public uint LayerCount;
    public byte** Layers;
    public uint ExtensionCount;
    public byte** Extensions;
    public void* Features;
}

internal unsafe struct VkDebugUtilsMessengerCreateInfo
{
    public VkStructureType Type;
    public void* Next;
    public uint Flags;
    public uint Severity;
    public uint Kinds;
    public delegate* unmanaged<uint, uint, VkDebugMessage*, void*, uint> Callback;
    public void* User;
}

/// <summary>The first fields of VkDebugUtilsMessengerCallbackDataEXT.</summary>
internal unsafe struct VkDebugMessage
{
    public VkStructureType Type;
    public void* Next;
    public uint Flags;
    public byte* IdName;
    public int IdNumber;
    public byte* Message;
}
