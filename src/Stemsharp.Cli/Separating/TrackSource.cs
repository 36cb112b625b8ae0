using Stemsharp.Audio;
using Stemsharp.Cli.Batches;

namespace Stemsharp.Cli.Separating;

/// <summary>A track's recording, open for as long as it is worked on.</summary>
internal sealed class TrackSource : IDisposable
{
    private TrackSource(Track track, OpenedInput audio)
    {
        Track = track;
        Audio = audio;
    }

    internal Track Track { get; }

    internal OpenedInput Audio { get; }

    /// <summary>Tags and cover; empty when they are not wanted.</summary>
    internal AudioTags Tags => Audio.Tags;

    /// <summary>Opens a file, or spools standard input.</summary>
    /// <exception cref="AudioException">It is missing, broken or no audio.</exception>
    internal static TrackSource Open(Track track, SeparateRequest request, CancellationToken cancellationToken)
    {
        AudioInputOptions options = request.Input;
        bool tags = request.Files.CopyTags || request.FileName.NeedsTags;
        if (!track.IsStandardInput)
        {
            return new TrackSource(track, Open(AudioInput.FromFile(track.Path, options)));
        }

        using Stream input = Console.OpenStandardInput();
        return new TrackSource(track, Open(AudioInput.FromStream(input, track.Shown, options)));

        OpenedInput Open(AudioInput input) => OpenedInput.Open(input.Called(track.Shown), null, cancellationToken, tags);
    }

    public void Dispose() => Audio.Dispose();
}
