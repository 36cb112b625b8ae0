using Stemsharp.Client;
using Stemsharp.Web.Store;

namespace Stemsharp.Web.Queue;

// How changes reach the store, and what becomes of a job where they do not.
internal sealed partial class JobQueue
{
    /// <summary>Keeps a change and tells of it, or throws and changes nothing.</summary>
    private void Keep(JobEntry entry, StoredJob job)
    {
        _store.Save(job);
        entry.Stored = job;
        _events.JobChanged(job.Id);
    }

    /// <summary>Keeps changes of several jobs and tells of them, or throws and changes none.</summary>
    private void Keep(StoredJob[] jobs)
    {
        _store.Save(jobs);
        foreach (StoredJob job in jobs)
        {
            _jobs[job.Id].Stored = job;
            _events.JobChanged(job.Id);
        }
    }

    /// <summary>Changes a job whatever the store says. A server that ends now finds it as it was kept last.</summary>
    private void KeepAnyway(JobEntry entry, StoredJob job)
    {
        try
        {
            _store.Save(job);
        }
#pragma warning disable CA1031 // Whatever the store throws, what has happened has happened.
        catch (Exception error)
#pragma warning restore CA1031
        {
            _logger.LogError(error, "Job {JobId} cannot be kept as {State}", job.Id, job.State);
        }
        entry.Stored = job;
        _events.JobChanged(job.Id);
    }

    /// <summary>Ends a job, or throws and leaves it as it is but for its files.</summary>
    private void End(JobEntry entry, StoredJob ended)
    {
        Keep(entry, Weighed(ended));
        Ended(entry);
    }

    /// <summary>Ends a job whatever the store says.</summary>
    private void Settle(JobEntry entry, JobState state, string? error)
    {
        KeepAnyway(entry, Weighed(entry.Stored with { State = state, Error = error, TimesRealTime = null }));
        Ended(entry);
    }

    /// <summary>A job as it ends: its working files deleted, and what it takes known.</summary>
    private StoredJob Weighed(StoredJob ended)
    {
        bool done = ended.State == JobState.Done;
        TryTidy(ended.Id, results: !done, steps: true);
        return ended with { Bytes = Size(ended), Finished = DateTimeOffset.UtcNow, Turn = null, Audio = done ? ended.Audio : null };
    }

    private void Ended(JobEntry entry)
    {
        Rest(entry);
        _space.Set(entry.Stored.Id, entry.Stored.Bytes);
        BookWork();
        _metrics.Finished(entry.Stored.State, entry.Stored.Settings.Model);
    }

    /// <summary>Whether a job's owner wants it stopped or deleted, and so it is: that comes before how its run has ended.</summary>
    private bool EndedByOwner(JobEntry entry)
    {
        if (entry.DeleteWanted)
        {
            if (TryRemove(entry) is { } error)
            {
                Settle(entry, JobState.Failed, $"It was stopped and cannot be deleted. {JobFailure.Describe(error)} Then delete it once more.");
            }

            return true;
        }

        if (entry.CancelWanted)
        {
            Settle(entry, JobState.Cancelled, null);
        }

        return entry.CancelWanted;
    }

    private static void Rest(JobEntry entry)
    {
        entry.Stop?.Dispose();
        entry.Stop = null;
        entry.Progress = null;
    }

    /// <summary>Deletes a job, or throws and leaves it as it is.</summary>
    private void Remove(JobEntry entry)
    {
        string id = entry.Stored.Id;
        _store.Delete(id);
        _jobs.Remove(id);
        Rest(entry);
        _space.Release(id);
        BookWork();
        _events.JobChanged(id);
    }

    /// <returns>What stood against it; null where it is gone.</returns>
    private Exception? TryRemove(JobEntry entry)
    {
        try
        {
            Remove(entry);
            return null;
        }
#pragma warning disable CA1031 // Whatever the store throws costs this job and no other.
        catch (Exception error)
#pragma warning restore CA1031
        {
            _logger.LogError(error, "Job {JobId} cannot be deleted", entry.Stored.Id);
            return error;
        }
    }

    /// <summary>Deletes what a refused job may have left in the store.</summary>
    private void TryDelete(string id) => Attempt(id, "deleted", () => _store.Delete(id));

    private void TryTidy(string id, bool results, bool steps) => Attempt(id, "tidied", () => _store.Tidy(id, results, steps));

    /// <summary>What a job takes; what it took, where that cannot be found out.</summary>
    private long Size(StoredJob job)
    {
        long bytes = job.Bytes;
        Attempt(job.Id, "weighed", () => bytes = _store.Size(job.Id));
        return bytes;
    }

    private void Attempt(string id, string what, Action action)
    {
        try
        {
            action();
        }
#pragma warning disable CA1031 // Nothing depends on it but space.
        catch (Exception error)
#pragma warning restore CA1031
        {
            _logger.LogWarning(error, "Job {JobId} cannot be {What}", id, what);
        }
    }

    private void BookWork() => _space.BookWork(Active());

    private void Recover(StoredJob job)
    {
        JobEntry entry = new(job);
        _jobs[job.Id] = entry;
        bool active = job.State is JobState.Running or JobState.Queued, handedOver = active && job.Turn is not null;
        TryTidy(job.Id, results: active && !handedOver, steps: !active);
        _clock = Math.Max(_clock, job.State == JobState.Queued && !handedOver ? 0 : job.Order);
        if (!active)
        {
            _space.Set(job.Id, job.Bytes);
        }
        else if (handedOver)
        {
            _space.Readmit(job);
            entry.Stop = new CancellationTokenSource();
        }
        else if (job.Attempts >= MaxAttempts)
        {
            Settle(entry, JobState.Failed, $"The server ended {MaxAttempts} times while it worked on this song, so it is not tried again by itself. 'Retry' tries once more.");
        }
        else
        {
            _space.Readmit(job);
            if (job.State == JobState.Running)
            {
                KeepAnyway(entry, job with { State = JobState.Queued, Audio = null });
            }

            _queued.Release();
        }
    }
}
