namespace Stemsharp.Cli.Evaluation;

/// <summary>Where the separated stems of a data set come from.</summary>
internal interface IEstimates : IAsyncDisposable
{
    /// <summary>What reports call it: a model's name, or a folder.</summary>
    string Name { get; }

    /// <summary>Finds or makes the stems of one track.</summary>
    /// <param name="track">The track.</param>
    /// <param name="cancellationToken">Stops a separation.</param>
    /// <returns>Stem names and files; the files stay until the next call.</returns>
    Task<IReadOnlyDictionary<string, string>> StemsOfAsync(TrackFolder track, CancellationToken cancellationToken);
}

/// <summary>Stems that were separated before: ESTIMATES/TRACK/STEM.wav.</summary>
/// <param name="folder">The folder of estimates.</param>
internal sealed class EstimatesFolder(string folder) : IEstimates
{
    /// <inheritdoc/>
    public string Name { get; } = Path.GetFullPath(folder);

    /// <inheritdoc/>
    public Task<IReadOnlyDictionary<string, string>> StemsOfAsync(TrackFolder track, CancellationToken cancellationToken)
    {
        // With the subset, without it, and the folder itself for a single track.
        string[] places = [Path.Combine(folder, track.Name), Path.Combine(folder, Path.GetFileName(track.Name)), folder];
        foreach (string place in places)
        {
            if (Directory.Exists(place) && TrackFolder.TryRead(place, track.Name, []) is { } found)
            {
                return Task.FromResult(found.Stems);
            }
        }

        throw new AudioException($"There are no separated stems of {track.Name} in {folder}; they are expected in {places[0]}, named as the references are.") { Failure = AudioFailure.NotFound };
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
