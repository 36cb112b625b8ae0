namespace Stemsharp.Checkpoints.Catalog;

/// <summary>
/// A folder of one's own models: <c>sig.th</c>, <c>sig-checksum.th</c>, <c>sig.safetensors</c>, <c>sig.ckpt</c> or <c>sig.onnx</c>, and bags
/// (<c>name.yaml</c>) of these signatures.
/// </summary>
internal sealed class LocalRepository
{
    private readonly Dictionary<string, string> _checkpoints = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> _bags = new(StringComparer.Ordinal);

    public LocalRepository(string folder)
    {
        Folder = folder;
        if (!Directory.Exists(folder))
        {
            throw new ModelException($"The model folder {folder} does not exist.") { Failure = ModelFailure.NotInstalled };
        }

        string[] files = CheckpointFormatException.Guard(folder, () => Directory.GetFiles(folder));
        foreach (string path in files.OrderBy(ModelFiles.IsGraph).ThenBy(path => path, StringComparer.Ordinal))
        {
            if (ModelFiles.IsBag(path) && !SidecarFile.IsTrainers(path))
            {
                _bags[Path.GetFileNameWithoutExtension(path)] = path;
            }

            if (!ModelFiles.IsCheckpoint(path))
            {
                continue;
            }

            // A graph beside a checkpoint of its name is an export of it.
            string signature = FileNames.Parse(Path.GetFileName(path)).Signature;
            if (!_checkpoints.TryAdd(signature, path) && !ModelFiles.IsGraph(path))
            {
                throw new ModelException($"{folder} has two checkpoints with the signature {signature}: {Path.GetFileName(_checkpoints[signature])} and {Path.GetFileName(path)}. Remove one of them.") { Failure = ModelFailure.Unknown };
            }
        }
    }

    public string Folder { get; }

    /// <summary>Signatures and bags, as they are asked for.</summary>
    public IEnumerable<string> Names => _checkpoints.Keys.Concat(_bags.Keys).Order(StringComparer.Ordinal);

    public string? FindCheckpoint(string signature) => _checkpoints.GetValueOrDefault(signature);

    public string? FindBag(string name) => _bags.GetValueOrDefault(name);

    /// <summary>The one model that the folder stands for: its only bag, or else its only checkpoint.</summary>
    public string FindOnly() =>
        _bags.Count == 1 ? _bags.Values.Single()
        : _bags.Count == 0 && _checkpoints.Count == 1 ? _checkpoints.Values.Single()
        : throw new ModelException(_checkpoints.Count == 0
            ? $"The folder {Folder} holds no models (.th, .safetensors, .ckpt, .onnx, or .yaml bags)."
            : $"The folder {Folder} holds several models: {string.Join(", ", Names)}. Name one of them, with the folder as the repository.")
        { Failure = ModelFailure.Unknown };
}
