using Stemsharp.Checkpoints;

namespace Stemsharp.Model.RoFormer;

/// <summary>What BS-RoFormers and Mel-Band RoFormers have in common: all but the bands and the place of the norms.</summary>
internal abstract class RoFormerFamily : Family
{
    private static readonly string[] s_sections = ["audio", "model", "training", "inference"];

    public override IReadOnlyList<string> ArgumentNames => s_sections;

    public override CheckpointNetwork Read(Checkpoint checkpoint, CheckpointPlace place)
    {
        Dictionary<string, IReadOnlyDictionary<string, object?>> sections = new(StringComparer.Ordinal);
        foreach (string name in s_sections)
        {
            Dictionary<string, object?> section = new(StringComparer.Ordinal);
            foreach (IReadOnlyDictionary<string, object?>? source in (IReadOnlyDictionary<string, object?>?[])[ArgumentsOf(checkpoint), checkpoint.Overrides])
            {
                foreach ((string key, object? value) in source?.GetValueOrDefault(name) as IReadOnlyDictionary<string, object?> ?? new Dictionary<string, object?>())
                {
                    section[key] = value;
                }
            }

            sections.Add(name, section);
        }

        RoFormerConfig config = RoFormerConfigReader.Read(checkpoint, sections);
        return new RoFormerNetwork(config, sections.ToDictionary(s => s.Key, s => (object?)s.Value), LookAlikes.ZeroBiases(checkpoint), this, place);
    }
}

/// <summary>Band-split RoFormers: contiguous bands, one norm behind the last transformer.</summary>
internal sealed class BSRoFormerFamily : RoFormerFamily
{
    public const string Class = "models.bs_roformer.BSRoformer";

    public override string Name => "BS-RoFormer";

    public override string ClassName => Class;

    public override IReadOnlyList<SyntheticModel> Synthetic => SyntheticRoFormers.Bs;

    public override bool HasItsTensors(Checkpoint checkpoint) =>
        RoFormerShapes.IsRoFormer(checkpoint.Tensors.Select(t => t.Name)) && !RoFormerShapes.IsMel(checkpoint.Tensors.Select(t => t.Name));
}

/// <summary>Mel-Band RoFormers: overlapping bands on the mel scale, a norm behind each transformer.</summary>
internal sealed class MelBandRoFormerFamily : RoFormerFamily
{
    public const string Class = "models.bs_roformer.MelBandRoformer";

    public override string Name => "Mel-Band RoFormer";

    public override string ClassName => Class;

    public override IReadOnlyList<SyntheticModel> Synthetic => SyntheticRoFormers.Mel;

    public override bool HasItsTensors(Checkpoint checkpoint) => RoFormerShapes.IsRoFormer(checkpoint.Tensors.Select(t => t.Name));
}
