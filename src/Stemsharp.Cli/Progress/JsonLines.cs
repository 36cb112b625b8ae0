using System.Text.Json;
using Stemsharp.Cli.Hosting;
using Stemsharp.Cli.Text;

namespace Stemsharp.Cli.Progress;

/// <summary>Events for programs, one JSON object a line; docs/cli.md describes them. A change that breaks readers raises the version.</summary>
internal sealed class JsonLines(TextWriter error)
{
    internal const int Version = 1;

    private readonly Lock _lock = new();

    /// <summary>Writes an event whole, whichever thread it comes from.</summary>
    internal void Write(string name, Action<Utf8JsonWriter> fields)
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

    /// <summary>Something to know besides.</summary>
    internal void Note(string message) => Write("note", json => json.WriteString("message", message));

    /// <summary>What ended the whole run.</summary>
    internal void Error(int code, string message) => Write("error", json =>
    {
        ErrorJson.Write(json, code, message);
        json.WriteNumber("exit_code", code);
    });
}
