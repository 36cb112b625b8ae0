namespace Stemsharp.Fleet.Protocol;

/// <summary>
/// All that the protocol needs of a server: a work queue and buckets of records. On NATS these are a JetStream stream and key-value buckets;
/// in a simulation they are tables and a clock. Every call may fail with <see cref="ConnectionLostException"/>, and then may have had
/// its effect or not.
/// </summary>
internal interface IFleetTransport
{
    /// <summary>Jobs' records, by their IDs.</summary>
    IBucket Jobs { get; }

    /// <summary>Dead letters, by the jobs' IDs.</summary>
    IBucket DeadLetters { get; }

    /// <summary>Workers' records, which are forgotten after a lease's time.</summary>
    IBucket Workers { get; }

    /// <summary>What waits.</summary>
    IWorkQueue Queue { get; }

    /// <summary>For how long a worker keeps a job that it doesn't say anything of.</summary>
    TimeSpan Lease { get; }

    /// <summary>What time it is, and when it is later.</summary>
    TimeProvider Clock { get; }
}

/// <summary>A value with the revision that a change has to name.</summary>
/// <param name="Key">Its key.</param>
/// <param name="Value">Its bytes.</param>
/// <param name="Revision">Its revision.</param>
internal readonly record struct BucketEntry(string Key, byte[] Value, ulong Revision);

/// <summary>Records with revisions.</summary>
internal interface IBucket
{
    /// <summary>A record, or null.</summary>
    Task<BucketEntry?> GetAsync(string key, CancellationToken cancellationToken);

    /// <summary>Makes a record; its revision, or null where there is one.</summary>
    Task<ulong?> CreateAsync(string key, byte[] value, CancellationToken cancellationToken);

    /// <summary>Changes a record; its new revision, or null where it is no more at that one.</summary>
    Task<ulong?> UpdateAsync(string key, byte[] value, ulong revision, CancellationToken cancellationToken);

    /// <summary>Writes a record, whatever is there.</summary>
    Task PutAsync(string key, byte[] value, CancellationToken cancellationToken);

    /// <summary>Takes a record away.</summary>
    Task DeleteAsync(string key, CancellationToken cancellationToken);

    /// <summary>How many records there are, about.</summary>
    Task<long> CountAsync(CancellationToken cancellationToken);

    /// <summary>All records that there are.</summary>
    IAsyncEnumerable<BucketEntry> ListAsync(CancellationToken cancellationToken);

    /// <summary>All records that there are, and every change from then on.</summary>
    IAsyncEnumerable<BucketEntry> WatchAsync(CancellationToken cancellationToken);
}

/// <summary>How much is in a part of the queue.</summary>
/// <param name="Lane">Its lane.</param>
/// <param name="Model">Its model, see <see cref="ModelKey"/>.</param>
/// <param name="Waiting">Jobs that no worker has.</param>
/// <param name="Running">Jobs that a worker has.</param>
internal sealed record QueueDepth(Lane Lane, string Model, long Waiting, long Running);

/// <summary>A queue of jobs by lane and model. A job is in it once, until it is acknowledged.</summary>
internal interface IWorkQueue
{
    /// <summary>Puts a job into it; false where it is in it.</summary>
    Task<bool> AddAsync(Lane lane, string model, JobMessage message, CancellationToken cancellationToken);

    /// <summary>The next job of a lane and model; null where there is none now.</summary>
    Task<IDelivery?> TakeAsync(Lane lane, string model, CancellationToken cancellationToken);

    /// <summary>Waits until there may be one for this worker, or for a time.</summary>
    /// <param name="models">What it takes; empty for everything.</param>
    /// <param name="most">For how long.</param>
    /// <param name="cancellationToken">Stops waiting.</param>
    Task WaitAsync(IReadOnlyCollection<string> models, TimeSpan most, CancellationToken cancellationToken);

    /// <summary>The parts of the queue, with what is in each.</summary>
    Task<IReadOnlyList<QueueDepth>> DepthsAsync(CancellationToken cancellationToken);

    /// <summary>When the oldest job of a lane and model came in that has not ended; null where there is none.</summary>
    Task<DateTimeOffset?> OldestAsync(Lane lane, string model, CancellationToken cancellationToken);

    /// <summary>Lets as many jobs of a lane and model be worked on at once.</summary>
    Task AllowAsync(int running, CancellationToken cancellationToken);
}

/// <summary>What stands in the queue for a job.</summary>
/// <param name="Id">The job's ID.</param>
/// <param name="Generation">Which of its turns.</param>
internal readonly record struct JobMessage(string Id, int Generation);

/// <summary>A job that was handed to this worker, and to nobody else for a lease's time.</summary>
internal interface IDelivery
{
    /// <summary>Which job.</summary>
    JobMessage Message { get; }

    /// <summary>Keeps it for another lease's time.</summary>
    Task KeepAsync(CancellationToken cancellationToken);

    /// <summary>Takes it out of the queue for good; returns when the server has confirmed that.</summary>
    Task AcknowledgeAsync(CancellationToken cancellationToken);

    /// <summary>Gives it back, for somebody to take it after a time.</summary>
    Task GiveBackAsync(TimeSpan delay, CancellationToken cancellationToken);
}

/// <summary>The server could not be asked, or has not answered.</summary>
/// <param name="message">What happened.</param>
/// <param name="innerException">What the client said.</param>
internal sealed class ConnectionLostException(string message, Exception innerException) : StemsharpException(message, innerException);
