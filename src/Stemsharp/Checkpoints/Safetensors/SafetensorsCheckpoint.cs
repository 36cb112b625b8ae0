using Stemsharp.Checkpoints.Catalog;

namespace Stemsharp.Checkpoints.Safetensors;

/// <summary>
/// A .safetensors file: keys as in the state dict, or prefixed with an 8-hex-digit signature and a dot when it
/// holds several models. Class and arguments are inside where demucs 4.1 or this project wrote the file.
/// </summary>
internal sealed class SafetensorsCheckpoint : Checkpoint, IStorage
{
    /// <summary>The metadata entries that demucs 4.1 and this project write: the class, and its constructor's arguments as JSON.</summary>
    public const string ClassKey = "klass", PositionalKey = "args", ArgumentsKey = "kwargs";

    /// <summary>The metadata entry with the signature, in files that this project wrote.</summary>
    public const string SignatureKey = "signature";

    // How the parts of a packed state nest, in demucs 4.1's files of quantised models.
    private const string StructureKey = "structure";

    private readonly ByteSource _source;
    private readonly List<StoredTensor> _tensors = [];
    private readonly Dictionary<string, StoredTensor> _byName = new(StringComparer.Ordinal);

    public SafetensorsCheckpoint(ByteSource source, string name, string ownSignature, string? signature)
    {
        _source = source;
        Name = name;
        SafetensorsHeader header = SafetensorsHeader.Read(source);
        string prefix = "";
        Signature = header.Metadata.GetValueOrDefault(SignatureKey, ownSignature);
        if (header.Signatures.Count > 0)
        {
            Signature = Select(header.Signatures, signature);
            prefix = Signature + ".";
        }

        if (header.Metadata.ContainsKey(StructureKey))
        {
            throw new CheckpointFormatException(OfficialModels.Quantized);
        }

        ClassName = header.Metadata.GetValueOrDefault(ClassKey);
        if (header.Metadata.TryGetValue(ArgumentsKey, out string? named))
        {
            Arguments = PlainJson.ReadObject(named);
        }

        if (header.Metadata.TryGetValue(PositionalKey, out string? positional))
        {
            Positional = PlainJson.ReadList(positional);
        }

        foreach (SafetensorsEntry entry in header.Entries)
        {
            if (!entry.Name.StartsWith(prefix, StringComparison.Ordinal))
            {
                continue;
            }

            StorageTensor tensor = new(entry.Name[prefix.Length..], entry.Shape, entry.Type, this, entry.Offset);
            _tensors.Add(tensor);
            _byName.Add(tensor.Name, tensor);
        }
    }

    public override string Name { get; }

    public override string Signature { get; }

    public override string? Sha256 => _source.Sha256;

    public override string? ClassName { get; }

    public override IReadOnlyList<object?> Positional { get; } = [];

    public override IReadOnlyDictionary<string, object?>? Arguments { get; }

    public override IReadOnlyList<StoredTensor> Tensors => _tensors;

    string IStorage.FileName => Name;

    public override StoredTensor? Find(string name, IReadOnlyList<int> shape) => _byName.GetValueOrDefault(name);

    void IStorage.Read(long offset, Span<byte> destination) => _source.Read(offset, destination);

    public override void Dispose() => _source.Dispose();

    private static string Select(IReadOnlyList<string> available, string? wanted)
    {
        string list = string.Join(", ", available);
        if (wanted is null)
        {
            return available.Count == 1 ? available[0] : throw new CheckpointFormatException($"it holds {available.Count} models: {list}. Choose one as FILE#{available[0]}.");
        }

        return available.Contains(wanted) ? wanted : throw new CheckpointFormatException($"it holds no model {wanted}; there are {list}.");
    }
}
