using Stemsharp.Audio;
using Stemsharp.Separation.Files;

namespace Stemsharp.Cli.Output;

/// <summary>Plans the files of one track.</summary>
/// <param name="settings">Already validated.</param>
/// <param name="folder">Where the files are made.</param>
/// <param name="shown">What messages call that folder.</param>
/// <param name="source">What is known of the input.</param>
/// <param name="tags">Its tags.</param>
/// <param name="openMix">Opens the input at a rate, with the stems' channels; null where it is not at hand.</param>
internal sealed class TrackFiles(
    OutputSettings settings, string folder, string shown, AudioInfo source, AudioTags tags, Func<int, IAudioReader>? openMix)
{
    /// <summary>The plan for stems of a given rate and length.</summary>
    internal FilePlan Plan(SeparationInfo info)
    {
        IReadOnlyList<Mixdown> mixdowns = Mixdowns.For(settings, info.Stems);
        EncodingOptions encoding = EncodingFor(info);
        int rate = encoding.SampleRate ?? info.SampleRate;
        return new FilePlan
        {
            SampleRate = info.SampleRate,
            Channels = info.Channels,
            Length = info.Length,
            Folder = shown,
            Files =
            [
                .. mixdowns.Select((mixdown, i) => new PlannedFile(
                    mixdown,
                    Path.Combine(folder, settings.Traktor is null ? $"{i}.{encoding.Format.Extension()}" : "0.stem.mp4"),
                    encoding with { DitherSeed = DitherSeed.For(mixdown.Name), Tags = settings.CopyTags ? SourceForm.Tags(tags, mixdown.Name) : null })),
            ],
            ClipMode = settings.ClipMode,
            SharedGain = settings.SharedGain,
            Residual = settings.ExactSum ? ResidualIndex([.. mixdowns.Select(m => m.Name)]) : null,
            OpenMix = settings.ExactSum && rate != info.SampleRate && openMix is not null ? () => openMix(rate) : null,
            Traktor = settings.Traktor is { } traktor ? traktor with { Tags = settings.CopyTags ? tags : null } : null,
            MostEncoders = settings.MostEncoders,
            TemporaryFolder = folder,
        };
    }

    private EncodingOptions EncodingFor(SeparationInfo info)
    {
        int rate = settings.Rate switch
        {
            null => info.SourceSampleRate,
            OutputSettings.ModelRate => info.SampleRate,
            { } asked => asked,
        };
        // Apple Lossless is no format of its own; a track of it takes as much disk as FLAC.
        bool lossless = settings.Traktor is { Codec: TraktorStemCodec.Alac };
        return new EncodingOptions
        {
            Format = lossless ? AudioFormat.Flac : settings.Format,
            SampleFormat = settings.Depth ?? SourceForm.Depth(source.SampleFormat, settings.Format, settings.ExactSum),
            Dither = settings.Dither,
            BitrateKbps = settings.Traktor?.BitrateKbps ?? settings.BitrateKbps,
            Mp3Preset = settings.Mp3Preset,
            SampleRate = rate == info.SampleRate ? null : rate,
            Length = rate != info.SampleRate && rate == info.SourceSampleRate ? source.Length : null,
        };
    }

    private int ResidualIndex(string[] names)
    {
        string name = settings.Residual ?? Mixdown.DefaultResidual(names);
        int index = Array.IndexOf(names, name);
        return index >= 0 ? index : throw new OptionException(
            $"--residual {name} is no file of this separation; valid are {string.Join(", ", names)}.");
    }
}
