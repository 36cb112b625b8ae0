namespace Stemsharp.Fleet.Protocol;

/// <summary>What became of a job that was handed in.</summary>
internal enum SubmitOutcome
{
    /// <summary>It is in the queue, and was not before.</summary>
    Queued,

    /// <summary>It was in the queue, or a worker has it.</summary>
    Pending,

    /// <summary>It was done before.</summary>
    Done,

    /// <summary>It was given up, or withdrawn, before.</summary>
    Ended,
}

/// <summary>How a job is handed in.</summary>
/// <param name="Lane">Where it queues.</param>
/// <param name="MaxFailures">As many failures end it.</param>
/// <param name="MaxDeaths">As many deaths of workers end it.</param>
/// <param name="Again">Whether one that has ended is done once more.</param>
internal sealed record SubmitOptions(Lane Lane = Lane.Bulk, int MaxFailures = 3, int MaxDeaths = 5, bool Again = false);

/// <summary>What people do with jobs: hand in, look at, put back, withdraw. Everything may be repeated, and killed at any point.</summary>
/// <param name="transport">The server.</param>
/// <param name="patience">How long it may be away.</param>
internal sealed class FleetJobs(IFleetTransport transport, Patience patience)
{
    private readonly JobRecords _records = new(transport.Jobs, patience);

    /// <summary>
    /// Hands a job in. The record is made first and the message after it; whoever hands the same job in again puts a message
    /// that is missing into the queue, and only that.
    /// </summary>
    internal async Task<SubmitOutcome> SubmitAsync(FleetJob job, SubmitOptions options, CancellationToken cancellationToken)
    {
        JobRecord record = new()
        {
            Job = job,
            Lane = options.Lane,
            MaxFailures = options.MaxFailures,
            MaxDeaths = options.MaxDeaths,
            Submitted = transport.Clock.GetUtcNow(),
        };
        if (await _records.CreateAsync(record, cancellationToken).ConfigureAwait(false) is not null)
        {
            await AddAsync(record, cancellationToken).ConfigureAwait(false);
            return SubmitOutcome.Queued;
        }

        while (true)
        {
            RevisedJob found = await _records.FindAsync(job.Id, cancellationToken).ConfigureAwait(false)
                ?? throw new StemsharpException($"The record of job {job.Id} was taken away while it was submitted; submit it again.");
            if (found.Record.State == JobState.Waiting && !found.Record.Job.HasAddressesOf(job))
            {
                // Addresses that are signed are good for a time; the latest are good for longest.
                if (await _records.ChangeAsync(found, found.Record with { Job = job }, cancellationToken).ConfigureAwait(false) is null)
                {
                    continue;
                }
            }

            if (!found.Record.HasEnded)
            {
                return await AddAsync(found.Record, cancellationToken).ConfigureAwait(false) ? SubmitOutcome.Queued : SubmitOutcome.Pending;
            }

            if (!options.Again)
            {
                return found.Record.State == JobState.Done ? SubmitOutcome.Done : SubmitOutcome.Ended;
            }

            if (await RenewAsync(found, job, options, cancellationToken).ConfigureAwait(false))
            {
                return SubmitOutcome.Queued;
            }
        }
    }

    /// <summary>A job's record; null where there is none.</summary>
    internal async Task<JobRecord?> FindAsync(string id, CancellationToken cancellationToken) =>
        (await _records.FindAsync(id, cancellationToken).ConfigureAwait(false))?.Record;

    /// <summary>How much of a job that runs is done, 0 … 1, as its worker said last; null where it has said nothing.</summary>
    internal async Task<double?> ProgressAsync(JobRecord record, CancellationToken cancellationToken) =>
        record.Worker is { } worker
        && await patience.AskAsync(token => transport.Workers.GetAsync(worker, token), cancellationToken).ConfigureAwait(false) is { } entry
        && WorkerRecord.Of(entry.Value) is var said && said.Job == record.Job.Id && said.Lease == record.Lease ? said.Fraction : null;

    /// <summary>How many workers are heard of, about.</summary>
    internal Task<long> CountWorkersAsync(CancellationToken cancellationToken) => patience.AskAsync(transport.Workers.CountAsync, cancellationToken);

