using System.Text.Json;
using Stemsharp.Cli.Batches;
using Stemsharp.Cli.Hosting;
using Stemsharp.Cli.Text;

namespace Stemsharp.Cli.Progress;

/// <summary>A track's outcome as JSON fields: the same in <c>--progress json</c> and <c>--json</c>.</summary>
internal static class OutcomeJson
{
    internal static void WriteFields(Utf8JsonWriter json, TrackOutcome outcome)
    {
        json.WritePath("input", outcome.Track.Path);
        json.WriteString("status", outcome.Status switch
        {
            TrackStatus.Done => "done",
            TrackStatus.Skipped => "skipped",
            _ => "failed",
        });
        if (outcome.Status == TrackStatus.Failed)
        {
            ErrorJson.Write(json, outcome.Code, outcome.Message);
        }
        else
        {
            json.WriteNumber("audio_seconds", Math.Round(outcome.AudioSeconds, 3));
            json.WriteNumber("elapsed_seconds", Math.Round(outcome.ElapsedSeconds, 3));
            json.WriteStartArray("engines");
            foreach (RecordedEngine engine in outcome.Engines)
            {
                json.WriteStartObject();
                json.WriteString("engine", engine.Engine);
                json.WriteString("device", engine.Device);
                json.WriteString("precision", engine.Precision);
                json.WriteNumber("segments", engine.Segments);
                json.WriteEndObject();
            }

            json.WriteEndArray();
            json.WriteStartArray("files");
            foreach (StemFile file in outcome.Files)
            {
                json.WriteStartObject();
                json.WriteString("stem", file.Stem);
                json.WritePath("path", file.Path);
                json.WriteNumber("gain", Math.Round(file.Gain, 6));
                json.WriteEndObject();
            }

            json.WriteEndArray();
        }

        if (outcome.NullDecibels is { } nulls)
        {
            WriteDecibels(json, "null_before_db", nulls.Before);
            WriteDecibels(json, "null_after_db", nulls.After);
        }

        if (outcome.Warnings.Count > 0)
        {
            json.WriteStartArray("warnings");
            foreach (string warning in outcome.Warnings)
            {
                json.WriteStringValue(warning);
            }

            json.WriteEndArray();
        }
    }

    // JSON has no infinity: an exact sum's null depth is written as null.
    private static void WriteDecibels(Utf8JsonWriter json, string name, double decibels)
    {
        if (double.IsFinite(decibels))
        {
            json.WriteNumber(name, Math.Round(decibels, 2));
        }
        else
        {
            json.WriteNull(name);
        }
    }
}
