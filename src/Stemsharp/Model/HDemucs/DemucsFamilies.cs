using Stemsharp.Checkpoints;

namespace Stemsharp.Model.HDemucs;

/// <summary>Hybrid Demucs: hdemucs_mmi, most of the bags mdx and mdx_extra, and anyone's checkpoints of that class, such as separators of drums.</summary>
internal sealed class HDemucsFamily : DemucsFamily
{
    public override string Name => "HDemucs";

    public override string ClassName => "demucs.hdemucs.HDemucs";

    public override IReadOnlyList<string> OtherClassNames { get; } = ["demucs.wdemucs.WDemucs"];

    public override IReadOnlyList<SyntheticModel> Synthetic { get; } =
    [
        Official("hdemucs_mmi"),
        Official("hdemucs-amplitudes", ("cac", false), ("hybrid_old", true), ("norm_starts", 999L)),
        Official("hdemucs-bands", ("multi_freqs", new List<object?> { 0.1, 0.3 }), ("multi_freqs_depth", 2L), ("norm_starts", 999L)),
    ];

    internal override IReadOnlyList<ArgumentRule<DemucsConfig>> Rules => DemucsArguments.Hybrid;

    internal override DemucsConfig Defaults => DemucsConfig.Hybrid;

    public override bool HasItsTensors(Checkpoint checkpoint) =>
        checkpoint.Tensors.Any(t => t.Name.StartsWith("tencoder.0.", StringComparison.Ordinal))
        && checkpoint.Tensors.Any(t => t.Name.StartsWith("encoder.", StringComparison.Ordinal) && t.Name.EndsWith(".lstm.weight_ih_l0", StringComparison.Ordinal));
}

/// <summary>Demucs on waveforms alone, in the form that its third version has: half of the bag mdx.</summary>
internal sealed class TimeDemucsFamily : DemucsFamily
{
    public override string Name => "Demucs";

    public override string ClassName => "demucs.demucs.Demucs";

    public override IReadOnlyList<SyntheticModel> Synthetic { get; } =
    [
        Official("demucs-mdx", ("rewrite", false)),
        Official("demucs-repro"),
    ];

    internal override IReadOnlyList<ArgumentRule<DemucsConfig>> Rules => DemucsArguments.TimeOnly;

    internal override DemucsConfig Defaults => DemucsConfig.TimeOnly;

    public override bool HasItsTensors(Checkpoint checkpoint) =>
        checkpoint.Tensors.Any(t => t.Name == "encoder.0.0.weight") && checkpoint.Tensors.Any(t => t.Name.StartsWith("decoder.0.", StringComparison.Ordinal));
}

/// <summary>What both have in common.</summary>
internal abstract class DemucsFamily : Family
{
    public override IReadOnlyList<string> ArgumentNames => [.. Rules.Select(r => r.Name)];

    /// <summary>The arguments' verdicts.</summary>
    internal abstract IReadOnlyList<ArgumentRule<DemucsConfig>> Rules { get; }

    /// <summary>What an argument that is not given means.</summary>
    internal abstract DemucsConfig Defaults { get; }

    public override CheckpointNetwork Read(Checkpoint checkpoint, CheckpointPlace place)
    {
        // What a file does not say has the class's default.
        Dictionary<string, object?> own = ArgumentsOf(checkpoint) ?? new(StringComparer.Ordinal);
        foreach ((string name, object? value) in TrainedArguments.Of(checkpoint, Name) ?? new Dictionary<string, object?>())
        {
            own[name] = value;
        }

        try
        {
            DemucsConfig config = ArgumentRule<DemucsConfig>.Apply(Rules, Defaults, own);
            DemucsCheck.Require(config);
            return new DemucsNetwork(config, own, this, place);
        }
        catch (ModelException e)
        {
            throw new ModelException($"{checkpoint.Name} cannot be used: {e.Message}", e);
        }
    }

    private protected static SyntheticModel Official(string name, params ReadOnlySpan<(string Name, object? Value)> arguments)
    {
        Dictionary<string, object?> all = new() { ["sources"] = new List<object?> { "drums", "bass", "other", "vocals" } };
        foreach ((string argument, object? value) in arguments)
        {
            all[argument] = value;
        }

        return new SyntheticModel(name, all);
    }
}
