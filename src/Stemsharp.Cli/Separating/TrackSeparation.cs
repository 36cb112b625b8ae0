using System.Diagnostics;
using Stemsharp.Cli.Hosting;
using Stemsharp.Cli.Output;
using Stemsharp.Cli.Progress;
using Stemsharp.Separation.Files;

namespace Stemsharp.Cli.Separating;

/// <summary>What separating one track gave.</summary>
internal sealed record SeparatedTrack(
    IReadOnlyList<MadeFile> Files,
    SeparationSummary Summary,
    (double Before, double After)? NullDecibels,
    IReadOnlyList<string> Warnings);

/// <summary>Separates one track into finished files in a work folder.</summary>
internal sealed class TrackSeparation(SeparateRequest request, StemSeparator separator)
{
    // Encoding the files after the last segment takes a few percent of the time.
    private const double SeparatingShare = 0.97;

    private int Channels => separator.Channels;

    /// <summary>Separates.</summary>
    /// <param name="source">The recording.</param>
    /// <param name="workFolder">Gets the files.</param>
    /// <param name="keptFolder">Keeps a chain's finished steps, also after this process; null for nothing.</param>
    /// <param name="view">Told how far it is.</param>
    /// <param name="cancellationToken">Stops within a segment.</param>
    internal async Task<SeparatedTrack> RunAsync(
        TrackSource source, string workFolder, string? keptFolder, ITrackView view, CancellationToken cancellationToken)
    {
        long began = Stopwatch.GetTimestamp();
        TrackFiles files = new(
            request.Output, workFolder, request.OutputFolder, source.Audio.Info, source.Tags, rate => source.Audio.OpenReader(rate, Channels, cancellationToken));
        using FileSink sink = new(files.Plan, cancellationToken) { BeforeNaming = source.RequireUnchanged };
        DirectProgress<SeparationProgress> progress = new(p => view.Report(new TrackProgress(
            Phase(p.State), p.Percent / 100 * SeparatingShare, p.AudioSecondsTotal, Stopwatch.GetElapsedTime(began))));
        SeparationSummary summary = await separator.SeparateAsync(
            AudioInput.FromSource(source.Audio, source.Track.Shown),
            sink,
            separator.Options with { TemporaryFolder = workFolder, WorkFolder = keptFolder },
            progress,
            cancellationToken).ConfigureAwait(false);
        return new SeparatedTrack(sink.Made, summary, sink.NullDecibels, [.. source.Audio.Info.Warnings, .. Warnings(sink.Made)]);
    }

    /// <summary>What the run did, for --verbose.</summary>
    internal static string Describe(SeparatedTrack separated) =>
        $"{string.Join(", then ", separated.Summary.Engines.Select(e => separated.Summary.Engines.Count == 1 ? e.Description : $"{e.Description} for {e.Pieces}"))}: {separated.Summary.Segments} segments, {separated.Summary.SilentSegments} silent, " +
        $"source {separated.Summary.Info.SourceSampleRate} Hz, {separated.Summary.Info.SourceChannels} channels" +
        string.Concat(separated.Files.Where(f => f.Gain != 1).Select(f => FormattableString.Invariant($", {f.Stem} × {f.Gain:0.####}")));

    private static IEnumerable<string> Warnings(IReadOnlyList<MadeFile> files) => files
        .Where(f => f.ClippedSamples > 0)
        .Select(f => $"{f.Stem}: {f.ClippedSamples} samples beyond full scale were cut; --clip-mode rescale keeps them");

    private static string Phase(SeparationState state) => state switch
    {
        SeparationState.Analyzing => "reading",
        SeparationState.LoadingModel => "loading",
        SeparationState.Separating => "separating",
        _ => "writing",
    };
}
