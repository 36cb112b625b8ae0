using Stemsharp.Graph;
using Stemsharp.Vulkan.Device;
using Stemsharp.Vulkan.Native;
using Stemsharp.Vulkan.Planning;

namespace Stemsharp.Vulkan;

/// <summary>A network's weights in the device's memory. What another plan adds to them is all that is read for it.</summary>
internal sealed unsafe class GpuWeights(GpuDevice device, WeightStore store, TimeSpan limit) : IDisposable
{
    private const long Least = 256;

    private GpuBuffer? _buffer;
    private long _loaded;

    /// <summary>Where and how they lie.</summary>
    public WeightStore Store => store;

    /// <summary>Their memory; known once they are loaded.</summary>
    public GpuBuffer Buffer => _buffer ?? throw new InvalidOperationException("The weights are not loaded.");

    /// <summary>Bytes on the device.</summary>
    public long Bytes => _buffer?.Bytes ?? 0;

    /// <summary>Loads what the store has and the device has not.</summary>
    /// <param name="source">The trained tensors.</param>
    /// <param name="threads">Threads to read and pack them with.</param>
    public void Load(IWeightSource source, int threads)
    {
        long added = store.Bytes - _loaded;
        if (_buffer is not null && added == 0)
        {
            return;
        }

        // Buffers of no bytes are not possible.
        using GpuBuffer staging = new(device, Math.Max(Least, added), GpuPlace.Upload, "weights on their way");
        store.Write(source, _loaded, (byte*)staging.Pointer, threads);
        GpuBuffer larger = new(device, Math.Max(Least, store.Bytes), GpuPlace.Device, "weights");
        try
        {
            CommandPool.RunOnce(device, limit, recorder =>
            {
                if (_loaded > 0)
                {
                    recorder.Copy(_buffer!, larger, [new VkBufferCopy { Size = (ulong)_loaded }]);
                }

                if (added > 0)
                {
                    recorder.Copy(staging, larger, [new VkBufferCopy { Destination = (ulong)_loaded, Size = (ulong)added }]);
                }

                recorder.Wait(VkPipelineStage.Transfer, VkPipelineStage.ComputeShader);
            });
        }
        catch
        {
            larger.Dispose();
            throw;
        }

        _buffer?.Dispose();
        _buffer = larger;
        _loaded = store.Bytes;
    }

    public void Dispose() => _buffer?.Dispose();
}
