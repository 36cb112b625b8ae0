using Stemsharp.Audio;
using Stemsharp.Separation.Files;

namespace Stemsharp;

/// <summary>Names and checks the files of <see cref="StemFileOptions"/>.</summary>
/// <param name="options">What was asked for.</param>
/// <param name="folder">Where files go.</param>
/// <param name="track">The input's name without folder and extension.</param>
/// <param name="temporaryFolder">Where samples wait; null for the system's.</param>
/// <param name="source">What the files keep of the input; null for nothing.</param>
internal sealed class StemFilePlanner(StemFileOptions options, string folder, string track, string? temporaryFolder, OpenedInput? source)
{
    private readonly string _folder = Path.GetFullPath(folder);

    /// <summary>Plans a song's files.</summary>
    /// <exception cref="OptionException">Names that lead out of the folder or meet, or a residual that is no stem.</exception>
    public FilePlan Plan(SeparationInfo info)
    {
        int? rate = options.KeepSampleRate && info.SourceSampleRate != info.SampleRate ? info.SourceSampleRate : null;
        List<PlannedFile> files = [];
        foreach (string stem in info.Stems)
        {
            string path = PathOf(info.Model, stem);
            if (files.Any(f => f.Path == path))
            {
                throw new OptionException($"Two stems would be written to '{path}'; let the file name depend on the stem.");
            }

            files.Add(new PlannedFile(Mixdown.Single(stem, info.Stems), path, EncodingOf(stem, rate)));
        }

        return new FilePlan
        {
            SampleRate = info.SampleRate,
            Channels = info.Channels,
            Length = info.Length,
            Folder = _folder,
            Files = files,
            ClipMode = options.ClipMode,
            SharedGain = options.SharedGain,
            Residual = options.ResidualStem is { } residual ? IndexOf(residual, info.Stems) : null,
            OpenMix = options.ResidualStem is not null && rate is { } own ? () => source!.OpenReader(own, info.Channels) : null,
            TemporaryFolder = temporaryFolder,
        };
    }

    private EncodingOptions EncodingOf(string stem, int? rate)
    {
        EncodingOptions encoding = options.Encoding with { DitherSeed = DitherSeed.For(stem, options.Encoding.DitherSeed) };
        if (options.KeepSampleRate)
        {
            encoding = encoding with { SampleRate = rate, Length = rate is null ? null : source!.Length };
        }

        if (options.KeepDepth)
        {
            encoding = encoding with { SampleFormat = SourceForm.Depth(source!.Depth, encoding.Format, options.ResidualStem is not null) };
        }

        return options.CopyTags ? encoding with { Tags = SourceForm.Tags(source!.Tags, stem) } : encoding;
    }

    private static int IndexOf(string residual, IReadOnlyList<string> stems)
    {
        int index = Enumerable.Range(0, stems.Count).FirstOrDefault(i => stems[i] == residual, -1);
        return index >= 0 ? index : throw new OptionException(
            $"The stem '{residual}' that should take the residual is not among {string.Join(", ", stems)}.");
    }

    private string PathOf(string model, string stem)
    {
        string extension = options.Encoding.Format.Extension();
        string name = options.FileName?.Invoke(model, track, stem) ?? Path.Combine(model, track, $"{stem}.{extension}");
        string path = Path.GetFullPath(Path.Combine(_folder, name));
        return path.StartsWith(_folder.TrimEnd(Path.DirectorySeparatorChar) + Path.DirectorySeparatorChar, StringComparison.Ordinal)
            ? path
            : throw new OptionException($"The file name '{name}' leads out of the folder '{_folder}'; name files below it.");
    }
}
