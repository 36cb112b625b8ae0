using System.Text.Json;
using Stemsharp.Cli.Batches;
using Stemsharp.Cli.Hosting;

namespace Stemsharp.Cli.Progress;

/// <summary>JSON lines for programs; docs/cli.md describes the events. A change that breaks readers raises the version.</summary>
internal sealed class JsonView(TextWriter error) : IBatchView
{
    internal const int Version = 1;

    private static readonly TimeSpan s_interval = TimeSpan.FromMilliseconds(200);

    private readonly Lock _lock = new();

    public void Begin(int tracks, string model, string folder) => Write("begin", json =>
    {
        json.WriteNumber("tracks", tracks);
        json.WriteString("model", model);
        json.WriteString("folder", folder);
    });

    public ITrackView Track(int index, string name)
    {
        Write("track", json =>
        {
            json.WriteNumber("index", index);
            json.WriteString("input", name);
        });
        return new TrackView(this, index);
    }

    public void Note(string message) => Write("note", json => json.WriteString("message", message));

    public void End(IReadOnlyList<TrackOutcome> outcomes, TimeSpan elapsed, int exitCode) => Write("end", json =>
    {
        json.WriteNumber("done", outcomes.Count(o => o.Status == TrackStatus.Done));
        json.WriteNumber("skipped", outcomes.Count(o => o.Status == TrackStatus.Skipped));
        json.WriteNumber("failed", outcomes.Count(o => o.Status == TrackStatus.Failed));
        json.WriteNumber("elapsed_seconds", Round(elapsed.TotalSeconds));
        json.WriteNumber("exit_code", exitCode);
    });

    public void Dispose() => error.Flush();

    private static double Round(double seconds) => Math.Round(seconds, 3);

    private void Write(string name, Action<Utf8JsonWriter> fields)
    {
        string line = JsonText.Object(json =>
        {
            json.WriteNumber("v", Version);
            json.WriteString("event", name);
            fields(json);
        });
        lock (_lock)
        {
            error.WriteLine(line);
            error.Flush();
        }
    }

    private sealed class TrackView(JsonView view, int index) : ITrackView
    {
        private long _last = long.MinValue;

        public void Report(in TrackProgress progress)
        {
            long now = Environment.TickCount64;
            long last = Interlocked.Read(ref _last);
            if (last != long.MinValue && now - last < s_interval.TotalMilliseconds && progress.Fraction < 1)
                return;
            Interlocked.Exchange(ref _last, now);
            TrackProgress copy = progress;
            view.Write("progress", json =>
            {
                json.WriteNumber("index", index);
                json.WriteString("phase", copy.Phase);
                json.WriteNumber("fraction", Math.Round(copy.Fraction, 4));
                json.WriteNumber("audio_seconds", Round(copy.AudioSeconds));
                json.WriteNumber("elapsed_seconds", Round(copy.Elapsed.TotalSeconds));
                if (copy.Remaining is { } left)
                    json.WriteNumber("remaining_seconds", Round(left.TotalSeconds));
                else
                    json.WriteNull("remaining_seconds");
                json.WriteNumber("speed", Round(copy.Speed));
            });
        }

        public void End(TrackOutcome outcome) => view.Write("track_end", json =>
        {
            json.WriteNumber("index", index);
            OutcomeJson.WriteFields(json, outcome);
        });
    }
}
