using System.Collections.Immutable;
using System.Runtime.InteropServices;
using Stemsharp.Vulkan.Native;

namespace Stemsharp.Vulkan.Device;

/// <summary>Asks a device what it is.</summary>
internal static unsafe class GpuQuery
{
    private const uint Version12 = (1 << 22) | (2 << 12);
    private const uint SubgroupScope = 3;
    private const int ShaderInt64 = 40;

    public static GpuInfo Describe(InstanceFunctions vk, nint handle, int index)
    {
        VkPhysicalDeviceProperties basic;
        vk.GetPhysicalDeviceProperties(handle, &basic);
        ImmutableHashSet<string> extensions = Extensions(vk, handle);
        bool modern = basic.ApiVersion >= Version12;
        VkPhysicalDeviceSubgroupSizeControlProperties control = new() { Type = VkStructureType.PhysicalDeviceSubgroupSizeControlProperties };
        VkPhysicalDeviceVulkan12Properties properties12 = new() { Type = VkStructureType.PhysicalDeviceVulkan12Properties };
        VkPhysicalDeviceVulkan11Properties properties11 = new() { Type = VkStructureType.PhysicalDeviceVulkan11Properties, Next = &properties12 };
        VkPhysicalDeviceProperties2 properties = new() { Type = VkStructureType.PhysicalDeviceProperties2, Next = &properties11 };
        VkPhysicalDeviceVulkan12Features features12 = new() { Type = VkStructureType.PhysicalDeviceVulkan12Features };
        VkPhysicalDeviceVulkan11Features features11 = new() { Type = VkStructureType.PhysicalDeviceVulkan11Features, Next = &features12 };
        VkPhysicalDeviceFeatures2 features = new() { Type = VkStructureType.PhysicalDeviceFeatures2, Next = &features11 };
        VkPhysicalDeviceSubgroupSizeControlFeatures size = new() { Type = VkStructureType.PhysicalDeviceSubgroupSizeControlFeatures };
        VkPhysicalDeviceCooperativeMatrixFeatures nvidia = new() { Type = VkStructureType.PhysicalDeviceCooperativeMatrixFeaturesNV };
        VkPhysicalDeviceCooperativeMatrixFeatures khronos = new() { Type = VkStructureType.PhysicalDeviceCooperativeMatrixFeatures };
        if (extensions.Contains("VK_EXT_subgroup_size_control"))
        {
            properties12.Next = &control;
            features12.Next = &size;
        }

        if (extensions.Contains("VK_NV_cooperative_matrix"))
        {
            nvidia.Next = features12.Next;
            features12.Next = &nvidia;
        }

        if (extensions.Contains("VK_KHR_cooperative_matrix"))
        {
            khronos.Next = features12.Next;
            features12.Next = &khronos;
        }

        if (modern)
        {
            vk.GetPhysicalDeviceProperties2(handle, &properties);
            vk.GetPhysicalDeviceFeatures2(handle, &features);
        }

        VkQueueFamilyProperties[] families = Families(vk, handle);
        int compute = Find(families, VkQueueFlags.Compute, VkQueueFlags.Graphics) is int own and >= 0 ? own : Find(families, VkQueueFlags.Compute, 0);
        string? missing =
            !modern ? $"it offers Vulkan {basic.ApiVersion >> 22}.{(basic.ApiVersion >> 12) & 1023}, and 1.2 is needed; a newer driver may offer it"
            : features12.Switches[VkPhysicalDeviceVulkan12Features.BufferDeviceAddress] == 0 ? "its driver has no buffer device addresses; a newer one may"
            : features12.Switches[VkPhysicalDeviceVulkan12Features.TimelineSemaphore] == 0 ? "its driver has no timeline semaphores; a newer one may"
            : (properties11.SubgroupSupportedOperations & VkSubgroupFeatures.Shuffle) == 0 || properties11.SubgroupSize < 8 ? "its subgroups cannot shuffle, or are smaller than 8"
            : basic.Limits.MaxComputeWorkGroupInvocations < 256 || basic.Limits.MaxComputeSharedMemorySize < 16 * 1024 ? "its workgroups are too small"
            : compute < 0 ? "it has no queue for computing"
            : null;
        (CooperativeForm form, ImmutableArray<CooperativeShape> shapes) = missing != null ? (CooperativeForm.None, [])
            : Cooperative(vk, handle, features12, nvidia.CooperativeMatrix != 0, khronos.CooperativeMatrix != 0);
        string driver = Marshal.PtrToStringUTF8((nint)properties12.DriverInfo) ?? "", driverName = Marshal.PtrToStringUTF8((nint)properties12.DriverName) ?? "";
        ReadOnlySpan<byte> uuid = new(basic.PipelineCacheUuid, 16);
        return new GpuInfo
        {
            Handle = handle,
            Index = index,
            Name = Marshal.PtrToStringUTF8((nint)basic.DeviceName) ?? "?",
            Driver = $"{driverName} {driver}".Trim(),
            Identity = $"{basic.VendorId:x4}-{basic.DeviceId:x4}-{basic.DriverVersion:x8}-{Convert.ToHexStringLower(uuid)}",
            IsSoftware = basic.DeviceType == VkPhysicalDeviceType.Cpu,
            IsIntegrated = basic.DeviceType == VkPhysicalDeviceType.IntegratedGpu,
            ApiVersion = basic.ApiVersion,
            Refusal = missing,
            SubgroupSize = (int)properties11.SubgroupSize,
            SharedMemory = (int)basic.Limits.MaxComputeSharedMemorySize,
            MaxInvocations = (int)basic.Limits.MaxComputeWorkGroupInvocations,
            HasHalfStorage = features11.StorageBuffer16BitAccess != 0,
            HasHalfArithmetic = features12.Switches[VkPhysicalDeviceVulkan12Features.ShaderFloat16] != 0,
            Cooperative = form,
            CooperativeShapes = shapes,
            HasSubgroupSizeControl = size.SubgroupSizeControl != 0 && size.ComputeFullSubgroups != 0 && (control.RequiredSubgroupSizeStages & 0x20) != 0,
            MaxAllocation = (long)Math.Min(properties11.MaxMemoryAllocationSize, long.MaxValue),
            TimestampPeriod = compute >= 0 && families[compute].TimestampValidBits > 0 ? basic.Limits.TimestampPeriod : 0,
            QueueFamily = compute,
            TransferFamily = Find(families, VkQueueFlags.Transfer, VkQueueFlags.Compute | VkQueueFlags.Graphics),
            Extensions = extensions,
        };
    }

