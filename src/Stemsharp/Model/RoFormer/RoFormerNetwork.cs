using Stemsharp.Inference;
using Stemsharp.Signal;

namespace Stemsharp.Model.RoFormer;

/// <summary>A RoFormer of some configuration.</summary>
internal sealed class RoFormerNetwork : TrainerNetwork
{
    private readonly RoFormerConfig _config;
    private readonly TrainerSections _sections;
    private readonly IReadOnlySet<string> _unused;
    private readonly Family _family;
    private readonly CheckpointPlace _place;
    private readonly bool _ownZeroDc;

    /// <param name="config">What was read.</param>
    /// <param name="sections">The configuration that it was read from.</param>
    /// <param name="unused">Tensors that change nothing.</param>
    /// <param name="family">The entry of the table.</param>
    /// <param name="place">Where the checkpoint is.</param>
    public RoFormerNetwork(RoFormerConfig config, TrainerSections sections, IReadOnlySet<string> unused, Family family, CheckpointPlace place)
        : base(Define(config), sections, family, place)
    {
        _config = config;
        _sections = sections;
        _unused = unused;
        _family = family;
        _place = place;
        _ownZeroDc = config.ZeroDc;
    }

    private RoFormerNetwork(RoFormerNetwork other, bool zeroDc)
        : this(other._config with { ZeroDc = zeroDc }, other._sections, other._unused, other._family, other._place)
    {
        _ownZeroDc = other._ownZeroDc;
    }

    public override IEnumerable<string> UnknownArguments(IReadOnlyDictionary<string, object?> arguments) =>
        arguments.GetValueOrDefault("model") is IReadOnlyDictionary<string, object?> model ? RoFormerConfigReader.UnknownArguments(model) : [];

    public override bool IsUnused(string parameter) => _unused.Contains(parameter);

    internal override Network WithZeroDc(bool zeroDc) => zeroDc == _config.ZeroDc ? this : new RoFormerNetwork(this, zeroDc);

    // What the checkpoint's own configuration does not say is a choice that the results depend on.
    internal override string ComputeFingerprint() => base.ComputeFingerprint() + (_config.ZeroDc == _ownZeroDc ? "" : $" zero_dc={_config.ZeroDc}");

    internal override Graph.Graph Record(int samples) => RoFormerGraph.Build(_config, Definition.Transform!.Frames(samples));

    private static NetworkDefinition Define(RoFormerConfig config)
    {
        // More samples than mirroring takes; whole hops where only these come back.
        int step = config.IsMel && !config.MatchInputAudioLength ? config.Hop : 1;
        int least = (config.Nfft / 2 / step + 1) * step;
        return new NetworkDefinition
        {
            Stems = config.Trainer.Stems,
            Complement = config.Trainer.Complement,
            ZeroDc = config.ZeroDc,
            SampleRate = config.Trainer.SampleRate,
            Channels = config.Channels,
            Inputs = [RoFormerGraph.SpectrogramInput],
            Outputs = [RoFormerGraph.SpectrogramsOutput],
            Cut = config.Trainer.Cut(new NetworkLengths(least, step, config.Trainer.ChunkSize)),

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
