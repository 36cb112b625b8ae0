using Stemsharp.Inference;
using Stemsharp.Signal;

namespace Stemsharp.Model.MDX23C;

/// <summary>An MDX23C of some configuration.</summary>
/// <param name="config">What was read.</param>
/// <param name="sections">The configuration that it was read from.</param>
/// <param name="family">The entry of the table.</param>
/// <param name="place">Where the checkpoint is.</param>
internal sealed class MDX23CNetwork(MDX23CConfig config, TrainerSections sections, Family family, CheckpointPlace place) : TrainerNetwork(Define(config), sections, family, place)
{
    public override IEnumerable<string> UnknownArguments(IReadOnlyDictionary<string, object?> arguments) =>
        arguments.GetValueOrDefault("model") is IReadOnlyDictionary<string, object?> model ? model.Keys.Except(MDX23CArguments.Model.Select(r => r.Name)) : [];

    public override bool IsUnused(string parameter) => parameter.EndsWith(".num_batches_tracked", StringComparison.Ordinal);

    internal override Graph.Graph Record(int samples) => MDX23CGraph.Build(config, Definition.Transform!.Frames(samples));

    private static NetworkDefinition Define(MDX23CConfig config)
    {
        // Whole hops, and frames that every scale can halve; more samples than mirroring takes.
        int step = config.Hop * config.FrameStep, least = step - config.Hop;
        while (least <= config.Nfft / 2)
        {
            least += step;
        }

        return new NetworkDefinition
        {
            Stems = config.Trainer.Stems,
            Complement = config.Trainer.Complement,
            SampleRate = config.Trainer.SampleRate,
            Channels = 2,
            Inputs = [MDX23CGraph.SpectrogramInput],
            Outputs = [MDX23CGraph.SpectrogramsOutput],
            Cut = config.Trainer.Cut(new NetworkLengths(least, step, config.Trainer.ChunkSize)),

            // torch.stft and torch.istft, centred.
            Transform = new TransformDefinition
            {
                Nfft = config.Nfft,
                Hop = config.Hop,
                Bins = config.Bins,
                Window = TransformWindow.Hann,
                Envelope = TransformEnvelope.Real,
                Output = TransformOutput.WholeHops,
            },
        };
    }
}
