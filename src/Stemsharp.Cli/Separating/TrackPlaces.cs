using Stemsharp.Audio;
using Stemsharp.Cli.Batches;
using Stemsharp.Files;

namespace Stemsharp.Cli.Separating;

/// <summary>Gives each track of a batch its files' names, and sees to it that no two tracks share one.</summary>
internal sealed class TrackPlaces
{
    private readonly SeparateRequest _request;
    private readonly string _model;
    private readonly Dictionary<string, Track> _taken = new(StringComparer.OrdinalIgnoreCase);

    internal TrackPlaces(SeparateRequest request, string model)
    {
        _request = request;
        _model = model;
        Root = Path.GetFullPath(request.Root(model));
    }

    /// <summary>The folder that holds all tracks' files.</summary>
    internal string Root { get; }

    /// <summary>The name under which a track's place is recorded.</summary>
    /// <exception cref="OptionException">Another track of the batch writes there.</exception>
    internal string Key(Track track, AudioTags tags)
    {
        string place = For(track, tags, "stem");
        if (!_taken.TryAdd(place, track) && _taken[place] != track)
        {
            throw new OptionException(
                $"its files would have the same names as those of {_taken[place].Shown}; " +
                "tell them apart, for instance by --filename \"{track}.{trackext}/{stem}.{ext}\"");
        }

        return OutputLedger.Key(place);
    }

    /// <summary>The path of a stem's file, relative to <see cref="Root"/>.</summary>
    internal string For(Track track, AudioTags tags, string stem)
    {
        FileNameFields fields = new()
        {
            Path = track.IsStandardInput ? "stdin" : track.Path,
            HasFolder = !track.IsStandardInput,
            Model = _model,
            Extension = _request.Files.Extension,
            Tags = tags,
        };
        string folder = Path.Combine(Root, track.Folder);
        return Path.GetRelativePath(Root, _request.FileName.Render(folder, fields.Of(stem)));
    }
}
