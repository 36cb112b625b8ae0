using Stemsharp.Audio;
using Stemsharp.Files;

namespace Stemsharp;

/// <summary>How stems become files. Immutable; the defaults write <c>FOLDER/MODEL/TRACK/STEM.wav</c>, 16 bit.</summary>
public sealed record StemFileOptions
{
    /// <summary>Format, depth, rate, dither, tags. Default 16-bit WAV at the model's rate.</summary>
    public EncodingOptions Encoding { get; init; } = new();

    /// <summary>
    /// Whether files have the input's own sample rate instead of the one in <see cref="Encoding"/>, and its own length where
    /// that is known exactly. Default false.
    /// </summary>
    public bool KeepSampleRate { get; init; }

    /// <summary>
    /// Whether lossless files have the input's own depth instead of the one in <see cref="Encoding"/>: 16, 24 or 32 bit or float;
    /// 16 bit for compressed and 8-bit inputs, float for samples in memory. FLAC has 24 bit for what is deeper. Default false.
    /// </summary>
    public bool KeepDepth { get; init; }

    /// <summary>
    /// Whether files carry the input's tags and cover instead of those in <see cref="Encoding"/>, the stem's name behind the
    /// title. Default false.
    /// </summary>
    public bool CopyTags { get; init; }

    /// <summary>
    /// What happens to samples above full scale. Default <see cref="ClipMode.Rescale"/>: a stem that exceeds it is
    /// made quieter as a whole; its floats wait in a temporary file until its peak is known.
    /// </summary>
    public ClipMode ClipMode { get; init; } = ClipMode.Rescale;

    /// <summary>Whether <see cref="ClipMode.Rescale"/> uses one gain for all stems, which keeps their balance. Default false.</summary>
    public bool SharedGain { get; init; }

    /// <summary>
    /// The one stem that is kept apart from the rest of the song; the rest is made as <see cref="OtherMethod"/> says. Default null:
    /// a file for each stem.
    /// </summary>
    public string? TwoStems { get; init; }

    /// <summary>What the rest beside <see cref="TwoStems"/> is. Default <see cref="OtherMethod.Add"/>.</summary>
    public OtherMethod OtherMethod { get; init; }

    /// <summary>
    /// One Traktor stem file (<c>.stem.mp4</c>) with the mix and four stems instead of a file for each stem; its codec takes the place
    /// of <see cref="Encoding"/>. Default null.
    /// </summary>
    public TraktorStemOptions? Traktor { get; init; }

    /// <summary>
    /// Whether the files add up exactly to the mix: <see cref="ResidualStem"/> takes what they lack. Needs all stems, or one and its rest,
    /// and a lossless format. What fits stays as it is; if a stem does not, one gain for all of them and the mix takes the clip mode's
    /// place. At another rate than the model's the files add up to the mix resampled to it. Default false: stems are left as they are.
    /// </summary>
    public bool ExactSum { get; init; }

    /// <summary>
    /// The file that takes the residual of <see cref="ExactSum"/>, which naming it asks for. Default null: <c>other</c>, or the rest
    /// beside one stem, or the last one.
    /// </summary>
    public string? ResidualStem { get; init; }

    /// <summary>How files are called without <see cref="FileNamePattern"/> and <see cref="FileName"/>. Default <see cref="StemFileLayout.Demucs"/>.</summary>
    public StemFileLayout Layout { get; init; }

    /// <summary>
    /// The files' names below the folder, with fields in braces: <c>{track}</c>, <c>{trackext}</c>, <c>{folder}</c> (of the input),
    /// <c>{stem}</c>, <c>{ext}</c>, <c>{model}</c>, and <c>{artist}</c>, <c>{album}</c>, <c>{title}</c>, <c>{tracknumber}</c> (of the input's
    /// tags). Values lose what no file name may hold. An extension that is written out, as in <c>{stem}.flac</c>, says the format. Default null: as <see cref="Layout"/> says, <c>{model}/{track}/{stem}.{ext}</c>, and
    /// <c>{model}/{track}.{ext}</c> for one file.
    /// </summary>
    public string? FileNamePattern { get; init; }

