using Stemsharp.Audio;
using Stemsharp.Files;

namespace Stemsharp;

/// <summary>Names and checks the files of <see cref="StemFileOptions"/>.</summary>
internal sealed class StemFilePlanner
{
    private readonly StemFileOptions _options;
    private readonly string _folder;
    private readonly OpenedInput? _source;
    private readonly FileNamePattern? _pattern;

    /// <param name="options">What was asked for.</param>
    /// <param name="folder">Where files go.</param>
    /// <param name="source">The input; null where only its rate and length are known.</param>
    /// <exception cref="OptionException">A pattern that names no files.</exception>
    public StemFilePlanner(StemFileOptions options, string folder, OpenedInput? source)
    {
        _options = options;
        _folder = Path.GetFullPath(folder);
        _source = source;
        _pattern = options.FileName is null ? PatternOf(options) : null;
    }

    /// <summary>What messages call the folder; null for its path.</summary>
    public string? Shown { get; init; }

    /// <summary>Where samples wait; null for the system's folder.</summary>
    public string? TemporaryFolder { get; init; }

    /// <summary>Ends the reading of the mix.</summary>
    public CancellationToken CancellationToken { get; init; }

    /// <summary>Whether names or files need the input's tags.</summary>
    public static bool NeedsTags(StemFileOptions options) =>
        options.CopyTags || (options.FileName is null && PatternOf(options).NeedsTags);

    /// <summary>Plans a song's files.</summary>
    /// <exception cref="OptionException">Names that lead out of the folder or meet, or a residual that is no stem.</exception>
    public FilePlan Plan(SeparationInfo info)
    {
        IReadOnlyList<Mixdown> mixdowns = _options.Mixdowns(info.Stems);
        EncodingOptions encoding = EncodingFor(info);
        int rate = encoding.SampleRate ?? info.SampleRate;
        string? one = _options.Traktor is null ? null : PathOf(info.Model, TraktorFinish.Name);
        List<PlannedFile> files = [];
        foreach (Mixdown mixdown in mixdowns)
        {
            string path = one ?? PathOf(info.Model, mixdown.Name);
            if (one is null && files.Any(f => f.Path == path))
            {
                throw new OptionException($"Two stems would be written to '{path}'; let the file name depend on the stem.");
            }

            files.Add(new PlannedFile(mixdown, path, encoding with
            {
                DitherSeed = DitherSeed.For(mixdown.Name, encoding.DitherSeed),
                Tags = _options.CopyTags && _source is not null ? SourceForm.Tags(_source.Tags, mixdown.Name) : encoding.Tags,
            }));
        }

        return new FilePlan
        {
            SampleRate = info.SampleRate,
            Channels = info.Channels,
            Length = info.Length,
            Folder = Shown ?? _folder,
            Files = files,
            ClipMode = _options.ClipMode,
            SharedGain = _options.SharedGain,
            Residual = _options.AddsUp ? ResidualOf([.. mixdowns.Select(m => m.Name)]) : null,
            OpenMix = _options.AddsUp && rate != info.SampleRate && _source is not null
                ? () => _source.OpenReader(rate, info.Channels, CancellationToken)
                : null,
            Traktor = _options is { Traktor: { } traktor, CopyTags: true } ? traktor with { Tags = _source?.Tags } : _options.Traktor,
            MostEncoders = _options.MostEncoders,
            TemporaryFolder = TemporaryFolder,
        };
    }

    private static FileNamePattern PatternOf(StemFileOptions options) => FileNamePattern.Parse(
        options.FileNamePattern ?? "{model}/" + (options.Traktor is null ? FileNamePattern.Stems : FileNamePattern.OneFile));

    private EncodingOptions EncodingFor(SeparationInfo info)
    {
        EncodingOptions asked = _options.Encoding;
        int rate = _options.KeepSampleRate ? info.SourceSampleRate : asked.SampleRate ?? info.SampleRate;
        // Apple Lossless is no format of its own; a track of it takes as much disk as FLAC.
        bool lossless = _options.Traktor is { Codec: TraktorStemCodec.Alac };
        return asked with
        {
            Format = lossless ? AudioFormat.Flac : asked.Format,
            SampleFormat = _options.KeepDepth ? SourceForm.Depth(_source?.Depth, asked.Format, _options.AddsUp) : asked.SampleFormat,
            BitrateKbps = _options.Traktor?.BitrateKbps ?? asked.BitrateKbps,
            SampleRate = rate == info.SampleRate ? null : rate,
            // Back at the input's rate a stem has the input's length.
            Length = rate == info.SampleRate ? null : rate == info.SourceSampleRate && _source?.Length is { } own ? own : asked.Length,
        };
    }

    private int ResidualOf(IReadOnlyList<string> names)
    {
        string residual = _options.ResidualStem ?? Mixdown.DefaultResidual(names);
        int index = Enumerable.Range(0, names.Count).FirstOrDefault(i => names[i] == residual, -1);
        return index >= 0 ? index : throw new OptionException(
            $"The stem '{residual}' that should take the residual is not among {string.Join(", ", names)}.");
    }

    private string PathOf(string model, string stem)
    {
        string input = _source?.Name ?? "";
        if (_pattern is not null)
        {
            return _pattern.Render(_folder, new FileNameFields
            {
                Path = input,
                Model = model,
                Extension = _options.Extension,
                Tags = _source?.Tags ?? AudioTags.Empty,
            }.Of(stem));
        }

        string name = _options.FileName!(model, FileNameFields.TrackOf(input), stem);
        string path = Path.GetFullPath(Path.Combine(_folder, name));
        return path.StartsWith(_folder.TrimEnd(Path.DirectorySeparatorChar) + Path.DirectorySeparatorChar, StringComparison.Ordinal)
            ? path
            : throw new OptionException($"The file name '{name}' leads out of the folder '{_folder}'; name files below it.");
    }
}
