using System.Buffers.Binary;
using System.Numerics;
using Stemsharp.Graph;
using Stemsharp.Vulkan.Device;
using Stemsharp.Vulkan.Native;
using Stemsharp.Vulkan.Planning;

namespace Stemsharp.Vulkan;

/// <summary>A plan on a device: its weights, an arena for so many pieces, recorded commands, batches in flight.</summary>
internal sealed unsafe class GpuSession : IDisposable
{
    private const int PlanesArgument = 12;

    // Operations of one submission: systems reset a GPU whose display waits for seconds, and a slow one does a few hundred
    // billion of them in a second.
    private const double SubmissionFlops = 100e9;

    private readonly GpuDevice _device;
    private readonly PipelineSet _pipelines;
    private readonly GpuPlan _plan;
    private readonly int _pieces;
    private readonly TimeSpan _limit;
    private readonly List<IDisposable> _owned = [];
    private readonly GpuBuffer _weights, _arena, _flags;
    private readonly Timeline _computed, _copied;
    private readonly Dictionary<(int Batch, int Pieces, int Mask), nint[]> _compute = [];
    private readonly Dictionary<(int Batch, int Pieces, int Planes), nint> _download = [];
    private readonly Stack<GpuBatch> _free = new();
    private readonly Lock _lock = new();
    private readonly bool _profile;
    private ulong _pool, _copyPool, _queries;

