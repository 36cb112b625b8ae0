using System.Buffers.Binary;
using System.Numerics;
using Stemsharp.Inference;
using Stemsharp.Vulkan.Device;
using Stemsharp.Vulkan.Native;
using Stemsharp.Vulkan.Planning;

namespace Stemsharp.Vulkan;

/// <summary>
/// A plan on a device: an arena for so many pieces, recorded commands, and what a run needs while the one before is still being
/// copied out. One thread at a time.
/// </summary>
internal sealed unsafe class GpuSession : IDisposable
{
    /// <summary>Runs that may be under way: while one computes, the one before is copied out.</summary>
    public const int RunsAtOnce = 2;

    private const int PlanesArgument = 12;

    // Operations of one part: systems reset a GPU whose display waits for seconds, and a slow one does a few hundred billion of
    // them in a second. A processor that plays a GPU does some ten billion. A run can be stopped between its parts.
    private const double PartFlops = 100e9, PartFlopsOfSoftware = 0.3e9;

    private readonly GpuDevice _device;
    private readonly PipelineSet _pipelines;
    private readonly GpuPlan _plan;
    private readonly GpuBuffer _weights;
    private readonly int _pieces;
    private readonly TimeSpan _limit;
    private readonly List<IDisposable> _owned = [];
    private readonly GpuBuffer _arena, _flags;
    private readonly GpuBuffer[] _staging = new GpuBuffer[RunsAtOnce];
    private readonly CommandPool _computing, _copying;
    private readonly Timeline _computed, _copied;
    private readonly Dictionary<(int Slot, int Pieces, int Mask), nint[]> _recorded = [];
    private readonly double[]? _seconds;
    private ulong _queries;

