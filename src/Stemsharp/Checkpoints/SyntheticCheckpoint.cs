namespace Stemsharp.Checkpoints;

/// <summary>
/// Weights that anyone can recreate, for work at full size without pretrained ones. A parameter's values follow
/// from its name and shape alone: FNV-1a of the name seeds SplitMix64; uniform numbers scaled by what the
/// parameter is for; rounded to half precision. Made when they are copied, nothing is kept.
/// </summary>
internal sealed class SyntheticCheckpoint(string name, string? className, IReadOnlyDictionary<string, object?> arguments) : Checkpoint
{
    /// <summary>What a synthetic model's name begins with.</summary>
    public const string Scheme = "synthetic:";

    public override string Name => name;

    public override string Signature => name.Replace(':', '-');

    public override string? Sha256 => null;

    public override string? ClassName => className;

    public override IReadOnlyDictionary<string, object?> Arguments => arguments;

    public override IReadOnlyList<StoredTensor> Tensors => [];

    public override bool IsSynthetic => true;

    public override StoredTensor Find(string name, IReadOnlyList<int> shape) => new SyntheticTensor(name, shape);

    public override void Dispose() { }
}
