using System.Text.Json;
using Stemsharp.Evaluation;

namespace Stemsharp.Cli.Evaluation.Reports;

/// <summary>Everything, frames included, as one JSON object; undefined and infinite scores are null.</summary>
internal static class JsonReport
{
    /// <summary>The version of the format; it rises when a field changes its meaning or goes.</summary>
    internal const int Version = 1;

    /// <summary>Writes the fields of the object.</summary>
    internal static void Write(Utf8JsonWriter json, EvaluationRun run)
    {
        json.WriteNumber("version", Version);
        json.WriteString("references", Path.GetFullPath(run.References));
        json.WriteString("estimates", run.Estimates);
        json.WriteNumber("window_seconds", run.Options.Window);
        json.WriteNumber("hop_seconds", run.Options.Hop);
        json.WriteNumber("filter_length", run.Options.FilterLength);
        json.WriteStartArray("summary");
        foreach (StemSummary stem in StemSummary.Of(run))
        {
            json.WriteStartObject();
            json.WriteString("stem", stem.Stem);
            json.WriteNumber("tracks", stem.Tracks);
            WriteScores(json, "median", i => stem.Medians[i]);
            WriteScores(json, "mean", i => stem.Means[i]);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteStartArray("tracks");
        foreach (JudgedTrack track in run.Tracks)
        {
            WriteTrack(json, track.Scores, run.Options);
        }

        json.WriteEndArray();
        json.WriteStartArray("failures");
        foreach ((string track, Exception error) in run.Failures)
        {
            json.WriteStartObject();
            json.WriteString("track", track);
            json.WriteString("message", error.Message);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static void WriteTrack(Utf8JsonWriter json, TrackScores track, EvaluationOptions options)
    {
        json.WriteStartObject();
        json.WriteString("track", track.Track);
        json.WriteNumber("sample_rate", track.SampleRate);
        json.WriteNumber("samples", track.Length);
        json.WriteStartArray("stems");
        foreach (StemScores stem in track.Stems)
        {
            json.WriteStartObject();
            json.WriteString("stem", stem.Stem);
            foreach (ScoreColumn column in ScoreColumn.All)
            {
                WriteScore(json, column.Key, column.Read(stem));
            }

            json.WriteStartArray("frames");
            for (int i = 0; i < stem.Frames.Count; i++)
            {
                json.WriteStartObject();
                json.WriteNumber("seconds", i * options.Hop);
                WriteScore(json, "sdr", stem.Frames[i].Sdr);
                WriteScore(json, "isr", stem.Frames[i].Isr);
                WriteScore(json, "sir", stem.Frames[i].Sir);
                WriteScore(json, "sar", stem.Frames[i].Sar);
                json.WriteEndObject();
            }

            json.WriteEndArray();
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void WriteScores(Utf8JsonWriter json, string name, Func<int, double> score)
    {
        json.WriteStartObject(name);
        for (int i = 0; i < ScoreColumn.All.Count; i++)
        {
            WriteScore(json, ScoreColumn.All[i].Key, score(i));
        }

        json.WriteEndObject();
    }

    private static void WriteScore(Utf8JsonWriter json, string name, double value)
    {
        if (double.IsFinite(value))
        {
            json.WriteNumber(name, Math.Round(value, 5));
        }
        else
        {
            json.WriteNull(name);
        }
    }
}
