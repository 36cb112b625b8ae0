namespace Stemsharp.Inference;

/// <summary>A network that is an exported file: it runs in the runtime that it was exported for, and has no graph here.</summary>
internal sealed class ExportedNetwork(NetworkDefinition definition, string path, string sha256)
    : Network(definition, "exported graph", System.IO.Path.GetFileNameWithoutExtension(path), path)
{
    /// <summary>The SHA-256 of the file in hex, external weights included.</summary>
    public string Sha256 => sha256;

    internal override bool HasGraph => false;

    internal override Graph.Graph Record(int samples) => throw Refusal();

    internal override INetworkWeights OpenWeights(Graph.Graph graph) => throw Refusal();

    internal override string ComputeFingerprint() => $"{sha256} {Signature} null";

    private ModelException Refusal() =>
        new($"{System.IO.Path.GetFileName(Path)} is an exported graph, not a checkpoint: Stemsharp's own engines cannot run it. Use the runtime that it was exported for.");
}
