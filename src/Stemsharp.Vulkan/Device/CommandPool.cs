using Stemsharp.Vulkan.Native;

namespace Stemsharp.Vulkan.Device;

/// <summary>Where command buffers of one queue family come from. Used by one thread at a time.</summary>
internal sealed unsafe class CommandPool : IDisposable
{
    private readonly GpuDevice _device;
    private ulong _handle;

    public CommandPool(GpuDevice device, int family)
    {
        _device = device;
        VkCommandPoolCreateInfo info = new() { Type = VkStructureType.CommandPoolCreateInfo, Family = (uint)family };
        ulong handle;
        VulkanException.Check(device.Functions.CreateCommandPool(device.Handle, &info, null, &handle), "record commands");
        _handle = handle;
    }

    /// <summary>Begins a command buffer.</summary>
    public CommandRecorder Record() => new(_device, _handle);

    /// <summary>Gives back a command buffer that is not running any more.</summary>
    public void Free(nint commands) => _device.Functions.FreeCommandBuffers(_device.Handle, _handle, 1, &commands);

    /// <summary>Runs commands on the device's queue, once, and waits for them.</summary>
    /// <param name="device">The device.</param>
    /// <param name="limit">How long to wait at most.</param>
    /// <param name="record">Records them.</param>
    public static void RunOnce(GpuDevice device, TimeSpan limit, Action<CommandRecorder> record)
    {
        using CommandPool pool = new(device, device.Info.QueueFamily);
        using Timeline done = new(device);
        CommandRecorder recorder = pool.Record();
        record(recorder);
        done.Wait(done.Submit(device.Queue, [recorder.End()]), limit);
    }

    public void Dispose()
    {
        if (_handle != 0 && !_device.IsHung)
        {
            _device.Functions.DestroyCommandPool(_device.Handle, _handle, null);
            _handle = 0;
        }
    }
}
