using Stemsharp.Client;
using Stemsharp.Web.Store;

namespace Stemsharp.Web.Queue;

// What the pipeline does with a job: takes it, tells how it goes, ends it. Nothing that the store throws comes out of here.
internal sealed partial class JobQueue
{
    /// <summary>Lets jobs go on whose models are here now.</summary>
    public void ModelsArrived(IReadOnlySet<string> models)
    {
        lock (_gate)
        {
            foreach (StoredJob job in Waiting().Where(job => models.Contains(job.Settings.Model!)).ToArray())
            {
                _events.JobChanged(job.Id);
                _queued.Release();
            }
        }
    }

    /// <summary>Waits for a job and starts it. One whose start cannot be kept has failed, and the next one is taken.</summary>
    public async Task<JobEntry> TakeAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            await _queued.WaitAsync(cancellationToken).ConfigureAwait(false);
            lock (_gate)
            {
                // A signal without a job is one whose job was cancelled while it waited, or waits for its model.
                if (Waiting().FirstOrDefault(job => !WaitsForModel(job)) is { } next && TryStart(next, next with
                {
                    State = JobState.Running,
                    Attempts = next.Attempts + 1,
                    Started = DateTimeOffset.UtcNow,
                }, CancellationTokenSource.CreateLinkedTokenSource(cancellationToken)) is { } entry)
                {
                    return entry;
                }
            }
        }
    }

    /// <summary>Takes a decoded job into the engine; from here on only the engine's room ends it.</summary>
    public void Start(JobEntry entry, CancellationToken run)
    {
        lock (_gate)
        {
            run.ThrowIfCancellationRequested();
            entry.Progress = new JobProgress(JobStep.Separating, 0, 0);
        }
        _events.JobChanged(entry.Stored.Id);
    }

    /// <summary>Whether a job is still in the run that a token belongs to: a decoded job that waits can be ended at once.</summary>
    public bool IsRun(JobEntry entry, CancellationToken run)
    {
        lock (_gate)
        {
            return entry.Stop?.Token == run;
        }
    }

    public void Report(JobEntry entry, JobProgress progress)
    {
        lock (_gate)
        {
            entry.Progress = progress;
        }

        _events.JobChanged(entry.Stored.Id);
    }

    public void SetAudio(JobEntry entry, JobAudio audio)
    {
        lock (_gate)
        {
            Keep(entry, entry.Stored with { Audio = audio });
        }
    }

    /// <summary>Keeps what was odd about a job's song.</summary>
    public void AddWarnings(JobEntry entry, IReadOnlyList<string> warnings)
    {
        if (warnings.Count == 0)
        {
            return;
        }

        lock (_gate)
        {
            // What is odd about a file may be met by its decoder and by its reader.
            Keep(entry, entry.Stored with { Warnings = [.. (entry.Stored.Warnings ?? []).Union(warnings)] });
        }
    }

    /// <summary>Ends a job that has its stems, unless its owner has stopped or deleted it in the last moment.</summary>
    /// <returns>Whether it is done.</returns>
    public bool Succeed(JobEntry entry, TimeSpan work)
    {
        lock (_gate)
        {
            if (EndedByOwner(entry))
            {
                return false;
            }

            StoredJob run = entry.Stored;
            try
            {
                End(entry, run with { State = JobState.Done, TimesRealTime = work > TimeSpan.Zero ? run.DurationSeconds / work.TotalSeconds : null });
            }
#pragma warning disable CA1031 // Whatever the store throws costs this job and no other.
            catch (Exception error)
#pragma warning restore CA1031
            {
                _logger.LogError(error, "Job {JobId} is done and cannot be kept", run.Id);
                Settle(entry, JobState.Failed, JobFailure.Describe(error));
                return false;
            }
            _metrics.Worked(run.DurationSeconds, work.TotalSeconds, run.Settings.Model);
            return true;
        }
    }

    /// <summary>Ends a job that failed.</summary>
    public void Fail(JobEntry entry, string error)
    {
        lock (_gate)
        {
            if (!EndedByOwner(entry))
            {
                Settle(entry, JobState.Failed, error);
            }
        }
    }

    /// <summary>Ends a job whose work was stopped. Stopped by the server's own end, it waits for the next start.</summary>
    public void Stop(JobEntry entry)
    {
        lock (_gate)
        {
            if (EndedByOwner(entry))
            {
                return;
            }

            Rest(entry);
            KeepAnyway(entry, entry.Stored with { State = JobState.Queued, Attempts = entry.Stored.Attempts - 1, Audio = null });
            _queued.Release();
        }
    }

    /// <summary>Starts a job, or ends it as failed where that cannot be kept.</summary>
    private JobEntry? TryStart(StoredJob next, StoredJob started, CancellationTokenSource stop)
    {
        JobEntry entry = _jobs[next.Id];
        _clock = Math.Max(_clock, next.Order);
        (entry.CancelWanted, entry.DeleteWanted) = (false, false);
        entry.Progress = new JobProgress(JobStep.Decoding, 0, 0);
        try
        {
            // What could not be checked before the model was here is checked now.
            Keep(entry, started with { Settings = _separator.Complete(started.Settings), Audio = null, TimesRealTime = null, Warnings = null });
        }
#pragma warning disable CA1031 // Whatever is wrong with it, or with the store, costs this job and no other.
        catch (Exception error)
#pragma warning restore CA1031
        {
            stop.Dispose();
            _logger.LogError(error, "Job {JobId} cannot be started", next.Id);
            Settle(entry, JobState.Failed, JobFailure.Describe(error));
            return null;
        }
        entry.Stop = stop;
        return entry;
    }
}
