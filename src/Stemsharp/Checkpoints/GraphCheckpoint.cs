namespace Stemsharp.Checkpoints;

/// <summary>Stands for a network whose weights lie in an exported graph: it has a name and a checksum, and no tensors.</summary>
internal sealed class GraphCheckpoint(string name, string signature, string sha256) : Checkpoint
{
    public override string Name => name;

    public override string Signature => signature;

    public override string? Sha256 => sha256;

    public override IReadOnlyDictionary<string, object?>? Arguments => null;

    public override IReadOnlyList<StoredTensor> Tensors => [];

    public override StoredTensor? Find(string name, IReadOnlyList<int> shape) =>
        throw new ModelException($"{Name} is an exported graph, not a checkpoint: Stemsharp's own engine cannot run it. Use an engine on onnxruntime.");

    public override void Dispose() { }
}
