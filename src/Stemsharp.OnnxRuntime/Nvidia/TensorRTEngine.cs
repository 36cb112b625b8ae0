namespace Stemsharp.OnnxRuntime.Nvidia;

/// <summary>Makes engines on TensorRT: refuses what it cannot run on, and keeps what it built.</summary>
internal static class TensorRTEngine
{
    /// <summary>The workspace unless another is asked for, in bytes: enough for every tactic that is worth its time.</summary>
    private const long MostWorkspace = 4L << 30;

    /// <summary>Loads a graph, building its engine where the cache has none.</summary>
    /// <param name="library">The onnxruntime to use.</param>
    /// <param name="graph">The .onnx file.</param>
    /// <param name="key">What tells the graph from others in the cache.</param>
    /// <param name="options">With the folder of all caches.</param>
    /// <param name="stems">The stems that the engine gives.</param>
    /// <param name="say">Told that and how long an engine is built.</param>
    /// <exception cref="ExternalToolException">There is no such GPU, no TensorRT, or they do not go together.</exception>
    public static OnnxNetworkSession Create(OnnxRuntimeLibrary library, string graph, string key, OnnxSessionOptions options, IReadOnlyList<string> stems, Action<string> say)
    {
        IReadOnlyList<NvidiaGpu> gpus = NvidiaGpu.FindAll(out string? problem);
        if (options.Device >= gpus.Count)
        {
            throw new ExternalToolException($"TensorRT needs an NVIDIA GPU; there is {problem ?? $"no GPU {options.Device}"}. See: stemsharp doctor.");
        }

        Version version = TensorRT.Installed() ?? throw new ExternalToolException($"{TensorRT.FileName} cannot be loaded; install TensorRT 10 or use --provider cuda. See: stemsharp doctor.");
        return Create(library, graph, key, options, stems, say, gpus[options.Device], version);
    }

    /// <summary>The same with the GPU and TensorRT's version known.</summary>
    internal static OnnxNetworkSession Create(
        OnnxRuntimeLibrary library, string graph, string key, OnnxSessionOptions options, IReadOnlyList<string> stems, Action<string> say, NvidiaGpu gpu, Version version)
    {
        if (TensorRT.Refusal(gpu, version) is { } refusal)
        {
            throw new ExternalToolException(refusal);
        }

        using EngineCache cache = EngineCache.Open(options.CacheFolder!, gpu, version, key);
        using ElapsedNotice? notice = cache.WasThere ? null : new ElapsedNotice($"TensorRT {version} builds an engine for {gpu.Name}: minutes, this once", say);
        options = options with { CacheFolder = cache.Folder, Workspace = options.Workspace ?? Math.Min(MostWorkspace, gpu.Memory / 2) };
        OnnxNetworkSession engine = new(library, graph, options, stems);
        cache.Complete();
        return engine;
    }
}
