using System.Diagnostics;
using Stemsharp.Fleet.Storage;

namespace Stemsharp.Fleet.Protocol;

/// <summary>
/// Takes job after job. Each is taken by its record, worked on under a lease that beats keep, and acknowledged when its record says how
/// it ended; so whatever dies in between, the next worker finds out what is left to do.
/// </summary>
internal sealed class FleetWorker : IDisposable
{
    private const int LeaseBeats = 4, LeastAllowed = 1000, BeatsBetweenCounts = 10;

    private static readonly TimeSpan s_poll = TimeSpan.FromSeconds(5), s_last = TimeSpan.FromSeconds(10), s_longestRest = TimeSpan.FromMinutes(1), s_tell = TimeSpan.FromSeconds(1);

    private readonly IFleetTransport _transport;
    private readonly WorkerOptions _options;
    private readonly Func<HeldJob, CancellationToken, Task<JobResult>> _work;
    private readonly IWorkerEvents _events;
    private readonly Patience _patience, _lastPatience;
    private readonly JobRecords _records, _confirming, _lastRecords;
    private readonly HashSet<string> _models, _unfit = [];
    private readonly TimeSpan _beat;
    private readonly CancellationTokenSource _ended = new(), _late;
    private string? _loaded;
    private volatile HeldJob? _held;
    private TimeSpan _rest;
    private long _done, _left;

    /// <param name="transport">The server.</param>
    /// <param name="options">What it takes.</param>
    /// <param name="work">Does a job; throws <see cref="JobFailedException"/> or <see cref="NotHereException"/> where that cannot be.</param>
    /// <param name="events">Told what happens.</param>
    internal FleetWorker(IFleetTransport transport, WorkerOptions options, Func<HeldJob, CancellationToken, Task<JobResult>> work, IWorkerEvents events)
    {
        _transport = transport;
        _options = options;
        _work = work;
        _events = events;
        _patience = new Patience(Clock) { Waiting = lost => events.Note(lost.Message) };
        _lastPatience = new Patience(Clock, s_last);
        _records = new JobRecords(transport.Jobs, _patience);
        _confirming = new JobRecords(transport.Jobs, new Patience(Clock, transport.Lease));
        _lastRecords = new JobRecords(transport.Jobs, _lastPatience);
        _models = [.. options.Models.Select(ModelKey.Of)];
        _beat = transport.Lease / LeaseBeats;
        _late = new CancellationTokenSource(Timeout.InfiniteTimeSpan, transport.Clock);
    }

    private TimeProvider Clock => _transport.Clock;

    private IWorkQueue Queue => _transport.Queue;

    // What has come to an end is told even by a worker that is being stopped; but not for ever, where the server is away.
    private CancellationToken Late => _late.Token;

