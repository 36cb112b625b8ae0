using Stemsharp.Checkpoints;
using Stemsharp.Cli.Hosting;
using Stemsharp.Cpu;
using Stemsharp.Export.Onnx;
using Stemsharp.Inference;
using Stemsharp.OnnxRuntime;
using Stemsharp.OnnxRuntime.Nvidia;

namespace Stemsharp.Cli.Engines;

/// <summary>Makes engines on a native onnxruntime: models are exported on first use and kept in the cache.</summary>
internal sealed class OnnxRuntimeEngines(OnnxRuntimeLibrary library, OnnxSessionOptions settings, bool fallback, Action<string> say)
{
    /// <summary>The engine for one network; the CPU engine when the provider cannot take it and falling back is allowed.</summary>
    internal ISegmentEngine Create(EngineRequest request)
    {
        try
        {
            string folder = PrivateFolder.Open(Path.Combine(Catalogs.Create().CacheFolder, "onnx"));
            string cache = PrivateFolder.Open(Path.Combine(folder, $"{settings.Provider}".ToLowerInvariant()));
            string? exported = request.Path?.EndsWith(ExportedModels.Extension, StringComparison.OrdinalIgnoreCase) == true ? request.Path : null;
            string graph = exported ?? Graph(request, folder);
            OnnxSessionOptions options = settings with { Threads = request.Threads, CacheFolder = cache };
            OnnxRuntimeEngine engine = settings.Provider == ExecutionProvider.TensorRT
                ? TensorRTEngine.Create(library, graph, exported is null ? Path.GetFileNameWithoutExtension(graph) : request.Checkpoint.Sha256![..16], options, request.Config.Sources, say)
                : new OnnxRuntimeEngine(library, graph, options, request.Config.Sources);
            if (engine.Shape != request.Shape)
            {
                engine.Dispose();
                throw new ModelException($"{graph} takes and gives {engine.Shape}, but {request.Shape} is asked for. Export the model again.");
            }

            return new ResilientEngine(engine, fallback ? () => OnCpu(request) : null, say);
        }
        catch (ExternalToolException e) when (fallback)
        {
            say($"{e.Message} Going on with the CPU engine.");
            return OnCpu(request);
        }
    }

    private static CpuEngine OnCpu(EngineRequest request)
    {
        // By the time a run fails the request's own checkpoint is closed.
        using Checkpoint checkpoint = request.Member.Open();
        (Graph.Graph graph, Graph.IWeightSource weights) = request.Bind(checkpoint);
        return new CpuEngine(graph, weights, request.Threads);
    }

    // Named by everything that its content follows from, so that a kept file is never the wrong one.
    private static string Graph(EngineRequest request, string folder)
    {
        string source = request.Checkpoint.Sha256?[..16] ?? request.Signature.Replace(':', '-');
        string version = typeof(OnnxExporter).Assembly.ManifestModule.ModuleVersionId.ToString("N")[..8];
        string path = Path.Combine(folder, $"{source}-{request.Shape.Samples}-{version}.onnx");
        if (!File.Exists(path))
        {
            OnnxGraphOptions options = new() { Kind = OnnxGraphKind.Spectrogram, Samples = request.Shape.Samples };
            OnnxFile.Write(OnnxModelBuilder.Build(request.Checkpoint, options), path, externalWeights: false);
        }

        return path;
    }
}
