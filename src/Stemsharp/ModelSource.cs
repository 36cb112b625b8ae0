using System.Security.Cryptography;
using System.Text;
using Stemsharp.Checkpoints;
using Stemsharp.Model;

namespace Stemsharp;

/// <summary>
/// A model that was found and checked: one network, or a bag of several whose stems are blended. Holds no
/// weights; each member's file is opened when its turn comes, so that a bag needs one member's memory.
/// </summary>
public sealed class ModelSource
{
    internal ModelSource(string name, IReadOnlyList<string> stems, int sampleRate, IReadOnlyList<ModelMember> members)
    {
        Name = name;
        Stems = stems;
        SampleRate = sampleRate;
        Members = members;
    }

    /// <summary>The name it was asked by, as output folders are called: <c>htdemucs_ft</c>, or a file's signature.</summary>
    public string Name { get; }

    /// <summary>Stem names in the checkpoint's order.</summary>
    public IReadOnlyList<string> Stems { get; }

    /// <summary>The rate the networks were trained at, in Hz.</summary>
    public int SampleRate { get; }

    /// <summary>The longest segment, in seconds, that all members take.</summary>
    public double SegmentSeconds => Members.Min(m => (double)m.Config.SegmentNumerator / m.Config.SegmentDenominator);

    /// <summary>
    /// The networks, at least one. Each stem is the sum of the members' stems times their weights, divided by
    /// the stem's total weight. When only some stems were asked for, members that add nothing to them are left out.
    /// </summary>
    public IReadOnlyList<ModelMember> Members { get; }

    /// <summary>
    /// A SHA-256 in hex over the members' files, or the names of synthetic ones, and their weights: the same
    /// fingerprint stands for the same results. Reads every file whose checksum is not known yet.
    /// </summary>
    /// <exception cref="ModelException">A file cannot be read any more.</exception>
    public string ComputeFingerprint()
    {
        StringBuilder text = new();
        foreach (ModelMember member in Members)
        {
            using Checkpoint checkpoint = member.Open();
            text.Append(checkpoint.Sha256 ?? checkpoint.Name).Append(' ').Append(checkpoint.Signature).Append(' ').Append(PlainJson.ToText(checkpoint.Overrides)).Append(' ').AppendJoin(',', member.Weights).Append('\n');
        }

        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text.ToString())));
    }
}

/// <summary>One network of a <see cref="ModelSource"/>.</summary>
public sealed class ModelMember
{
    private readonly Func<Checkpoint> _open;

    private ModelMember(string signature, string? path, HTDemucsConfig config, IReadOnlyList<double> weights, Func<Checkpoint> open)
    {
        Signature = signature;
        Path = path;
        Config = config;
        Weights = weights;
        _open = open;
    }

    /// <summary>What it was named by when it was trained, such as <c>955717e8</c>; a file's stem otherwise.</summary>
    public string Signature { get; }

    /// <summary>The checkpoint file; null when the model is embedded or synthetic.</summary>
    public string? Path { get; }

    /// <summary>This network's weight for each of <see cref="ModelSource.Stems"/>; never negative.</summary>
    public IReadOnlyList<double> Weights { get; }

    /// <summary>What is known of the licence of its numbers; null where nobody stated one to the catalog.</summary>
    public ModelLicence? Licence { get; private init; }

    internal HTDemucsConfig Config { get; }

    internal static ModelMember Of(string? path, Func<Checkpoint> open)
    {
        using Checkpoint checkpoint = open();
        return new ModelMember(checkpoint.Signature, path, HTDemucsConfigReader.Read(checkpoint), [], open);
    }

    /// <summary>A network that is an exported graph: it runs in another runtime only.</summary>
    internal static ModelMember OfGraph(string path, string sha256, HTDemucsConfig config, IReadOnlyList<double> weights)
    {
        string name = System.IO.Path.GetFileName(path), signature = System.IO.Path.GetFileNameWithoutExtension(path);
        return new ModelMember(signature, path, config, weights, () => new GraphCheckpoint(name, signature, sha256));
    }

    internal ModelMember WithWeights(IReadOnlyList<double> weights) => new(Signature, Path, Config, weights, _open) { Licence = Licence };

    internal ModelMember WithLicence(ModelLicence? licence) => new(Signature, Path, Config, Weights, _open) { Licence = licence };

    /// <summary>Opens the checkpoint, its checksum verified where its name has one. The caller disposes it.</summary>
    internal Checkpoint Open() => _open();
}
