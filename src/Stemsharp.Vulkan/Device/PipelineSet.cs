using System.Collections.Concurrent;
using Stemsharp.Vulkan.Kernels;
using Stemsharp.Vulkan.Native;

namespace Stemsharp.Vulkan.Device;

/// <summary>Pipelines by key, made on several threads at once and kept; with the driver's own cache behind them.</summary>
internal sealed unsafe class PipelineSet : IDisposable
{
    private const uint ComputeStage = 0x20;
    private const uint RequireFullSubgroups = 2;

    // The constant that is the workgroup's width in every kernel that has one.
    private const uint ThreadsConstant = 31;

    private readonly GpuDevice _device;
    private readonly ConcurrentDictionary<string, Lazy<ulong>> _modules = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<KernelKey, ulong> _pipelines = new();
    private ulong _cache;

    /// <param name="device">The device.</param>
    /// <param name="stored">What <see cref="CacheData"/> gave for this device and driver once; empty for nothing.</param>
    public PipelineSet(GpuDevice device, ReadOnlySpan<byte> stored)
    {
        _device = device;
        fixed (byte* data = stored)
        {
            VkPipelineCacheCreateInfo info = new() { Type = VkStructureType.PipelineCacheCreateInfo, Size = (nuint)stored.Length, Data = data };
            ulong cache;
            VulkanException.Check(device.Functions.CreatePipelineCache(device.Handle, &info, null, &cache), "keep pipelines");
            _cache = cache;
        }
    }

    /// <summary>Pipelines that were made.</summary>
    public int Count => _pipelines.Count;

    public ulong this[KernelKey key] => _pipelines[key];

    /// <summary>Makes what is not there yet.</summary>
    public void Prepare(IEnumerable<KernelKey> keys)
    {
        KernelKey[] missing = [.. keys.Distinct().Where(key => !_pipelines.ContainsKey(key))];
        try
        {
            Parallel.ForEach(missing, key => _pipelines.TryAdd(key, Make(key)));
        }
        catch (AggregateException e) when (e.InnerException is VulkanException inner)
        {
            throw inner;
        }
    }

    /// <summary>What the driver wants to see again next time.</summary>
    public byte[] CacheData()
    {
        nuint size = 0;
        if (_device.Functions.GetPipelineCacheData(_device.Handle, _cache, &size, null) != VkResult.Success)
        {
            return [];
        }

        byte[] data = new byte[size];
        fixed (byte* pointer = data)
        {
            return _device.Functions.GetPipelineCacheData(_device.Handle, _cache, &size, pointer) == VkResult.Success ? data[..(int)size] : [];
        }
    }

    public void Dispose()
    {
        if (_device.IsHung)
        {
            return;
        }

        DeviceFunctions vk = _device.Functions;
        foreach (ulong pipeline in _pipelines.Values)
        {
            vk.DestroyPipeline(_device.Handle, pipeline, null);
        }

        foreach (Lazy<ulong> module in _modules.Values)
        {
            if (module.IsValueCreated)
            {
                vk.DestroyShaderModule(_device.Handle, module.Value, null);
            }
        }

        vk.DestroyPipelineCache(_device.Handle, _cache, null);
        _pipelines.Clear();
        _modules.Clear();
        _cache = 0;
    }

    private ulong Module(string name)
    {
        uint[] words = ShaderLibrary.Load(name);
        if (_device.Info.Cooperative == CooperativeForm.Khronos && name.StartsWith("matrix", StringComparison.Ordinal))
        {
            words = CooperativeRewriter.ToKhronos(words);
        }

        fixed (uint* code = words)
        {
            VkShaderModuleCreateInfo info = new() { Type = VkStructureType.ShaderModuleCreateInfo, CodeSize = (nuint)words.Length * 4, Code = code };
            ulong module;
            VulkanException.Check(_device.Functions.CreateShaderModule(_device.Handle, &info, null, &module), $"load the kernel {name}");
            return module;
        }
    }

    private ulong Make(KernelKey key)
    {
        int count = key.Constants.Length + 1;
        int* values = stackalloc int[count];
        VkSpecializationMapEntry* entries = stackalloc VkSpecializationMapEntry[count];
        for (int i = 0; i < count; i++)
        {
            values[i] = i < key.Constants.Length ? key.Constants[i] : key.Threads;
            entries[i] = new VkSpecializationMapEntry { Id = i < key.Constants.Length ? (uint)i : ThreadsConstant, Offset = (uint)(4 * i), Size = 4 };
        }

        bool sized = key.FullSubgroups && _device.Info.HasSubgroupSizeControl;
        VkPipelineShaderStageRequiredSubgroupSizeCreateInfo size = new()
        {
            Type = VkStructureType.PipelineShaderStageRequiredSubgroupSizeCreateInfo,
            Size = (uint)_device.Info.SubgroupSize,
        };
        VkSpecializationInfo special = new() { Count = (uint)count, Entries = entries, Size = (nuint)(4 * count), Data = values };
        fixed (byte* main = "main\0"u8)
        {
            VkComputePipelineCreateInfo info = new()
            {
                Type = VkStructureType.ComputePipelineCreateInfo,
                Stage = new VkPipelineShaderStageCreateInfo
                {
                    Type = VkStructureType.PipelineShaderStageCreateInfo,
                    Next = sized ? &size : null,
                    Flags = sized ? RequireFullSubgroups : 0,
                    Stage = ComputeStage,
                    Module = _modules.GetOrAdd(key.Shader, name => new Lazy<ulong>(() => Module(name))).Value,
                    Name = main,
                    Specialization = &special,
                },
                Layout = _device.Layout,
            };
            ulong pipeline;
            VulkanException.Check(_device.Functions.CreateComputePipelines(_device.Handle, _cache, 1, &info, null, &pipeline), $"compile the kernel {key}");
            return pipeline;
        }
    }
}
