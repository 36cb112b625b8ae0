using System.Diagnostics;
using System.Diagnostics.Metrics;

namespace Stemsharp.Fleet.Protocol;

/// <summary>What observers of a worker can listen to: the activity source and the meter are both called <c>Stemsharp.Fleet</c>.</summary>
internal static class FleetTelemetry
{
    public const string Name = "Stemsharp.Fleet";

    private const string Lane = "stemsharp.lane", Model = "stemsharp.model", Engine = "stemsharp.engine", Outcome = "stemsharp.outcome", State = "stemsharp.state", Reason = "error.type";

    private static readonly Meter s_meter = new(Name);
    private static readonly ActivitySource s_source = new(Name);

    private static readonly Gauge<long> s_queued = s_meter.CreateGauge<long>(
        "stemsharp.queue.jobs", "{job}", "Jobs in the queue, waiting or running.");

    private static readonly Gauge<double> s_oldest = s_meter.CreateGauge<double>(
        "stemsharp.queue.oldest", "s", "Age of the oldest job that has not ended; 0 where there is none.");

    private static readonly Counter<long> s_ended = s_meter.CreateCounter<long>(
        "stemsharp.jobs", "{job}", "Jobs that have left this worker, by how and why.");

    private static readonly Histogram<double> s_duration = s_meter.CreateHistogram<double>(
        "stemsharp.job.duration", "s", "Time that a job was at this worker.");

    private static readonly Histogram<double> s_wait = s_meter.CreateHistogram<double>(
        "stemsharp.job.wait", "s", "Time from a job's submission until this worker took it.");

    private static readonly Counter<double> s_audio = s_meter.CreateCounter<double>(
        "stemsharp.job.audio", "s", "Song that finished jobs had; those whose files were there already do not count.");

    private static readonly Counter<double> s_work = s_meter.CreateCounter<double>(
        "stemsharp.job.work", "s", "Work that finished jobs took.");

    private static readonly Histogram<double> s_speed = s_meter.CreateHistogram(
        "stemsharp.job.speed", "1", "Seconds of song a second of work, of each finished job.",
        advice: new InstrumentAdvice<double> { HistogramBucketBoundaries = [0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000] });

    /// <summary>Whether anybody wants to know how the queue stands, which takes questions to the server.</summary>
    internal static bool WatchesQueue => s_queued.Enabled || s_oldest.Enabled;

    /// <summary>How a part of the queue stands.</summary>
    /// <param name="depth">The part.</param>
    /// <param name="age">Of its oldest job; zero for none.</param>
    internal static void Queue(QueueDepth depth, TimeSpan age)
    {
        KeyValuePair<string, object?> lane = new(Lane, Word(depth.Lane)), model = new(Model, depth.Model);
        s_queued.Record(depth.Waiting, lane, model, new(State, "waiting"));
        s_queued.Record(depth.Running, lane, model, new(State, "running"));
        s_oldest.Record(age.TotalSeconds, lane, model);
    }

    /// <summary>A job was taken: begins its activity, called <c>job</c>.</summary>
    /// <param name="record">What is known of it.</param>
    internal static Activity? Take(JobRecord record)
    {
        if (s_wait.Enabled)
        {
            s_wait.Record((record.Started!.Value - record.Submitted).TotalSeconds, new(Lane, Word(record.Lane)), new(Model, record.Job.Model));
        }

        Activity? activity = s_source.StartActivity("job", ActivityKind.Consumer);
        activity?.SetTag("stemsharp.job.id", record.Job.Id).SetTag(Lane, Word(record.Lane)).SetTag(Model, record.Job.Model);
        return activity;
    }

    /// <summary>A job has left.</summary>
    /// <param name="record">What is known of it.</param>
    /// <param name="outcome">How.</param>
    /// <param name="reason">A word for why, where it is not done.</param>
    /// <param name="elapsed">How long it was here.</param>
    /// <param name="activity">Its activity; null for none.</param>
    internal static void Leave(JobRecord record, WorkOutcome outcome, string? reason, TimeSpan elapsed, Activity? activity)
    {
        JobResult? result = outcome == WorkOutcome.Done ? record.Result : null;
        TagList tags = new() { { Lane, Word(record.Lane) }, { Model, record.Job.Model }, { Outcome, Word(outcome) } };
        if (reason is not null)
        {
            tags.Add(Reason, reason);
        }

        // Empty where the files were there already.
        if (result?.Engine is { Length: > 0 } engine)
        {
            tags.Add(Engine, engine);
        }

        s_ended.Add(1, tags);
        s_duration.Record(elapsed.TotalSeconds, tags);
        if (result is { ElapsedSeconds: > 0 })
        {
            KeyValuePair<string, object?> model = new(Model, record.Job.Model), ran = new(Engine, result.Engine);
            s_audio.Add(result.AudioSeconds, model, ran);
            s_work.Add(result.ElapsedSeconds, model, ran);
            s_speed.Record(result.AudioSeconds / result.ElapsedSeconds, model, ran);
            activity?.SetTag(Engine, result.Engine).SetTag("stemsharp.audio", result.AudioSeconds);
        }

        activity?.SetTag(Outcome, Word(outcome)).SetTag(Reason, reason);
        if (outcome is WorkOutcome.Failed or WorkOutcome.Dead)
        {
            activity?.SetStatus(ActivityStatusCode.Error, record.Error);
        }
    }

    /// <summary>The word for an outcome, as attributes have it.</summary>
    internal static string Word(WorkOutcome outcome) => outcome switch
    {
        WorkOutcome.Done => "done",
        WorkOutcome.Failed => "failed",
        WorkOutcome.Dead => "dead",
        WorkOutcome.GivenBack => "given-back",
        _ => "lost",
    };

    private static string Word(Lane lane) => lane.ToString().ToLowerInvariant();
}
