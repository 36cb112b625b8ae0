using Stemsharp.Inference;
using Stemsharp.Signal;

namespace Stemsharp.Model.RoFormer;

/// <summary>A RoFormer of some configuration.</summary>
internal sealed class RoFormerNetwork : CheckpointNetwork
{
    private readonly RoFormerConfig _config;
    private readonly IReadOnlySet<string> _unused;

    /// <param name="config">What was read.</param>
    /// <param name="arguments">The configuration that it was read from, by section.</param>
    /// <param name="unused">Tensors that change nothing.</param>
    /// <param name="family">The entry of the table.</param>
    /// <param name="place">Where the checkpoint is.</param>
    public RoFormerNetwork(RoFormerConfig config, IReadOnlyDictionary<string, object?> arguments, IReadOnlySet<string> unused, Family family, CheckpointPlace place)
        : base(Define(config), family, place)
    {
        _config = config;
        _unused = unused;
        Arguments = arguments;
    }

    public override IReadOnlyDictionary<string, object?> Arguments { get; }

    public override IReadOnlyDictionary<string, object?> SavedArguments => Arguments;

    public override IEnumerable<string> UnknownArguments(IReadOnlyDictionary<string, object?> arguments) =>
        arguments.GetValueOrDefault("model") is IReadOnlyDictionary<string, object?> model ? RoFormerConfigReader.UnknownArguments(model) : [];

    public override bool IsUnused(string parameter) => _unused.Contains(parameter);

    internal override Graph.Graph Record(int samples) => RoFormerGraph.Build(_config, Definition.Transform!.Frames(samples));

    private static NetworkDefinition Define(RoFormerConfig config)
    {
        // More samples than mirroring takes; whole hops where only these come back.
        int step = config.IsMel && !config.MatchInputAudioLength ? config.Hop : 1;
        int least = (config.Nfft / 2 / step + 1) * step;
        return new NetworkDefinition
        {
            Stems = config.Stems,
            Complement = config.Complement,
            SampleRate = config.SampleRate,
            Channels = config.Channels,
            Inputs = [RoFormerGraph.SpectrogramInput],
            Outputs = [RoFormerGraph.SpectrogramsOutput],

            // The trainers' demix: as many chunks over each sample as num_overlap says, the track mirrored at its ends.
            Cut = new PieceCut
            {
                Samples = config.ChunkSize,
                Lengths = new NetworkLengths(least, step, config.ChunkSize),
                Window = PieceWindow.Whole,
                Fill = PieceFill.Mirrored,
                Border = TrackBorder.Mirrored,
                StepNumerator = 1,
                StepDenominator = config.NumOverlap,
                Fade = PieceFade.Lines,
                Normalization = config.Normalize ? TrackNormalization.Population : TrackNormalization.None,
            },

            // torch.stft and torch.istft, centred.
            Transform = new TransformDefinition
            {
                Nfft = config.Nfft,
                Hop = config.Hop,
                Bins = config.Bins,
                Window = TransformWindow.Hann,
                Normalized = config.Normalized,
                Envelope = TransformEnvelope.Real,
                Output = step == 1 ? TransformOutput.Input : TransformOutput.WholeHops,
            },
        };
    }
}
