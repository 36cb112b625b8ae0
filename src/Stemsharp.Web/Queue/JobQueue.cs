using Stemsharp.Client;
using Stemsharp.Web.Observability;
using Stemsharp.Web.Separation;
using Stemsharp.Web.Store;

namespace Stemsharp.Web.Queue;

/// <summary>
/// All jobs. Each is kept before a change is told to anybody, so that a server that is killed at any point finds every
/// job that it has accepted; one that was running then runs again from its start. A change that a client asks for and
/// that cannot be kept is refused; a job whose run cannot be kept has failed, and the next one is taken.
/// </summary>
internal sealed class JobQueue : IDisposable
{
    /// <summary>More jobs than these are refused: all of them are held in memory.</summary>
    public const int MaxJobs = 10_000;
    private const int MaxAttempts = 3;
    private readonly Lock _gate = new();
    private readonly Dictionary<string, JobEntry> _jobs = [];
    private readonly SemaphoreSlim _queued = new(0);
    private readonly IJobStore _store;
    private readonly JobSpace _space;
    private readonly SongStore _songs;
    private readonly ISongSeparator _separator;
    private readonly EventHub _events;
    private readonly Metrics _metrics;
    private readonly ILogger<JobQueue> _logger;

    /// <summary>The order of the job that was taken last: the fair queue's clock.</summary>
    private double _clock;

    public JobQueue(
        IJobStore store, DiskBudget disk, SongStore songs, ISongSeparator separator, EventHub events, Metrics metrics, ILogger<JobQueue> logger)
    {
        (_store, _songs, _separator, _events, _metrics, _logger) = (store, songs, separator, events, metrics, logger);
        _space = new JobSpace(disk, separator);
        foreach (StoredJob job in store.Recover())
        {
            Recover(job);
        }

        BookWork();
    }

    /// <summary>Newest first.</summary>
    public JobPage Page(string? before, int limit)
    {
        lock (_gate)
        {
            IEnumerable<StoredJob> newest = _jobs.Values.Select(entry => entry.Stored)
                .OrderByDescending(job => job.Created).ThenByDescending(job => job.Id, StringComparer.Ordinal);
            if (before is not null)
            {
                StoredJob mark = Find(before).Stored;
                newest = newest.SkipWhile(job => job != mark).Skip(1);
            }
            Job[] page = [.. newest.Take(limit + 1).Select(job => _jobs[job.Id].View)];
            return page.Length <= limit ? new JobPage(page) : new JobPage(page[..limit]) { Next = page[limit - 1].Id };
        }
    }

    public IReadOnlyDictionary<JobState, int> Counts
    {
        get
        {
            lock (_gate)
            {
                return _jobs.Values.CountBy(entry => entry.Stored.State).ToDictionary();
            }
        }
    }

    public Job Get(string id)
    {
        lock (_gate)
        {
            return Find(id).View;
        }
    }

    public Job? TryGet(string id)
    {
        lock (_gate)
        {
            return _jobs.GetValueOrDefault(id)?.View;
        }
    }

    public StemFiles Files(string id) => _store.Files(id);

    public bool NeedsSong(string songId)
    {
        lock (_gate)
        {
            return _jobs.Values.Any(entry => entry.Stored.SongId == songId);
        }
    }

    public Job Create(NewJob wanted)
    {
        Song song = _songs.Get(wanted.SongId);
        JobSettings settings = _separator.Complete(wanted.Settings ?? new JobSettings());
        lock (_gate)
        {
            if (_jobs.Count >= MaxJobs)
            {
                throw new QueueException(QueueErrorKind.TooMany, $"The server keeps up to {MaxJobs} jobs. Delete some that are done.");
            }

            StoredJob job = new(Id.New(), song.Id, song.Name, song.DurationSeconds, settings, DateTimeOffset.UtcNow)
            {
                Batch = wanted.Batch,
                Order = NextOrder(wanted.Batch),
            };
            _space.Admit(job, Active());
            JobEntry entry = new(job);
            _jobs[job.Id] = entry;
            try
            {
                Keep(entry, job);
            }
            catch
            {
                _jobs.Remove(job.Id);
                _space.Release(job.Id);
                BookWork();
                TryDelete(job.Id);
                throw;
            }
            _queued.Release();
            return entry.View;
        }
    }