    /// <param name="device">The device.</param>
    /// <param name="pipelines">Its pipelines, those of the plan among them.</param>
    /// <param name="plan">What to run.</param>
    /// <param name="weights">The plan's weights, loaded.</param>
    /// <param name="pieces">Most pieces of a run.</param>
    /// <param name="options">Limits, and whether to time steps.</param>
    public GpuSession(GpuDevice device, PipelineSet pipelines, GpuPlan plan, GpuBuffer weights, int pieces, VulkanOptions options)
    {
        _device = device;
        _pipelines = pipelines;
        _plan = plan;
        _weights = weights;
        _pieces = pieces;
        _limit = options.PartLimit;
        try
        {
            _computing = Own(new CommandPool(device, device.Info.QueueFamily));
            _copying = Own(new CommandPool(device, device.Info.TransferFamily >= 0 ? device.Info.TransferFamily : device.Info.QueueFamily));
            _computed = Own(new Timeline(device));
            _copied = Own(new Timeline(device));
            _arena = Own(new GpuBuffer(device, ArenaBytes(plan, pieces), GpuPlace.Device, "values"));
            _flags = Own(new GpuBuffer(device, 4L * RunsAtOnce * ArenaPlanner.Reserved, GpuPlace.Host, "flags"));
            for (int i = 0; i < RunsAtOnce; i++)
            {
                _staging[i] = Own(new GpuBuffer(device, 4L * pieces * plan.OutputFloats, GpuPlace.Device, "stems on the device"));
            }

            // Ordinary numbers, as halves and as singles: tiles are measured on them.
            CommandPool.RunOnce(device, _limit, recorder =>
            {
                recorder.Fill(_arena, 0, _arena.Bytes, 0x3c003c00);
                recorder.Wait(VkPipelineStage.Transfer, VkPipelineStage.ComputeShader | VkPipelineStage.Transfer);
            });
            if (options.Profile && device.Info.TimestampPeriod > 0)
            {
                _seconds = new double[plan.Steps.Count];
                _queries = TimesPool(RunsAtOnce * (plan.Steps.Count + 1));
            }
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>Time of each step so far, in seconds; empty without profiling.</summary>
    public IReadOnlyList<double> StepSeconds => _seconds ?? [];

    /// <summary>Device memory that it holds, without the weights.</summary>
    public long DeviceBytes => _arena.Bytes + _staging.Sum(s => s.Bytes);

    /// <summary>Device memory of a plan's arena.</summary>
    public static long ArenaBytes(GpuPlan plan, int pieces) => 4L * (ArenaPlanner.Reserved + (long)pieces * plan.PieceFloats);

    /// <summary>Device memory that a session takes, without the weights.</summary>
    public static long Bytes(GpuPlan plan, int pieces) => ArenaBytes(plan, pieces) + 4L * RunsAtOnce * pieces * plan.OutputFloats;

    /// <summary>Makes a run ready.</summary>
    /// <param name="pieces">Pieces whose inputs are filled.</param>
    /// <param name="mask">The wanted planes of the stems, one bit each.</param>
    /// <param name="slot">0 … <see cref="RunsAtOnce"/> − 1; no run that has it may be under way.</param>
    public GpuRun Begin(IReadOnlyList<GpuPiece> pieces, int mask, int slot)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(pieces.Count, _pieces);
        ArgumentOutOfRangeException.ThrowIfZero(pieces.Count);
        ArgumentOutOfRangeException.ThrowIfZero(mask);
        if (!_recorded.TryGetValue((slot, pieces.Count, mask), out nint[]? compute))
        {
            _recorded.Add((slot, pieces.Count, mask), compute = Record(slot, pieces.Count, mask));
        }

        return new GpuRun(slot, pieces.Count, RecordUpload(pieces), compute, RecordDownload(pieces, mask, slot));
    }

    /// <summary>Hands the next part of a run to the device.</summary>
    /// <returns>When it is done.</returns>
    public (Timeline Timeline, ulong Value) SubmitNext(GpuRun run)
    {
        int part = run.Submitted++;
        return part == run.Compute.Length
            ? (_copied, _copied.Submit(_device.TransferQueue, [run.Download], _computed, _computed.Value))
            : (_computed, _computed.Submit(_device.Queue, part == 0 ? [run.Upload, run.Compute[0]] : [run.Compute[part]]));
    }

    /// <summary>Ends a run whose parts are done, as far as they were handed in.</summary>
    /// <exception cref="VulkanException">It gave something that cannot be right.</exception>
    public void End(GpuRun run)
    {
        _computing.Free(run.Upload);
        _copying.Free(run.Download);
        if (!run.IsWhole)
        {
            return;
        }

        ReadTimes(run.Slot);
        Span<int> flags = new((int*)_flags.Pointer + run.Slot * ArenaPlanner.Reserved, 2);
        if (flags[0] != 0 || flags[1] != 0)
        {
            throw new VulkanException(
                EngineFailure.Wrong,
                flags[0] != 0
                    ? "A value of this model is too large for 16 bits; run it with --precision fp32."
                    : "The GPU gave something that is no number. Its driver may be faulty, or the input or the model is; take another engine.");
        }
    }

    /// <summary>Runs pieces and waits for them.</summary>
    /// <param name="pieces">Pieces whose inputs are filled.</param>
    /// <param name="mask">The wanted planes of the stems, one bit each.</param>
    public void Run(IReadOnlyList<GpuPiece> pieces, int mask)
    {
        GpuRun run = Begin(pieces, mask, 0);
        while (!run.IsWhole)
        {
            (Timeline timeline, ulong value) = SubmitNext(run);
            timeline.Wait(value, _limit);
        }

        End(run);
    }

    /// <summary>Forgets the times so far.</summary>
    public void ResetTimes()
    {
        if (_seconds is not null)
        {
            Array.Clear(_seconds);
        }
    }

    /// <summary>Runs a step alone, on whatever the arena holds, and returns the seconds of one run.</summary>
    public double Measure(GpuStep step, int pieces, int repeats)
    {
        ulong pool = TimesPool(2), times;
        try
        {
            CommandPool.RunOnce(_device, _limit, recorder =>
            {
                const VkPipelineStage Work = VkPipelineStage.ComputeShader | VkPipelineStage.Transfer;
                recorder.ResetTimes(pool, 0, 2);
                for (int i = -1; i < repeats; i++)
                {
                    recorder.Wait(Work, Work);
                    if (i == 0)
                    {
                        recorder.Time(pool, 0);
                    }

                    Launch(recorder, step, pieces, step.Y, null);
                }

                recorder.Wait(Work, Work);
                recorder.Time(pool, 1);
            });
            ulong* ticks = stackalloc ulong[2];
            VulkanException.Check(_device.Functions.GetQueryPoolResults(_device.Handle, pool, 0, 2, 16, ticks, 8, 1), "read times");
            times = ticks[1] - ticks[0];
        }
        finally
        {
            DestroyTimes(ref pool);
        }

        return times * _device.Info.TimestampPeriod * 1e-9 / repeats;
    }

    public void Dispose()
    {
        if (!_device.IsHung)
        {
            try
            {
                _computed?.Wait(_computed.Value, _limit);
                _copied?.Wait(_copied.Value, _limit);

                // The work is done; drivers' own threads may still hold what it used.
                _device.Functions.DeviceWaitIdle(_device.Handle);
            }
            catch (VulkanException)
            {
                // Lost, and said so already, or hung: then nothing is freed.
            }
        }

        for (int i = _owned.Count - 1; i >= 0; i--)
        {
            _owned[i].Dispose();
        }

        _owned.Clear();
        DestroyTimes(ref _queries);
    }

    private T Own<T>(T thing)
        where T : IDisposable
    {
        _owned.Add(thing);
        return thing;
    }

    private nint RecordUpload(IReadOnlyList<GpuPiece> pieces)
    {
        CommandRecorder recorder = _computing.Record();
        const VkPipelineStage Work = VkPipelineStage.ComputeShader | VkPipelineStage.Transfer;

        // The arena and the flags may still be in use by the run before.
        recorder.Wait(Work, Work);
        recorder.Fill(_arena, 0, 4L * ArenaPlanner.Reserved, 0);
        for (int i = 0; i < pieces.Count; i++)
        {
            recorder.Copy(pieces[i].Buffer, _arena, Regions(_plan.Inputs, i));
        }

        recorder.Wait(VkPipelineStage.Transfer, Work);
        return recorder.End();
    }

    private nint[] Record(int slot, int pieces, int mask)
    {
        List<nint> recorded = [];
        double flops = 0, most = _device.Info.IsSoftware ? PartFlopsOfSoftware : PartFlops;
        int planes = BitOperations.PopCount((uint)mask), times = slot * (_plan.Steps.Count + 1);
        CommandRecorder recorder = _computing.Record();
        const VkPipelineStage Work = VkPipelineStage.ComputeShader | VkPipelineStage.Transfer;
        if (_queries != 0)
        {
            recorder.ResetTimes(_queries, times, _plan.Steps.Count + 1);
            recorder.Time(_queries, times);
        }

        for (int i = 0; i < _plan.Steps.Count; i++)
        {
            GpuStep step = _plan.Steps[i];
            bool inverse = i >= _plan.InverseFrom;
            flops += (double)step.Flops * pieces;
            if (flops > most && step.Flops > 0)
            {
                recorded.Add(recorder.End());
                recorder = _computing.Record();
                recorder.Wait(Work, Work);
                flops = (double)step.Flops * pieces;
            }

            recorder.Touch(VkPipelineStage.ComputeShader, [.. step.Reads.Select(t => Range(t, false)), .. step.Writes.Select(t => Range(t, true))]);
            Launch(recorder, step, pieces, inverse ? planes : step.Y, inverse ? mask : null);
            if (_queries != 0)
            {
                recorder.Wait(VkPipelineStage.ComputeShader, Work);
                recorder.Time(_queries, times + i + 1);
            }
        }

        // Out of the arena, which the next run needs.
        recorder.Wait(Work, VkPipelineStage.Transfer);
        for (int i = 0; i < pieces; i++)
        {
            long start = 4L * i * _plan.OutputFloats;
            recorder.Copy(_arena, _staging[slot], [.. Regions(_plan.Outputs, i, OutputChannels(planes))
                .Select(r => new VkBufferCopy { Source = r.Destination, Destination = r.Source + (ulong)start, Size = r.Size })]);
        }

        recorder.Copy(_arena, _flags, [new VkBufferCopy { Destination = (ulong)(4L * slot * ArenaPlanner.Reserved), Size = 4 * ArenaPlanner.Reserved }]);
        recorder.Wait(VkPipelineStage.Transfer, VkPipelineStage.Host);
        return [.. recorded, recorder.End()];

        // Within one piece's arena: all pieces have the same layout.
        static (long Start, long End, bool Written) Range(GpuTensor tensor, bool written) => (tensor.Offset, tensor.Offset + tensor.Root.Floats, written);
    }

    private nint RecordDownload(IReadOnlyList<GpuPiece> pieces, int mask, int slot)
    {
        CommandRecorder recorder = _copying.Record();
        int planes = BitOperations.PopCount((uint)mask);
        bool chosen = OutputChannels(planes) == planes;
        for (int i = 0; i < pieces.Count; i++)
        {
            ulong start = (ulong)(4L * i * _plan.OutputFloats);
            if (!chosen)
            {
                recorder.Copy(_staging[slot], pieces[i].Buffer, [new VkBufferCopy { Source = start, Size = (ulong)(4L * _plan.OutputFloats) }]);
                continue;
            }

            // The wanted planes lie side by side; each goes to its own place.
            VkBufferCopy[] regions = new VkBufferCopy[planes];
            ulong size = 4ul * (ulong)_plan.Outputs[0].Positions;
            for (int plane = 0, at = 0; at < planes; plane++)
            {
                if (((mask >> plane) & 1) != 0)
                {
                    regions[at] = new VkBufferCopy { Source = start + (ulong)at * size, Destination = (ulong)plane * size, Size = size };
                    at++;
                }
            }

            recorder.Copy(_staging[slot], pieces[i].Buffer, regions);
        }

        recorder.Wait(VkPipelineStage.Transfer, VkPipelineStage.Host);
        return recorder.End();
    }

    // Channels of the outputs that there are after a run: of the wanted planes where steps of the plan work on them alone, else all.
    private int OutputChannels(int planes) => _plan.InverseFrom < _plan.Steps.Count ? planes : int.MaxValue;

    private void Launch(CommandRecorder recorder, GpuStep step, int pieces, int y, int? mask)
    {
        Span<byte> push = stackalloc byte[GpuDevice.PushBytes];
        BinaryPrimitives.WriteUInt64LittleEndian(push, _arena.Address);
        BinaryPrimitives.WriteUInt64LittleEndian(push[8..], _weights.Address);
        BinaryPrimitives.WriteInt32LittleEndian(push[16..], _plan.PieceFloats);
        for (int a = 0; a < step.Push.Length; a++)
        {
            BinaryPrimitives.WriteInt32LittleEndian(push[(20 + 4 * a)..], mask is { } planes && a == PlanesArgument ? planes : step.Push[a].Resolve());
        }

        recorder.Dispatch(_pipelines[step.Kernel], push[..(20 + 4 * step.Push.Length)], step.X, y, pieces);
    }

    // From a piece's dense channels to those of its tensors in the arena.
    private VkBufferCopy[] Regions(IReadOnlyList<GpuTensor> tensors, int piece, int channels = int.MaxValue)
    {
        List<VkBufferCopy> regions = [];
        long dense = 0;
        foreach (GpuTensor tensor in tensors)
        {
            for (int c = 0; c < Math.Min(channels, tensor.Channels); c++, dense += tensor.Positions)
            {
                regions.Add(new VkBufferCopy
                {
                    Source = (ulong)(4 * dense),
                    Destination = (ulong)(4L * (tensor.Offset + (long)piece * _plan.PieceFloats + (long)c * tensor.Pitch)),
                    Size = 4ul * (ulong)tensor.Positions,
                });
            }
        }

        return [.. regions];
    }

    private ulong TimesPool(int count)
    {
        VkQueryPoolCreateInfo info = new() { Type = VkStructureType.QueryPoolCreateInfo, QueryType = 2, Count = (uint)count };
        ulong pool;
        VulkanException.Check(_device.Functions.CreateQueryPool(_device.Handle, &info, null, &pool), "take times");
        return pool;
    }

    private void DestroyTimes(ref ulong pool)
    {
        if (pool != 0 && !_device.IsHung)
        {
            _device.Functions.DestroyQueryPool(_device.Handle, pool, null);
            pool = 0;
        }
    }

    private void ReadTimes(int slot)
    {
        if (_seconds is null)
        {
            return;
        }

        int count = _plan.Steps.Count + 1;
        ulong[] ticks = new ulong[count];
        fixed (ulong* pointer = ticks)
        {
            VulkanException.Check(_device.Functions.GetQueryPoolResults(_device.Handle, _queries, (uint)(slot * count), (uint)count, (nuint)(8 * count), pointer, 8, 1), "read times");
        }

        for (int i = 0; i < _seconds.Length; i++)
        {
            _seconds[i] += (ticks[i + 1] - ticks[i]) * _device.Info.TimestampPeriod * 1e-9;
        }
    }
}
