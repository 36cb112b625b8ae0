using Stemsharp.Inference;
using Stemsharp.Signal;

namespace Stemsharp.Model.SCNet;

/// <summary>An SCNet of some configuration.</summary>
/// <param name="config">What was read.</param>
/// <param name="sections">The configuration that it was read from.</param>
/// <param name="family">The entry of the table.</param>
/// <param name="place">Where the checkpoint is.</param>
internal sealed class SCNetNetwork(SCNetConfig config, TrainerSections sections, Family family, CheckpointPlace place) : TrainerNetwork(Define(config), sections, family, place)
{
    public override IEnumerable<string> UnknownArguments(IReadOnlyDictionary<string, object?> arguments) =>
        arguments.GetValueOrDefault("model") is IReadOnlyDictionary<string, object?> model ? model.Keys.Except(SCNetArguments.Model.Select(r => r.Name)) : [];

    internal override Graph.Graph Record(int samples) => SCNetGraph.Build(config, Definition.Transform!.Frames(samples));

    private static NetworkDefinition Define(SCNetConfig config) => new()
    {
        Stems = config.Trainer.Stems,
        Complement = config.Trainer.Complement,
        SampleRate = config.Trainer.SampleRate,
        Channels = 2,
        Inputs = [SCNetGraph.SpectrogramInput],
        Outputs = [SCNetGraph.SpectrogramsOutput],
        Cut = config.Trainer.Cut(new NetworkLengths(config.Nfft / 2 + 1, 1, config.Trainer.ChunkSize)),

        // torch.stft without a window, of an odd number of hops, so that frames are even.
        Transform = new TransformDefinition
        {
            Nfft = config.Nfft,
            Hop = config.Hop,
            Bins = config.Bins,
            Window = TransformWindow.Rectangular,
            Normalized = config.Normalized,
            PadEnd = PaddingEnd.OddHops,
            PadMode = PaddingMode.Zeros,
            Envelope = TransformEnvelope.Real,
            Output = TransformOutput.Input,
        },
    };
}