    /// <summary>
    /// Names a stem's file from the model's name, the input's name without its extension, and the stem's name, in place of
    /// <see cref="FileNamePattern"/>; relative to the folder. Default null.
    /// </summary>
    public Func<string, string, string, string>? FileName { get; init; }

    /// <summary>Most encoders at the same time, to spare memory, 1 or more. Default null: as many as are useful.</summary>
    public int? MostEncoders { get; init; }

    /// <summary>Whether the files have to add up.</summary>
    internal bool AddsUp => ExactSum || ResidualStem is not null;

    /// <summary>The files' extension, without a dot.</summary>
    internal string Extension => Traktor is null ? Encoding.Format.Extension() : "stem.mp4";

    /// <summary>The stems that must be separated for the files; null for all.</summary>
    internal IReadOnlyList<string>? NeededStems => TwoStems is { } wanted && OtherMethod != OtherMethod.Add ? [wanted] : null;

    /// <summary>The same options with the format that the extension of <see cref="FileNamePattern"/> says.</summary>
    /// <exception cref="OptionException"><see cref="Encoding"/> says another one.</exception>
    internal StemFileOptions Resolved()
    {
        if (Traktor is not null || FileNamePattern is null || !AudioFormats.TryFromPath(FileNamePattern, out AudioFormat format) || format == Encoding.Format)
        {
            return this;
        }

        OptionException.Require(
            Encoding.Format == AudioFormat.Wav,
            $"The file name \"{FileNamePattern}\" means {format.Extension()}, but {nameof(Encoding)} says {Encoding.Format.Extension()}; give one of them, or end the name in .{{ext}}.");
        return this with { Encoding = Encoding with { Format = format } };
    }

    /// <summary>What the files hold, in their order.</summary>
    /// <param name="stems">The stems that the separation gives.</param>
    /// <exception cref="OptionException">A place of a Traktor file has no stem.</exception>
    internal IReadOnlyList<Mixdown> Mixdowns(IReadOnlyList<string> stems) => this switch
    {
        { Traktor: not null } => Mixdown.Traktor(stems),
        { TwoStems: null } => [.. stems.Select(stem => Mixdown.Single(stem, stems))],
        { TwoStems: { } stem, OtherMethod: OtherMethod.Add } => [Mixdown.Single(stem, stems), Mixdown.Sum("no_" + stem, stems, s => s != stem)],
        { TwoStems: { } stem, OtherMethod: OtherMethod.Minus } => [Mixdown.Without("minus_" + stem, stem, stems), Mixdown.Single(stem, stems)],
        { TwoStems: { } stem } => [Mixdown.Single(stem, stems)],
    };

    /// <summary>The names of the files' stems, known before the separation.</summary>
    /// <inheritdoc cref="Mixdowns"/>
    internal IReadOnlyList<string> Names(IReadOnlyList<string> stems) =>
        Traktor is null ? [.. Mixdowns(stems).Select(file => file.Name)] : [TraktorFinish.Name];

