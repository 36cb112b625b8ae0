using System.Globalization;
using System.Text;
using Stemsharp.Client;

namespace Stemsharp.Web.Observability;

/// <summary>Counts what happens and tells it in Prometheus' text format.</summary>
internal sealed class Metrics
{
    private readonly long[] _finished = new long[Enum.GetValues<JobState>().Length];
    private readonly long[] _responses = new long[6];
    private readonly Lock _gate = new();
    private double _songSeconds;
    private double _workSeconds;
    private long _uploadedBytes;

    public void Finished(JobState state)
    {
        lock (_gate)
        {
            _finished[(int)state]++;
        }
    }

    /// <summary>Counts the work on a song that has its stems.</summary>
    public void Worked(double songSeconds, double workSeconds)
    {
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

        static string Name(JobState state) => state.ToString().ToLowerInvariant();
    }
}