    public GpuSession(GpuDevice device, PipelineSet pipelines, GpuPlan plan, IWeightSource source, int pieces, int batches, VulkanOptions options)
    {
        _device = device;
        _pipelines = pipelines;
        _plan = plan;
        _pieces = pieces;
        _limit = options.PieceLimit;
        _profile = options.Profile && device.Info.TimestampPeriod > 0;
        try
        {
            _pool = Pool(device.Info.QueueFamily);
            _copyPool = Pool(device.Info.TransferFamily >= 0 ? device.Info.TransferFamily : device.Info.QueueFamily);
            _computed = Own(new Timeline(device));
            _copied = Own(new Timeline(device));
            _weights = Own(new GpuBuffer(device, Math.Max(256, plan.Weights.Bytes), GpuPlace.Device, "weights"));
            _arena = Own(new GpuBuffer(device, 4L * (ArenaPlanner.Reserved + (long)pieces * plan.PieceFloats), GpuPlace.Device, "values"));
            _flags = Own(new GpuBuffer(device, 4L * batches * ArenaPlanner.Reserved, GpuPlace.Download, "flags"));
            for (int i = batches - 1; i >= 0; i--)
            {
                _free.Push(Own(new GpuBatch(device, plan, pieces, i)));
            }

            Load(source);
            if (_profile)
            {
                VkQueryPoolCreateInfo queries = new() { Type = VkStructureType.QueryPoolCreateInfo, QueryType = 2, Count = (uint)plan.Steps.Count + 1 };
                ulong pool;
                VulkanException.Check(device.Functions.CreateQueryPool(device.Handle, &queries, null, &pool), "take times");
                _queries = pool;
            }
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    public IReadOnlyList<double> StepSeconds { get; private set; } = [];

    public long DeviceBytes => _owned.OfType<GpuBuffer>().Where(b => b.Pointer == null).Sum(b => b.Bytes) + _owned.OfType<GpuBatch>().Sum(b => b.Staging!.Bytes);

    /// <summary>Device memory that a session takes.</summary>
    public static long Bytes(GpuPlan plan, int pieces, int batches) => plan.DeviceBytes(pieces) + 4L * batches * pieces * plan.OutputFloats;

    public GpuBatch Lease()
    {
        lock (_lock)
        {
            return _free.TryPop(out GpuBatch? batch) ? batch : throw new InvalidOperationException("All batches are out; return one first.");
        }
    }

    public void Return(GpuBatch batch)
    {
        lock (_lock)
        {
            _free.Push(batch);
        }
    }

    /// <summary>Hands in a batch.</summary>
    /// <param name="batch">A leased batch whose first pieces are filled.</param>
    /// <param name="pieces">How many.</param>
    /// <param name="mask">The wanted planes of the output, one bit each.</param>
    public void Start(GpuBatch batch, int pieces, int mask)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(pieces is >= 1 && pieces <= _pieces, true);
        ArgumentOutOfRangeException.ThrowIfZero(mask);
        int planes = BitOperations.PopCount((uint)mask);
        batch.OutputFloats = _plan.InverseFrom < _plan.Steps.Count ? planes * _plan.Outputs[0].Positions : _plan.OutputFloats;
        lock (_lock)
        {
            if (!_compute.TryGetValue((batch.Index, pieces, mask), out nint[]? compute))
            {
                _compute.Add((batch.Index, pieces, mask), compute = Record(batch, pieces, mask, planes));
            }

            if (!_download.TryGetValue((batch.Index, pieces, planes), out nint download))
            {
                _download.Add((batch.Index, pieces, planes), download = RecordDownload(batch, pieces));
            }

            ulong done = _computed.Submit(_device.Queue, compute);
            batch.Due = _copied.Submit(_device.TransferQueue, [download], _computed, done);
        }
    }

    public void Finish(GpuBatch batch, CancellationToken cancellationToken)
    {
        ulong due = batch.Due;
        if (due == 0)
        {
            throw new InvalidOperationException("The batch was not started.");
        }

        _copied.Wait(due, _limit * _pieces, cancellationToken);
        batch.Due = 0;
        if (_profile)
        {
            ReadTimes();
        }

        Span<int> flags = new((int*)_flags.Pointer + batch.Index * ArenaPlanner.Reserved, 2);
        if (flags[0] != 0 || flags[1] != 0)
        {
            throw new VulkanException(
                VulkanFailure.Wrong,
                flags[0] != 0
                    ? "A value of this model is too large for 16 bits; run it with --precision fp32."
                    : "The GPU gave something that is no number. Its driver may be faulty, or the input or the model is; take another engine.");
        }
    }

    public void Dispose()
    {
        DeviceFunctions vk = _device.Functions;
        if (!_device.IsHung)
        {
            try
            {
                _computed?.Wait(_computed.Value, _limit * _pieces);
                _copied?.Wait(_copied.Value, _limit * _pieces);

                // The work is done; drivers' own threads may still hold what it used.
                vk.DeviceWaitIdle(_device.Handle);
            }
            catch (VulkanException)
            {
                // Lost, and said so already, or hung: then nothing is freed.
            }
        }

        if (_device.IsHung)
        {
            return;
        }

        for (int i = _owned.Count - 1; i >= 0; i--)
        {
            _owned[i].Dispose();
        }

        _owned.Clear();
        Destroy(ref _pool);
        Destroy(ref _copyPool);
        if (_queries != 0)
        {
            vk.DestroyQueryPool(_device.Handle, _queries, null);
            _queries = 0;
        }

        void Destroy(ref ulong pool)
        {
            if (pool != 0)
            {
                vk.DestroyCommandPool(_device.Handle, pool, null);
                pool = 0;
            }
        }
    }

    private T Own<T>(T thing)
        where T : IDisposable
    {
        _owned.Add(thing);
        return thing;
    }

    private ulong Pool(int family)
    {
        VkCommandPoolCreateInfo info = new() { Type = VkStructureType.CommandPoolCreateInfo, Family = (uint)family };
        ulong pool;
        VulkanException.Check(_device.Functions.CreateCommandPool(_device.Handle, &info, null, &pool), "record commands");
        return pool;
    }

    // Packs the weights into memory that the device copies from, a part at a time.
    private void Load(IWeightSource source)
    {
        using GpuBuffer staging = new(_device, Math.Max(256, _plan.Weights.Bytes), GpuPlace.Upload, "weights on their way");
        _plan.Weights.Write(source, (byte*)staging.Pointer, Environment.ProcessorCount);
        CommandRecorder recorder = new(_device, _pool);
        recorder.Copy(staging, _weights, [new VkBufferCopy { Size = (ulong)_weights.Bytes }]);

        // Ordinary numbers, as halves and as singles: tiles are measured on them.
        recorder.Fill(_arena, 0, _arena.Bytes, 0x3c003c00);
        recorder.Wait(VkPipelineStage.Transfer, VkPipelineStage.ComputeShader | VkPipelineStage.Transfer);
        _computed.Wait(_computed.Submit(_device.Queue, [recorder.End()]), _limit);
    }

    private nint[] Record(GpuBatch batch, int pieces, int mask, int planes)
    {
        List<nint> recorded = [];
        double flops = 0;
        CommandRecorder recorder = new(_device, _pool);
        const VkPipelineStage Work = VkPipelineStage.ComputeShader | VkPipelineStage.Transfer;

        // The arena and the flags may still be in use by the batch before.
        recorder.Wait(Work, Work);
        recorder.Fill(_arena, 0, 4L * ArenaPlanner.Reserved, 0);
        recorder.Copy(batch.Upload!, _arena, Regions(_plan.Inputs, pieces, _plan.InputFloats, int.MaxValue));
        recorder.Wait(VkPipelineStage.Transfer, Work);
        if (_queries != 0)
        {
            recorder.ResetTimes(_queries, _plan.Steps.Count + 1);
            recorder.Time(_queries, 0);
        }

        for (int i = 0; i < _plan.Steps.Count; i++)
        {
            GpuStep step = _plan.Steps[i];
            bool inverse = i >= _plan.InverseFrom;
            flops += (double)step.Flops * pieces;
            if (flops > SubmissionFlops && step.Flops > 0)
            {
                recorded.Add(recorder.End());
                recorder = new CommandRecorder(_device, _pool);
                recorder.Wait(Work, Work);
                flops = 0;
            }

            recorder.Touch(VkPipelineStage.ComputeShader, [.. step.Reads.Select(t => Range(t, false)), .. step.Writes.Select(t => Range(t, true))]);
            Launch(recorder, step, pieces, inverse ? planes : step.Y, inverse ? mask : null);
            if (_queries != 0)
            {
                recorder.Wait(VkPipelineStage.ComputeShader, Work);
                recorder.Time(_queries, i + 1);
            }
        }

        recorder.Wait(Work, VkPipelineStage.Transfer);
        VkBufferCopy[] outputs = Regions(_plan.Outputs, pieces, batch.OutputFloats, _plan.InverseFrom < _plan.Steps.Count ? planes : int.MaxValue);
        recorder.Copy(_arena, batch.Staging!, [.. outputs.Select(r => new VkBufferCopy { Source = r.Destination, Destination = r.Source, Size = r.Size })]);
        recorder.Copy(_arena, _flags, [new VkBufferCopy { Destination = (ulong)(4L * batch.Index * ArenaPlanner.Reserved), Size = 4 * ArenaPlanner.Reserved }]);
        recorder.Wait(VkPipelineStage.Transfer, VkPipelineStage.Host);
        return [.. recorded, recorder.End()];

        // Within one piece's arena: all pieces have the same layout.
        static (long Start, long End, bool Written) Range(GpuTensor tensor, bool written) => (tensor.Offset, tensor.Offset + tensor.Root.Floats, written);
    }

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

    /// <summary>Runs a step alone, on whatever the arena holds, and returns the seconds of one run.</summary>
    public double Measure(GpuStep step, int pieces, int repeats)
    {
        VkQueryPoolCreateInfo queries = new() { Type = VkStructureType.QueryPoolCreateInfo, QueryType = 2, Count = 2 };
        ulong pool, times;
        VulkanException.Check(_device.Functions.CreateQueryPool(_device.Handle, &queries, null, &pool), "take times");
        nint commands = 0;
        try
        {
            CommandRecorder recorder = new(_device, _pool);
            commands = recorder.Commands;
            const VkPipelineStage Work = VkPipelineStage.ComputeShader | VkPipelineStage.Transfer;
            recorder.ResetTimes(pool, 2);
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
            _computed.Wait(_computed.Submit(_device.Queue, [recorder.End()]), _limit * _pieces);
            ulong* ticks = stackalloc ulong[2];
            VulkanException.Check(_device.Functions.GetQueryPoolResults(_device.Handle, pool, 0, 2, 16, ticks, 8, 1), "read times");
            times = ticks[1] - ticks[0];
        }
        finally
        {
            _device.Functions.DestroyQueryPool(_device.Handle, pool, null);
            if (commands != 0)
            {
                _device.Functions.FreeCommandBuffers(_device.Handle, _pool, 1, &commands);
            }
        }

        return times * _device.Info.TimestampPeriod * 1e-9 / repeats;
    }

    private nint RecordDownload(GpuBatch batch, int pieces)
    {
        CommandRecorder recorder = new(_device, _copyPool);
        recorder.Copy(batch.Staging!, batch.Download!, [new VkBufferCopy { Size = (ulong)(4L * pieces * batch.OutputFloats) }]);
        recorder.Wait(VkPipelineStage.Transfer, VkPipelineStage.Host);
        return recorder.End();
    }

    // From pieces that lie densely one after the other to their tensors' channels in the arena.
    private VkBufferCopy[] Regions(IReadOnlyList<GpuTensor> tensors, int pieces, int pieceFloats, int channels)
    {
        List<VkBufferCopy> regions = [];
        for (int piece = 0; piece < pieces; piece++)
        {
            long dense = (long)piece * pieceFloats;
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
        }

        return [.. regions];
    }

    private void ReadTimes()
    {
        int count = _plan.Steps.Count + 1;
        ulong[] ticks = new ulong[count];
        fixed (ulong* pointer = ticks)
        {
            VulkanException.Check(_device.Functions.GetQueryPoolResults(_device.Handle, _queries, 0, (uint)count, (nuint)(8 * count), pointer, 8, 1), "read times");
        }

        StepSeconds = [.. Enumerable.Range(0, count - 1).Select(i => (ticks[i + 1] - ticks[i]) * _device.Info.TimestampPeriod * 1e-9)];
    }
}
