using System.Text;
using System.Text.Json;

namespace Stemsharp.Cli.Batches;

/// <summary>A track of a list.</summary>
/// <param name="Line">Its line, from 1.</param>
/// <param name="Input">The file, as it is written.</param>
/// <param name="Settings">Options of its own with their values (none for a switch), by their names without dashes; in the order of the names.</param>
internal sealed record ListedTrack(int Line, string Input, IReadOnlyList<(string Option, string? Value)> Settings);

/// <summary>
/// Reads lists of tracks: a line is a path, taken as it stands, or a JSON object with <c>input</c> and options. Paths are relative to the
/// current directory, as those that <c>find</c> prints are.
/// </summary>
internal static class TrackList
{
    private const string StandardInput = "-", Input = "input";

    /// <summary>Reads a list, a file or "-" for standard input.</summary>
    /// <exception cref="OptionException">It cannot be read, holds nothing, or a line makes no sense.</exception>
    internal static IReadOnlyList<ListedTrack> Read(string file)
    {
        try
        {
            using Stream stream = file == StandardInput ? Console.OpenStandardInput() : File.OpenRead(file);
            using StreamReader reader = new(stream, new UTF8Encoding(false, throwOnInvalidBytes: true));
            return Read(reader, file == StandardInput ? "standard input" : file);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new OptionException($"--list {file} cannot be read: {exception.Message}", exception);
        }
        catch (DecoderFallbackException exception)
        {
            throw new OptionException($"--list {file} is not UTF-8; save it as UTF-8.", exception);
        }
    }

    /// <summary>Reads a list.</summary>
    /// <param name="reader">Its lines.</param>
    /// <param name="name">What it is called in messages.</param>
    internal static IReadOnlyList<ListedTrack> Read(TextReader reader, string name)
    {
        List<ListedTrack> tracks = [];
        for (int line = 1; reader.ReadLine() is { } text; line++)
        {
            if (!string.IsNullOrWhiteSpace(text))
            {
                tracks.Add(text.StartsWith('{') ? Parse(text, line, name) : new ListedTrack(line, text, []));
            }
        }

        return tracks.Count > 0 ? tracks : throw new OptionException($"{name} names no track; a list has a path or a JSON object a line.");
    }

    private static ListedTrack Parse(string text, int line, string name)
    {
        try
        {
            using JsonDocument json = JsonDocument.Parse(text);
            if (!json.RootElement.TryGetProperty(Input, out JsonElement input) || input.ValueKind != JsonValueKind.String || input.GetString() is not { Length: > 0 } path)
            {
                throw Wrong($"has no \"{Input}\" with a path");
            }

            List<(string Option, string? Value)> settings = [];
            foreach (JsonProperty property in json.RootElement.EnumerateObject().Where(p => p.Name != Input).OrderBy(p => p.Name, StringComparer.Ordinal))
            {
                if (property.Value.ValueKind != JsonValueKind.False)
                {
                    settings.Add((property.Name, Value(property)));
                }
            }

            return new ListedTrack(line, path, settings);
        }
        catch (JsonException exception)
        {
            throw new OptionException($"{name}, line {line}, begins with {{ and is no JSON: {exception.Message} Write a path that begins so as ./{{….", exception);
        }

        string? Value(JsonProperty property) => property.Value.ValueKind switch
        {
            JsonValueKind.True => null,
            JsonValueKind.String => property.Value.GetString(),
            JsonValueKind.Number => property.Value.GetRawText(),
            JsonValueKind.Array when property.Value.EnumerateArray().All(e => e.ValueKind == JsonValueKind.String) =>
                string.Join(',', property.Value.EnumerateArray().Select(e => e.GetString())),
            JsonValueKind.Object when property.Value.EnumerateObject().All(e => e.Value.ValueKind == JsonValueKind.String) =>
                string.Join('\n', property.Value.EnumerateObject().Select(e => $"{e.Name}={e.Value.GetString()}")),
            _ => throw Wrong($"gives \"{property.Name}\" no text, number, list of texts, object of texts, true or false"),
        };

        OptionException Wrong(string what) => new($"{name}, line {line}, {what}.");
    }
}
