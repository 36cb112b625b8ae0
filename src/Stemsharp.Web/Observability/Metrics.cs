using System.Diagnostics.Metrics;
using System.Globalization;
using System.Text;
using Stemsharp.Client;

namespace Stemsharp.Web.Observability;

/// <summary>Counts what happens and tells it in Prometheus' text format, and to whoever listens to the meter <c>Stemsharp.Web</c>.</summary>
internal sealed class Metrics : IDisposable
{
    private const string State = "stemsharp.state", Outcome = "stemsharp.outcome", Model = "stemsharp.model";

    private readonly Meter _meter = new(JobTelemetry.Name);
    private readonly Counter<long> _ended;
    private readonly Counter<double> _audio, _work;
    private readonly Histogram<double> _speed;
    private readonly long[] _finished = new long[Enum.GetValues<JobState>().Length];
    private readonly long[] _responses = new long[6];
    private readonly Lock _gate = new();
    private double _songSeconds;
    private double _workSeconds;
    private long _uploadedBytes;

    public Metrics()
    {
        _ended = _meter.CreateCounter<long>("stemsharp.jobs", "{job}", "Jobs that have ended, by how.");
        _audio = _meter.CreateCounter<double>("stemsharp.job.audio", "s", "Song that finished jobs had.");
        _work = _meter.CreateCounter<double>("stemsharp.job.work", "s", "Work that finished jobs took.");
        _speed = _meter.CreateHistogram(
            "stemsharp.job.speed", "1", "Seconds of song a second of work, of each finished job.",
            advice: new InstrumentAdvice<double> { HistogramBucketBoundaries = [0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000] });
        _meter.CreateObservableCounter(
            "stemsharp.http.responses", () => Enumerable.Range(1, _responses.Length - 1).Select(i =>
                new Measurement<long>(Interlocked.Read(ref _responses[i]), new KeyValuePair<string, object?>("http.response.status_class", $"{i}xx"))),
            "{response}", "Answers, by class of status.");
        _meter.CreateObservableCounter("stemsharp.uploads", () => Interlocked.Read(ref _uploadedBytes), "By", "Bytes of songs that were received.");
    }

    /// <summary>Tells observers how the queue stands.</summary>
    /// <param name="counts">Jobs by state.</param>
    /// <param name="oldest">When the oldest job came in that has not ended; null where there is none.</param>
    public void Watch(Func<IReadOnlyDictionary<JobState, int>> counts, Func<DateTimeOffset?> oldest)
    {
        _meter.CreateObservableGauge(
            "stemsharp.queue.jobs", () =>
            {
                IReadOnlyDictionary<JobState, int> now = counts();
                return ((JobState[])[JobState.Queued, JobState.Running]).Select(state =>
                    new Measurement<long>(now.GetValueOrDefault(state), new KeyValuePair<string, object?>(State, state == JobState.Queued ? "waiting" : "running")));
            },
            "{job}", "Jobs in the queue, waiting or running.");
        _meter.CreateObservableGauge(
            "stemsharp.queue.oldest", () => oldest() is { } since ? (DateTimeOffset.UtcNow - since).TotalSeconds : 0,
            "s", "Age of the oldest job that has not ended; 0 where there is none.");
    }

    public void Dispose() => _meter.Dispose();

    public void Finished(JobState state, string? model)
    {
        _ended.Add(1, new(Outcome, Name(state)), new(Model, model));
        lock (_gate)
        {
            _finished[(int)state]++;
        }
    }

    /// <summary>Counts the work on a song that has its stems.</summary>
    public void Worked(double songSeconds, double workSeconds, string? model)
    {
        KeyValuePair<string, object?> tag = new(Model, model);
        _audio.Add(songSeconds, tag);
        _work.Add(workSeconds, tag);
        _speed.Record(songSeconds / workSeconds, tag);
        lock (_gate)
        {
            _songSeconds += songSeconds;
            _workSeconds += workSeconds;
        }
    }

    public void Response(int status) => Interlocked.Increment(ref _responses[Math.Clamp(status / 100, 0, 5)]);

    public void Uploaded(long bytes) => Interlocked.Add(ref _uploadedBytes, bytes);

    /// <summary>What was counted, and how things stand now.</summary>
    public string Render(IReadOnlyDictionary<JobState, int> jobs, int eventStreams, long diskBytes)
    {
        StringBuilder text = new();
        Describe("stemsharp_jobs", "gauge", "Jobs that the server keeps, by state.");
        foreach (JobState state in Enum.GetValues<JobState>())
        {
            Line($"stemsharp_jobs{{state=\"{Name(state)}\"}}", jobs.GetValueOrDefault(state));
        }

        Describe("stemsharp_jobs_finished_total", "counter", "Jobs that have ended since the start, by state.");
        lock (_gate)
        {
            foreach (JobState state in (JobState[])[JobState.Done, JobState.Failed, JobState.Cancelled])
            {
                Line($"stemsharp_jobs_finished_total{{state=\"{Name(state)}\"}}", _finished[(int)state]);
            }

            Describe("stemsharp_song_seconds_total", "counter", "Seconds of song that were separated.");
            Line("stemsharp_song_seconds_total", _songSeconds);
            Describe("stemsharp_work_seconds_total", "counter", "Seconds that separating and writing them took.");
            Line("stemsharp_work_seconds_total", _workSeconds);
        }
        Describe("stemsharp_uploaded_bytes_total", "counter", "Bytes of songs that were received.");
        Line("stemsharp_uploaded_bytes_total", Interlocked.Read(ref _uploadedBytes));
        Describe("stemsharp_http_responses_total", "counter", "Answers, by class of status.");
        for (int i = 1; i < _responses.Length; i++)
        {
            Line($"stemsharp_http_responses_total{{class=\"{i}xx\"}}", Interlocked.Read(ref _responses[i]));
        }

        Describe("stemsharp_event_streams", "gauge", "Open streams of events.");
        Line("stemsharp_event_streams", eventStreams);
        Describe("stemsharp_disk_bytes", "gauge", "Disk that the data folder takes, reservations included.");
        Line("stemsharp_disk_bytes", diskBytes);
        Describe("process_resident_memory_bytes", "gauge", "Resident memory.");
        Line("process_resident_memory_bytes", Environment.WorkingSet);
        return text.ToString();

        void Describe(string name, string type, string help) => text.Append($"# HELP {name} {help}\n# TYPE {name} {type}\n");

        void Line(string name, double value) => text.Append(name).Append(' ').Append(value.ToString(CultureInfo.InvariantCulture)).Append('\n');
    }

    private static string Name(JobState state) => state.ToString().ToLowerInvariant();
}
