using System.Collections.Immutable;
using Stemsharp.Inference;
using static Stemsharp.Model.ArgumentRule<Stemsharp.Model.TrainerConfig>;

namespace Stemsharp.Model;

/// <summary>
/// What the YAML of networks that are trained by one common program (ZFTurbo's Music-Source-Separation-Training) says whatever the
/// network: its sections <c>training</c> and <c>inference</c>, and the keys of <c>audio</c> that all have.
/// </summary>
internal sealed record TrainerConfig
{
    /// <summary>The rate of the audio in Hz.</summary>
    public int SampleRate { get; init; } = 44100;

    /// <summary>Samples of a piece; 0 where the configuration does not say.</summary>
    public int ChunkSize { get; init; }

    /// <summary>Pieces over each sample.</summary>
    public int NumOverlap { get; init; } = 2;

    /// <summary>Whether the track is normalised.</summary>
    public bool Normalize { get; init; }

    /// <summary>The instruments of the training, by name.</summary>
    public ImmutableArray<string> Instruments { get; init; } = [];

    /// <summary>The one instrument that the network gives; null where it gives all.</summary>
    public string? TargetInstrument { get; init; }

    /// <summary>Names of the stems that the network gives.</summary>
    public ImmutableArray<string> Stems => TargetInstrument is { } target ? [target] : Instruments;

    /// <summary>What the mix holds beside the target, by name; null where the network gives all.</summary>
    public string? Complement => TargetInstrument is not { } target ? null
        : Instruments.Where(i => !i.Equals(target, StringComparison.OrdinalIgnoreCase)).ToArray() is [string other] ? other
        : StemPairs.Other(target);

    /// <summary>Keys of the section <c>audio</c> that are read.</summary>
    public static IReadOnlyList<ArgumentRule<TrainerConfig>> AudioRules { get; } =
    [
        Supported("sample_rate", "a whole number from 1000 to 384000", (c, v) => c with { SampleRate = v.Whole(1000, 384_000) }),
        Chunk(),
    ];

    /// <summary>Keys of the section <c>training</c> that are read.</summary>
    public static IReadOnlyList<ArgumentRule<TrainerConfig>> TrainingRules { get; } =
    [
        Supported("instruments", "a list of 1 to 64 distinct names without slashes", (c, v) => c with { Instruments = [.. v.StemNames()] }),
        Supported("target_instrument", "None, or the name of the one stem that the network gives", (c, v) =>
            c with { TargetInstrument = v.IsTruthy ? (v with { Value = new List<object?> { v.Value } }).StemNames()[0] : null }),
    ];

    /// <summary>Keys of the section <c>inference</c> that are read.</summary>
    public static IReadOnlyList<ArgumentRule<TrainerConfig>> InferenceRules { get; } =
    [
        Chunk(),
        Supported("num_overlap", "a whole number from 1 to 64", (c, v) => c with { NumOverlap = v.Whole(1, 64) }),
        Supported("normalize", "True or False", (c, v) => c with { Normalize = v.Flag() }),
    ];

    /// <summary>Reads the sections; <c>inference</c> goes over <c>audio</c>.</summary>
    /// <exception cref="ModelException">A key has a value that is not supported.</exception>
    public static TrainerConfig Read(TrainerSections sections)
    {
        TrainerConfig config = ArgumentRule<TrainerConfig>.Apply(AudioRules, new TrainerConfig(), sections["audio"]);
        config = ArgumentRule<TrainerConfig>.Apply(TrainingRules, config, sections["training"]);
        return ArgumentRule<TrainerConfig>.Apply(InferenceRules, config, sections["inference"]);
    }

    /// <summary>Requires names for as many stems as there are, and a length of pieces.</summary>
    /// <param name="stems">Stems that the tensors give.</param>
    /// <exception cref="ModelException">Something is missing, or of another model.</exception>
    public void Check(int stems)
    {
        if (Instruments.IsEmpty && TargetInstrument is null)
        {
            throw new ModelException("its stems' names are not known. Put its YAML beside it, of the same name: training.instruments names them.");
        }

        if (Stems.Length != stems)
        {
            throw new ModelException(TargetInstrument is { } target
                ? $"target_instrument = '{target}' means one stem, but its tensors give {stems}; the configuration is of another model."
                : $"instruments names {Stems.Length} stems ({string.Join(", ", Stems)}), but its tensors give {stems}. A network of one stem names it in target_instrument.");
        }

        if (ChunkSize == 0)
        {
            throw new ModelException("the length of its pieces is not known. Put its YAML beside it, of the same name: audio.chunk_size, or inference.chunk_size, tells it.");
        }
    }

    /// <summary>The trainer's demix: as many chunks over each sample as num_overlap says, the track mirrored at its ends.</summary>
    /// <param name="lengths">What the network takes.</param>
    public PieceCut Cut(NetworkLengths lengths) => new()
    {
        Samples = ChunkSize,
        Lengths = lengths,
        Window = PieceWindow.Whole,
        Fill = PieceFill.Mirrored,
        Border = TrackBorder.Mirrored,
        StepNumerator = 1,
        StepDenominator = NumOverlap,
        Fade = PieceFade.Lines,
        Normalization = Normalize ? TrackNormalization.Population : TrackNormalization.None,
    };

    private static ArgumentRule<TrainerConfig> Chunk() =>
        Supported("chunk_size", "samples of a piece: a whole number from 16 to 67,108,864 that the network can take", (c, v) => c with { ChunkSize = v.Whole(16, 1 << 26) });
}
