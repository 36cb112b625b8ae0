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
internal sealed partial class JobQueue : IDisposable
{
    /// <summary>More jobs than these are refused: all of them are held in memory.</summary>
    public const int MaxJobs = 10_000;
    private const int MaxAttempts = 3;

    /// <summary>Songs that a model's speed is taken from, and the seconds that one of them has at least: a jingle says little.</summary>
    private const int LastSongs = 5;
    private const double ShortestMeasured = 5;
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
        metrics.Watch(() => Counts, () => Oldest);
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
            Job[] page = [.. newest.Take(limit + 1).Select(job => View(_jobs[job.Id]))];
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

    /// <summary>When the oldest job came in that has not ended; null where there is none.</summary>
    private DateTimeOffset? Oldest
    {
        get
        {
            lock (_gate)
            {
                return _jobs.Values.Select(entry => entry.Stored).Where(job => job.State is JobState.Queued or JobState.Running).Min(job => (DateTimeOffset?)job.Created);
            }
        }
    }

    public Job Get(string id)
    {
        lock (_gate)
        {
            return View(Find(id));
        }
    }

    public Job? TryGet(string id)
    {
        lock (_gate)
        {
            return _jobs.TryGetValue(id, out JobEntry? entry) ? View(entry) : null;
        }
    }

    /// <summary>Tells of all jobs of a song, whose name has changed.</summary>
    public void SongChanged(string songId)
    {
        lock (_gate)
        {
            foreach (JobEntry entry in _jobs.Values.Where(entry => entry.Stored.SongId == songId))
            {
                _events.JobChanged(entry.Stored.Id);
            }
        }
    }

    /// <summary>Seconds of song a second of work by model, in one pass at the models' own overlaps: medians of their last songs.</summary>
    public IReadOnlyDictionary<string, double> Speeds
    {
        get
        {
            lock (_gate)
            {
                return _jobs.Values.Select(entry => entry.Stored)
                    .Where(job => job is { TimesRealTime: > 0, DurationSeconds: >= ShortestMeasured, Settings: { Model: not null, Overlap: null } })
                    .GroupBy(job => job.Settings.Model!)
                    .ToDictionary(jobs => jobs.Key, jobs => Median([.. jobs.OrderByDescending(job => job.Finished).Take(LastSongs)
                        .Select(job => job.TimesRealTime!.Value * Math.Max(1, job.Settings.Shifts ?? 1))]));
            }
        }
    }

    /// <summary>Whether there is work to do.</summary>
    public bool IsBusy
    {
        get
        {
            lock (_gate)
            {
                return Active().Any(job => !WaitsForModel(job));
            }
        }
    }

    /// <summary>Models that jobs wait for.</summary>
    public IReadOnlyList<string> MissingModels
    {
        get
        {
            lock (_gate)
            {
                return [.. Waiting().Where(WaitsForModel).Select(job => job.Settings.Model!).Distinct()];
            }
        }
    }

    /// <summary>Does something to models while no job needs them, or refuses to.</summary>
    public void WhileUnused(IReadOnlyCollection<string> models, Action action)
    {
        lock (_gate)
        {
            if (Active().FirstOrDefault(job => models.Contains(job.Settings.Model)) is { } job)
            {
                throw new QueueException(QueueErrorKind.Conflict, $"The model '{job.Settings.Model}' is needed for the song '{job.Name}'. Let that be done first, or cancel it.");
            }

            action();
        }
    }

    public StemFiles Files(string id) => _store.Files(id);

    /// <summary>The newest job of a song that is done and has a stem; null where there is none.</summary>
    public Job? DoneWith(string songId, string stem)
    {
        lock (_gate)
        {
            return _jobs.Values
                .Where(entry => entry.Stored.SongId == songId && entry.Stored.State == JobState.Done && entry.Stored.Audio?.Stems.Contains(stem) == true)
                .MaxBy(entry => entry.Stored.Finished)?.View;
        }
    }

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
        JobSettings settings = _separator.Complete(wanted.Settings ?? new JobSettings(), wanted.FetchModel);
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
            return View(entry);
        }
    }

    public Job Cancel(string id)
    {
        lock (_gate)
        {
            JobEntry entry = Find(id);
            switch (entry.Stored.State)
            {
                case JobState.Queued when entry.Stop is null:
                    End(entry, entry.Stored with { State = JobState.Cancelled });
                    break;
                case JobState.Queued or JobState.Running:
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
            return View(entry);
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
            return View(entry);
        }
    }

    public Job Move(string id, string? before)
    {
        lock (_gate)
        {
            JobEntry entry = Find(id);
            if (entry.Stored.State != JobState.Queued || entry.Stop is not null)
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
                return View(entry);
            }
            // Moves have used up the numbers between two neighbours: number the whole queue anew.
            others.Insert(place, entry.Stored);
            Keep([.. others.Select((job, i) => job with { Order = _clock + 1 + i })]);
            return View(entry);
        }

        static QueueException NotQueued() => new(QueueErrorKind.Conflict, "Only jobs that wait in this server's queue can be moved, and only among each other; one that a fleet has keeps its place.");
    }

    public void Delete(string id)
    {
        lock (_gate)
        {
            JobEntry entry = Find(id);
            if (entry.Stop is not null)
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

    private Job View(JobEntry entry)
    {
        Job view = entry.View with { WaitsForModel = WaitsForModel(entry.Stored) };
        return _songs.TryGet(entry.Stored.SongId) is { } song ? view with { Title = song.Title, Artist = song.Artist, HasCover = song.HasCover } : view;
    }

    private bool WaitsForModel(StoredJob job) =>
        job.State == JobState.Queued && _separator.Models.Any(model => !model.Installed && model.Name == job.Settings.Model);

    private static double Median(double[] values)
    {
        Array.Sort(values);
        return values[values.Length / 2];
    }

    private JobEntry Find(string id) => _jobs.TryGetValue(id, out JobEntry? entry) ? entry : throw QueueException.NotFound(id);

    private IEnumerable<StoredJob> Waiting() => _jobs.Values.Select(entry => entry.Stored).Where(job => job is { State: JobState.Queued, Turn: null })
        .OrderBy(job => job.Order).ThenBy(job => job.Created).ThenBy(job => job.Id, StringComparer.Ordinal);

    private IEnumerable<StoredJob> Active() => _jobs.Values.Select(entry => entry.Stored).Where(job => job.State is JobState.Queued or JobState.Running);
}
