using System.Text.Json;

namespace Stemsharp.Export.CoreML.Reading;

/// <summary>
/// An .mlpackage read from disk and checked: written from the format's description, without any of the
/// writer's code.
/// </summary>
internal sealed class Package : IDisposable
{
    private Package(string path, PackageModel model, WeightFile weights, long modelBytes) => (Path, Model, Weights, ModelBytes) = (path, model, weights, modelBytes);

    public string Path { get; }

    public PackageModel Model { get; }

    public WeightFile Weights { get; }

    /// <summary>Size of the model file, without weights.</summary>
    public long ModelBytes { get; }

    /// <summary>Opens and checks a package.</summary>
    /// <exception cref="ModelException">It is missing or damaged; the message names the place.</exception>
    public static Package Open(string path)
    {
        if (!Directory.Exists(path))
        {
            throw new ModelException($"{path} is no folder; an .mlpackage is one.") { Failure = ModelFailure.Unreadable };
        }

        WeightFile? weights = null;
        string place = "Manifest.json";
        try
        {
            (string model, string weightFolder) = ReadManifest(path);
            string data = System.IO.Path.Combine(path, "Data");
            place = model;
            byte[] bytes = File.ReadAllBytes(System.IO.Path.Combine(data, model));
            PackageModel parsed = ModelParser.Parse(bytes);
            string weightPath = $"{weightFolder}/weight.bin";
            place = weightPath;
            weights = new WeightFile(System.IO.Path.Combine(data, weightPath));
            place = model;
            ProgramChecker.Check(parsed, weights);
            return new Package(path, parsed, weights, bytes.Length);
        }
        catch (Exception problem) when (problem is FormatException or IOException or JsonException or OverflowException or KeyNotFoundException or InvalidOperationException or UnauthorizedAccessException)
        {
            weights?.Dispose();
            throw new ModelException($"{path} is damaged, or no package that this reader knows. {place}: {problem.Message.TrimEnd('.')}. Export it again.", problem) { Failure = ModelFailure.Corrupt };
        }
    }

    public void Dispose() => Weights.Dispose();

    private static (string Model, string Weights) ReadManifest(string path)
    {
        using JsonDocument manifest = JsonDocument.Parse(File.ReadAllBytes(System.IO.Path.Combine(path, "Manifest.json")));
        JsonElement root = manifest.RootElement;
        string? version = root.GetProperty("fileFormatVersion").GetString();
        if (version != "1.0.0")
        {
            throw new FormatException($"the format version is {version}, not 1.0.0");
        }

        JsonElement entries = root.GetProperty("itemInfoEntries");
        string? model = null, weights = null, rootIdentifier = root.GetProperty("rootModelIdentifier").GetString();
        foreach (JsonProperty entry in entries.EnumerateObject())
        {
            string item = entry.Value.GetProperty("path").GetString() ?? "";
            foreach (string key in (string[])["author", "description", "name"])
            {
                _ = entry.Value.GetProperty(key).GetString();
            }

            if (item.Split('/').Contains("..") || System.IO.Path.IsPathRooted(item))
            {
                throw new FormatException($"the path {item} leaves the package");
            }

            if (entry.Name == rootIdentifier)
            {
                model = item;
            }
            else if (item.EndsWith("/weights", StringComparison.Ordinal))
            {
                weights = item;
            }
        }

        return (model ?? throw new FormatException($"the root model {rootIdentifier} has no entry"), weights ?? throw new FormatException("there is no entry for the weights"));
    }
}
