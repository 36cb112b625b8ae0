using Stemsharp.Cli.Batches;

namespace Stemsharp.Cli.Progress;

/// <summary>The batch as JSON lines.</summary>
internal sealed class JsonView(TextWriter error) : IBatchView
{
    private static readonly TimeSpan s_interval = TimeSpan.FromMilliseconds(200);

    private readonly JsonLines _lines = new(error);

    public void Begin(int tracks, string model, string folder) => _lines.Write("begin", json =>
    {
        json.WriteNumber("tracks", tracks);
        json.WriteString("model", model);
        json.WriteString("folder", folder);
    });

    public ITrackView Track(int index, string name)
    {
        _lines.Write("track", json =>
        {
            json.WriteNumber("index", index);
            json.WriteString("input", name);
        });
        return new TrackView(_lines, index);
    }

    public void Note(string message) => _lines.Note(message);

    public void End(IReadOnlyList<TrackOutcome> outcomes, TimeSpan elapsed, int exitCode) => _lines.Write("end", json =>
    {
        json.WriteNumber("done", outcomes.Count(o => o.Status == TrackStatus.Done));
        json.WriteNumber("skipped", outcomes.Count(o => o.Status == TrackStatus.Skipped));
        json.WriteNumber("failed", outcomes.Count(o => o.Status == TrackStatus.Failed));
        json.WriteNumber("elapsed_seconds", Round(elapsed.TotalSeconds));
        json.WriteNumber("exit_code", exitCode);
    });

    public void Dispose() => error.Flush();

    private static double Round(double seconds) => Math.Round(seconds, 3);

    private sealed class TrackView(JsonLines lines, int index) : ITrackView
    {
        private long _last = long.MinValue;

        public void Report(in TrackProgress progress)
        {
            long now = Environment.TickCount64;
            long last = Interlocked.Read(ref _last);
            if (last != long.MinValue && now - last < s_interval.TotalMilliseconds && progress.Fraction < 1)
            {
                return;
            }

            Interlocked.Exchange(ref _last, now);
            TrackProgress copy = progress;
            lines.Write("progress", json =>
            {
                json.WriteNumber("index", index);
                json.WriteString("phase", copy.Phase);
                json.WriteNumber("fraction", Math.Round(copy.Fraction, 4));
                json.WriteNumber("audio_seconds", Round(copy.AudioSeconds));
                json.WriteNumber("elapsed_seconds", Round(copy.Elapsed.TotalSeconds));
                if (copy.Remaining is { } left)
                {
                    json.WriteNumber("remaining_seconds", Round(left.TotalSeconds));
                }
                else
                {
                    json.WriteNull("remaining_seconds");
                }

                json.WriteNumber("speed", Round(copy.Speed));
            });
        }

        public void End(TrackOutcome outcome) => lines.Write("track_end", json =>
        {
            json.WriteNumber("index", index);
            OutcomeJson.WriteFields(json, outcome);
        });
    }
}
