using Xunit;

namespace Stemsharp.Tests;

/// <summary>Compares the C# examples of a page with the sources in which they run.</summary>
internal static class PrintedExamples
{
    /// <summary>Asserts that a page shows examples, and each of them word for word as it stands in one of the sources; usings and indentation aside.</summary>
    /// <param name="page">The path of a page of Markdown.</param>
    /// <param name="atLeast">How many examples it has at the least.</param>
    /// <param name="sources">Paths of C# files.</param>
    public static void StandIn(string page, int atLeast, params IEnumerable<string> sources)
    {
        string source = Flat(string.Join('\n', sources.Select(File.ReadAllText)));
        string[] parts = File.ReadAllText(page).Split("```csharp\n");
        Assert.True(parts.Length > atLeast, $"{page} shows {parts.Length - 1} examples.");
        foreach (string part in parts.Skip(1))
        {
            string example = Flat(part[..part.IndexOf("```", StringComparison.Ordinal)]);
            Assert.True(source.Contains(example, StringComparison.Ordinal), example);
        }
    }

    private static string Flat(string text) => string.Join(
        '\n', text.Split('\n').Select(line => line.Trim()).Where(line => line.Length > 0 && !(line.StartsWith("using ", StringComparison.Ordinal) && !line.Contains('='))));
}
