using Stemsharp.Checkpoints;
using Stemsharp.Graph;
using Stemsharp.Inference;
using Stemsharp.Model;

namespace Stemsharp;

/// <summary>What a <see cref="SeparatorOptions.EngineFactory"/> is asked for: an engine for one network.</summary>
public sealed class EngineRequest
{
    internal EngineRequest(string model, ModelMember member, Checkpoint checkpoint, int samples, int threads)
    {
        HTDemucsConfig config = member.Config;
        Model = model;
        Signature = member.Signature;
        Path = member.Path;
        Checkpoint = checkpoint;
        Member = member;
        Config = config;
        Shape = new SegmentShape(
            config.Sources.Length, config.AudioChannels, config.Bins, config.Frames(samples), samples);
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

    /// <summary>The open checkpoint; closed again when the factory has returned.</summary>
    internal Checkpoint Checkpoint { get; }

    /// <summary>The network: its checkpoint can be opened again after the factory has returned.</summary>
    internal ModelMember Member { get; }

    internal HTDemucsConfig Config { get; }

    /// <summary>Records the network for the shape and binds the checkpoint's tensors to it.</summary>
    internal (Graph.Graph Graph, IWeightSource Weights) Bind() => Bind(Checkpoint);

    /// <summary>The same with the checkpoint opened by the caller.</summary>
    internal (Graph.Graph Graph, IWeightSource Weights) Bind(Checkpoint checkpoint)
    {
        Graph.Graph graph = HTDemucs.Build(Config, Shape.Samples);
        return (graph, new CheckpointWeights(checkpoint, Config, graph));
    }
}
