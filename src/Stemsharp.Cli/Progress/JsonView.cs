using System.Text.Json;
using Stemsharp.Cli.Batches;
using Stemsharp.Cli.Text;

namespace Stemsharp.Cli.Progress;

/// <summary>The batch as JSON lines.</summary>
internal sealed class JsonView(TextWriter error) : IBatchView
{
    private static readonly TimeSpan s_interval = TimeSpan.FromMilliseconds(200);

    private readonly JsonLines _lines = new(error);
    private BatchClock _clock = new(0);

    public void Begin(int tracks, string model, string folder)
    {
        _clock = new BatchClock(tracks);
        _lines.Write("begin", json =>
        {
            json.WriteNumber("tracks", tracks);
            json.WriteString("model", model);
            json.WritePath("folder", folder);
        });
    }

    public ITrackView Track(int index, Track track)
    {
        _lines.Write("track", json =>
        {
            json.WriteNumber("index", index);
            json.WritePath("input", track.Path);
        });
        return new TrackView(this, index);
    }

    public void Length(int index, double seconds) => _clock.Length(index, seconds);

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

    private sealed class TrackView(JsonView view, int index) : ITrackView
    {
        private long _last = long.MinValue;

        public void Report(in TrackProgress progress)
        {
            view._clock.Report(index, progress);
            long now = Environment.TickCount64;
            long last = Interlocked.Read(ref _last);
            if (last != long.MinValue && now - last < s_interval.TotalMilliseconds && progress.Fraction < 1)
            {
                return;
            }

            Interlocked.Exchange(ref _last, now);
            TrackProgress copy = progress;
            view._lines.Write("progress", json =>
            {
                json.WriteNumber("index", index);
                json.WriteString("phase", copy.Phase);
                json.WriteNumber("fraction", Math.Round(copy.Fraction, 4));
                json.WriteNumber("audio_seconds", Round(copy.AudioSeconds));
                json.WriteNumber("elapsed_seconds", Round(copy.Elapsed.TotalSeconds));
                WriteSeconds(json, "remaining_seconds", copy.Remaining);
                json.WriteNumber("speed", Round(copy.Speed));
                json.WriteNumber("batch_fraction", Math.Round(view._clock.Fraction, 4));
                WriteSeconds(json, "batch_remaining_seconds", view._clock.Remaining);
            });
        }

        public void End(TrackOutcome outcome)
        {
            view._clock.End(index, outcome);
            view._lines.Write("track_end", json =>
            {
                json.WriteNumber("index", index);
                OutcomeJson.WriteFields(json, outcome);
            });
        }

        private static void WriteSeconds(Utf8JsonWriter json, string name, TimeSpan? time)
        {
            if (time is { } known)
            {
                json.WriteNumber(name, Round(known.TotalSeconds));
            }
            else
            {
                json.WriteNull(name);
            }
        }
    }
}
