using Stemsharp.Client;
using Stemsharp.Web.Store;

namespace Stemsharp.Web.Queue;

// What becomes of jobs that a fleet does: handed over in their order, each for a turn with a name of its own, and ended as others are. Nothing
// that the store throws comes out of here.
internal sealed partial class JobQueue
{
    /// <summary>Jobs that a fleet has, those that an earlier server handed over among them.</summary>
    public IReadOnlyList<JobEntry> HandedOver
    {
        get
        {
            lock (_gate)
            {
                return [.. _jobs.Values.Where(entry => entry.Stored.Turn is not null).OrderBy(entry => entry.Stored.Order)];
            }
        }
    }

    /// <summary>Waits until there may be a job to hand over, or for a time.</summary>
    public Task WaitAsync(TimeSpan most, CancellationToken cancellationToken) => _queued.WaitAsync(most, cancellationToken);

    /// <summary>Hands the next job over. It stays queued until a worker has it.</summary>
    /// <param name="mayGo">Whether there is room for it where it goes.</param>
    /// <returns>The job; null where none waits that may go.</returns>
    public JobEntry? TryHandOver(Func<StoredJob, bool> mayGo)
    {
        lock (_gate)
        {
            foreach (StoredJob next in Waiting().Where(mayGo).ToArray())
            {
                if (TryStart(next, next with { Turn = Id.New() }, new CancellationTokenSource()) is { } entry)
                {
                    return entry;
                }
            }

            return null;
        }
    }

    /// <summary>Takes jobs back that an earlier server has handed over: this one works on them itself.</summary>
    /// <returns>How many.</returns>
    public int TakeBack()
    {
        lock (_gate)
        {
            JobEntry[] handedOver = [.. _jobs.Values.Where(entry => entry.Stored.Turn is not null)];
            foreach (JobEntry entry in handedOver)
            {
                Rest(entry);
                KeepAnyway(entry, entry.Stored with { State = JobState.Queued, Turn = null, Audio = null });
                _queued.Release();
            }

            return handedOver.Length;
        }
    }

    /// <summary>A worker has the job.</summary>
    public void Begin(JobEntry entry, DateTimeOffset began)
    {
        lock (_gate)
        {
            if (entry.Stored.State == JobState.Queued)
            {
                KeepAnyway(entry, entry.Stored with { State = JobState.Running, Started = began });
            }
        }
    }

    /// <summary>No worker has the job any more, and it waits for another one.</summary>
    public void PutBack(JobEntry entry)
    {
        lock (_gate)
        {
            if (entry.Stored.State == JobState.Running)
            {
                entry.Progress = new JobProgress(JobStep.Decoding, 0, 0);
                KeepAnyway(entry, entry.Stored with { State = JobState.Queued, Started = null });
            }
        }
    }

    /// <summary>Ends a job that was withdrawn: by its owner, or by somebody who looks after the fleet.</summary>
    public void Withdraw(JobEntry entry)
    {
        lock (_gate)
        {
            if (!EndedByOwner(entry))
            {
                Settle(entry, JobState.Cancelled, null);
            }
        }
    }
}