    /// <summary>Works until it is stopped, or has done what it was to do.</summary>
    /// <param name="stop">Stops it: the job at hand is given back.</param>
    internal async Task RunAsync(CancellationToken stop)
    {
        using CancellationTokenRegistration late = stop.Register(() => _late.CancelAfter(s_last));
        Task beats = BeatAsync(_ended.Token);
        try
        {
            while (!stop.IsCancellationRequested && _left != _options.Most && await StepAsync(stop).ConfigureAwait(false))
            {
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // Stopped while it waited, or for longer than it may take to give a job back.
        }
        finally
        {
            await _ended.CancelAsync().ConfigureAwait(false);
            await beats.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            await ForgetAsync().ConfigureAwait(false);
        }
    }

    public void Dispose()
    {
        _ended.Dispose();
        _late.Dispose();
    }

    /// <summary>One job, or a wait for one; false where there is nothing more to do.</summary>
    private async Task<bool> StepAsync(CancellationToken stop)
    {
        if (_rest > TimeSpan.Zero)
        {
            await Task.Delay(_rest, Clock, stop).ConfigureAwait(false);
        }

        if (await TakeAsync(stop).ConfigureAwait(false) is { } delivery)
        {
            await HandleAsync(delivery, stop).ConfigureAwait(false);
            return true;
        }

        if (_options.UntilEmpty && await IsEmptyAsync(stop).ConfigureAwait(false))
        {
            return false;
        }

        await Queue.WaitAsync(_models, Least(s_poll, _transport.Lease), stop).ConfigureAwait(false);
        return true;
    }

    /// <summary>The next job: interactive before bulk, and in each lane the model first that is in memory. One that was given back counts as running.</summary>
    private async Task<IDelivery?> TakeAsync(CancellationToken stop)
    {
        IReadOnlyList<QueueDepth> depths = await _patience.AskAsync(Queue.DepthsAsync, stop).ConfigureAwait(false);
        foreach (QueueDepth part in depths.Where(d => d.Waiting + d.Running > 0 && Takes(d.Model)).OrderBy(d => d.Lane).ThenBy(d => d.Model != _loaded))
        {
            if (await _patience.AskAsync(token => Queue.TakeAsync(part.Lane, part.Model, token), stop).ConfigureAwait(false) is { } delivery)
            {
                return delivery;
            }
        }

        return null;
    }

    private bool Takes(string model) => (_models.Count == 0 || _models.Contains(model)) && !_unfit.Contains(model);

    private async Task<bool> IsEmptyAsync(CancellationToken stop) =>
        (await _patience.AskAsync(Queue.DepthsAsync, stop).ConfigureAwait(false)).Where(d => Takes(d.Model)).All(d => d.Waiting + d.Running == 0);

    private async Task HandleAsync(IDelivery delivery, CancellationToken stop)
    {
        long began = Clock.GetTimestamp();
        RevisedJob? found = await _records.FindAsync(delivery.Message.Id, Late).ConfigureAwait(false);
        if (found is null || found.Record.HasEnded || found.Record.Generation != delivery.Message.Generation)
        {
            // Its acknowledgement was lost, or it was withdrawn or put into the queue again.
            await AcknowledgeAsync(delivery).ConfigureAwait(false);
            return;
        }

        JobRecord record = found.Record;
        if (record.State == JobState.Running)
        {
            if (await HasAsync(record).ConfigureAwait(false))
            {
                await GiveBackAsync(delivery, _beat).ConfigureAwait(false);
                return;
            }

            record = record with { Deaths = record.Deaths + 1, Error = $"The worker {record.Worker} was not heard of again.", ErrorKind = "worker-died" };
        }

        if (record.IsBeyond)
        {
            await BuryAsync(found, record, delivery, began).ConfigureAwait(false);
            return;
        }

        record = record with { State = JobState.Running, Worker = _options.Id, Lease = record.Lease + 1, Started = Clock.GetUtcNow() };
        if (await _records.ChangeAsync(found, record, Late).ConfigureAwait(false) is not { } taken)
        {
            await GiveBackAsync(delivery, TimeSpan.Zero).ConfigureAwait(false);
            return;
        }

        _events.Taken(record);
        using Activity? activity = FleetTelemetry.Take(record);
        using HeldJob held = new(_records, _confirming, taken, delivery, stop);
        using CancellationTokenSource over = CancellationTokenSource.CreateLinkedTokenSource(_ended.Token);
        _held = held;
        // Somebody looks on.
        Task telling = record.Lane == Lane.Interactive ? TellAsync(over.Token) : Task.CompletedTask;
        WorkOutcome outcome;
        try
        {
            outcome = await WorkAsync(held, stop).ConfigureAwait(false);
        }
        finally
        {
            _held = null;
            await over.CancelAsync().ConfigureAwait(false);
            await telling.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        Left(held.Record, outcome, began, activity);
    }

    private void Left(JobRecord record, WorkOutcome outcome, long began, Activity? activity)
    {
        TimeSpan elapsed = Clock.GetElapsedTime(began);
        string? reason = outcome switch
        {
            WorkOutcome.Failed or WorkOutcome.Dead => record.ErrorKind,
            WorkOutcome.GivenBack when record.Note is null => "stopped",
            WorkOutcome.GivenBack => _unfit.Contains(ModelKey.Of(record.Job.Model)) ? "too-large" : "not-here",
            _ => null,
        };
        _left++;
        FleetTelemetry.Leave(record, outcome, reason, elapsed, activity);
        _events.Left(record, outcome, elapsed);
    }

    private async Task<WorkOutcome> WorkAsync(HeldJob held, CancellationToken stop)
    {
        JobResult? result = null;
        Exception? failure = null;
        try
        {
            result = await _work(held, held.Token).ConfigureAwait(false);
        }
        catch (Exception exception) when (exception is not OutOfMemoryException)
        {
            failure = exception;
        }

        if (result is not null)
        {
            _loaded = ModelKey.Of(held.Job.Model);
            return await EndAsync(
                held, r => r with { State = JobState.Done, Ended = Clock.GetUtcNow(), Result = result, Error = null, ErrorKind = null, Note = null }, WorkOutcome.Done).ConfigureAwait(false);
        }

        if (held.IsLost)
        {
            return await LoseAsync(held).ConfigureAwait(false);
        }

        switch (failure)
        {
            case OperationCanceledException when stop.IsCancellationRequested:
                return await ReturnAsync(held, null, TimeSpan.Zero).ConfigureAwait(false);
            case NotHereException elsewhere:
                if (elsewhere.ForModel)
                {
                    _unfit.Add(ModelKey.Of(held.Job.Model));
                }
                else
                {
                    _rest = Least(_rest + _rest + TimeSpan.FromSeconds(1), s_longestRest);
                }

                _events.Note(elsewhere.Message);
                return await ReturnAsync(held, elsewhere.Message, _beat).ConfigureAwait(false);
            default:
                string kind = failure is JobFailedException known ? known.Kind : "internal";
                JobRecord failed = held.Record with { Failures = held.Record.Failures + 1, Error = FileAddress.Redacted(failure is StemsharpException ? failure.Message : failure!.ToString()), ErrorKind = kind };
                return failed.IsBeyond ? await DieAsync(held, failed).ConfigureAwait(false) : await TryLaterAsync(held, failed).ConfigureAwait(false);
        }
    }

    /// <summary>The record says how it ended, and then the queue forgets it.</summary>
    private async Task<WorkOutcome> EndAsync(HeldJob held, Func<JobRecord, JobRecord> change, WorkOutcome outcome)
    {
        if (!await held.EndAsync(change, Late).ConfigureAwait(false))
        {
            return await LoseAsync(held).ConfigureAwait(false);
        }

        _rest = TimeSpan.Zero;
        _done += outcome == WorkOutcome.Done ? 1 : 0;
        await AcknowledgeAsync(held.Delivery).ConfigureAwait(false);
        return outcome;
    }

    private async Task<WorkOutcome> DieAsync(HeldJob held, JobRecord failed)
    {
        JobRecord dead = Dead(failed);
        await _patience.AskAsync(token => _transport.DeadLetters.PutAsync(dead.Job.Id, dead.ToBytes(), token), Late).ConfigureAwait(false);
        return await EndAsync(held, _ => dead, WorkOutcome.Dead).ConfigureAwait(false);
    }

    private async Task<WorkOutcome> TryLaterAsync(HeldJob held, JobRecord failed)
    {
        if (!await held.EndAsync(_ => failed with { State = JobState.Waiting }, Late).ConfigureAwait(false))
        {
            return await LoseAsync(held).ConfigureAwait(false);
        }

        await GiveBackAsync(held.Delivery, _beat * failed.Failures).ConfigureAwait(false);
        return WorkOutcome.Failed;
    }

    private async Task<WorkOutcome> ReturnAsync(HeldJob held, string? note, TimeSpan delay)
    {
        if (await held.EndAsync(r => r with { State = JobState.Waiting, Note = note }, Late).ConfigureAwait(false))
        {
            await GiveBackAsync(held.Delivery, delay).ConfigureAwait(false);
        }

        return WorkOutcome.GivenBack;
    }

    // Its message is the next holder's, unless nobody is to have it.
    private async Task<WorkOutcome> LoseAsync(HeldJob held)
    {
        try
        {
            if (await _lastRecords.FindAsync(held.Job.Id, Late).ConfigureAwait(false) is { Record.State: JobState.Cancelled })
            {
                await AcknowledgeAsync(held.Delivery).ConfigureAwait(false);
            }
        }
        catch (ConnectionLostException)
        {
            // Whoever gets it next finds that out.
        }

        return WorkOutcome.Lost;
    }

    /// <summary>Gives a job up that this worker has not begun.</summary>
    private async Task BuryAsync(RevisedJob found, JobRecord record, IDelivery delivery, long began)
    {
        JobRecord dead = Dead(record);
        await _patience.AskAsync(token => _transport.DeadLetters.PutAsync(dead.Job.Id, dead.ToBytes(), token), Late).ConfigureAwait(false);
        if (await _records.ChangeAsync(found, dead, Late).ConfigureAwait(false) is null)
        {
            // Withdrawn, or buried by another: the next look at it tells.
            await GiveBackAsync(delivery, TimeSpan.Zero).ConfigureAwait(false);
            return;
        }

        await AcknowledgeAsync(delivery).ConfigureAwait(false);
        Left(dead, WorkOutcome.Dead, began, null);
    }

    private JobRecord Dead(JobRecord record) => record with { State = JobState.Dead, Ended = Clock.GetUtcNow() };

    /// <summary>Whether the worker that a record names is heard of, and says that it has the job.</summary>
    private async Task<bool> HasAsync(JobRecord record) =>
        record.Worker is { } worker && worker != _options.Id
        && await _patience.AskAsync(token => _transport.Workers.GetAsync(worker, token), Late).ConfigureAwait(false) is { } entry
        && WorkerRecord.Of(entry.Value) is var other && other.Job == record.Job.Id && other.Lease == record.Lease;

    // Whoever gets it again because this did not come through finds its record ended, and acknowledges it then.
    private async Task AcknowledgeAsync(IDelivery delivery)
    {
        try
        {
            await _lastPatience.AskAsync(delivery.AcknowledgeAsync, Late).ConfigureAwait(false);
        }
        catch (ConnectionLostException lost)
        {
            _events.Note(lost.Message);
        }
    }

    // Where this does not come through, the lease's end does the same.
    private async Task GiveBackAsync(IDelivery delivery, TimeSpan delay)
    {
        try
        {
            await _lastPatience.AskAsync(token => delivery.GiveBackAsync(delay, token), Late).ConfigureAwait(false);
        }
        catch (ConnectionLostException lost)
        {
            _events.Note(lost.Message);
        }
    }

    /// <summary>Says that this worker is there and keeps its job, four times in a lease.</summary>
    private async Task BeatAsync(CancellationToken ended)
    {
        for (long beat = 0; ; beat++)
        {
            try
            {
                HeldJob? held = _held;
                await SayAsync(held, ended).ConfigureAwait(false);
                if (held is not null)
                {
                    await held.Delivery.KeepAsync(ended).ConfigureAwait(false);
                    await held.LookAsync(ended).ConfigureAwait(false);
                }

                if (beat % BeatsBetweenCounts == 0)
                {
                    await AllowAsync(ended).ConfigureAwait(false);
                }

                if (FleetTelemetry.WatchesQueue)
                {
                    await TellQueueAsync(ended).ConfigureAwait(false);
                }
            }
            catch (ConnectionLostException lost)
            {
                _events.Note(lost.Message);
            }

            await Task.Delay(_beat, Clock, ended).ConfigureAwait(false);
        }
    }

    /// <summary>Says how far the job at hand is, each second.</summary>
    private async Task TellAsync(CancellationToken over)
    {
        while (true)
        {
            await Task.Delay(s_tell, Clock, over).ConfigureAwait(false);
            try
            {
                await SayAsync(_held, over).ConfigureAwait(false);
            }
            catch (ConnectionLostException)
            {
                // The beats say so.
            }
        }
    }

    private Task SayAsync(HeldJob? held, CancellationToken cancellationToken)
    {
        WorkerRecord own = new(
            held?.Job.Id, held?.Record.Lease ?? 0, held?.Job.Model, Environment.MachineName, _options.Engine, _options.Memory(), _done, held?.Fraction);
        return _transport.Workers.PutAsync(_options.Id, own.ToBytes(), cancellationToken);
    }

    /// <summary>The queue hands out as many jobs at once as there are workers, and not the server's usual thousand.</summary>
    private async Task AllowAsync(CancellationToken ended)
    {
        long workers = await _transport.Workers.CountAsync(ended).ConfigureAwait(false);
        if (workers * 5 / 4 > LeastAllowed)
        {
            await Queue.AllowAsync((int)workers * 2, ended).ConfigureAwait(false);
        }
    }

    /// <summary>Tells observers how the queue stands.</summary>
    private async Task TellQueueAsync(CancellationToken ended)
    {
        foreach (QueueDepth part in await Queue.DepthsAsync(ended).ConfigureAwait(false))
        {
            DateTimeOffset? oldest = part.Waiting + part.Running > 0 ? await Queue.OldestAsync(part.Lane, part.Model, ended).ConfigureAwait(false) : null;
            FleetTelemetry.Queue(part, oldest is { } since ? Clock.GetUtcNow() - since : TimeSpan.Zero);
        }
    }

    private async Task ForgetAsync()
    {
        try
        {
            await _lastPatience.AskAsync(token => _transport.Workers.DeleteAsync(_options.Id, token), CancellationToken.None).ConfigureAwait(false);
        }
        catch (ConnectionLostException)
        {
            // It is forgotten by itself.
        }
    }

    private static TimeSpan Least(TimeSpan one, TimeSpan other) => one < other ? one : other;
}
