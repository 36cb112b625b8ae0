using System.Runtime.CompilerServices;

namespace Stemsharp.Fleet.Protocol;

/// <summary>A job's record at a revision.</summary>
/// <param name="Record">What is known.</param>
/// <param name="Revision">What a change has to name.</param>
internal sealed record RevisedJob(JobRecord Record, ulong Revision);

/// <summary>
/// Jobs' records, typed, with patience. Where an answer is lost, a second try finds another revision than it names; then what is there is
/// compared with what was to be written, and a change that had come through counts as made.
/// </summary>
internal sealed class JobRecords(IBucket bucket, Patience patience)
{
    internal async Task<RevisedJob?> FindAsync(string id, CancellationToken cancellationToken) =>
        await patience.AskAsync(token => bucket.GetAsync(id, token), cancellationToken).ConfigureAwait(false) is { } entry
            ? new RevisedJob(JobRecord.Of(entry.Value), entry.Revision)
            : null;

    /// <summary>Makes a record; null where there is another one.</summary>
    internal async Task<RevisedJob?> CreateAsync(JobRecord record, CancellationToken cancellationToken)
    {
        string id = record.Job.Id;
        byte[] value = record.ToBytes();
        ulong? revision = await patience.AskAsync(token => bucket.CreateAsync(id, value, token), cancellationToken).ConfigureAwait(false)
            ?? await RevisionOfAsync(id, value, cancellationToken).ConfigureAwait(false);
        return revision is { } made ? new RevisedJob(record, made) : null;
    }

    /// <summary>Changes a record; null where somebody else has.</summary>
    internal async Task<RevisedJob?> ChangeAsync(RevisedJob from, JobRecord to, CancellationToken cancellationToken)
    {
        string id = to.Job.Id;
        byte[] value = to.ToBytes();
        ulong? revision = await patience.AskAsync(token => bucket.UpdateAsync(id, value, from.Revision, token), cancellationToken).ConfigureAwait(false)
            ?? await RevisionOfAsync(id, value, cancellationToken).ConfigureAwait(false);
        return revision is { } made ? new RevisedJob(to, made) : null;
    }

    internal async IAsyncEnumerable<JobRecord> ListAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await foreach (BucketEntry entry in bucket.ListAsync(cancellationToken).ConfigureAwait(false))
        {
            yield return JobRecord.Of(entry.Value);
        }
    }

    internal async IAsyncEnumerable<JobRecord> WatchAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await foreach (BucketEntry entry in bucket.WatchAsync(cancellationToken).ConfigureAwait(false))
        {
            yield return JobRecord.Of(entry.Value);
        }
    }

    private async Task<ulong?> RevisionOfAsync(string id, byte[] value, CancellationToken cancellationToken) =>
        await patience.AskAsync(token => bucket.GetAsync(id, token), cancellationToken).ConfigureAwait(false) is { } entry && entry.Value.AsSpan().SequenceEqual(value)
            ? entry.Revision
            : null;
}
