using System.Text.Json;

namespace Stemsharp.Export.Onnx;

/// <summary>
/// The files of an export that a folder has from before: a new one replaces them as a set, so that no graph and no
/// weights are left that belong to nothing.
/// </summary>
internal static class EarlierExport
{
    /// <summary>The files that a description names, with their external weights; none where there is no description of ours.</summary>
    /// <param name="description">The JSON file's path.</param>
    public static IReadOnlyList<string> Files(string description)
    {
        if (!File.Exists(description))
        {
            return [];
        }

        try
        {
            using JsonDocument json = JsonDocument.Parse(File.ReadAllBytes(description));
            string folder = Path.GetDirectoryName(Path.GetFullPath(description))!;
            return
            [
                .. json.RootElement.GetProperty("networks").EnumerateArray().Select(n => n.GetProperty("file").GetString()).OfType<string>()
                    .Where(name => name.EndsWith(".onnx", StringComparison.Ordinal) && Path.GetFileName(name) == name)
                    .SelectMany(name => new[] { Path.Combine(folder, name), OnnxFile.ExternalOf(Path.Combine(folder, name)) }),
            ];
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            return [];
        }
    }

    /// <summary>Deletes what the new export has not written.</summary>
    /// <param name="earlier">What <see cref="Files"/> gave before.</param>
    /// <param name="written">The new export's files.</param>
    public static void Remove(IReadOnlyList<string> earlier, IEnumerable<string> written)
    {
        foreach (string file in earlier.Except(written.Select(Path.GetFullPath)))
        {
            File.Delete(file);
        }
    }
}
