using Stemsharp.Checkpoints;
using Stemsharp.Graph;
using Stemsharp.Inference;

namespace Stemsharp.Model;

/// <summary>A network whose tensors lie in a checkpoint, stored, embedded or synthetic.</summary>
internal abstract class CheckpointNetwork : Network
{
    private readonly Func<Checkpoint> _open;

    /// <param name="definition">What those around it have to know.</param>
    /// <param name="family">Whose entry of the table made it.</param>
    /// <param name="source">Where its checkpoint is.</param>
    protected CheckpointNetwork(NetworkDefinition definition, Family family, CheckpointPlace source)
        : base(definition, family.Name, source.Signature, source.Path)
    {
        definition.Validate();
        ClassName = family.ClassName;
        _open = source.Open;
    }

    /// <summary>The original's class, as a checkpoint in its format names it.</summary>
    public string ClassName { get; }

    /// <summary>The original's constructor arguments that give this network, all that matter spelled out.</summary>
    public abstract IReadOnlyDictionary<string, object?> Arguments { get; }

    /// <summary>
    /// The arguments that a copy of the checkpoint is given: its own, inert ones too, with what was set beside it; all that matter where
    /// it has none.
    /// </summary>
    public abstract IReadOnlyDictionary<string, object?> SavedArguments { get; }

    /// <summary>Why its checkpoint cannot be saved in another format, as the rest of a sentence; null where it can.</summary>
    public virtual string? WhyNotSaved => null;

    internal override bool HasGraph => true;

    /// <summary>Arguments that the original's constructor does not have, or that do not matter, among those of a checkpoint.</summary>
    public abstract IEnumerable<string> UnknownArguments(IReadOnlyDictionary<string, object?> arguments);

    /// <summary>Whether the original gives this network the parameter without ever using it: the file has it, the graph does not ask for it.</summary>
    public virtual bool IsUnused(string parameter) => false;

    /// <summary>Opens the checkpoint, its checksum verified where its name has one. The caller disposes it.</summary>
    public Checkpoint OpenCheckpoint() => _open();

    internal override INetworkWeights OpenWeights(Graph.Graph graph)
    {
        Checkpoint checkpoint = _open();
        try
        {
            return new OpenedWeights(checkpoint, new CheckpointWeights(checkpoint, this, graph));
        }
        catch
        {
            checkpoint.Dispose();
            throw;
        }
    }

    internal override string ComputeFingerprint()
    {
        using Checkpoint checkpoint = _open();
        return $"{checkpoint.Sha256 ?? checkpoint.Name} {checkpoint.Signature} {PlainJson.ToText(checkpoint.Overrides)}";
    }

    private sealed class OpenedWeights(Checkpoint checkpoint, CheckpointWeights weights) : INetworkWeights
    {
        public string Name => checkpoint.Name;

        public string? Sha256 => checkpoint.Sha256;

        public bool IsHalf(Parameter parameter) => weights.IsHalf(parameter);

        public void Read(Parameter parameter, Span<float> destination) => weights.Read(parameter, destination);

        public bool TryReadHalf(Parameter parameter, Span<Half> destination) => weights.TryReadHalf(parameter, destination);

        public void Dispose() => checkpoint.Dispose();
    }
}

/// <summary>Where a checkpoint is.</summary>
/// <param name="Signature">What it was named by when it was trained.</param>
/// <param name="Path">The file; null when it is embedded or synthetic.</param>
/// <param name="Open">Opens it, as often as needed.</param>
internal sealed record CheckpointPlace(string Signature, string? Path, Func<Checkpoint> Open);