    /// <summary>Checks what can be known before the song is opened.</summary>
    /// <param name="all">The model's stems.</param>
    /// <param name="separated">Those that will be separated; null for all.</param>
    /// <param name="sampleRate">The model's rate.</param>
    /// <param name="channels">Its channels.</param>
    /// <exception cref="OptionException">Options that exclude each other, or a stem that is not there, or a format that does not take them.</exception>
    /// <exception cref="ExternalToolException">The format needs FFmpeg, which is missing, too old, or lacks the encoder.</exception>
    internal void Validate(IReadOnlyList<string> all, IReadOnlyList<string>? separated, int sampleRate, int channels)
    {
        if (FileName is not null && FileNamePattern is not null)
        {
            throw new OptionException($"{nameof(FileName)} and {nameof(FileNamePattern)} exclude each other; give one of them.");
        }

        if (Layout != StemFileLayout.Demucs && (FileName is not null || FileNamePattern is not null || Traktor is not null))
        {
            throw new OptionException($"{nameof(Layout)} {Layout} names the files; leave {nameof(FileName)}, {nameof(FileNamePattern)} and {nameof(Traktor)} out.");
        }

        if (MostEncoders < 1)
        {
            throw new OptionException($"{MostEncoders} encoders at the same time are too few; 1 or more are valid.");
        }

        if (Traktor is not null && (TwoStems is not null || AddsUp))
        {
            throw new OptionException($"A Traktor stem file holds the mix and four stems as they are; leave {nameof(TwoStems)} and {nameof(ExactSum)} out.");
        }

        if (TwoStems is { } wanted && !all.Contains(wanted))
        {
            throw new OptionException($"There is no stem '{wanted}' to keep apart; the model has {string.Join(", ", all)}.");
        }

        bool some = separated is not null && all.Any(stem => !separated.Contains(stem, StringComparer.OrdinalIgnoreCase));
        if (TwoStems is { } apart && some && (OtherMethod == OtherMethod.Add || !separated!.Contains(apart, StringComparer.OrdinalIgnoreCase)))
        {
            throw new OptionException($"'{apart}' and the rest need all stems; leave {nameof(SeparationOptions.Stems)} out.");
        }

        if (Traktor is not null && some)
        {
            throw new OptionException($"A Traktor stem file needs all stems; leave {nameof(SeparationOptions.Stems)} out.");
        }

        if (AddsUp)
        {
            ValidateSum(all, some && TwoStems is null);
        }

        if (Traktor is { } traktor)
        {
            TraktorStemFile.Fold(all);
            TraktorStemFile.Check(traktor, sampleRate);
        }
        else
        {
            AudioFiles.Check(Encoding, sampleRate, channels);
        }
    }

    private void ValidateSum(IReadOnlyList<string> all, bool some)
    {
        if (!Encoding.Format.IsLossless())
        {
            throw new OptionException($"Stems add up exactly only in a lossless format; {Encoding.Format.Extension()} changes the samples. Use WAV or FLAC.");
        }

        if (some)
        {
            throw new OptionException($"A subset of the stems does not add up to the mix; leave {nameof(SeparationOptions.Stems)} out.");
        }

        if (TwoStems is not null && OtherMethod == OtherMethod.None)
        {
            throw new OptionException("One stem alone does not add up to the mix; make the rest beside it.");
        }

        IReadOnlyList<string> names = Names(all);
        if (ResidualStem is { } residual && !names.Contains(residual))
        {
            throw new OptionException($"The stem '{residual}' that should take the residual is not among {string.Join(", ", names)}.");
        }
    }
}

/// <summary>A song's stems as files.</summary>
/// <param name="Summary">What was done.</param>
/// <param name="Files">Full path of each stem's file, by stem; of one Traktor file as <c>stems</c>.</param>
/// <param name="Gains">What each stem was multiplied with; 1 for unchanged.</param>
/// <param name="NullDecibels">
/// With a residual stem, how deep the mix cancels; null otherwise.
/// </param>
/// <param name="Warnings">What was odd about the input, and samples that were cut, in sentences for the user.</param>
public sealed record SeparatedFiles(
    SeparationSummary Summary,
    IReadOnlyDictionary<string, string> Files,
    IReadOnlyDictionary<string, float> Gains,
    NullDepth? NullDecibels,
    IReadOnlyList<string> Warnings)
{
    /// <summary>The files in their order, with what became of each.</summary>
    public IReadOnlyList<SavedStem> Stems { get; private init; } = [];

    /// <summary>The files of a sink that is done.</summary>
    internal static SeparatedFiles Of(SeparationSummary summary, FileSink sink, IReadOnlyList<string> warnings) => new(
        summary,
        sink.Made.ToDictionary(f => f.Stem, f => f.Path),
        sink.Made.ToDictionary(f => f.Stem, f => f.Gain),
        sink.NullDecibels,
        [
            .. warnings,
            .. sink.Made.Where(f => f.ClippedSamples > 0)
                .Select(f => $"{f.Stem}: {f.ClippedSamples} samples beyond full scale were cut; the clip mode rescale keeps them"),
        ])
    {
        Stems = sink.Made,
    };
}
