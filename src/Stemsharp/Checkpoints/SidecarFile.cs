namespace Stemsharp.Checkpoints;

/// <summary>
/// A JSON file beside a checkpoint, of the same name but for the extension, with the model's constructor
/// arguments: <c>{"sources": ["drums", …], "segment": "39/5", …}</c>, at the top or under <c>"kwargs"</c>.
/// It goes over what the checkpoint itself says. The description that an ONNX export leaves under the same name
/// speaks of graphs, not of the checkpoint, and is passed over.
/// </summary>
internal static class SidecarFile
{
    private const int MaxBytes = 1 << 20;
    private const string ExportedNetworks = "networks";

    public static string? Find(string checkpointPath)
    {
        string path = Path.ChangeExtension(checkpointPath, ".json");
        return File.Exists(path) ? path : null;
    }

    /// <summary>The arguments in the file, or null where it is an export's description.</summary>
    public static IReadOnlyDictionary<string, object?>? Read(string path) => CheckpointFormatException.Guard<IReadOnlyDictionary<string, object?>?>(path, () =>
    {
        if (new FileInfo(path).Length > MaxBytes)
        {
            throw new CheckpointFormatException($"the config beside a checkpoint may have at most {MaxBytes:N0} bytes.");
        }

        IReadOnlyDictionary<string, object?> values = PlainJson.ReadObject(File.ReadAllBytes(path));
        if (values.ContainsKey(ExportedNetworks))
        {
            return null;
        }

        return values.GetValueOrDefault("kwargs") as IReadOnlyDictionary<string, object?> ?? values;
    });
}
