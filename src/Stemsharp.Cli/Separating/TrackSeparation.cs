using System.Diagnostics;
using Stemsharp.Cli.Hosting;
using Stemsharp.Cli.Progress;

namespace Stemsharp.Cli.Separating;

/// <summary>Separates one track into finished files in a work folder.</summary>
internal sealed class TrackSeparation(SeparateRequest request, StemSeparator separator)
{
    // Encoding the files after the last segment takes a few percent of the time.
    private const double SeparatingShare = 0.97;

    /// <summary>Separates.</summary>
    /// <param name="source">The recording.</param>
    /// <param name="workFolder">Gets the files.</param>
    /// <param name="keptFolder">Keeps a chain's finished steps, also after this process; null for nothing.</param>
    /// <param name="view">Told how far it is.</param>
    /// <param name="cancellationToken">Stops within a segment.</param>
    internal Task<SeparatedFiles> RunAsync(
        TrackSource source, string workFolder, string? keptFolder, ITrackView view, CancellationToken cancellationToken)
    {
        long began = Stopwatch.GetTimestamp();
        StemFilePlanner planner = new(request.Files with { FileNamePattern = "{stem}.{ext}" }, workFolder, source.Audio)
        {
            Shown = request.OutputFolder,
            TemporaryFolder = workFolder,
            CancellationToken = cancellationToken,
        };
        DirectProgress<SeparationProgress> progress = new(p => view.Report(new TrackProgress(
            Phase(p.State), p.Fraction * SeparatingShare, p.AudioSecondsTotal, Stopwatch.GetElapsedTime(began))));
        return separator.SeparateToFilesAsync(
            source.Audio, planner, separator.Effective(null) with { TemporaryFolder = workFolder, WorkFolder = keptFolder }, progress, cancellationToken);
    }

    /// <summary>What the run did, for --verbose.</summary>
    internal static string Describe(SeparatedFiles separated) =>
        $"{string.Join(", then ", separated.Summary.Engines.Select(e => separated.Summary.Engines.Count == 1 ? e.Description : $"{e.Description} for {e.Pieces}"))}: {separated.Summary.Segments} segments, {separated.Summary.SilentSegments} silent, " +
        $"source {separated.Summary.Info.SourceSampleRate} Hz, {separated.Summary.Info.SourceChannels} channels" +
        string.Concat(separated.Stems.Where(f => f.Gain != 1).Select(f => FormattableString.Invariant($", {f.Stem} × {f.Gain:0.####}")));

    private static string Phase(SeparationState state) => state switch
    {
        SeparationState.Analyzing => "reading",
        SeparationState.LoadingModel => "loading",
        SeparationState.Separating => "separating",
        _ => "writing",
    };
}