    public Job Cancel(string id)
    {
        lock (_gate)
        {
            JobEntry entry = Find(id);
            switch (entry.Stored.State)
            {
                case JobState.Queued:
                    End(entry, entry.Stored with { State = JobState.Cancelled });
                    break;
                case JobState.Running:
                    entry.CancelWanted = true;
                    entry.Stop?.Cancel();
                    if (entry.Progress?.Step == JobStep.Ready)
                    {
                        End(entry, entry.Stored with { State = JobState.Cancelled });
                    }

                    break;
                default:
                    throw new QueueException(QueueErrorKind.Conflict, "The job has ended already; only one that is queued or running can be cancelled.");
            }
            return entry.View;
        }
    }

    public Job Retry(string id)
    {
        lock (_gate)
        {
            JobEntry entry = Find(id);
            if (entry.Stored.State is not (JobState.Failed or JobState.Cancelled))
            {
                throw new QueueException(QueueErrorKind.Conflict, "Only a job that failed or was cancelled can be tried again.");
            }

            _songs.Get(entry.Stored.SongId);
            StoredJob again = entry.Stored with
            {
                State = JobState.Queued,
                Order = NextOrder(entry.Stored.Batch),
                Attempts = 0,
                Error = null,
                Started = null,
                Finished = null,
            };
            _space.Admit(again, Active());
            try
            {
                Keep(entry, again);
            }
            catch
            {
                _space.Set(id, entry.Stored.Bytes);
                BookWork();
                throw;
            }
            _queued.Release();
            return entry.View;
        }
    }

    public Job Move(string id, string? before)
    {
        lock (_gate)
        {
            JobEntry entry = Find(id);
            if (entry.Stored.State != JobState.Queued)
            {
                throw NotQueued();
            }

            List<StoredJob> others = [.. Waiting().Where(job => job.Id != id)];
            int place = before is null ? others.Count : others.FindIndex(job => job.Id == before);
            if (place < 0)
            {
                throw NotQueued();
            }

            double low = place == 0 ? Math.Min(_clock, others.Count > 0 ? others[0].Order - 1 : _clock) : others[place - 1].Order;
            double high = place == others.Count ? low + 2 : others[place].Order;
            double between = low + (high - low) / 2;
            if (between > low && between < high)
            {
                Keep(entry, entry.Stored with { Order = between });
                return entry.View;
            }
            // Moves have used up the numbers between two neighbours: number the whole queue anew.
            others.Insert(place, entry.Stored);
            for (int i = 0; i < others.Count; i++)
            {
                Keep(_jobs[others[i].Id], others[i] with { Order = _clock + 1 + i });
            }

            return entry.View;
        }

        static QueueException NotQueued() => new(QueueErrorKind.Conflict, "Only jobs that wait in the queue can be moved, and only among each other.");
    }

