using System.Text.Json;
using Stemsharp.Tests;

namespace Stemsharp.Cli.Tests;

/// <summary>The parser of the original's command, as tests/golden/demucs-cli/parser.json has it.</summary>
internal static class OriginalParser
{
    internal static JsonElement Root { get; } = JsonDocument.Parse(File.ReadAllText(RepositoryFiles.Golden("demucs-cli", "parser.json"))).RootElement;

    internal static IReadOnlyList<JsonElement> Options { get; } = [.. Root.GetProperty("options").EnumerateArray()];

    /// <summary>Each option's long name, with a value where one is wanted.</summary>
    internal static IReadOnlyList<(string Option, string? Value)> LongOptions { get; } =
        [.. Options.Select(option => (Strings(option, "names")[^1], Text(option, "sample") ?? Strings(option, "choices").FirstOrDefault()))];

    internal static string[] Strings(JsonElement option, string name) =>
        option.TryGetProperty(name, out JsonElement values) ? [.. values.EnumerateArray().Select(v => v.GetString()!)] : [];

    internal static string? Text(JsonElement option, string name) => option.TryGetProperty(name, out JsonElement value) ? value.GetString() : null;
}
