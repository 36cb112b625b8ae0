using System.Security.Cryptography;
using System.Text;
using Stemsharp.Files;
using Stemsharp.Inference;

namespace Stemsharp;

/// <summary>
/// A model that was found and checked: one network, or a bag of several whose stems are blended. Holds no
/// weights; each member's file is opened when its turn comes, so that a bag needs one member's memory.
/// </summary>
public sealed class ModelSource
{
    private const string TrainersExtension = ".ckpt";

    internal ModelSource(string name, IReadOnlyList<string> stems, int sampleRate, IReadOnlyList<ModelMember> members)
    {
        Name = name;
        Stems = stems;
        SampleRate = sampleRate;
        Members = members;
    }

    /// <summary>The name it was asked by, as output folders are called: <c>htdemucs_ft</c>, or a file's signature.</summary>
    public string Name { get; }

    /// <summary>
    /// How audio-separator calls its files: after a trainer's checkpoint, with that one's stems; after the model's name, with stems of its
    /// own, otherwise.
    /// </summary>
    internal AudioSeparatorNames AudioSeparatorNames =>
        Members is [{ Path: { } path }] && path.EndsWith(TrainersExtension, StringComparison.OrdinalIgnoreCase)
            ? new AudioSeparatorNames(Path.GetFileName(path), Capitals: false)
            : new AudioSeparatorNames(Name, Capitals: true);

    /// <summary>Stem names in the checkpoint's order.</summary>
    public IReadOnlyList<string> Stems { get; }

    /// <summary>The rate the networks were trained at, in Hz.</summary>
    public int SampleRate { get; }

    /// <summary>The longest segment, in seconds, that all members take.</summary>
    public double SegmentSeconds => Members.Min(m => m.Definition.PieceSeconds);

    /// <summary>
    /// The networks, at least one. Each stem is the sum of the members' stems times their weights, divided by
    /// the stem's total weight. When only some stems were asked for, members that add nothing to them are left out.
    /// </summary>
    public IReadOnlyList<ModelMember> Members { get; }

    /// <summary>
    /// The same model with the lowest bin of its stems' spectrograms set to zero, or kept, whatever its checkpoints say; see
    /// <see cref="NetworkDefinition.ZeroDc"/>. Networks that have no such choice stay as they are.
    /// </summary>
    /// <param name="zeroDc">Whether it is set to zero.</param>
    /// <exception cref="OptionException">None of its networks has the choice, or it is an export that was made with the other one.</exception>
    public ModelSource WithZeroDc(bool zeroDc)
    {
        if (Members.All(m => m.Definition.ZeroDc is null))
        {
            throw new OptionException($"zero_dc means nothing for {Name}: its networks do not give spectrograms whose lowest bin could be set to zero. Leave it out.");
        }

        return new ModelSource(Name, Stems, SampleRate, [.. Members.Select(Choose)]);

        ModelMember Choose(ModelMember member) => member.Definition.ZeroDc is null ? member : new ModelMember(
            member.Network.WithZeroDc(zeroDc) ?? throw new OptionException($"{member.Signature} was exported with zero_dc {(zeroDc ? "off" : "on")}, which cannot be changed any more. Leave it out, or export the model again."),
            member.Weights)
        {
            Licence = member.Licence,
        };
    }

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
            text.Append(member.Network.ComputeFingerprint()).Append(' ').AppendJoin(',', member.Weights).Append('\n');
        }

        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text.ToString())));
    }
}

/// <summary>One network of a <see cref="ModelSource"/>.</summary>
public sealed class ModelMember
{
    internal ModelMember(Network network, IReadOnlyList<double> weights)
    {
        Network = network;
        Weights = weights;
    }

    /// <summary>The network.</summary>
    public Network Network { get; }

    /// <inheritdoc cref="Network.Signature"/>
    public string Signature => Network.Signature;

    /// <inheritdoc cref="Network.Path"/>
    public string? Path => Network.Path;

    /// <summary>This network's weight for each of <see cref="ModelSource.Stems"/>; never negative.</summary>
    public IReadOnlyList<double> Weights { get; }

    /// <summary>What is known of the licence of its numbers; null where nobody stated one to the catalog.</summary>
    public ModelLicence? Licence { get; internal init; }

    /// <inheritdoc cref="Network.Definition"/>
    internal NetworkDefinition Definition => Network.Definition;
}