    /// <summary>All jobs.</summary>
    internal IAsyncEnumerable<JobRecord> ListAsync(CancellationToken cancellationToken) => _records.ListAsync(cancellationToken);

    /// <summary>All jobs, and every change from then on.</summary>
    internal IAsyncEnumerable<JobRecord> WatchAsync(CancellationToken cancellationToken) => _records.WatchAsync(cancellationToken);

    /// <summary>Workers that are heard of.</summary>
    internal async Task<IReadOnlyList<(string Id, WorkerRecord Worker)>> WorkersAsync(CancellationToken cancellationToken)
    {
        List<(string Id, WorkerRecord Worker)> workers = [];
        await foreach (BucketEntry entry in transport.Workers.ListAsync(cancellationToken).ConfigureAwait(false))
        {
            workers.Add((entry.Key, WorkerRecord.Of(entry.Value)));
        }

        return workers;
    }

    /// <summary>Puts a job that was given up or withdrawn back into the queue, with nothing held against it.</summary>
    /// <returns>Its state: <see cref="JobState.Waiting"/> where it waits now, otherwise the one that it is left in.</returns>
    internal async Task<JobState?> RetryAsync(string id, CancellationToken cancellationToken)
    {
        while (await _records.FindAsync(id, cancellationToken).ConfigureAwait(false) is { } found)
        {
            JobRecord record = found.Record;
            if (record.State == JobState.Waiting)
            {
                await AddAsync(record, cancellationToken).ConfigureAwait(false);
                return JobState.Waiting;
            }

            if (record.State is JobState.Running or JobState.Done)
            {
                return record.State;
            }

            if (await RenewAsync(found, record.Job, new SubmitOptions(record.Lane, record.MaxFailures, record.MaxDeaths), cancellationToken).ConfigureAwait(false))
            {
                return JobState.Waiting;
            }
        }

        return null;
    }

    /// <summary>
    /// Withdraws a job that has not ended. A worker that has it stops at its next beat; whoever is handed its message later acknowledges that.
    /// (Taking it out of the stream would leave nats-server 2.9 with a wrong count of what waits.)
    /// </summary>
    /// <returns>Its state: <see cref="JobState.Cancelled"/>, or the one in which it had ended.</returns>
    internal async Task<JobState?> CancelAsync(string id, CancellationToken cancellationToken)
    {
        while (await _records.FindAsync(id, cancellationToken).ConfigureAwait(false) is { } found)
        {
            JobRecord record = found.Record;
            if (record.HasEnded)
            {
                return record.State;
            }

            JobRecord withdrawn = record with { State = JobState.Cancelled, Ended = transport.Clock.GetUtcNow() };
            if (await _records.ChangeAsync(found, withdrawn, cancellationToken).ConfigureAwait(false) is not null)
            {
                return JobState.Cancelled;
            }
        }

        return null;
    }

    private static JobMessage Message(JobRecord record) => new(record.Job.Id, record.Generation);

    // A new generation: messages of the last one, and acknowledgements that are still on their way, mean nothing to it.
    private async Task<bool> RenewAsync(RevisedJob found, FleetJob job, SubmitOptions options, CancellationToken cancellationToken)
    {
        JobRecord next = found.Record with
        {
            Job = job,
            State = JobState.Waiting,
            Lane = options.Lane,
            Generation = found.Record.Generation + 1,
            MaxFailures = options.MaxFailures,
            MaxDeaths = options.MaxDeaths,
            Failures = 0,
            Deaths = 0,
            Error = null,
            ErrorKind = null,
            Note = null,
            Result = null,
            Started = null,
            Ended = null,
            Submitted = transport.Clock.GetUtcNow(),
        };
        if (await _records.ChangeAsync(found, next, cancellationToken).ConfigureAwait(false) is null)
        {
            return false;
        }

        await patience.AskAsync(token => transport.DeadLetters.DeleteAsync(next.Job.Id, token), cancellationToken).ConfigureAwait(false);
        await AddAsync(next, cancellationToken).ConfigureAwait(false);
        return true;
    }

    private Task<bool> AddAsync(JobRecord record, CancellationToken cancellationToken) =>
        patience.AskAsync(token => transport.Queue.AddAsync(record.Lane, ModelKey.Of(record.Job.Model), Message(record), token), cancellationToken);
}
