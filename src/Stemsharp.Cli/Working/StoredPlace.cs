using Stemsharp.Cli.Batches;
using Stemsharp.Fleet.Storage;

namespace Stemsharp.Cli.Working;

/// <summary>Stems that go to a store: brought over unseen, then, once the job is confirmed, seen one right after the other, the record last.</summary>
/// <param name="target">The store.</param>
/// <param name="output">The output folder here, whose files become those of the store.</param>
/// <param name="root">The folder in it that holds the tracks' files and their records.</param>
internal sealed class StoredPlace(IStemTarget target, string output, string root) : IOutputPlace
{
    public async Task<TrackRecord?> FindAsync(string key, CancellationToken cancellationToken) =>
        await target.ReadAsync(RecordName(key), cancellationToken).ConfigureAwait(false) is { } bytes ? TrackRecord.Of(bytes) : null;

    public Task<long?> LengthAsync(string path, CancellationToken cancellationToken) => target.LengthAsync(Name(path), cancellationToken);

    public string Shown(string path) => target.AddressOf(Name(path));

    public async Task PublishAsync(
        TrackClaim claim, IReadOnlyList<(string From, string To)> files, TrackRecord record, Func<CancellationToken, Task>? confirm, CancellationToken cancellationToken)
    {
        List<IStagedFile> staged = [];
        try
        {
            foreach ((string from, string to) in files)
            {
                staged.Add(await target.StageAsync(Name(to), from, cancellationToken).ConfigureAwait(false));
            }

            await (confirm?.Invoke(cancellationToken) ?? Task.CompletedTask).ConfigureAwait(false);
            // A record that covers nothing, but says whose the files are, where only some of them come to be seen.
            await WriteAsync(claim, record, files, _ => RecordedFile.Unknown, cancellationToken).ConfigureAwait(false);
            foreach (IStagedFile file in staged)
            {
                await file.PublishAsync(cancellationToken).ConfigureAwait(false);
            }

            await WriteAsync(claim, record, files, f => new FileInfo(f).Length, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            foreach (IStagedFile file in staged)
            {
                await file.DisposeAsync().ConfigureAwait(false);
            }
        }
    }

    private Task WriteAsync(TrackClaim claim, TrackRecord record, IReadOnlyList<(string From, string To)> files, Func<string, long> bytes, CancellationToken cancellationToken) =>
        target.WriteAsync(
            RecordName(claim.Key), (record with { Outputs = [.. files.Select(f => new RecordedFile(f.To.Replace('\\', '/'), bytes(f.From)))] }).ToBytes(), cancellationToken);

    private string RecordName(string key) => Name(Path.Combine(OutputLedger.FolderName, key + ".json"));

    private string Name(string path) => Path.GetRelativePath(output, Path.Combine(root, path)).Replace('\\', '/');
}
