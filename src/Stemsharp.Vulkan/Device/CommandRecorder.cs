using Stemsharp.Vulkan.Native;

namespace Stemsharp.Vulkan.Device;

/// <summary>Records one command buffer, with the barriers that what it records needs.</summary>
internal sealed unsafe class CommandRecorder
{
    private readonly GpuDevice _device;
    private readonly DeviceFunctions _vk;
    private readonly List<(long Start, long End, bool Written)> _pending = [];
    private VkPipelineStage _stages;
    private ulong _pipeline;

    public CommandRecorder(GpuDevice device, ulong pool)
    {
        _device = device;
        _vk = device.Functions;
        VkCommandBufferAllocateInfo allocate = new() { Type = VkStructureType.CommandBufferAllocateInfo, Pool = pool, Count = 1 };
        nint commands;
        VulkanException.Check(_vk.AllocateCommandBuffers(device.Handle, &allocate, &commands), "record commands");
        Commands = commands;
        VkCommandBufferBeginInfo begin = new() { Type = VkStructureType.CommandBufferBeginInfo };
        VulkanException.Check(_vk.BeginCommandBuffer(commands, &begin), "record commands");
    }

    public nint Commands { get; }

    /// <summary>Barriers so far.</summary>
    public int Barriers { get; private set; }

    /// <summary>Says what the next commands touch: stretches of the arena, in bytes. Waits for what they depend on.</summary>
    public void Touch(VkPipelineStage stage, ReadOnlySpan<(long Start, long End, bool Written)> ranges)
    {
        foreach ((long start, long end, bool written) in ranges)
        {
            foreach ((long otherStart, long otherEnd, bool otherWritten) in _pending)
            {
                if (start < otherEnd && otherStart < end && (written || otherWritten))
                {
                    Wait(_stages, stage);
                    _pending.Clear();
                    _stages = 0;
                    goto Clear;
                }
            }
        }

    Clear:
        _stages |= stage;
        foreach ((long Start, long End, bool Written) range in ranges)
        {
            _pending.Add(range);
        }
    }

    /// <summary>Everything before is done, and seen, before anything after begins.</summary>
    public void Wait(VkPipelineStage before, VkPipelineStage after)
    {
        VkMemoryBarrier barrier = new() { Type = VkStructureType.MemoryBarrier, Source = Access(before, written: true), Destination = Access(after, written: false) | Access(after, written: true) };
        _vk.CmdPipelineBarrier(Commands, before, after, 0, 1, &barrier, 0, null, 0, null);
        Barriers++;
    }

    public void Dispatch(ulong pipeline, ReadOnlySpan<byte> push, int x, int y, int z)
    {
        if (pipeline != _pipeline)
        {
            _vk.CmdBindPipeline(Commands, 1, pipeline);
            _pipeline = pipeline;
        }

        fixed (byte* data = push)
        {
            _vk.CmdPushConstants(Commands, _device.Layout, 0x20, 0, (uint)push.Length, data);
        }

        _vk.CmdDispatch(Commands, (uint)x, (uint)y, (uint)z);
    }

    public void Copy(GpuBuffer from, GpuBuffer to, ReadOnlySpan<VkBufferCopy> regions)
    {
        fixed (VkBufferCopy* pointer = regions)
        {
            _vk.CmdCopyBuffer(Commands, from.Handle, to.Handle, (uint)regions.Length, pointer);
        }
    }

    public void Fill(GpuBuffer buffer, long offset, long bytes, uint value) => _vk.CmdFillBuffer(Commands, buffer.Handle, (ulong)offset, (ulong)bytes, value);

    public void ResetTimes(ulong pool, int first, int count) => _vk.CmdResetQueryPool(Commands, pool, (uint)first, (uint)count);

    public void Time(ulong pool, int index) => _vk.CmdWriteTimestamp(Commands, VkPipelineStage.BottomOfPipe, pool, (uint)index);

    public nint End()
    {
        VulkanException.Check(_vk.EndCommandBuffer(Commands), "record commands");
        return Commands;
    }

    private static VkAccess Access(VkPipelineStage stages, bool written) =>
        ((stages & VkPipelineStage.ComputeShader) != 0 ? written ? VkAccess.ShaderWrite : VkAccess.ShaderRead : 0)
        | ((stages & VkPipelineStage.Transfer) != 0 ? written ? VkAccess.TransferWrite : VkAccess.TransferRead : 0)
        | ((stages & VkPipelineStage.Host) != 0 && !written ? VkAccess.HostRead : 0);
}
