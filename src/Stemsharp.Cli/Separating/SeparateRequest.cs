using Stemsharp.Audio;
using Stemsharp.Backends;
using Stemsharp.Chains;
using Stemsharp.Cli.Batches;
using Stemsharp.Cli.Progress;
using Stemsharp.Files;

namespace Stemsharp.Cli.Separating;

/// <summary>Everything that <c>separate</c> was asked for, checked as far as it can be without the model.</summary>
internal sealed record SeparateRequest
{
    internal required IReadOnlyList<string> Inputs { get; init; }

    /// <summary>A list of tracks instead of inputs, a file or "-"; null for none.</summary>
    internal string? List { get; init; }

    /// <summary>The share of the list that is done; null for all of it.</summary>
    internal Shard? Shard { get; init; }

    /// <summary>The file that gets a line about each track; null for none.</summary>
    internal string? Report { get; init; }

    internal required SeparatorOptions Separator { get; init; }

    /// <summary>Several models instead of the separator's one; null for that.</summary>
    internal SeparationChain? Chain { get; init; }

    /// <summary>What is to run the network; the separator's options have it too.</summary>
    internal EngineChoice Engine { get; init; } = EngineChoice.Cpu;

    /// <summary>What files a track becomes; their names are <see cref="FileName"/>'s.</summary>
    internal required StemFileOptions Files { get; init; }

    internal required FileNamePattern FileName { get; init; }

    /// <summary>The folder for the stems, or "-" for standard output.</summary>
    internal required string OutputFolder { get; init; }

    internal bool ModelFolder { get; init; } = true;

    internal bool Offline { get; init; }

    internal bool AcceptLicence { get; init; }

    internal TimeSpan Start { get; init; }

    internal TimeSpan? Duration { get; init; }

    /// <summary>How more than two channels become two.</summary>
    internal Downmix Downmix { get; init; }

    /// <summary>Whether a video's sound keeps its place beside the picture.</summary>
    internal bool KeepOffset { get; init; }

    /// <summary>Who decodes compressed inputs.</summary>
    internal AudioDecoder Decoder { get; init; }

    /// <summary>Which of several audio streams; null for the default one.</summary>
    internal string? Stream { get; init; }

    /// <summary>Whether what would be a warning about an input is an error.</summary>
    internal bool Strict { get; init; }

    internal bool Overwrite { get; init; }

    internal bool Resume { get; init; }

    internal long? MaxMemory { get; init; }

    internal PipeFormat Pipe { get; init; }

    internal string Progress { get; init; } = "auto";

    internal bool Quiet { get; init; }

    internal bool Verbose { get; init; }

    internal bool Json { get; init; }

    /// <summary>Takes what there is to know besides.</summary>
    internal required Notes Notes { get; init; }

    /// <summary>How inputs are opened.</summary>
    internal AudioInputOptions Input => new() { KeepOffset = KeepOffset, Start = Start, Duration = Duration, Strict = Strict, Downmix = Downmix, Stream = Stream, Decoder = Decoder };

    internal bool ToStandardOutput => OutputFolder == "-";

    /// <summary>The folder that holds the tracks' files.</summary>
    internal string Root(string model) =>
        ModelFolder ? Path.Combine(OutputFolder, SafeFileName.Whole(SafeFileName.Value("model", model))) : OutputFolder;

    /// <summary>Every setting that changes the files' bytes, but for the engine, as one line of text to hash.</summary>
    internal string Fingerprint() => FormattableString.Invariant(
        $"""
        {typeof(SeparateRequest).Assembly.GetName().Version} shifts={Separator.Defaults.Shifts} seed={Separator.Defaults.Seed} overlap={Separator.Defaults.Overlap:R}
        power={Separator.Defaults.TransitionPower:R} segment={Separator.Defaults.Segment:R} split={Separator.Defaults.Split}
        format={Files.Encoding.Format} traktor={Files.Traktor} depth={Files.Encoding.SampleFormat},{Files.KeepDepth} rate={Files.Encoding.SampleRate},{Files.KeepSampleRate}
        clip={Files.ClipMode},{Files.SharedGain} kbps={Files.Encoding.BitrateKbps} preset={Files.Encoding.Mp3Preset} dither={Files.Encoding.Dither} tags={Files.CopyTags}
        stems={string.Join(',', Separator.Stems ?? [])} two={Files.TwoStems} other={Files.OtherMethod} exact={Files.ExactSum} residual={Files.ResidualStem} start={Start.Ticks} duration={Duration?.Ticks} name={FileName.Pattern} layout={Files.Layout} downmix={Downmix} stream={Stream} decoder={Decoder}{(KeepOffset ? " offset" : "")}
        """);
}

/// <summary>What goes to standard output.</summary>
internal enum PipeFormat
{
    /// <summary>One stem as WAV (or its format), several as tar.</summary>
    Auto,

    /// <summary>One stem's file.</summary>
    Wav,

    /// <summary>One WAV with two channels for each stem.</summary>
    Multichannel,

    /// <summary>A tar archive of the stems' files.</summary>
    Tar,
}
