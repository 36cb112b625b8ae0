using Stemsharp.Checkpoints;
using Stemsharp.Checkpoints.Catalog;
using Stemsharp.Checkpoints.Onnx;
using Stemsharp.Model.HDemucs;
using Stemsharp.Model.HTDemucs;
using Stemsharp.Model.MDX23C;
using Stemsharp.Model.MDXNet;
using Stemsharp.Model.RoFormer;
using Stemsharp.Model.SCNet;

namespace Stemsharp.Model;

/// <summary>The families that are known, in the order in which a checkpoint is shown to them.</summary>
internal sealed class FamilyTable(params IReadOnlyList<Family> families)
{
    /// <summary>All families.</summary>
    public static FamilyTable All { get; } = new(
        new HTDemucsFamily(), new HDemucsFamily(), new TimeDemucsFamily(), new BSRoFormerFamily(), new MelBandRoFormerFamily(), new MDX23CFamily(), new SCNetFamily(),
        new MDXNetFamily());

    /// <summary>The families.</summary>
    public IReadOnlyList<Family> Families { get; } = families;

    /// <summary>The names of all synthetic models, with their scheme.</summary>
    public IReadOnlyList<string> SyntheticNames => [.. Families.SelectMany(f => f.Synthetic).Select(m => SyntheticCheckpoint.Scheme + m.Name)];

    /// <summary>A synthetic model.</summary>
    /// <param name="name">One of <see cref="SyntheticNames"/>.</param>
    /// <exception cref="ModelException">There is none of that name.</exception>
    public SyntheticCheckpoint OpenSynthetic(string name)
    {
        foreach (Family family in Families)
        {
            if (family.Synthetic.FirstOrDefault(m => SyntheticCheckpoint.Scheme + m.Name == name) is { } model)
            {
                return new SyntheticCheckpoint(name, family.ClassName, model.Arguments);
            }
        }

        throw new ModelException($"There is no model {name}; the synthetic ones are {string.Join(", ", SyntheticNames)}.") { Failure = ModelFailure.Unknown };
    }

    /// <summary>A network with made-up weights that costs what another one costs.</summary>
    /// <param name="standIn">What it is like.</param>
    /// <param name="signature">The other's signature, which it bears.</param>
    /// <param name="stems">The other's stems; empty where they are not known, and the synthetic model's stay.</param>
    /// <exception cref="ModelException">There is no such synthetic model, or it cannot be changed so.</exception>
    public CheckpointNetwork OpenStandIn(StandIn standIn, string signature, IReadOnlyList<string> stems)
    {
        using SyntheticCheckpoint like = OpenSynthetic(SyntheticCheckpoint.Scheme + standIn.Like);
        SyntheticCheckpoint changed = new(signature, like.ClassName, StandInArguments.Of(like.Arguments, standIn.Changes, stems));
        return Read(null, () => changed);
    }

    /// <summary>A synthetic model, or a checkpoint file.</summary>
    /// <param name="model">One of <see cref="SyntheticNames"/>, or a path.</param>
    public Checkpoint OpenCheckpoint(string model) =>
        model.StartsWith(SyntheticCheckpoint.Scheme, StringComparison.Ordinal) ? OpenSynthetic(model) : Checkpoint.Open(model);

    /// <summary>The network in a synthetic model or a checkpoint file.</summary>
    /// <param name="model">One of <see cref="SyntheticNames"/>, or a path.</param>
    public CheckpointNetwork Open(string model)
    {
        bool synthetic = model.StartsWith(SyntheticCheckpoint.Scheme, StringComparison.Ordinal);
        return Read(synthetic ? null : model, () => OpenCheckpoint(model));
    }

    /// <summary>The network in a checkpoint.</summary>
    /// <param name="path">The file; null when it is embedded or synthetic.</param>
    /// <param name="open">Opens the checkpoint, as often as needed.</param>
    /// <exception cref="ModelException">No family knows it, or its configuration is not supported.</exception>
    public CheckpointNetwork Read(string? path, Func<Checkpoint> open)
    {
        using Checkpoint checkpoint = OpenOrTell(path, open);
        return Read(checkpoint, new CheckpointPlace(checkpoint.Signature, path, open));
    }

    /// <summary>The file's name that a model is published under, which a family knows; null for all others.</summary>
    /// <param name="model">The name of a file, with or without its extension.</param>
    public string? PublishedFile(string model) => Families.Select(f => f.PublishedFile(model)).FirstOrDefault(f => f is not null);

    // What a file of a format that is not read holds may be known all the same.
    private static Checkpoint OpenOrTell(string? path, Func<Checkpoint> open)
    {
        try
        {
            return open();
        }
        catch (ModelException e) when (path is not null && e.InnerException is CheckpointFormatException { TensorNames: { Count: > 0 } names })
        {
            OtherNetworks.Refuse(Path.GetFileName(path), names);
            throw;
        }
    }

    /// <summary>The network in a checkpoint that is open already.</summary>
    /// <exception cref="ModelException">No family knows it, or its configuration is not supported.</exception>
    public CheckpointNetwork Read(Checkpoint checkpoint, CheckpointPlace? place = null)
    {
        place ??= new CheckpointPlace(checkpoint.Signature, null, () => checkpoint);
        return Find(checkpoint).Read(checkpoint, place);
    }

    private Family Find(Checkpoint checkpoint)
    {
        if (checkpoint.ClassName is { } name)
        {
            return Families.FirstOrDefault(f => f.ClassName == name || f.OtherClassNames.Contains(name))
                ?? throw new ModelException($"{checkpoint.Name} cannot be used: it is a model of the class {name}; supported are {string.Join(", ", Families.Where(f => !f.ReadsGraphs).Select(f => $"{f.Name} ({f.ClassName})"))}.");
        }

        if (checkpoint is OnnxCheckpoint)
        {
            return Families.FirstOrDefault(f => f.ReadsGraphs) ?? throw new ModelException($"{checkpoint.Name} is an ONNX file, which none of {string.Join(", ", Families.Select(f => f.Name))} is read from.");
        }

        if (Families.FirstOrDefault(f => !f.ReadsGraphs && f.HasItsTensors(checkpoint)) is { } family)
        {
            return family;
        }

        // One that nobody recognises is shown to the first, which says what it misses.
        OtherNetworks.Refuse(checkpoint.Name, checkpoint.Tensors.Select(t => t.Name));
        return Families[0];
    }
}
