using Stemsharp.Cpu;
using Stemsharp.Export.Onnx;
using Stemsharp.Inference;
using Stemsharp.OnnxRuntime;
using Stemsharp.Vulkan;

namespace Stemsharp.Backends;

/// <summary>
/// Every backend that this build has, in the order in which <see cref="Engines.Auto"/> asks them: the one place where the table is
/// composed, for the command, the page and the benchmarks.
/// </summary>
internal static class BackendTable
{
    /// <summary>The names that <c>--engine</c> takes.</summary>
    public static IReadOnlyList<string> EngineNames { get; } = [CpuBackend.BackendName, VulkanBackend.BackendName, OnnxRuntimeBackend.BackendName, Engines.Auto];

    /// <summary>Whether <see cref="Engines.Auto"/> has more to choose from than the processor.</summary>
    public static bool HasAutomaticDevices => Compose().Any(b => b.IsAutomatic && b.Name != CpuBackend.BackendName);

    /// <summary>Composes the table.</summary>
    /// <param name="library">The onnxruntime library's file; null to look for it.</param>
    /// <param name="session">Its provider and options; null for the CPU.</param>
    /// <param name="mostMemory">Most memory of a GPU to use, in bytes; null for what is free.</param>
    public static IReadOnlyList<Backend> Compose(string? library = null, OnnxSessionOptions? session = null, long? mostMemory = null) =>
    [
        new VulkanBackend { CacheFolder = Path.Combine(new ModelCatalog().CacheFolder, "vulkan"), MaxMemory = mostMemory },
        OnnxRuntime(library, session),
        new CpuBackend(),
    ];

    /// <summary>onnxruntime with graphs that are exported at their first use and kept in the cache of models.</summary>
    public static OnnxRuntimeBackend OnnxRuntime(string? library, OnnxSessionOptions? session)
    {
        string folder = Path.Combine(new ModelCatalog().CacheFolder, "onnx");
        return new OnnxRuntimeBackend(library, session)
        {
            CacheFolder = folder,
            GraphFor = (network, graph) => OnnxGraphCache.Get(PrivateFolder.Open(folder), network, graph.Samples, graph.Precision, graph.Pieces),
        };
    }
}
