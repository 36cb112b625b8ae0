using Stemsharp.Client;
using Stemsharp.Web.Api;
using Stemsharp.Web.Separation;
using Stemsharp.Web.Store;

namespace Stemsharp.Web.Queue;

/// <summary>
/// All jobs. Each is a file that is written before a change is told to anybody, so that a server that is killed at
/// any point finds every job that it has accepted; one that was running then runs again from its start.
/// </summary>
internal sealed class JobQueue : IDisposable
{
    /// <summary>More jobs than these are refused: all of them are held in memory.</summary>
    public const int MaxJobs = 10_000;
    private const int MaxAttempts = 3;
    private const string WorkItem = "work";
    private const string RecordName = "job.json";
    private readonly Lock _gate = new();
    private readonly Dictionary<string, JobEntry> _jobs = [];
    private readonly SemaphoreSlim _queued = new(0);
    private readonly DataFolder _folder;
    private readonly DiskBudget _disk;
    private readonly SongStore _songs;
    private readonly ISongSeparator _separator;
    private readonly EventHub _events;

    /// <summary>The order of the job that was taken last: the fair queue's clock.</summary>
    private double _clock;

    public JobQueue(DataFolder folder, DiskBudget disk, SongStore songs, ISongSeparator separator, EventHub events, ILogger<JobQueue> logger)
    {
        (_folder, _disk, _songs, _separator, _events) = (folder, disk, songs, separator, events);
        foreach ((_, StoredJob job) in folder.Recover("jobs", RecordName, StoreJson.Default.StoredJob, logger))
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

    public string Folder(string id) => _folder.Job(id);

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
                throw new ApiError(ApiErrorKind.TooMany, $"The server keeps up to {MaxJobs} jobs. Delete some that are done.");
            }

            StoredJob job = new(Id.New(), song.Id, song.Name, song.DurationSeconds, settings, DateTimeOffset.UtcNow)
            {
                Batch = wanted.Batch,
                Order = NextOrder(wanted.Batch),
            };
            _disk.Reserve(Item(job.Id), ResultBytes(job));
            try
            {
                DataFolder.CreatePrivate(_folder.Job(job.Id));
                JobEntry entry = new(job);
                _jobs[job.Id] = entry;
                _disk.Reserve(WorkItem, LargestWork());
                Keep(entry, job);
            }
            catch
            {
                _jobs.Remove(job.Id);
                DataFolder.Delete(_folder.Job(job.Id));
                _disk.Release(Item(job.Id));
                BookWork();
                throw;
            }
            _queued.Release();
            return _jobs[job.Id].View;
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
                    End(entry, JobState.Cancelled, null);
                    break;
                case JobState.Running:
                    entry.CancelWanted = true;
                    entry.Stop?.Cancel();
                    if (entry.Progress?.Step == JobStep.Ready)
                    {
                        End(entry, JobState.Cancelled, null);
                    }

