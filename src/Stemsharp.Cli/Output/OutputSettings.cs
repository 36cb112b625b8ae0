using Stemsharp.Audio;
using Stemsharp.Separation.Files;

namespace Stemsharp.Cli.Output;

/// <summary>What files a track becomes.</summary>
internal sealed record OutputSettings
{
    /// <summary>Stands for the model's own rate.</summary>
    internal const int ModelRate = 0;

    internal AudioFormat Format { get; init; } = AudioFormat.Wav;

    /// <summary>One Traktor stem file instead of a file for each stem; null for separate files.</summary>
    internal TraktorStemOptions? Traktor { get; init; }

    /// <summary>The files' extension, without a dot.</summary>
    internal string Extension => Traktor is null ? Format.Extension() : "stem.mp4";

    /// <summary>How samples are stored in a lossless format; null: as in the source.</summary>
    internal SampleFormat? Depth { get; init; } = SampleFormat.Int16;

    /// <summary>Frames per second in the files; <see cref="ModelRate"/>: as the model gives them; null: as in the source.</summary>
    internal int? Rate { get; init; } = ModelRate;

    internal ClipMode ClipMode { get; init; } = ClipMode.Rescale;

    /// <summary>Whether rescaling takes one gain for all stems, so that their levels keep their relation.</summary>
    internal bool SharedGain { get; init; }

    internal int? BitrateKbps { get; init; }

    internal int Mp3Preset { get; init; } = 2;

    internal bool Dither { get; init; } = true;

    internal bool CopyTags { get; init; } = true;

    /// <summary>Stems wanted, or null for all.</summary>
    internal IReadOnlyList<string>? Stems { get; init; }

    /// <summary>The one stem that is kept apart from the rest, or null.</summary>
    internal string? TwoStems { get; init; }

    internal OtherMethod OtherMethod { get; init; } = OtherMethod.Add;

    /// <summary>Whether the files add up to the mix exactly.</summary>
    internal bool ExactSum { get; init; }

    /// <summary>Most encoders at the same time, to spare memory; null: as many as are useful.</summary>
    internal int? MostEncoders { get; init; }

    /// <summary>The file that takes what the sum of the others lacks to the mix; null for the default.</summary>
    internal string? Residual { get; init; }
}
