namespace Stemsharp.OnnxRuntime;

/// <summary>How onnxruntime runs a model.</summary>
public sealed record OnnxSessionOptions
{
    /// <summary>Where the model runs; providers that take only part of it leave the rest to the CPU.</summary>
    public ExecutionProvider Provider { get; init; } = ExecutionProvider.Cpu;

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
}
