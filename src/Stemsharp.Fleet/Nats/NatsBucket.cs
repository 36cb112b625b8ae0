using System.Runtime.CompilerServices;
using NATS.Client.Core;
using NATS.Client.KeyValueStore;
using Stemsharp.Fleet.Protocol;

namespace Stemsharp.Fleet.Nats;

/// <summary>A key-value bucket of JetStream.</summary>
internal sealed class NatsBucket(INatsKVStore store) : IBucket
{
    public Task<BucketEntry?> GetAsync(string key, CancellationToken cancellationToken) => NatsCalls.AskAsync(
        async token =>
        {
            NatsResult<NatsKVEntry<byte[]>> found = await store.TryGetEntryAsync<byte[]>(key, cancellationToken: token).ConfigureAwait(false);
            return found.Success ? new BucketEntry(key, found.Value.Value!, found.Value.Revision)
                : found.Error is NatsException absent && absent.IsAbsent() ? (BucketEntry?)null
                : throw found.Error;
        },
        cancellationToken);

    public Task<ulong?> CreateAsync(string key, byte[] value, CancellationToken cancellationToken) => NatsCalls.AskAsync(
        async token => RevisionOf(await store.TryCreateAsync(key, value, cancellationToken: token).ConfigureAwait(false)), cancellationToken);

    public Task<ulong?> UpdateAsync(string key, byte[] value, ulong revision, CancellationToken cancellationToken) => NatsCalls.AskAsync(
        async token => RevisionOf(await store.TryUpdateAsync(key, value, revision, cancellationToken: token).ConfigureAwait(false)), cancellationToken);

    public Task PutAsync(string key, byte[] value, CancellationToken cancellationToken) =>
        NatsCalls.AskAsync(async token => await store.PutAsync(key, value, cancellationToken: token).ConfigureAwait(false), cancellationToken);

    public Task DeleteAsync(string key, CancellationToken cancellationToken) =>
        NatsCalls.AskAsync(async token => await store.PurgeAsync(key, cancellationToken: token).ConfigureAwait(false), cancellationToken);

    public Task<long> CountAsync(CancellationToken cancellationToken) =>
        NatsCalls.AskAsync(async token => (await store.GetStatusAsync(token).ConfigureAwait(false)).Info.State.Messages, cancellationToken);

    public IAsyncEnumerable<BucketEntry> ListAsync(CancellationToken cancellationToken) => ReadAsync(untilNow: true, cancellationToken);

    public IAsyncEnumerable<BucketEntry> WatchAsync(CancellationToken cancellationToken) => ReadAsync(untilNow: false, cancellationToken);

    private static ulong? RevisionOf(NatsResult<ulong> result) =>
        result.Success ? result.Value : result.Error is NatsKVWrongLastRevisionException or NatsKVCreateException ? null : throw result.Error;

    // What was taken away comes along, too: the last of what there is now may be one of these.
    private async IAsyncEnumerable<BucketEntry> ReadAsync(bool untilNow, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        NatsKVWatchOpts options = new() { OnNoData = _ => ValueTask.FromResult(untilNow) };
        await foreach (NatsKVEntry<byte[]> entry in store.WatchAsync<byte[]>(opts: options, cancellationToken: cancellationToken).ConfigureAwait(false))
        {
            if (entry.Operation == NatsKVOperation.Put)
            {
                yield return new BucketEntry(entry.Key, entry.Value!, entry.Revision);
            }

            if (untilNow && entry.Delta == 0)
            {
                yield break;
            }
        }
    }
}
