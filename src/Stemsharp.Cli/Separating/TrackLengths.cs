using Stemsharp.Audio;
using Stemsharp.Cli.Batches;
using Stemsharp.Cli.Progress;

namespace Stemsharp.Cli.Separating;

/// <summary>Finds the durations of a batch's tracks beside the work, one after another, so that the whole can be foreseen.</summary>
internal static class TrackLengths
{
    /// <summary>Opens each track and tells its duration.</summary>
    /// <param name="request">How inputs are opened. Under a limit of memory nothing is opened twice.</param>
    /// <param name="tracks">The tracks.</param>
    /// <param name="first">The first one's place in the batch.</param>
    /// <param name="view">Told.</param>
    /// <param name="cancellationToken">Ends it.</param>
    internal static Task TellAsync(SeparateRequest request, IReadOnlyList<Track> tracks, int first, IBatchView view, CancellationToken cancellationToken) =>
        tracks.Count < 2 || request.MaxMemory is not null
            ? Task.CompletedTask
            : Task.Run(
                () =>
                {
                    foreach ((int index, Track track) in tracks.Index())
                    {
                        cancellationToken.ThrowIfCancellationRequested();
                        if (!track.IsReadOnce && Seconds(track, request, cancellationToken) is { } seconds)
                        {
                            view.Length(first + index, seconds);
                        }
                    }
                },
                cancellationToken);

    private static double? Seconds(Track track, SeparateRequest request, CancellationToken cancellationToken)
    {
        try
        {
            using AudioSource source = AudioSource.Open(track.Path, request.Input, cancellationToken);
            return (double?)(source.Info.Length ?? source.Info.EstimatedLength) / source.Info.SampleRate;
        }
        catch (Exception exception) when (exception is StemsharpException or IOException or UnauthorizedAccessException)
        {
            // A broken track is told when the batch comes to it.
            return null;
        }
    }
}
