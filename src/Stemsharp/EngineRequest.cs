using Stemsharp.Inference;

namespace Stemsharp;

/// <summary>What a <see cref="SeparatorOptions.EngineFactory"/> is asked for: an engine for one network.</summary>
public sealed class EngineRequest
{
    internal EngineRequest(string model, string signature, string? path, SegmentShape shape, int threads)
    {
        Model = model;
        Signature = signature;
        Path = path;
        Shape = shape;
        Threads = threads;
    }

    /// <summary>The model's name, such as <c>htdemucs_ft</c>.</summary>
    public string Model { get; }

    /// <summary>The signature of the network within the model, such as <c>f7e0c4bc</c>.</summary>
    public string Signature { get; }

    /// <summary>The checkpoint file; null when the model is embedded or synthetic.</summary>
    public string? Path { get; }

    /// <summary>The shapes that the engine must take and give.</summary>
    public SegmentShape Shape { get; }

    /// <summary>Threads to compute with, at least 1.</summary>
    public int Threads { get; }
}
