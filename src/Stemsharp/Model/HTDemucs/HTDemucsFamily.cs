using Stemsharp.Checkpoints;

namespace Stemsharp.Model.HTDemucs;

/// <summary>Hybrid Transformer Demucs: htdemucs, htdemucs_ft, htdemucs_6s, and anyone's checkpoints of that class.</summary>
internal sealed class HTDemucsFamily : Family
{
    public override string Name => "HTDemucs";

    public override string ClassName => "demucs.htdemucs.HTDemucs";

    public override IReadOnlyList<string> ArgumentNames { get; } = [.. HTDemucsArguments.Rules.Select(r => r.Name)];

    public override IReadOnlyList<SyntheticModel> Synthetic { get; } =
    [
        new("htdemucs", Official("drums", "bass", "other", "vocals", bottomChannels: 512)),
        new("htdemucs_6s", Official("drums", "bass", "other", "vocals", bottomChannels: 0, "guitar", "piano")),
    ];

    // Its forerunner has the same outer layers, but recurrent ones within.
    public override bool HasItsTensors(Checkpoint checkpoint) =>
        checkpoint.Tensors.Any(t => t.Name == "encoder.0.conv.weight") && checkpoint.Tensors.Any(t => t.Name == "tencoder.0.conv.weight")
        && checkpoint.Tensors.All(t => !t.Name.Contains(".lstm.", StringComparison.Ordinal));

    public override CheckpointNetwork Read(Checkpoint checkpoint, CheckpointPlace place)
    {
        Dictionary<string, object?>? own = ArgumentsOf(checkpoint);
        IReadOnlyDictionary<string, object?>? overrides = TrainedArguments.Of(checkpoint, Name);
        HTDemucsConfig config = HTDemucsConfigReader.Read(checkpoint, own, overrides);
        foreach ((string name, object? value) in (own is null ? null : overrides) ?? new Dictionary<string, object?>())
        {
            own![name] = value;
        }

        return new HTDemucsNetwork(config, own, this, place);
    }

    private static Dictionary<string, object?> Official(string a, string b, string c, string d, long bottomChannels, params ReadOnlySpan<string> further) => new()
    {
        ["sources"] = new List<object?>([a, b, c, d, .. further]),
        ["channels"] = 48L,
        ["depth"] = 4L,
        ["dconv_mode"] = 3L,
        ["bottom_channels"] = bottomChannels,
        ["t_layers"] = 5L,
        ["t_heads"] = 8L,
        ["samplerate"] = 44100L,
        ["segment"] = new Fraction(39, 5),
    };
}
