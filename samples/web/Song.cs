namespace Stemsharp.Samples;

/// <summary>A song on its way through the queue.</summary>
internal sealed class Song(string id, string folder) : IProgress<SeparationProgress>
{
    private volatile IReadOnlyDictionary<string, string> _files = new Dictionary<string, string>();
    private volatile string _state = "waiting";
    private SeparationProgress _progress;

    public string Id => id;

    public string Folder => folder;

    public string Upload => Path.Combine(folder, "song");

    /// <summary>The stems' files, once they are there.</summary>
    public IReadOnlyDictionary<string, string> Files => _files;

    public void Report(SeparationProgress value)
    {
        _progress = value;
        _state = "separating";
    }

    public void Finish(IReadOnlyDictionary<string, string> files)
    {
        _files = files;
        _state = "done";
    }

    public void Fail(string message) => _state = $"failed: {message}";

    /// <summary>What the API tells of it.</summary>
    public object View() => new
    {
        id,
        state = _state,
        fraction = _progress.Fraction,
        remainingSeconds = _progress.Remaining?.TotalSeconds,
        stems = _files.Keys,
    };
}
