using System.Diagnostics;
using Stemsharp.Inference;
using Stemsharp.Vulkan.Native;

namespace Stemsharp.Vulkan.Device;

/// <summary>A counter that queues raise and others wait for.</summary>
internal sealed unsafe class Timeline : IDisposable
{
    private readonly GpuDevice _device;

    public Timeline(GpuDevice device)
    {
        _device = device;
        VkSemaphoreTypeCreateInfo type = new() { Type = VkStructureType.SemaphoreTypeCreateInfo, SemaphoreType = 1 };
        VkFlagsCreateInfo info = new() { Type = VkStructureType.SemaphoreCreateInfo, Next = &type };
        ulong handle;
        VulkanException.Check(device.Functions.CreateSemaphore(device.Handle, &info, null, &handle), "keep time");
        Handle = handle;
    }

    public ulong Handle { get; private set; }

    /// <summary>The last value that was promised.</summary>
    public ulong Value { get; private set; }

    /// <summary>Hands command buffers to a queue, one submission each; the last raises this timeline when it is done.</summary>
    /// <param name="queue">The queue.</param>
    /// <param name="commands">What to run, in order.</param>
    /// <param name="after">What to wait for first; null for nothing.</param>
    /// <param name="value">The value to wait for.</param>
    /// <returns>The value that this timeline will have.</returns>
    public ulong Submit(nint queue, ReadOnlySpan<nint> commands, Timeline? after = null, ulong value = 0)
    {
        ulong next = Value + 1, own = Handle, other = after?.Handle ?? 0;
        VkPipelineStage stage = queue == _device.Queue ? VkPipelineStage.Transfer | VkPipelineStage.ComputeShader : VkPipelineStage.Transfer;
        VkTimelineSemaphoreSubmitInfo* values = stackalloc VkTimelineSemaphoreSubmitInfo[commands.Length];
        Span<VkSubmitInfo> submits = stackalloc VkSubmitInfo[commands.Length];
        fixed (nint* buffers = commands)
        {
            for (int i = 0; i < commands.Length; i++)
            {
                uint waits = after != null && i == 0 ? 1u : 0, signals = i == commands.Length - 1 ? 1u : 0;
                values[i] = new VkTimelineSemaphoreSubmitInfo
                {
                    Type = VkStructureType.TimelineSemaphoreSubmitInfo,
                    WaitCount = waits,
                    WaitValues = &value,
                    SignalCount = signals,
                    SignalValues = &next,
                };
                submits[i] = new VkSubmitInfo
                {
                    Type = VkStructureType.SubmitInfo,
                    Next = &values[i],
                    WaitCount = waits,
                    Waits = &other,
                    WaitStages = &stage,
                    CommandBufferCount = 1,
                    CommandBuffers = buffers + i,
                    SignalCount = signals,
                    Signals = &own,
                };
            }

            _device.Submit(queue, submits);
        }

        Value = next;
        return next;
    }

    /// <summary>Waits for a value for a while, and says whether it was reached.</summary>
    /// <param name="value">The value.</param>
    /// <param name="milliseconds">How long.</param>
    public bool Reaches(ulong value, int milliseconds)
    {
        ulong handle = Handle;
        VkSemaphoreWaitInfo info = new() { Type = VkStructureType.SemaphoreWaitInfo, Count = 1, Semaphores = &handle, Values = &value };
        VkResult result = _device.Functions.WaitSemaphores(_device.Handle, &info, 1_000_000ul * (uint)milliseconds);
        return result is VkResult.Success or VkResult.Timeout ? result == VkResult.Success : throw VulkanException.Of(result, "compute");
    }

    /// <summary>Waits for a value.</summary>
    /// <param name="value">The value.</param>
    /// <param name="limit">How long at most.</param>
    public void Wait(ulong value, TimeSpan limit)
    {
        long began = Stopwatch.GetTimestamp();
        while (!Reaches(value, 50))
        {
            if (Stopwatch.GetElapsedTime(began) > limit)
            {
                throw Hang(limit);
            }
        }
    }

    /// <summary>Gives the device up: it does not answer.</summary>
    /// <param name="limit">How long it was waited for.</param>
    public VulkanException Hang(TimeSpan limit)
    {
        _device.IsHung = true;
        return new VulkanException(EngineFailure.DeviceLost, $"The GPU has not answered for {limit.TotalSeconds:F0} s; its driver may hang. Restart the program, or take another engine.");
    }

    public void Dispose()
    {
        if (Handle != 0 && !_device.IsHung)
        {
            _device.Functions.DestroySemaphore(_device.Handle, Handle, null);
            Handle = 0;
        }
    }
}
