namespace Stemsharp.Checkpoints;

/// <summary>
/// A JSON or YAML file beside a checkpoint, of the same name but for the extension, with the model's configuration:
/// <c>{"sources": ["drums", …], "segment": "39/5", …}</c>, at the top or under <c>"kwargs"</c> (an object, or a text that holds one, as
/// demucs 4.1 publishes it), or the sections audio, model, training
/// and inference of a trainer's YAML. It goes over what the checkpoint itself says. The description that an ONNX export leaves under the
/// same name speaks of graphs, not of the checkpoint, and is passed over, and so is a bag.
/// </summary>
internal static class SidecarFile
{
    private const int MaxBytes = 1 << 20;
    private static readonly string[] s_sections = ["audio", "model", "training", "inference"];
    private const string ExportedNetworks = "networks", BagOfModels = "models";
    private static readonly string[] s_yaml = [".yaml", ".yml"];

    /// <summary>What such files end in.</summary>
    public static IReadOnlyList<string> Extensions { get; } = [".json", .. s_yaml];

    /// <summary>What the files beside a checkpoint say; null where there are none.</summary>
    /// <param name="checkpointPath">The checkpoint.</param>
    /// <param name="elsewhere">Its configuration under another name, for where none of its own name lies beside it; null for none.</param>
    /// <exception cref="CheckpointFormatException">One cannot be read.</exception>
    public static IReadOnlyDictionary<string, object?>? Find(string checkpointPath, string? elsewhere = null) =>
        Beside(checkpointPath).Select(Read).FirstOrDefault(values => values is not null) ?? (elsewhere is null ? null : Read(elsewhere));

    /// <summary>The files beside a checkpoint that have its name.</summary>
    public static IEnumerable<string> Beside(string checkpointPath) => Extensions.Select(e => Path.ChangeExtension(checkpointPath, e)).Where(File.Exists);

    /// <summary>Whether a YAML file lies beside a checkpoint of its name: its configuration, not a bag.</summary>
    /// <param name="path">The YAML file.</param>
    /// <param name="checkpointExtensions">What checkpoints end in.</param>
    public static bool IsConfiguration(string path, IEnumerable<string> checkpointExtensions) =>
        s_yaml.Contains(Path.GetExtension(path).ToLowerInvariant()) && checkpointExtensions.Any(e => File.Exists(Path.ChangeExtension(path, e)));

    /// <summary>Whether a YAML file has the sections of a trainer's configuration, whatever its name.</summary>
    public static bool IsTrainers(string path)
    {
        try
        {
            return s_yaml.Contains(Path.GetExtension(path).ToLowerInvariant()) && Read(path) is { } values
                && s_sections.Count(s => values.GetValueOrDefault(s) is IReadOnlyDictionary<string, object?>) >= 2;
        }
        catch (ModelException)
        {
            return false;
        }
    }

    // Null where it speaks of something else.
    private static IReadOnlyDictionary<string, object?>? Read(string path) => CheckpointFormatException.Guard<IReadOnlyDictionary<string, object?>?>(path, () =>
    {
        if (new FileInfo(path).Length > MaxBytes)
        {
            throw new CheckpointFormatException($"the config beside a checkpoint may have at most {MaxBytes:N0} bytes.");
        }

        IReadOnlyDictionary<string, object?> values = s_yaml.Contains(Path.GetExtension(path).ToLowerInvariant())
            ? PlainYaml.Read(File.ReadAllText(path)) as IReadOnlyDictionary<string, object?> ?? throw new CheckpointFormatException("it holds YAML, but not names with values.")
            : PlainJson.ReadObject(File.ReadAllBytes(path));
        if (values.ContainsKey(ExportedNetworks) || values.GetValueOrDefault(BagOfModels) is IReadOnlyList<object?>)
        {
            return null;
        }

        return values.GetValueOrDefault("kwargs") switch
        {
            IReadOnlyDictionary<string, object?> arguments => arguments,
            string json => PlainJson.ReadObject(json),
            _ => values,
        };
    });
}
