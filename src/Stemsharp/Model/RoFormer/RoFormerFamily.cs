using Stemsharp.Checkpoints;

namespace Stemsharp.Model.RoFormer;

/// <summary>What BS-RoFormers and Mel-Band RoFormers have in common: all but the bands and the place of the norms.</summary>
internal abstract class RoFormerFamily : TrainerFamily
{
    protected override CheckpointNetwork Read(Checkpoint checkpoint, TrainerSections sections, CheckpointPlace place) =>
        new RoFormerNetwork(RoFormerConfigReader.Read(checkpoint, sections), sections, LookAlikes.ZeroBiases(checkpoint), this, place);
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
