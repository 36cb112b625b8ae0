using System.Diagnostics;
using System.Threading.Channels;
using Stemsharp.Client;
using Stemsharp.Web.Observability;
using Stemsharp.Web.Separation;
using Stemsharp.Web.Sound;
using Stemsharp.Web.Store;

namespace Stemsharp.Web.Queue;

/// <summary>
/// Works through the queue in three rooms, one song in each: the next song is decoded and the last one is levelled
/// and written while the engine separates.
/// </summary>
internal sealed class Pipeline(
    JobQueue queue, SongStore songs, ISongSeparator separator, SongAnalyzer analyzer, ILogger<Pipeline> logger) : BackgroundService
{
    private readonly Channel<Work> _decoded = Channel.CreateBounded<Work>(1);
    private readonly Channel<Work> _separated = Channel.CreateBounded<Work>(1);

    /// <summary>Held by the room that decodes until the engine takes its song, so that nothing is taken off the queue earlier than needed.</summary>
    private readonly SemaphoreSlim _decoderFree = new(1);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        if (queue.TakeBack() is > 0 and int jobs)
        {
            logger.LogWarning("{Jobs} jobs were handed to a fleet by an earlier server; they are done here. 'stemsharp jobs cancel' withdraws them there", jobs);
        }

        Task[] rooms =
        [
            Task.Run(() => DecodeAsync(stoppingToken), CancellationToken.None),
            Task.Run(() => SeparateAsync(stoppingToken), CancellationToken.None),
            Task.Run(() => WriteAsync(stoppingToken), CancellationToken.None),
        ];
        await Task.WhenAll(rooms).ConfigureAwait(false);
    }

    public override void Dispose()
    {
        _decoderFree.Dispose();
        base.Dispose();
    }

    private async Task DecodeAsync(CancellationToken stop)
    {
        try
        {
            while (true)
            {
                await _decoderFree.WaitAsync(stop).ConfigureAwait(false);
                JobEntry entry = await queue.TakeAsync(stop).ConfigureAwait(false);
                Work work = new(entry, queue.Files(entry.Stored.Id));
                bool decoded = Guard(work, "decode", cancel =>
                {
                    logger.LogInformation("Job {JobId}: decoding {Song}", entry.Stored.Id, entry.Stored.Name);
                    DataFolder.CreatePrivate(work.Files.Work);
                    DecodedSong song = separator.Decode(songs.Source(entry.Stored.SongId), work.Files.Work, cancel);
                    work.Song = song.Path;
                    Warn(entry, song.Warnings);
                });
                if (!decoded)
                {
                    _decoderFree.Release();
                    continue;
                }
                queue.Report(entry, new JobProgress(JobStep.Ready, 0, 0));
                await _decoded.Writer.WriteAsync(work, CancellationToken.None).ConfigureAwait(false);
            }
        }
        finally
        {
            _decoded.Writer.Complete();
        }
    }

    private async Task SeparateAsync(CancellationToken stop)
    {
        await foreach (Work work in _decoded.Reader.ReadAllAsync(CancellationToken.None).ConfigureAwait(false))
        {
            _decoderFree.Release();
            JobEntry entry = work.Entry;
            bool separated = await GuardAsync(work, "separate", async cancel =>
            {
                queue.Start(entry, cancel);
                logger.LogInformation("Job {JobId}: separating with {Model}", entry.Stored.Id, entry.Stored.Settings.Model);
                using StemRecorder recorder = new(queue, entry, work.Files, logger);
                work.Watch.Start();
                Warn(entry, await separator.SeparateAsync(
                    work.Song, entry.Stored.Settings, work.Files.Work, work.Files.Steps, recorder, cancel).ConfigureAwait(false));
                work.Watch.Stop();
                (work.Audio, work.Stems, work.Mix) = (recorder.Audio!, recorder.Stems, recorder.Mix);
            }).ConfigureAwait(false);
            if (separated)
            {
                await _separated.Writer.WriteAsync(work, CancellationToken.None).ConfigureAwait(false);
            }
        }
        _separated.Writer.Complete();
        stop.ThrowIfCancellationRequested();
    }

    private async Task WriteAsync(CancellationToken stop)
    {
        await foreach (Work work in _separated.Reader.ReadAllAsync(CancellationToken.None).ConfigureAwait(false))
        {
            JobEntry entry = work.Entry;
            bool written = Guard(work, "write", cancel =>
            {
                queue.Report(entry, new JobProgress(JobStep.Writing, 1, work.Audio!.Frames) { EtaSeconds = 0 });
                DataFolder.CreatePrivate(work.Files.Stems);
                work.Watch.Start();
                string[] targets = [.. work.Stems.Select((_, stem) => work.Files.Final(stem, "wav"))];
                separator.WriteStems(work.Stems, work.Mix, targets, entry.Stored.Settings, cancel);
                for (int stem = 0; stem < targets.Length; stem++)
                {
                    // Of what was written: levelling may have changed it.
                    Waveform.Draw(targets[stem], work.Files.PeakFile(stem), cancel);
                }

                work.Watch.Stop();
            });
            if (!written)
            {
                continue;
            }

            bool done = queue.Succeed(entry, work.Watch.Elapsed);
            JobTelemetry.End(work.Activity, done ? "done" : "cancelled");
            if (done)
            {
                logger.LogInformation("Job {JobId}: done, {Speed:F1} times real time", entry.Stored.Id, entry.Stored.TimesRealTime);
                analyzer.Enqueue(entry.Stored.SongId);
            }
        }
        stop.ThrowIfCancellationRequested();
    }

    private void Warn(JobEntry entry, IReadOnlyList<string> warnings)
    {
        foreach (string warning in warnings)
        {
            logger.LogWarning("Job {JobId}: {Warning}", entry.Stored.Id, warning);
        }

        queue.AddWarnings(entry, warnings);
    }

    private bool Guard(Work work, string room, Action<CancellationToken> action) => GuardAsync(work, room, cancel =>
    {
        action(cancel);
        return Task.CompletedTask;
    }).GetAwaiter().GetResult();

    /// <summary>Runs one room's work on a job; whatever goes wrong ends that job and nothing else.</summary>
    private async Task<bool> GuardAsync(Work work, string room, Func<CancellationToken, Task> action)
    {
        using Activity? activity = JobTelemetry.Enter(work.Activity, room);
        JobEntry entry = work.Entry;
        CancellationToken cancel = work.Cancel;
        try
        {
            cancel.ThrowIfCancellationRequested();
            await action(cancel).ConfigureAwait(false);
            return true;
        }
        catch (Exception) when (cancel.IsCancellationRequested)
        {
            JobTelemetry.End(work.Activity, "stopped");
            if (!queue.IsRun(entry, cancel))
            {
                return false;
            }

            logger.LogInformation("Job {JobId}: stopped", entry.Stored.Id);
            queue.Stop(entry);
        }
        catch (StemsharpException error)
        {
            logger.LogWarning("Job {JobId}: {Error}", entry.Stored.Id, error.Message);
            Fail(work, error);
        }
#pragma warning disable CA1031 // A job that fails in a way nobody foresaw must not end the queue.
        catch (Exception error)
#pragma warning restore CA1031
        {
            logger.LogError(error, "Job {JobId} failed", entry.Stored.Id);
            Fail(work, error);
        }
        return false;
    }

    private void Fail(Work work, Exception error)
    {
        string why = JobFailure.Describe(error);
        JobTelemetry.End(work.Activity, "failed", why);
        queue.Fail(work.Entry, why);
    }

    private sealed class Work(JobEntry entry, StemFiles files)
    {
        public JobEntry Entry => entry;

        /// <summary>Stops this run of the job; a later run of the same job has another.</summary>
        public CancellationToken Cancel { get; } = entry.Stop!.Token;

        public StemFiles Files => files;

        /// <summary>What observers see of it; null where there are none.</summary>
        public Activity? Activity { get; } = JobTelemetry.Begin(entry.Stored.Id, entry.Stored.Settings.Model);

        public Stopwatch Watch { get; } = new();

        public string Song { get; set; } = "";

        public JobAudio? Audio { get; set; }

        public IReadOnlyList<WaitingStem> Stems { get; set; } = [];

        public WaitingStem? Mix { get; set; }
    }
}
