using Stemsharp.Cli.Hosting;
using Stemsharp.Cpu;
using Stemsharp.Export.Onnx;
using Stemsharp.Inference;
using Stemsharp.OnnxRuntime;

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
            return new RetryingEngine(new OnnxRuntimeEngine(library, graph, new OnnxSessionOptions { Provider = provider, Threads = request.Threads, CacheFolder = cache }));
        }
        catch (ExternalToolException e) when (fallback)
        {
            say($"{e.Message} Going on with the CPU engine.");
            (Graph.Graph graph, Graph.IWeightSource weights) = request.Bind();
            return new CpuEngine(graph, weights, request.Threads);
        }
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

    /// <summary>Runs a failed segment once more: drivers recover from a reset that way.</summary>
    private sealed class RetryingEngine(ISegmentEngine inner) : ISegmentEngine
    {
        public SegmentShape Shape => inner.Shape;

        public string Description => inner.Description;

        public void Run(ReadOnlySpan<float> spectrogram, ReadOnlySpan<float> waveform, Span<float> spectrograms, Span<float> waveforms, CancellationToken cancellationToken)
        {
            try
            {
                inner.Run(spectrogram, waveform, spectrograms, waveforms, cancellationToken);
            }
            catch (OnnxRuntimeException e) when (!e.IsOutOfMemory)
            {
                inner.Run(spectrogram, waveform, spectrograms, waveforms, cancellationToken);
            }
        }

        public void Dispose() => inner.Dispose();
    }
}
