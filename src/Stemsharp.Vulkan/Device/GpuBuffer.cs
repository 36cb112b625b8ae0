using Stemsharp.Inference;
using Stemsharp.Vulkan.Native;

namespace Stemsharp.Vulkan.Device;

/// <summary>Where a buffer should lie.</summary>
internal enum GpuPlace
{
    /// <summary>The device's own memory.</summary>
    Device,

    /// <summary>Memory that the processor writes and the device copies from.</summary>
    Upload,

    /// <summary>Memory that the device copies to and from and the processor reads and writes, through its caches.</summary>
    Host,
}

/// <summary>A buffer with memory of its own.</summary>
internal sealed unsafe class GpuBuffer : IDisposable
{
    private readonly GpuDevice _device;
    private ulong _memory;

    public GpuBuffer(GpuDevice device, long bytes, GpuPlace place, string what)
    {
        _device = device;
        Bytes = bytes;
        uint* families = stackalloc uint[2] { (uint)device.Info.QueueFamily, (uint)Math.Max(0, device.Info.TransferFamily) };
        bool shared = device.Info.TransferFamily >= 0;
        VkBufferCreateInfo info = new()
        {
            Type = VkStructureType.BufferCreateInfo,
            Size = (ulong)bytes,
            Usage = VkBufferUsage.TransferSource | VkBufferUsage.TransferDestination | (place == GpuPlace.Device ? VkBufferUsage.Storage | VkBufferUsage.DeviceAddress : 0),
            SharingMode = shared ? 1u : 0,
            FamilyCount = shared ? 2u : 0,
            Families = families,
        };
        DeviceFunctions vk = device.Functions;
        ulong handle;
        VulkanException.Check(vk.CreateBuffer(device.Handle, &info, null, &handle), $"make room for {what}");
        Handle = handle;
        try
        {
            Allocate(place, what);
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    public ulong Handle { get; private set; }

    public long Bytes { get; }

    /// <summary>Its address on the device; only of buffers in the device's own memory.</summary>
    public ulong Address { get; private set; }

    /// <summary>Its address for the processor; null for the device's own memory.</summary>
    public void* Pointer { get; private set; }

    public void Dispose()
    {
        if (_device.IsHung)
        {
            return;
        }

        if (Handle != 0)
        {
            _device.Functions.DestroyBuffer(_device.Handle, Handle, null);
            Handle = 0;
        }

        if (_memory != 0)
        {
            // Freeing also unmaps.
            _device.Functions.FreeMemory(_device.Handle, _memory, null);
            _memory = 0;
            Pointer = null;
        }
    }

    private void Allocate(GpuPlace place, string what)
    {
        DeviceFunctions vk = _device.Functions;
        VkMemoryRequirements needs;
        vk.GetBufferMemoryRequirements(_device.Handle, Handle, &needs);
        const VkMemoryProperties Visible = VkMemoryProperties.HostVisible | VkMemoryProperties.HostCoherent;
        int type = place switch
        {
            GpuPlace.Device => _device.MemoryType(needs.TypeBits, VkMemoryProperties.DeviceLocal),
            GpuPlace.Upload => _device.MemoryType(needs.TypeBits, Visible),
            _ => _device.MemoryType(needs.TypeBits, Visible | VkMemoryProperties.HostCached) is int cached and >= 0 ? cached : _device.MemoryType(needs.TypeBits, Visible),
        };
        if (type < 0 || (long)needs.Size > _device.Info.MaxAllocation)
        {
            throw new VulkanException(EngineFailure.OutOfMemory, $"The GPU has no memory for {what}, {Bytes / 1e6:F0} MB in one piece (it allows {_device.Info.MaxAllocation / 1e6:F0}). Run fewer pieces at a time, or take another engine.");
        }

        VkMemoryAllocateFlagsInfo flags = new() { Type = VkStructureType.MemoryAllocateFlagsInfo, Flags = 2 };
        VkMemoryAllocateInfo allocate = new()
        {
            Type = VkStructureType.MemoryAllocateInfo,
            Next = place == GpuPlace.Device ? &flags : null,
            Size = needs.Size,
            TypeIndex = (uint)type,
        };
        ulong memory;
        VulkanException.Check(vk.AllocateMemory(_device.Handle, &allocate, null, &memory), $"make room for {what}, {Bytes / 1e6:F0} MB");
        _memory = memory;
        VulkanException.Check(vk.BindBufferMemory(_device.Handle, Handle, memory, 0), $"make room for {what}");
        if (place == GpuPlace.Device)
        {
            VkBufferDeviceAddressInfo address = new() { Type = VkStructureType.BufferDeviceAddressInfo, Buffer = Handle };
            Address = vk.GetBufferDeviceAddress(_device.Handle, &address);
            return;
        }

        void* pointer;
        VulkanException.Check(vk.MapMemory(_device.Handle, memory, 0, ulong.MaxValue, 0, &pointer), $"reach {what}");
        Pointer = pointer;
    }
}