    /// <summary>Free device memory in bytes as the driver sees it, or the device's whole memory where it does not say.</summary>
    public static long FreeMemory(InstanceFunctions vk, GpuInfo info)
    {
        VkPhysicalDeviceMemoryBudgetProperties budget = new() { Type = VkStructureType.PhysicalDeviceMemoryBudgetProperties };
        bool known = info.Extensions.Contains("VK_EXT_memory_budget");
        VkPhysicalDeviceMemoryProperties2 memory = new() { Type = VkStructureType.PhysicalDeviceMemoryProperties2, Next = known ? &budget : null };
        vk.GetPhysicalDeviceMemoryProperties2(info.Handle, &memory);
        long free = 0;
        for (int i = 0; i < (int)memory.HeapCount; i++)
        {
            if ((memory.Heaps[i].Flags & 1) != 0)
            {
                long size = known ? (long)budget.Budget[i] - (long)budget.Usage[i] : (long)memory.Heaps[i].Size;
                free = Math.Max(free, size);
            }
        }

        return free;
    }

    // A family with the wanted abilities and without the unwanted ones; −1 for none.
    private static int Find(VkQueueFamilyProperties[] families, VkQueueFlags wanted, VkQueueFlags unwanted) =>
        Array.FindIndex(families, f => (f.Flags & wanted) == wanted && (f.Flags & unwanted) == 0 && f.Count > 0);

