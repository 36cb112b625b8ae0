namespace Stemsharp.Checkpoints;

/// <summary>
/// A JSON file beside a checkpoint, of the same name but for the extension, with the model's constructor
/// arguments: <c>{"sources": ["drums", …], "segment": "39/5", …}</c>, at the top or under <c>"kwargs"</c>.
/// It goes over what the checkpoint itself says.
/// </summary>
internal static class SidecarFile
{
    private const int MaxBytes = 1 << 20;

    public static string? Find(string checkpointPath)
    {
        string path = Path.ChangeExtension(checkpointPath, ".json");
        return File.Exists(path) ? path : null;
    }

    public static IReadOnlyDictionary<string, object?> Read(string path) => CheckpointFormatException.Guard(path, () =>
    {
        if (new FileInfo(path).Length > MaxBytes) throw new CheckpointFormatException($"the config beside a checkpoint may have at most {MaxBytes:N0} bytes.");
        IReadOnlyDictionary<string, object?> values = PlainJson.ReadObject(File.ReadAllBytes(path));
        return values.GetValueOrDefault("kwargs") as IReadOnlyDictionary<string, object?> ?? values;
    });
}
