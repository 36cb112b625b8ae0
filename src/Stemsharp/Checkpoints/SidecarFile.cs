namespace Stemsharp.Checkpoints;

/// <summary>
/// A JSON or YAML file beside a checkpoint, of the same name but for the extension, with the model's configuration:
/// <c>{"sources": ["drums", …], "segment": "39/5", …}</c>, at the top or under <c>"kwargs"</c>, or the sections audio, model, training
/// and inference of a trainer's YAML. It goes over what the checkpoint itself says. The description that an ONNX export leaves under the
/// same name speaks of graphs, not of the checkpoint, and is passed over, and so is a bag.
/// </summary>
internal static class SidecarFile
{
    private const int MaxBytes = 1 << 20;
    private const string ExportedNetworks = "networks", BagOfModels = "models";
    private static readonly string[] s_yaml = [".yaml", ".yml"];

    /// <summary>What the files beside a checkpoint say; null where there are none.</summary>
    /// <exception cref="CheckpointFormatException">One cannot be read.</exception>
    public static IReadOnlyDictionary<string, object?>? Find(string checkpointPath)
    {
        foreach (string extension in (string[])[".json", .. s_yaml])
        {
            string path = Path.ChangeExtension(checkpointPath, extension);
            if (File.Exists(path) && Read(path, extension) is { } values)
            {
                return values;
            }
        }

        return null;
    }

    /// <summary>Whether a YAML file lies beside a checkpoint of its name: its configuration, not a bag.</summary>
    /// <param name="path">The YAML file.</param>
    /// <param name="checkpointExtensions">What checkpoints end in.</param>
    public static bool IsConfiguration(string path, IEnumerable<string> checkpointExtensions) =>
        s_yaml.Contains(Path.GetExtension(path).ToLowerInvariant()) && checkpointExtensions.Any(e => File.Exists(Path.ChangeExtension(path, e)));

    // Null where it speaks of something else.
    private static IReadOnlyDictionary<string, object?>? Read(string path, string extension) => CheckpointFormatException.Guard<IReadOnlyDictionary<string, object?>?>(path, () =>
    {
        if (new FileInfo(path).Length > MaxBytes)
        {
            throw new CheckpointFormatException($"the config beside a checkpoint may have at most {MaxBytes:N0} bytes.");
        }

        IReadOnlyDictionary<string, object?> values = s_yaml.Contains(extension)
            ? PlainYaml.Read(File.ReadAllText(path)) as IReadOnlyDictionary<string, object?> ?? throw new CheckpointFormatException("it holds YAML, but not names with values.")
            : PlainJson.ReadObject(File.ReadAllBytes(path));
        if (values.ContainsKey(ExportedNetworks) || values.GetValueOrDefault(BagOfModels) is IReadOnlyList<object?>)
        {
            return null;
        }

        return values.GetValueOrDefault("kwargs") as IReadOnlyDictionary<string, object?> ?? values;
    });
}
