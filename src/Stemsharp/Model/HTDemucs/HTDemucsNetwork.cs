using Stemsharp.Checkpoints;
using Stemsharp.Inference;
using Stemsharp.Signal;

namespace Stemsharp.Model.HTDemucs;

/// <summary>An HTDemucs of some configuration.</summary>
internal sealed class HTDemucsNetwork : CheckpointNetwork
{
    private readonly HTDemucsConfig _config;
    private readonly Dictionary<string, object?>? _own;
    private readonly Family _family;
    private readonly CheckpointPlace _place;
    private readonly int _ownSamples;

    /// <param name="config">What was read.</param>
    /// <param name="own">The checkpoint's own arguments, those set beside it included; null when it has none.</param>
    /// <param name="family">The entry of the table.</param>
    /// <param name="place">Where the checkpoint is.</param>
    public HTDemucsNetwork(HTDemucsConfig config, Dictionary<string, object?>? own, Family family, CheckpointPlace place)
        : base(Define(config), family, place)
    {
        (_config, _own, _family, _place) = (config, own, family, place);
        _ownSamples = config.SegmentSamples;
    }

    private HTDemucsNetwork(HTDemucsNetwork other, Fraction segment)
        : this(other._config with { SegmentNumerator = segment.Numerator, SegmentDenominator = segment.Denominator }, other._own, other._family, other._place) =>
        _ownSamples = other._ownSamples;

    public override IReadOnlyDictionary<string, object?> Arguments => HTDemucsArguments.FromConfig(_config);

    // JSON has no fractions; torch's original takes a number or a Fraction, not a text.
    public override IReadOnlyDictionary<string, object?> SavedArguments =>
        _own is null ? Arguments : new Dictionary<string, object?>(_own) { ["segment"] = new Fraction(_config.SegmentNumerator, _config.SegmentDenominator) };

    public override IEnumerable<string> UnknownArguments(IReadOnlyDictionary<string, object?> arguments) => HTDemucsConfigReader.UnknownArguments(arguments);

    public override bool IsUnused(string parameter) => HTDemucsConfigReader.IsUnused(_config, parameter);

    /// <summary>Shorter pieces, which the network then takes instead of its own; it was not trained for longer ones, and keeps its own.</summary>
    /// <exception cref="ModelException">That is less than a sample.</exception>
    internal override Network WithSegment(double seconds)
    {
        Fraction segment = new ArgumentValue("segment", seconds, "a number of seconds above 0 and at most 600").Seconds(_config.Samplerate);
        return segment.Samples(_config.Samplerate) < _config.SegmentSamples ? new HTDemucsNetwork(this, segment) : this;
    }

    // What the checkpoint's own configuration does not say is a choice that the results depend on.
    internal override string ComputeFingerprint() =>
        base.ComputeFingerprint() + (_config.SegmentSamples == _ownSamples ? "" : $" segment={new Fraction(_config.SegmentNumerator, _config.SegmentDenominator)}");

    internal override Graph.Graph Record(int samples) => HTDemucsGraph.Build(_config, samples);

    private static NetworkDefinition Define(HTDemucsConfig config)
    {
        int hop = config.HopLength, samples = config.SegmentSamples;
        return new NetworkDefinition
        {
            Stems = config.Sources,
            SampleRate = config.Samplerate,
            Channels = config.AudioChannels,
            Inputs = [HTDemucsGraph.SpectrogramInput, HTDemucsGraph.WaveformInput],
            Outputs = [HTDemucsGraph.SpectrogramsOutput, HTDemucsGraph.WaveformsOutput],

            // The original's apply_model: chunks overlap by a quarter, and are shifted by up to half a second.
            Cut = new PieceCut
            {
                Samples = samples,
                Lengths = config.UseTrainSegment ? NetworkLengths.Only(samples) : NetworkLengths.UpTo(samples),
                Window = config.UseTrainSegment ? PieceWindow.Whole : PieceWindow.ShortestUnlessSet,
                Fill = PieceFill.Centred,
                StepNumerator = 3,
                StepDenominator = 4,
                Fade = PieceFade.Triangle,
                Normalization = TrackNormalization.Sample,
                MaxShift = config.Samplerate / 2,
            },

            // Its _spec and _ispec: two frames at each side of torch.stft and the top bin are dropped.
            Transform = new TransformDefinition
            {
                Nfft = config.Nfft,
                Hop = hop,
                Bins = config.Bins,
                Window = TransformWindow.Hann,
                Normalized = true,
                PadStart = hop / 2 * 3,
                PadEnd = PaddingEnd.WholeHops,
                PadMode = PaddingMode.Reflect,
                DroppedFrames = 2,
                Envelope = TransformEnvelope.Constant,
                OutputStart = hop / 2 * 3,
                Output = TransformOutput.Input,
            },
        };
    }
}
