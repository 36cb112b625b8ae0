using Stemsharp.Audio;
using Stemsharp.Cli.Batches;

namespace Stemsharp.Cli.Separating;

/// <summary>A track's recording, open for as long as it is worked on.</summary>
internal sealed class TrackSource : IDisposable
{
    private readonly (long Bytes, DateTime Written) _stamp;

    private TrackSource(Track track, AudioSource audio, AudioTags tags)
    {
        Track = track;
        Audio = audio;
        Tags = tags;
        _stamp = Stamp();
    }

    internal Track Track { get; }

    internal AudioSource Audio { get; }

    /// <summary>Tags and cover; empty when they are not wanted.</summary>
    internal AudioTags Tags { get; }

    /// <summary>Opens a file, or spools standard input.</summary>
    /// <exception cref="AudioException">It is missing, broken or no audio.</exception>
    internal static TrackSource Open(Track track, SeparateRequest request, CancellationToken cancellationToken)
    {
        AudioInputOptions options = new() { Start = request.Start, Duration = request.Duration };
        AudioSource audio;
        if (track.IsStandardInput)
        {
            using Stream input = Console.OpenStandardInput();
            audio = AudioSource.Open(input, "standard input", options, cancellationToken);
        }
        else
        {
            audio = AudioSource.Open(track.Path, options, cancellationToken);
        }

        try
        {
            bool wanted = request.Output.CopyTags || request.FileName.NeedsTags;
            return new TrackSource(track, audio, wanted ? audio.ReadTags(cancellationToken) : AudioTags.Empty);
        }
        catch
        {
            audio.Dispose();
            throw;
        }
    }

    /// <exception cref="AudioException">The file is not what it was when it was opened.</exception>
    internal void RequireUnchanged()
    {
        if (Stamp() != _stamp)
        {
            throw new AudioException($"'{Track.Shown}' changed while it was read. Separate it again when it is complete.");
        }
    }

    public void Dispose() => Audio.Dispose();

    private (long Bytes, DateTime Written) Stamp() =>
        !Track.IsStandardInput && new FileInfo(Track.Path) is { Exists: true } file ? (file.Length, file.LastWriteTimeUtc) : default;
}