                    break;
                default:
                    throw new ApiError(ApiErrorKind.Conflict, "The job has ended already; only one that is queued or running can be cancelled.");
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
                throw new ApiError(ApiErrorKind.Conflict, "Only a job that failed or was cancelled can be tried again.");
            }

            _songs.Get(entry.Stored.SongId);
            _disk.Reserve(Item(id), ResultBytes(entry.Stored));
            Keep(entry, entry.Stored with
            {
                State = JobState.Queued,
                Order = NextOrder(entry.Stored.Batch),
                Attempts = 0,
                Error = null,
                Started = null,
                Finished = null,
            });
            BookWork();
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

        static ApiError NotQueued() => new(ApiErrorKind.Conflict, "Only jobs that wait in the queue can be moved, and only among each other.");
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

    /// <summary>Waits for a job and starts it.</summary>
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
                entry.Stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
                entry.Progress = new JobProgress(JobStep.Decoding, 0, 0);
                (entry.CancelWanted, entry.DeleteWanted) = (false, false);
                _clock = Math.Max(_clock, next.Order);
                Keep(entry, next with
                {
                    State = JobState.Running,
                    Attempts = next.Attempts + 1,
                    Started = DateTimeOffset.UtcNow,
                    Audio = null,
                    TimesRealTime = null,
                });
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

    public void Succeed(JobEntry entry, double timesRealTime)
    {
        lock (_gate)
        {
            entry.Stored = entry.Stored with { TimesRealTime = timesRealTime };
            End(entry, JobState.Done, null);
        }
    }

    /// <summary>Ends a job whose work was stopped or failed. Stopped by the server's own end, it waits for the next start.</summary>
    public void Fail(JobEntry entry, string? error)
    {
        lock (_gate)
        {
            if (error is not null)
            {
                End(entry, JobState.Failed, error);
            }
            else if (entry.DeleteWanted)
            {
                Remove(entry);
            }
            else if (entry.CancelWanted)
            {
                End(entry, JobState.Cancelled, null);
            }
            else
            {
                Requeue(entry);
            }
        }
    }

    /// <summary>Books what a job takes now, after a file was added to it.</summary>
    public void Weigh(string id)
    {
        lock (_gate)
        {
            JobEntry entry = Find(id);
            long bytes = DataFolder.SizeOf(_folder.Job(id));
            _disk.Set(Item(id), bytes);
            Keep(entry, entry.Stored with { Bytes = bytes });
        }
    }

    /// <summary>Deletes jobs that ended before a time.</summary>
    public void DropEndedBefore(DateTimeOffset time)
    {
        lock (_gate)
        {
            foreach (JobEntry entry in _jobs.Values.Where(entry => entry.Stored.Finished < time).ToArray())
            {
                Remove(entry);
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

    private static string Item(string id) => "job " + id;

    private string Record(string id) => Path.Combine(_folder.Job(id), RecordName);

    private JobEntry Find(string id) => _jobs.TryGetValue(id, out JobEntry? entry) ? entry : throw ApiError.NotFound("job", id);

    private IEnumerable<StoredJob> Waiting() => _jobs.Values.Select(entry => entry.Stored).Where(job => job.State == JobState.Queued)
        .OrderBy(job => job.Order).ThenBy(job => job.Created).ThenBy(job => job.Id, StringComparer.Ordinal);

    private void Keep(JobEntry entry, StoredJob job)
    {
        DataFolder.WriteJson(Record(job.Id), job, StoreJson.Default.StoredJob);
        entry.Stored = job;
        _jobs[job.Id] = entry;
        _events.JobChanged(job.Id);
    }

    private void End(JobEntry entry, JobState state, string? error)
    {
        string folder = _folder.Job(entry.Stored.Id);
        DataFolder.Delete(Path.Combine(folder, "work"));
        if (state != JobState.Done)
        {
            DataFolder.Delete(Path.Combine(folder, "stems"));
            DataFolder.Delete(Path.Combine(folder, "peaks"));
        }
        long bytes = DataFolder.SizeOf(folder);
        _disk.Set(Item(entry.Stored.Id), bytes);
        Rest(entry);
        Keep(entry, entry.Stored with
        {
            State = state,
            Error = error,
            Bytes = bytes,
            Finished = DateTimeOffset.UtcNow,
            Audio = state == JobState.Done ? entry.Stored.Audio : null,
        });
        BookWork();
    }

    private void Requeue(JobEntry entry)
    {
        Rest(entry);
        Keep(entry, entry.Stored with { State = JobState.Queued, Attempts = entry.Stored.Attempts - 1, Audio = null });
        _queued.Release();
    }

    private static void Rest(JobEntry entry)
    {
        entry.Stop?.Dispose();
        entry.Stop = null;
        entry.Progress = null;
    }

    private void Remove(JobEntry entry)
    {
        string id = entry.Stored.Id;
        _jobs.Remove(id);
        Rest(entry);
        // Without its record the job is gone, whatever becomes of the rest of its folder.
        File.Delete(Record(id));
        DataFolder.Delete(_folder.Job(id));
        _disk.Release(Item(id));
        BookWork();
        _events.JobChanged(id);
    }

    private void Recover(StoredJob job)
    {
        JobEntry entry = new(job);
        _jobs[job.Id] = entry;
        DataFolder.Delete(Path.Combine(_folder.Job(job.Id), "mixes"));
        if (job.State is JobState.Running or JobState.Queued)
        {
            foreach (string part in (string[])["work", "stems", "peaks"])
            {
                DataFolder.Delete(Path.Combine(_folder.Job(job.Id), part));
            }

            if (job.Attempts >= MaxAttempts)
            {
                End(entry, JobState.Failed, $"The server ended {MaxAttempts} times while it worked on this song, so it is not tried again by itself. 'Retry' tries once more.");
                return;
            }
            if (job.State == JobState.Running)
            {
                Keep(entry, job with { State = JobState.Queued, Audio = null });
            }

            _disk.Set(Item(job.Id), ResultBytes(job));
            _queued.Release();
        }
        else
        {
            _disk.Set(Item(job.Id), job.Bytes);
        }
        _clock = Math.Max(_clock, job.State == JobState.Queued ? 0 : job.Order);
    }

    /// <summary>Bytes that the stems will take.</summary>
    private long ResultBytes(StoredJob job)
    {
        int bytes = job.Settings.SampleFormat switch { "float32" => 4, "pcm24" => 3, _ => 2 };
        return Frames(job) * 2 * bytes * Stems(job);
    }

    /// <summary>Bytes that work on a job takes for a while: the song decoded and as the network hears it, and every stem in floats.</summary>
    private long WorkBytes(StoredJob job) => Frames(job) * 2 * sizeof(float) * (2 + 2 * Stems(job));

    private static long Frames(StoredJob job) => (long)Math.Ceiling(job.DurationSeconds * 44_100);

    private int Stems(StoredJob job) => job.Settings.TwoStems is not null ? 2 : job.Settings.Stems?.Count
        ?? _separator.Models.FirstOrDefault(model => model.Name == job.Settings.Model)?.Stems.Count ?? 6;

    private void BookWork() => _disk.Set(WorkItem, LargestWork());

    /// <summary>At most two jobs hold working files at once: the one that is separated and the one that is written.</summary>
    private long LargestWork() => 2 * _jobs.Values
        .Where(entry => entry.Stored.State is JobState.Queued or JobState.Running)
        .Select(entry => WorkBytes(entry.Stored)).DefaultIfEmpty().Max();
}
