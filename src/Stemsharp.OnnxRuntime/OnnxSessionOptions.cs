namespace Stemsharp.OnnxRuntime;

/// <summary>How onnxruntime runs a model.</summary>
public sealed record OnnxSessionOptions
{
    /// <summary>Where the model runs; providers that take only part of it leave the rest to the CPU.</summary>
    public ExecutionProvider Provider { get; init; } = ExecutionProvider.Cpu;

    /// <summary>
    /// The provider's own library, absolute, where it is not part of onnxruntime but is registered with it: OpenVINO's, WebGPU's and
    /// TensorRT RTX's can be had so. Null for a provider that onnxruntime was built with.
    /// </summary>
    public string? ProviderLibrary { get; init; }

    /// <summary>Which of several devices, counted from 0.</summary>
    public int Device { get; init; }

    /// <summary>Threads on the CPU; 0 lets onnxruntime decide.</summary>
    public int Threads { get; init; }

    /// <summary>Keep memory between runs: faster, for some hundred megabytes more.</summary>
    public bool Arena { get; init; } = true;

    /// <summary>Where TensorRT keeps its engines and timings, and OpenVINO and CoreML their compiled models; null for none.</summary>
    public string? CacheFolder { get; init; }

    /// <summary>The most memory in bytes that TensorRT may use while a layer runs; null leaves it to TensorRT.</summary>
    public long? Workspace { get; init; }

    /// <summary>Further options of the provider, by its own names; they override the ones set here.</summary>
    public IReadOnlyDictionary<string, string> ProviderOptions { get; init; } = new Dictionary<string, string>();

    /// <summary>Write onnxruntime's profile, and read from it which provider ran how many nodes.</summary>
    public bool CountNodes { get; init; }

    /// <summary>Whether the file is a graph as the optimiser left it: nothing is done to it any more.</summary>
    internal bool IsOptimized { get; init; }

    /// <summary>Where the optimiser's graph is written; null for nowhere.</summary>
    internal string? OptimizedPath { get; init; }
}
