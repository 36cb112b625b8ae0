using Stemsharp.Cli.Hosting;

namespace Stemsharp.Cli.Batches;

/// <summary>Where a batch's finished files lie, with the records of finished tracks.</summary>
internal interface IOutputPlace
{
    /// <summary>The record of a finished track, or null.</summary>
    /// <param name="key">See <see cref="OutputLedger.Key"/>.</param>
    /// <param name="cancellationToken">Stops asking.</param>
    Task<TrackRecord?> FindAsync(string key, CancellationToken cancellationToken);

    /// <summary>A file's length in bytes; null where there is none.</summary>
    /// <param name="path">Relative to the output folder.</param>
    /// <param name="cancellationToken">Stops asking.</param>
    Task<long?> LengthAsync(string path, CancellationToken cancellationToken);

    /// <summary>What a file is called for people: a path or an address.</summary>
    /// <param name="path">Relative to the output folder.</param>
    string Shown(string path);

    /// <summary>Gives the files of a finished track their names, all or none, and records the track.</summary>
    /// <param name="claim">The right to write them.</param>
    /// <param name="files">From (absolute) and to (relative to the output folder).</param>
    /// <param name="record">Gets the files' sizes.</param>
    /// <param name="confirm">Asked right before the first has its name; what it throws leaves all without.</param>
    /// <param name="cancellationToken">Stops what can be stopped.</param>
    Task PublishAsync(
        TrackClaim claim, IReadOnlyList<(string From, string To)> files, TrackRecord record, Func<CancellationToken, Task>? confirm, CancellationToken cancellationToken);
}

/// <summary>The output folder itself.</summary>
/// <param name="ledger">Its records.</param>
internal sealed class FolderPlace(OutputLedger ledger) : IOutputPlace
{
    public Task<TrackRecord?> FindAsync(string key, CancellationToken cancellationToken) => Task.FromResult(ledger.Find(key));

    public Task<long?> LengthAsync(string path, CancellationToken cancellationToken) =>
        Task.FromResult<long?>(new FileInfo(Path.Combine(ledger.Root, path)) is { Exists: true } file ? file.Length : null);

    public string Shown(string path) => Path.Combine(ledger.Root, path);

    public async Task PublishAsync(
        TrackClaim claim, IReadOnlyList<(string From, string To)> files, TrackRecord record, Func<CancellationToken, Task>? confirm, CancellationToken cancellationToken)
    {
        await (confirm?.Invoke(cancellationToken) ?? Task.CompletedTask).ConfigureAwait(false);
        OutputErrors.Guard(() => claim.Publish(files, record));
    }
}