    private static VkQueueFamilyProperties[] Families(InstanceFunctions vk, nint handle)
    {
        uint count = 0;
        vk.GetPhysicalDeviceQueueFamilyProperties(handle, &count, null);
        VkQueueFamilyProperties[] families = new VkQueueFamilyProperties[count];
        fixed (VkQueueFamilyProperties* pointer = families)
        {
            vk.GetPhysicalDeviceQueueFamilyProperties(handle, &count, pointer);
        }

        return families;
    }

    private static ImmutableHashSet<string> Extensions(InstanceFunctions vk, nint handle)
    {
        uint count = 0;
        vk.EnumerateDeviceExtensionProperties(handle, null, &count, null);
        VkExtensionProperties[] found = new VkExtensionProperties[count];
        ImmutableHashSet<string>.Builder names = ImmutableHashSet.CreateBuilder<string>(StringComparer.Ordinal);
        fixed (VkExtensionProperties* pointer = found)
        {
            vk.EnumerateDeviceExtensionProperties(handle, null, &count, pointer);
            for (int i = 0; i < (int)count; i++)
            {
                names.Add(Marshal.PtrToStringUTF8((nint)pointer[i].Name) ?? "");
            }
        }

        return names.ToImmutable();
    }

    private static (CooperativeForm Form, ImmutableArray<CooperativeShape> Shapes) Cooperative(
        InstanceFunctions vk, nint handle, VkPhysicalDeviceVulkan12Features features, bool nvidia, bool khronos)
    {
        if (features.Switches[VkPhysicalDeviceVulkan12Features.VulkanMemoryModel] == 0 || features.Switches[VkPhysicalDeviceVulkan12Features.ShaderFloat16] == 0)
        {
            return (CooperativeForm.None, []);
        }

        List<CooperativeShape> shapes = [];
        uint count = 0;
        if (nvidia && vk.GetCooperativeMatrixPropertiesNV != null)
        {
            vk.GetCooperativeMatrixPropertiesNV(handle, &count, null);
            VkCooperativeMatrixPropertiesNV[] found = new VkCooperativeMatrixPropertiesNV[count];
            Array.Fill(found, new VkCooperativeMatrixPropertiesNV { Type = VkStructureType.CooperativeMatrixPropertiesNV });
            fixed (VkCooperativeMatrixPropertiesNV* pointer = found)
            {
                vk.GetCooperativeMatrixPropertiesNV(handle, &count, pointer);
            }

            shapes.AddRange(found.Where(p => IsWanted(p.A, p.B, p.C, p.D, p.Scope)).Select(p => new CooperativeShape((int)p.M, (int)p.N, (int)p.K)));
            if (shapes.Count > 0)
            {
                return (CooperativeForm.Nvidia, [.. shapes]);
            }
        }

        if (khronos && vk.GetCooperativeMatrixProperties != null)
        {
            vk.GetCooperativeMatrixProperties(handle, &count, null);
            VkCooperativeMatrixProperties[] found = new VkCooperativeMatrixProperties[count];
            Array.Fill(found, new VkCooperativeMatrixProperties { Type = VkStructureType.CooperativeMatrixProperties });
            fixed (VkCooperativeMatrixProperties* pointer = found)
            {
                vk.GetCooperativeMatrixProperties(handle, &count, pointer);
            }

            shapes.AddRange(found.Where(p => IsWanted(p.A, p.B, p.C, p.Result, p.Scope) && p.SaturatingAccumulation == 0).Select(p => new CooperativeShape((int)p.M, (int)p.N, (int)p.K)));
        }

        return (shapes.Count > 0 ? CooperativeForm.Khronos : CooperativeForm.None, [.. shapes]);
    }

    private static bool IsWanted(VkComponentType a, VkComponentType b, VkComponentType c, VkComponentType d, uint scope) =>
        (a, b, c, d, scope) == (VkComponentType.Float16, VkComponentType.Float16, VkComponentType.Float32, VkComponentType.Float32, SubgroupScope);
}
