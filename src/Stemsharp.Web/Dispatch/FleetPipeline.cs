using System.Diagnostics;
using Stemsharp.Client;
using Stemsharp.Fleet.Protocol;
using Stemsharp.Web.Queue;
using Stemsharp.Web.Separation;
using Stemsharp.Web.Store;
using Stemsharp.Web.Text;
using FleetJob = Stemsharp.Fleet.Protocol.FleetJob;
using FleetState = Stemsharp.Fleet.Protocol.JobState;

namespace Stemsharp.Web.Dispatch;

/// <summary>
/// Has a fleet's workers do the queue's jobs, where <see cref="Pipeline"/> would do them itself. A job is handed over when there is room for it, so that
/// the order of those behind it can still be changed; then its record in the fleet decides how it stands. A server that ends leaves the fleet's jobs
/// alone, and the next one finds them again: the same job is handed in anew, which changes nothing where it is there.
/// </summary>
internal sealed class FleetPipeline(
    FleetLink fleet, JobQueue queue, SongStore songs, ISongSeparator separator, SongAnalyzer analyzer, ILogger<FleetPipeline> logger) : BackgroundService
{
    /// <summary>Of each model as many jobs as these are handed over however few workers there are: they wait where the next free worker finds them.</summary>
    private const int LeastOut = 4, OutPerWorker = 2;

    /// <summary>What is wrong with a song is wrong with it everywhere; a second try is for what was wrong with a worker.</summary>
    private const int MaxFailures = 2;

    private static readonly TimeSpan s_look = TimeSpan.FromMilliseconds(500), s_count = TimeSpan.FromSeconds(5), s_files = TimeSpan.FromSeconds(60);
    private static readonly SubmitOptions s_submit = new(Lane.Interactive, MaxFailures);

    private readonly Lock _gate = new();
    private readonly Dictionary<string, int> _out = [];

    /// <summary>Taking stems in is the disk's work.</summary>
    private readonly SemaphoreSlim _taking = new(1);
    private FleetJobs? _jobs;
    private string? _lastNote;

    private FleetJobs Jobs => _jobs ??= fleet.Patient(lost => Note(lost.Message));

    public override void Dispose()
    {
        _taking.Dispose();
        base.Dispose();
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        List<Task> followed = [];
        try
        {
            foreach (JobEntry entry in queue.HandedOver)
            {
                followed.Add(await FollowAsync(entry, stoppingToken).ConfigureAwait(false));
            }

            long counted = 0;
            for (int most = 0; ;)
            {
                if (most == 0 || Stopwatch.GetElapsedTime(counted) > s_count)
                {
                    most = (int)Math.Max(LeastOut, OutPerWorker * await Jobs.CountWorkersAsync(stoppingToken).ConfigureAwait(false));
                    counted = Stopwatch.GetTimestamp();
                }

                while (queue.TryHandOver(job => Out(job) < most) is { } entry)
                {
                    followed.Add(await FollowAsync(entry, stoppingToken).ConfigureAwait(false));
                }

                followed.RemoveAll(task => task.IsCompleted);
                await queue.WaitAsync(s_look, stoppingToken).ConfigureAwait(false);
            }
        }
        finally
        {
            await Task.WhenAll(followed).ConfigureAwait(false);
        }
    }

    private int Out(StoredJob job)
    {
        lock (_gate)
        {
            return _out.GetValueOrDefault(job.Settings.Model!);
        }
    }

    private void Count(StoredJob job, int change)
    {
        lock (_gate)
        {
            _out[job.Settings.Model!] = _out.GetValueOrDefault(job.Settings.Model!) + change;
        }
    }

    /// <summary>Begins to see a job through, and returns when it is in the fleet's queue: the next one comes behind it.</summary>
    /// <returns>Ends with the job, or the server.</returns>
    private async Task<Task> FollowAsync(JobEntry entry, CancellationToken stop)
    {
        CancellationToken owner = entry.Stop!.Token;
        Count(entry.Stored, 1);
        TaskCompletionSource handedIn = new(TaskCreationOptions.RunContinuationsAsynchronously);
        Task whole = Task.Run(
            async () =>
            {
                try
                {
                    await FollowAsync(entry, handedIn, owner, stop).ConfigureAwait(false);
                }
                catch (OperationCanceledException) when (stop.IsCancellationRequested)
                {
                    // The fleet goes on with it.
                }
#pragma warning disable CA1031 // A job that fails in a way nobody foresaw must not end the others.
                catch (Exception error)
#pragma warning restore CA1031
                {
                    logger.LogError(error, "Job {JobId} failed", entry.Stored.Id);
                    queue.Fail(entry, JobFailure.Describe(error));
                }
                finally
                {
                    handedIn.TrySetResult();
                    Count(entry.Stored, -1);
                }
            },
            CancellationToken.None);
        await handedIn.Task.ConfigureAwait(false);
        return whole;
    }

    /// <summary>Sees a job through to its end.</summary>
    /// <param name="entry">The job.</param>
    /// <param name="handedIn">Told when it is in the fleet's queue.</param>
    /// <param name="owner">Cancelled when its owner wants it stopped.</param>
    /// <param name="stop">The server's end.</param>
    private async Task FollowAsync(JobEntry entry, TaskCompletionSource handedIn, CancellationToken owner, CancellationToken stop)
    {
        StoredJob stored = entry.Stored;
        StemFiles files = queue.Files(stored.Id);
        string source = songs.Source(stored.SongId), folder = Path.Combine(files.Fleet, stored.Turn!);
        FleetJob job = FleetSettings.Job(source, folder, stored.Settings, IsChain(stored), "--no-tags");
        logger.LogInformation("Job {JobId}: handed over, {Song}, as {FleetJob}", stored.Id, stored.Name, job.Id);
        Pace pace = new(stored.DurationSeconds);
        string? said = null;
        while (true)
        {
            if (owner.IsCancellationRequested)
            {
                await Jobs.CancelAsync(job.Id, stop).ConfigureAwait(false);
                logger.LogInformation("Job {JobId}: stopped", stored.Id);
                queue.Withdraw(entry);
                return;
            }

            JobRecord? record = await Jobs.FindAsync(job.Id, stop).ConfigureAwait(false);
            if (record is { State: FleetState.Waiting or FleetState.Running } && (record.Note ?? record.Error) is { } note && note != said)
            {
                logger.LogWarning("Job {JobId}: {Note}", stored.Id, said = note);
            }

            switch (record)
            {
                case null or { State: FleetState.Waiting }:
                    queue.PutBack(entry);
                    // A record without a message in the queue gets one.
                    if (record is null || !handedIn.Task.IsCompleted)
                    {
                        await Jobs.SubmitAsync(job, s_submit, stop).ConfigureAwait(false);
                    }

                    break;
                case { State: FleetState.Running }:
                    queue.Begin(entry, record.Started ?? DateTimeOffset.UtcNow);
                    queue.Report(entry, pace.At(await Jobs.ProgressAsync(record, stop).ConfigureAwait(false)));
                    break;
                case { State: FleetState.Done }:
                    await TakeAsync(entry, record, folder, files, stop).ConfigureAwait(false);
                    return;
                case { State: FleetState.Dead }:
                    logger.LogWarning("Job {JobId}: {Error}", stored.Id, record.Error);
                    queue.Fail(entry, Words(record, source, stored.Name));
                    return;
                default:
                    logger.LogInformation("Job {JobId}: withdrawn", stored.Id);
                    queue.Withdraw(entry);
                    return;
            }

            handedIn.TrySetResult();
            using CancellationTokenSource wake = CancellationTokenSource.CreateLinkedTokenSource(owner, stop);
            await Task.Delay(s_look, wake.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            stop.ThrowIfCancellationRequested();
        }
    }

    private async Task TakeAsync(JobEntry entry, JobRecord record, string folder, StemFiles files, CancellationToken stop)
    {
        JobResult result = record.Result!;
        queue.Begin(entry, record.Started ?? DateTimeOffset.UtcNow);
        queue.Report(entry, new JobProgress(JobStep.Writing, 1, 0) { EtaSeconds = 0 });
        // A file system of the network may show them later than the record.
        long began = Stopwatch.GetTimestamp();
        while (HandedFiles.Missing(result, files) is { } missing)
        {
            if (Stopwatch.GetElapsedTime(began) > s_files)
            {
                throw new StoreException(
                    StoreErrorKind.NotFound, $"The worker {record.Worker} has done this song, and its file {missing} is not here. All workers have to see this server's data folder, under the same path.");
            }

            await Task.Delay(s_look, stop).ConfigureAwait(false);
        }

        await _taking.WaitAsync(stop).ConfigureAwait(false);
        try
        {
            JobAudio audio = HandedFiles.Take(result, folder, files, stop);
            queue.AddWarnings(entry, result.Warnings);
            queue.SetAudio(entry, audio);
        }
        finally
        {
            _taking.Release();
        }

        if (queue.Succeed(entry, TimeSpan.FromSeconds(result.ElapsedSeconds)))
        {
            logger.LogInformation("Job {JobId}: done by {Worker}, {Speed:F1} times real time", entry.Stored.Id, record.Worker, entry.Stored.TimesRealTime);
            analyzer.Enqueue(entry.Stored.SongId);
        }
    }

    private bool IsChain(StoredJob job) => separator.Models.FirstOrDefault(model => model.Name == job.Settings.Model)?.Models is not null;

    /// <summary>Why a job was given up, in its worker's words; clients know the song by its name and not by its place on the server's disk.</summary>
    private static string Words(JobRecord record, string source, string name)
    {
        string error = (record.Error ?? "A worker has given it up and not said why.").Replace(source, $"'{ClientText.Quoted(name)}'", StringComparison.Ordinal);
        return record.Deaths >= record.MaxDeaths ? $"{record.Deaths} workers were lost while they worked on this song, so it is not tried again by itself. {error} 'Retry' tries once more." : error;
    }

    private void Note(string message)
    {
        if (Interlocked.Exchange(ref _lastNote, message) != message)
        {
            logger.LogWarning("{Message} Jobs of this server wait for it.", message);
        }
    }

    /// <summary>How fast a job goes, by this machine's clock.</summary>
    private sealed class Pace(double songSeconds)
    {
        private const double Least = 0.02;
        private long _began;
        private double _from;

        public JobProgress At(double? fraction)
        {
            double now = fraction ?? 0;
            if (_began == 0 || now < _from)
            {
                (_began, _from) = (Stopwatch.GetTimestamp(), now);
            }

            double seconds = Stopwatch.GetElapsedTime(_began).TotalSeconds, done = now - _from;
            return new JobProgress(JobStep.Separating, now, 0)
            {
                EtaSeconds = done > Least ? seconds / done * (1 - now) : null,
                TimesRealTime = done > Least ? songSeconds * done / seconds : null,
            };
        }
    }
}
