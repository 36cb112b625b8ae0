using Stemsharp.Checkpoints;

namespace Stemsharp.Model;

/// <summary>
/// An architecture: it recognises its checkpoints, judges every field of their configuration, and makes networks of them. A family is
/// a folder of this room and one entry of <see cref="FamilyTable.All"/>; nobody else names it.
/// </summary>
internal abstract class Family
{
    /// <summary>As people call it.</summary>
    public abstract string Name { get; }

    /// <summary>The original's class, as its checkpoints name it.</summary>
    public abstract string ClassName { get; }

    /// <summary>Further names of that class.</summary>
    public virtual IReadOnlyList<string> OtherClassNames => [];

    /// <summary>Whether it takes files that hold a graph and name no class (ONNX); all others take none of them.</summary>
    public virtual bool ReadsGraphs => false;

    /// <summary>Full-size networks with weights that anyone can recreate, for benchmarks and tests.</summary>
    public virtual IReadOnlyList<SyntheticModel> Synthetic => [];

    /// <summary>
    /// The file's name that a model is published under, where it is one of this family's that others fetch and nobody gives a checksum
    /// of; null for all other names.
    /// </summary>
    /// <param name="model">The name of a file, with or without its extension.</param>
    public virtual string? PublishedFile(string model) => null;

    /// <summary>The names of the original's constructor arguments, in its order.</summary>
    public abstract IReadOnlyList<string> ArgumentNames { get; }

    /// <summary>Whether a checkpoint that names no class has this family's tensors.</summary>
    public abstract bool HasItsTensors(Checkpoint checkpoint);

    /// <summary>Reads the configuration.</summary>
    /// <param name="checkpoint">An open checkpoint of this family.</param>
    /// <param name="place">Where it can be opened again.</param>
    /// <exception cref="ModelException">A field has a value that is not supported; the message names it, its value and what is valid.</exception>
    public abstract CheckpointNetwork Read(Checkpoint checkpoint, CheckpointPlace place);

    /// <summary>A checkpoint's constructor arguments by name, those by position included; null when it has none.</summary>
    /// <exception cref="ModelException">It has more by position than the constructor takes.</exception>
    protected Dictionary<string, object?>? ArgumentsOf(Checkpoint checkpoint)
    {
        if (checkpoint.Arguments is not { } named)
        {
            return null;
        }

        if (checkpoint.Positional.Count > ArgumentNames.Count)
        {
            throw new ModelException($"{checkpoint.Name} cannot be used: its model was built with {checkpoint.Positional.Count} arguments by position; {ClassName} takes {ArgumentNames.Count}.");
        }

        Dictionary<string, object?> arguments = new(StringComparer.Ordinal);
        for (int i = 0; i < checkpoint.Positional.Count; i++)
        {
            arguments[ArgumentNames[i]] = checkpoint.Positional[i];
        }

        foreach ((string name, object? value) in named)
        {
            arguments[name] = value;
        }

        return arguments;
    }
}

/// <summary>An official architecture with synthetic weights.</summary>
/// <param name="Name">Behind <see cref="SyntheticCheckpoint.Scheme"/>.</param>
/// <param name="Arguments">The original's constructor arguments.</param>
internal sealed record SyntheticModel(string Name, IReadOnlyDictionary<string, object?> Arguments);
