using System.Text.Json;
using Stemsharp.Fleet.Protocol;

namespace Stemsharp.Cli.Working;

/// <summary>A job as JSON fields: the same in every command that shows jobs.</summary>
internal static class JobJson
{
    internal static void WriteFields(Utf8JsonWriter json, JobRecord record)
    {
        json.WriteString("id", record.Job.Id);
        json.WriteString("state", Word(record.State));
        json.WriteString("input", record.Job.Shown);
        json.WriteString("model", record.Job.Model);
        json.WriteString("lane", record.Lane.ToString().ToLowerInvariant());
        WriteList(json, "settings", record.Job.Settings);
        json.WriteNumber("failures", record.Failures);
        json.WriteNumber("deaths", record.Deaths);
        json.WriteString("worker", record.Worker);
        json.WriteString("error", record.ErrorKind);
        json.WriteString("message", record.Error ?? record.Note);
        WriteTime(json, "submitted", record.Submitted);
        WriteTime(json, "started", record.Started);
        WriteTime(json, "ended", record.Ended);
        if (record.Result is { } result)
        {
            json.WriteNumber("audio_seconds", result.AudioSeconds);
            json.WriteNumber("elapsed_seconds", result.ElapsedSeconds);
            json.WriteString("engine", result.Engine);
            WriteList(json, "files", result.Files);
            WriteList(json, "warnings", result.Warnings);
        }
    }

    /// <summary>The word for a state.</summary>
    internal static string Word(JobState state) => state.ToString().ToLowerInvariant();

    private static void WriteTime(Utf8JsonWriter json, string name, DateTimeOffset? time) =>
        json.WriteString(name, time?.UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ss.fffZ", System.Globalization.CultureInfo.InvariantCulture));

    private static void WriteList(Utf8JsonWriter json, string name, IReadOnlyList<string> texts)
    {
        json.WriteStartArray(name);
        foreach (string text in texts)
        {
            json.WriteStringValue(text);
        }

        json.WriteEndArray();
    }
}
