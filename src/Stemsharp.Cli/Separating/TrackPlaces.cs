using Stemsharp.Audio;
using Stemsharp.Cli.Batches;
using Stemsharp.Files;

namespace Stemsharp.Cli.Separating;

/// <summary>Gives each track of a batch its files' names, and sees to it that no two tracks share one.</summary>
internal sealed class TrackPlaces
{
    private readonly SeparateRequest _request;
    private readonly string _model;
    private readonly AudioSeparatorNames? _names;
    private readonly Dictionary<string, (SeparateRequest Request, Track Track)> _taken;

    /// <param name="request">What was asked for.</param>
    /// <param name="separator">What separates.</param>
    /// <param name="taken">Places that are taken, by their paths: by this and the other parts of a batch.</param>
    internal TrackPlaces(SeparateRequest request, StemSeparator separator, Dictionary<string, (SeparateRequest Request, Track Track)> taken)
    {
        _request = request;
        _taken = taken;
        _model = separator.Model;
        _names = request.Files.Layout == StemFileLayout.AudioSeparator ? separator.AudioSeparatorNames : null;
        Root = Path.GetFullPath(request.Root(separator.Model));
    }

    /// <summary>The folder that holds all tracks' files.</summary>
    internal string Root { get; }

    /// <summary>The name under which a track's place is recorded.</summary>
    /// <exception cref="OptionException">Another track of the batch writes there.</exception>
    internal string Key(Track track, AudioTags tags)
    {
        string place = For(track, tags, "stem");
        string path = Path.Combine(Root, place).ToUpperInvariant();
        if (!_taken.TryAdd(path, (_request, track)) && _taken[path] != (_request, track))
        {
            Track other = _taken[path].Track;
            throw new OptionException($"its files would have the same names as those of {other.Shown}{(other == track ? " with other settings" : "")}; {Hint(_request, track, other.Path)}");
        }

        return OutputLedger.Key(place);
    }

    /// <summary>How to tell the files of two inputs apart: the first pattern that does.</summary>
    /// <param name="request">What was asked for.</param>
    /// <param name="track">The one input.</param>
    /// <param name="other">The other one's path.</param>
    internal static string Hint(SeparateRequest request, Track track, string other)
    {
        string[] patterns = ["{track}.{trackext}/{stem}.{ext}", "{folder}/{track}/{stem}.{ext}", "{folder}/{track}.{trackext}/{stem}.{ext}"];
        string? pattern = request.Files.Layout == StemFileLayout.AudioSeparator ? null : patterns.FirstOrDefault(p => NameOf(p, track.Path) != NameOf(p, other));
        return pattern is null ? "give one of them another folder with --out" : $"tell them apart, for instance by --filename \"{pattern}\"";

        static string NameOf(string pattern, string path) => FileNamePattern.Parse(pattern).Render(
            Path.GetTempPath(), new FileNameFields { Path = path, HasFolder = path != "-", Model = "", Extension = "wav", Tags = AudioTags.Empty }.Of("stem"));
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
            Names = _names,
        };

        // That layout knows no folders below the one for the results.
        string folder = _names is null ? Path.Combine(Root, track.Folder) : Root;
        return Path.GetRelativePath(Root, _request.FileName.Render(folder, fields.Of(stem)));
    }
}
