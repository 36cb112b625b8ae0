namespace Stemsharp.Vulkan.Native;

/// <summary>VkResult: what calls return.</summary>
internal enum VkResult
{
    Success = 0,
    NotReady = 1,
    Timeout = 2,
    Incomplete = 5,
    OutOfHostMemory = -1,
    OutOfDeviceMemory = -2,
    InitializationFailed = -3,
    DeviceLost = -4,
    MemoryMapFailed = -5,
    LayerNotPresent = -6,
    ExtensionNotPresent = -7,
    FeatureNotPresent = -8,
    IncompatibleDriver = -9,
    TooManyObjects = -10,
}

/// <summary>VkStructureType: the first field of structures that may be chained.</summary>
internal enum VkStructureType
{
    ApplicationInfo = 0,
    InstanceCreateInfo = 1,
    DeviceQueueCreateInfo = 2,
    DeviceCreateInfo = 3,
    SubmitInfo = 4,
    MemoryAllocateInfo = 5,
    FenceCreateInfo = 8,
    SemaphoreCreateInfo = 9,
    QueryPoolCreateInfo = 11,
    BufferCreateInfo = 12,
    ShaderModuleCreateInfo = 16,
    PipelineCacheCreateInfo = 17,
    PipelineShaderStageCreateInfo = 18,
    ComputePipelineCreateInfo = 29,
    PipelineLayoutCreateInfo = 30,
    CommandPoolCreateInfo = 39,
    CommandBufferAllocateInfo = 40,
    CommandBufferBeginInfo = 42,
    MemoryBarrier = 46,
    PhysicalDeviceVulkan11Features = 49,
    PhysicalDeviceVulkan11Properties = 50,
    PhysicalDeviceVulkan12Features = 51,
    PhysicalDeviceVulkan12Properties = 52,
    PhysicalDeviceFeatures2 = 1000059000,
    PhysicalDeviceProperties2 = 1000059001,
    PhysicalDeviceMemoryProperties2 = 1000059006,
    MemoryAllocateFlagsInfo = 1000060000,
    DebugUtilsMessengerCreateInfo = 1000128004,
    PhysicalDeviceSubgroupSizeControlProperties = 1000225000,
    PipelineShaderStageRequiredSubgroupSizeCreateInfo = 1000225001,
    PhysicalDeviceSubgroupSizeControlFeatures = 1000225002,
    SemaphoreTypeCreateInfo = 1000207002,
    TimelineSemaphoreSubmitInfo = 1000207003,
    SemaphoreWaitInfo = 1000207004,
    PhysicalDeviceMemoryBudgetProperties = 1000237000,
    BufferDeviceAddressInfo = 1000244001,
    PhysicalDeviceCooperativeMatrixFeaturesNV = 1000249000,
    ValidationFeatures = 1000247000,
    CooperativeMatrixPropertiesNV = 1000249001,
    PhysicalDeviceCooperativeMatrixFeatures = 1000506000,
    CooperativeMatrixProperties = 1000506001,
}

[Flags]
internal enum VkQueueFlags : uint
{
    Graphics = 1,
    Compute = 2,
    Transfer = 4,
}

/// <summary>VkPhysicalDeviceType.</summary>
internal enum VkPhysicalDeviceType
{
    Other = 0,
    IntegratedGpu = 1,
    DiscreteGpu = 2,
    VirtualGpu = 3,
    Cpu = 4,
}

[Flags]
internal enum VkMemoryProperties : uint
{
    DeviceLocal = 1,
    HostVisible = 2,
    HostCoherent = 4,
    HostCached = 8,
}

[Flags]
internal enum VkBufferUsage : uint
{
    TransferSource = 1,
    TransferDestination = 2,
    Storage = 0x20,
    DeviceAddress = 0x20000,
}

[Flags]
internal enum VkPipelineStage : uint
{
    TopOfPipe = 1,
    ComputeShader = 0x800,
    Transfer = 0x1000,
    BottomOfPipe = 0x2000,
    Host = 0x4000,
}

[Flags]
internal enum VkAccess : uint
{
    ShaderRead = 0x20,
    ShaderWrite = 0x40,
    TransferRead = 0x800,
    TransferWrite = 0x1000,
    HostRead = 0x2000,
    HostWrite = 0x4000,
}

[Flags]
internal enum VkSubgroupFeatures : uint
{
    Basic = 1,
    Vote = 2,
    Arithmetic = 4,
    Ballot = 8,
    Shuffle = 16,
}

/// <summary>VkComponentTypeKHR (and NV): what cooperative matrices hold.</summary>
internal enum VkComponentType
{
    Float16 = 0,
    Float32 = 1,
}
