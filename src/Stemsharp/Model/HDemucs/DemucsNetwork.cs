using Stemsharp.Checkpoints;
using Stemsharp.Inference;
using Stemsharp.Signal;

namespace Stemsharp.Model.HDemucs;

/// <summary>An HDemucs or a Demucs of some configuration.</summary>
internal sealed class DemucsNetwork : CheckpointNetwork
{
    private readonly DemucsConfig _config;
    private readonly DemucsFamily _family;
    private readonly CheckpointPlace _place;
    private readonly Fraction _ownSegment;

    /// <param name="config">What was read.</param>
    /// <param name="arguments">What it was read from: the checkpoint's own arguments and those set beside it.</param>
    /// <param name="family">The entry of the table.</param>
    /// <param name="place">Where the checkpoint is.</param>
    public DemucsNetwork(DemucsConfig config, IReadOnlyDictionary<string, object?> arguments, DemucsFamily family, CheckpointPlace place)
        : base(config.IsHybrid ? Hybrid(config) : TimeOnly(config), family, place)
    {
        (_config, _family, _place, _ownSegment) = (config, family, place, config.Segment);
        Arguments = new Dictionary<string, object?>(arguments) { ["segment"] = config.Segment };
    }

    private DemucsNetwork(DemucsNetwork other, Fraction segment)
        : this(other._config with { Segment = segment }, other.Arguments, other._family, other._place) => _ownSegment = other._ownSegment;

    public override IReadOnlyDictionary<string, object?> Arguments { get; }

    public override IReadOnlyDictionary<string, object?> SavedArguments => Arguments;

    public override IEnumerable<string> UnknownArguments(IReadOnlyDictionary<string, object?> arguments) =>
        arguments.Keys.Where(name => _family.Rules.All(rule => rule.Name != name));

    /// <exception cref="ModelException">That is more than a piece may have.</exception>
    internal override Network WithSegment(double seconds)
    {
        DemucsNetwork changed = new(this, new ArgumentValue("segment", seconds, "a number of seconds above 0 and at most 600").Seconds(_config.Samplerate));
        DemucsCheck.Require(changed._config);
        return changed;
    }

    // What the checkpoint's own configuration does not say is a choice that the results depend on.
    internal override string ComputeFingerprint() => base.ComputeFingerprint() + (_config.Segment == _ownSegment ? "" : $" segment={_config.Segment}");

    internal override Graph.Graph Record(int samples) =>
        _config.IsHybrid ? HDemucsGraph.Build(_config, Definition.Transform!.Frames(samples), samples) : TimeDemucsGraph.Build(_config, samples);

    private static NetworkDefinition Hybrid(DemucsConfig config)
    {
        int padding = config.HopLength / 2 * 3;
        return new NetworkDefinition
        {
            Stems = config.Sources,
            SampleRate = config.Samplerate,
            Channels = config.AudioChannels,
            Inputs = [HDemucsGraph.SpectrogramInput, HDemucsGraph.WaveformInput],
            Outputs = [HDemucsGraph.SpectrogramsOutput, HDemucsGraph.WaveformsOutput],
            Cut = Cut(config, NetworkLengths.Any),

            // Its _spec and _ispec: two frames at each side of torch.stft and the top bin are dropped. In its first form zeros stood
            // around the signal, and the padding was not taken off again.
            Transform = new TransformDefinition
            {
                Nfft = config.Nfft,
                Hop = config.HopLength,
                Bins = config.Bins,
                Window = TransformWindow.Hann,
                Normalized = true,
                PadStart = padding,
                PadEnd = PaddingEnd.WholeHops,
                PadMode = config.HybridOld ? PaddingMode.Zeros : PaddingMode.Reflect,
                DroppedFrames = 2,
                Envelope = config.HybridOld ? TransformEnvelope.Real : TransformEnvelope.Constant,
                OutputStart = config.HybridOld ? 0 : padding,
                Output = TransformOutput.Input,
            },
        };
    }

    private static NetworkDefinition TimeOnly(DemucsConfig config)
    {
        // Lengths without a rest are a stride of all layers apart, counted at the track's rate.
        int step = 1;
        for (int i = 0; i < config.Depth; i++)
        {
            step = checked(step * config.Stride);
        }

        int rate = config.Resample ? 2 : 1, least = checked((int)config.ValidLength(1));
        return new NetworkDefinition
        {
            Stems = config.Sources,
            SampleRate = config.Samplerate,
            Channels = config.AudioChannels,
            Inputs = [TimeDemucsGraph.Input],
            Outputs = [TimeDemucsGraph.Output],
            Cut = Cut(config, new NetworkLengths(least, step / rate, int.MaxValue)),
        };
    }

    // The original's apply_model: chunks overlap by a quarter, and are shifted by up to half a second.
    private static PieceCut Cut(DemucsConfig config, NetworkLengths lengths) => new()
    {
        Samples = config.SegmentSamples,
        Lengths = lengths,
        Window = PieceWindow.Shortest,
        Fill = PieceFill.Centred,
        StepNumerator = 3,
        StepDenominator = 4,
        Fade = PieceFade.Triangle,
        Normalization = TrackNormalization.Sample,
        MaxShift = config.Samplerate / 2,
    };
}
