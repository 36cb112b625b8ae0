using Stemsharp.Checkpoints;

namespace Stemsharp.Model.MDX23C;

/// <summary>MDX23C: U-nets over subbands, convolutions and bottlenecks along frequency.</summary>
internal sealed class MDX23CFamily : TrainerFamily
{
    public override string Name => "MDX23C";

    public override string ClassName => "models.mdx23c_tfc_tdf_v3.TFC_TDF_net";

    public override IReadOnlyList<SyntheticModel> Synthetic => SyntheticMDX23C.All;

    public override bool HasItsTensors(Checkpoint checkpoint) => MDX23CShapes.IsMDX23C(checkpoint.Tensors.Select(t => t.Name));

    protected override CheckpointNetwork Read(Checkpoint checkpoint, TrainerSections sections, CheckpointPlace place) =>
        new MDX23CNetwork(MDX23CConfigReader.Read(checkpoint, sections), sections, this, place);
}