    public void Delete(string id)
    {
        lock (_gate)
        {
            JobEntry entry = Find(id);
            if (entry.Stored.State == JobState.Running)
            {
                (entry.CancelWanted, entry.DeleteWanted) = (true, true);
                entry.Stop?.Cancel();
                if (entry.Progress?.Step != JobStep.Ready)
                {
                    return;
                }
            }
            Remove(entry);
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
                // A signal without a job is one whose job was cancelled while it waited.
                if (Waiting().FirstOrDefault() is not { } next)
                {
                    continue;
                }

                JobEntry entry = _jobs[next.Id];
                _clock = Math.Max(_clock, next.Order);
                (entry.CancelWanted, entry.DeleteWanted) = (false, false);
                entry.Progress = new JobProgress(JobStep.Decoding, 0, 0);
                try
                {
                    Keep(entry, next with
                    {
                        State = JobState.Running,
                        Attempts = next.Attempts + 1,
                        Started = DateTimeOffset.UtcNow,
                        Audio = null,
                        TimesRealTime = null,
                    });
                }
#pragma warning disable CA1031 // Whatever the store throws costs this job and no other.
                catch (Exception error)
#pragma warning restore CA1031
                {
                    _logger.LogError(error, "Job {JobId} cannot be started", next.Id);
                    Settle(entry, JobState.Failed, JobFailure.Describe(error));
                    continue;
                }
                entry.Stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
                return entry;
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
                End(entry, run with { State = JobState.Done, TimesRealTime = run.DurationSeconds / work.TotalSeconds });
            }
#pragma warning disable CA1031 // Whatever the store throws costs this job and no other.
            catch (Exception error)
#pragma warning restore CA1031
            {
                _logger.LogError(error, "Job {JobId} is done and cannot be kept", run.Id);
                Settle(entry, JobState.Failed, JobFailure.Describe(error));
                return false;
            }
            _metrics.Worked(run.DurationSeconds, work.TotalSeconds);
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

    /// <summary>Books what a job takes now, after a file was added to it.</summary>
    public void Weigh(string id)
    {
        lock (_gate)
        {
            if (_jobs.TryGetValue(id, out JobEntry? entry))
            {
                long bytes = Size(entry.Stored);
                _space.Set(id, bytes);
                KeepAnyway(entry, entry.Stored with { Bytes = bytes });
            }
        }
    }

    /// <summary>Deletes jobs that ended before a time. One that cannot be deleted is logged, and is there the next time.</summary>
    public void DropEndedBefore(DateTimeOffset time)
    {
        lock (_gate)
        {
            foreach (JobEntry entry in _jobs.Values.Where(entry => entry.Stored.Finished < time).ToArray())
            {
                TryRemove(entry);
            }
        }
    }

    public void Dispose() => _queued.Dispose();

    /// <summary>
    /// Fair queueing with unit cost: a batch's first job goes right behind the one that runs now, its next ones each
    /// a step later, so that a batch of one does not wait for a batch of hundreds.
    /// </summary>
    private double NextOrder(string? batch)
    {
        double last = _clock;
        foreach (JobEntry entry in _jobs.Values)
        {
            if (entry.Stored.State == JobState.Queued && entry.Stored.Batch == batch)
            {
                last = Math.Max(last, entry.Stored.Order);
            }
        }
        return Math.Floor(last) + 1;
    }

    private JobEntry Find(string id) => _jobs.TryGetValue(id, out JobEntry? entry) ? entry : throw QueueException.NotFound(id);

    private IEnumerable<StoredJob> Waiting() => _jobs.Values.Select(entry => entry.Stored).Where(job => job.State == JobState.Queued)
        .OrderBy(job => job.Order).ThenBy(job => job.Created).ThenBy(job => job.Id, StringComparer.Ordinal);

    private IEnumerable<StoredJob> Active() => _jobs.Values.Select(entry => entry.Stored).Where(job => job.State is JobState.Queued or JobState.Running);

    /// <summary>Keeps a change and tells of it, or throws and changes nothing.</summary>
    private void Keep(JobEntry entry, StoredJob job)
    {
        _store.Save(job);
        entry.Stored = job;
        _events.JobChanged(job.Id);
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
        TryTidy(ended.Id, results: !done);
        return ended with { Bytes = Size(ended), Finished = DateTimeOffset.UtcNow, Audio = done ? ended.Audio : null };
    }

    private void Ended(JobEntry entry)
    {
        Rest(entry);
        _space.Set(entry.Stored.Id, entry.Stored.Bytes);
        BookWork();
        _metrics.Finished(entry.Stored.State);
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

    private void TryTidy(string id, bool results) => Attempt(id, "tidied", () => _store.Tidy(id, results));

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
        bool active = job.State is JobState.Running or JobState.Queued;
        TryTidy(job.Id, results: active);
        _clock = Math.Max(_clock, job.State == JobState.Queued ? 0 : job.Order);
        if (!active)
        {
            _space.Set(job.Id, job.Bytes);
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
