using Stemsharp.Checkpoints;
using Stemsharp.Cli.Hosting;
using Stemsharp.Cpu;
using Stemsharp.Export.Onnx;
using Stemsharp.Inference;
using Stemsharp.OnnxRuntime;
using Stemsharp.OnnxRuntime.Nvidia;

namespace Stemsharp.Cli.Engines;

/// <summary>Makes engines on a native onnxruntime: models are exported on first use and kept in the cache.</summary>
internal sealed class OnnxRuntimeEngines(OnnxRuntimeLibrary library, ExecutionProvider provider, bool fallback, Action<string> say)
{
    /// <summary>The engine for one network; the CPU engine when the provider cannot take it and falling back is allowed.</summary>
    internal ISegmentEngine Create(EngineRequest request)
    {
        try
        {
            string folder = PrivateFolder(Path.Combine(Catalogs.Create().CacheFolder, "onnx"));
            string cache = PrivateFolder(Path.Combine(folder, $"{provider}".ToLowerInvariant()));
            string graph = Graph(request, folder);

            // The CPU runs all of it; elsewhere it is worth knowing what went where.
            var options = new OnnxSessionOptions { Provider = provider, Threads = request.Threads, CacheFolder = cache, CountNodes = provider != ExecutionProvider.Cpu };
            OnnxRuntimeEngine engine = provider == ExecutionProvider.TensorRT ? OnTensorRT(graph, options) : new OnnxRuntimeEngine(library, graph, options);
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

    private OnnxRuntimeEngine OnTensorRT(string graph, OnnxSessionOptions options)
    {
        IReadOnlyList<NvidiaGpu> gpus = NvidiaGpu.FindAll(out string? problem);
        if (options.Device >= gpus.Count) throw new ExternalToolException($"TensorRT needs an NVIDIA GPU; there is {problem ?? $"no GPU {options.Device}"}. See: stemsharp doctor.");
        Version version = TensorRT.Installed() ?? throw new ExternalToolException($"{TensorRT.FileName} cannot be loaded; install TensorRT 10 or use --provider cuda. See: stemsharp doctor.");
        NvidiaGpu gpu = gpus[options.Device];
        if (TensorRT.Refusal(gpu, version) is { } refusal) throw new ExternalToolException(refusal);
        using EngineCache cache = EngineCache.Open(options.CacheFolder!, gpu, version, Path.GetFileNameWithoutExtension(graph));
        using ElapsedNotice? notice = cache.WasThere ? null : new ElapsedNotice($"TensorRT {version} builds an engine for {gpu.Name}: minutes, this once", say);
        var engine = new OnnxRuntimeEngine(library, graph, options with { CacheFolder = cache.Folder });
        cache.Complete();
        return engine;
    }

    // Named by everything that its content follows from, so that a kept file is never the wrong one.
    private static string Graph(EngineRequest request, string folder)
    {
        string source = request.Checkpoint.Sha256?[..16] ?? request.Signature.Replace(':', '-');
        string version = typeof(OnnxExporter).Assembly.ManifestModule.ModuleVersionId.ToString("N")[..8];
        string path = Path.Combine(folder, $"{source}-{request.Shape.Samples}-{version}.onnx");
        if (!File.Exists(path))
        {
            var options = new OnnxGraphOptions { Kind = OnnxGraphKind.Spectrogram, Samples = request.Shape.Samples };
            OnnxFile.Write(OnnxModelBuilder.Build(request.Checkpoint, options), path, externalWeights: false);
        }

        return path;
    }

    // Engines are code: nobody else may put files there.
    private static string PrivateFolder(string path)
    {
        if (OperatingSystem.IsWindows()) Directory.CreateDirectory(path);
        else Directory.CreateDirectory(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        return path;
    }
}
