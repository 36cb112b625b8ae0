using Stemsharp.Checkpoints;

namespace Stemsharp.Model.SCNet;

/// <summary>SCNet: high frequencies compressed, LSTMs along frequency and time between.</summary>
internal sealed class SCNetFamily : TrainerFamily
{
    public override string Name => "SCNet";

    public override string ClassName => "models.scnet.scnet.SCNet";

    public override IReadOnlyList<SyntheticModel> Synthetic => SyntheticSCNets.All;

    public override bool HasItsTensors(Checkpoint checkpoint) => SCNetShapes.IsSCNet(checkpoint.Tensors.Select(t => t.Name));

    protected override CheckpointNetwork Read(Checkpoint checkpoint, TrainerSections sections, CheckpointPlace place) =>
        new SCNetNetwork(SCNetConfigReader.Read(checkpoint, sections), sections, this, place);
}
