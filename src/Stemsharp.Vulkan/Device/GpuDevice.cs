using Stemsharp.Vulkan.Native;

namespace Stemsharp.Vulkan.Device;

/// <summary>A device that was opened: its queues, its memory, and the one pipeline layout that all kernels share.</summary>
internal sealed unsafe class GpuDevice : IDisposable
{
    /// <summary>Bytes that every kernel gets with its launch; all devices allow so many.</summary>
    public const int PushBytes = 128;

    private const uint ComputeStage = 0x20;

    private readonly VkPhysicalDeviceMemoryProperties2 _memory;
    private readonly InstanceFunctions _instance;
    private readonly Lock _submitting = new();
    private nint _handle;

    public GpuDevice(VulkanInstance instance, GpuInfo info)
    {
        Info = info;
        _instance = instance.Functions;
        _handle = Create();
        Functions = new DeviceFunctions(_instance.GetDeviceProcAddr, _handle);
        nint queue;
        Functions.GetDeviceQueue(_handle, (uint)info.QueueFamily, 0, &queue);
        Queue = queue;
        TransferQueue = queue;
        if (info.TransferFamily >= 0)
        {
            Functions.GetDeviceQueue(_handle, (uint)info.TransferFamily, 0, &queue);
            TransferQueue = queue;
        }

        VkPhysicalDeviceMemoryProperties2 memory = new() { Type = VkStructureType.PhysicalDeviceMemoryProperties2 };
        _instance.GetPhysicalDeviceMemoryProperties2(info.Handle, &memory);
        _memory = memory;
        VkPushConstantRange range = new() { Stages = ComputeStage, Size = PushBytes };
        VkPipelineLayoutCreateInfo layout = new() { Type = VkStructureType.PipelineLayoutCreateInfo, RangeCount = 1, Ranges = &range };
        ulong handle;
        VulkanException.Check(Functions.CreatePipelineLayout(_handle, &layout, null, &handle), "lay out pipelines");
        Layout = handle;
    }

    public GpuInfo Info { get; }

    public DeviceFunctions Functions { get; }

    public nint Handle => _handle;

    public nint Queue { get; }

    /// <summary>A queue that copies beside the other one; the same one where there is none.</summary>
    public nint TransferQueue { get; }

    public ulong Layout { get; }

    /// <summary>
    /// Whether it stopped answering while it had work. What it may still be using is then never freed: that would be worse
    /// than to lose the memory until the program ends.
    /// </summary>
    public bool IsHung { get; set; }

    /// <summary>Free device memory in bytes, as far as the driver tells.</summary>
    public long FreeMemory() => GpuQuery.FreeMemory(_instance, Info);

    /// <summary>The first memory type with the wanted properties; −1 for none.</summary>
    public int MemoryType(uint allowed, VkMemoryProperties wanted)
    {
        for (int i = 0; i < (int)_memory.TypeCount; i++)
        {
            if (((allowed >> i) & 1) != 0 && (_memory.Types[i].Flags & wanted) == wanted)
            {
                return i;
            }
        }

        return -1;
    }

    /// <summary>Hands work to a queue.</summary>
    public void Submit(nint queue, ReadOnlySpan<VkSubmitInfo> submits)
    {
        lock (_submitting)
        {
            fixed (VkSubmitInfo* pointer = submits)
            {
                VulkanException.Check(Functions.QueueSubmit(queue, (uint)submits.Length, pointer, 0), "start work");
            }
        }
    }

    public void Dispose()
    {
        if (_handle != 0 && !IsHung)
        {
            Functions.DestroyPipelineLayout(_handle, Layout, null);
            Functions.DestroyDevice(_handle, null);
            _handle = 0;
        }
    }

    private nint Create()
    {
        List<string> extensions = [];
        foreach (string name in (ReadOnlySpan<string>)["VK_EXT_memory_budget", "VK_KHR_portability_subset", "VK_EXT_subgroup_size_control"])
        {
            if (Info.Extensions.Contains(name))
            {
                extensions.Add(name);
            }
        }

        bool cooperative = Info.Cooperative != CooperativeForm.None;
        if (cooperative)
        {
            extensions.Add(Info.Cooperative == CooperativeForm.Nvidia ? "VK_NV_cooperative_matrix" : "VK_KHR_cooperative_matrix");
        }

        VkPhysicalDeviceCooperativeMatrixFeatures matrix = new()
        {
            Type = Info.Cooperative == CooperativeForm.Nvidia ? VkStructureType.PhysicalDeviceCooperativeMatrixFeaturesNV : VkStructureType.PhysicalDeviceCooperativeMatrixFeatures,
            CooperativeMatrix = 1,
        };
        VkPhysicalDeviceSubgroupSizeControlFeatures size = new()
        {
            Type = VkStructureType.PhysicalDeviceSubgroupSizeControlFeatures,
            SubgroupSizeControl = 1,
            ComputeFullSubgroups = 1,
            Next = cooperative ? &matrix : null,
        };
        VkPhysicalDeviceVulkan12Features features12 = new()
        {
            Type = VkStructureType.PhysicalDeviceVulkan12Features,
            Next = Info.HasSubgroupSizeControl ? &size : size.Next,
        };
        features12.Switches[VkPhysicalDeviceVulkan12Features.BufferDeviceAddress] = 1;
        features12.Switches[VkPhysicalDeviceVulkan12Features.TimelineSemaphore] = 1;
        features12.Switches[VkPhysicalDeviceVulkan12Features.ShaderFloat16] = Info.HasHalfArithmetic ? 1u : 0;
        features12.Switches[VkPhysicalDeviceVulkan12Features.VulkanMemoryModel] = cooperative ? 1u : 0;
        features12.Switches[VkPhysicalDeviceVulkan12Features.VulkanMemoryModelDeviceScope] = cooperative ? 1u : 0;
        VkPhysicalDeviceVulkan11Features features11 = new()
        {
            Type = VkStructureType.PhysicalDeviceVulkan11Features,
            StorageBuffer16BitAccess = Info.HasHalfStorage ? 1u : 0,
            Next = &features12,
        };
        float priority = 1;
        VkDeviceQueueCreateInfo* queues = stackalloc VkDeviceQueueCreateInfo[2];
        queues[0] = new VkDeviceQueueCreateInfo { Type = VkStructureType.DeviceQueueCreateInfo, Family = (uint)Info.QueueFamily, Count = 1, Priorities = &priority };
        queues[1] = queues[0] with { Family = (uint)Math.Max(0, Info.TransferFamily) };
        using NativeStrings names = new(extensions);
        VkDeviceCreateInfo info = new()
        {
            Type = VkStructureType.DeviceCreateInfo,
            Next = &features11,
            QueueCount = Info.TransferFamily >= 0 ? 2u : 1,
            Queues = queues,
            ExtensionCount = (uint)extensions.Count,
            Extensions = names.Pointers,
        };
        nint handle;
        VulkanException.Check(_instance.CreateDevice(Info.Handle, &info, null, &handle), "open the device");
        return handle;
    }
}
