namespace Stemsharp.Checkpoints.Onnx;

/// <summary>
/// An ONNX file as a checkpoint: its constants as tensors, and beside them the graph that uses them. Whoever made it exported a network
/// that was trained elsewhere; which one is for a family to find out.
/// </summary>
internal sealed class OnnxCheckpoint : Checkpoint, IStorage
{
    private readonly ByteSource _source;
    private readonly Dictionary<string, StoredTensor> _byName = new(StringComparer.Ordinal);
    private readonly List<StoredTensor> _tensors = [];

    // Takes over the source when it returns.
    public OnnxCheckpoint(ByteSource source, string name, string signature, IReadOnlyDictionary<string, object?>? settings)
    {
        _source = source;
        Name = name;
        Signature = signature;
        Arguments = settings;
        Graph = OnnxGraph.Read(source);
        foreach (OnnxTensor constant in Graph.Constants)
        {
            if (ElementOf(constant.Type) is not { } type)
            {
                // Shapes and the like, of types that no weight has.
                continue;
            }

            StorageTensor tensor = new(constant.Name, [.. constant.Shape.Select(d => d is >= 0 and <= int.MaxValue ? (int)d : throw CheckpointFormatException.Damaged($"its tensor {constant.Name} has {d} elements"))], type, this, constant.Start);
            if (constant.IsElsewhere)
            {
                throw new CheckpointFormatException($"its tensor {constant.Name} lies in another file, which is not supported. Save it with its weights inside.");
            }

            if (constant.Bytes != (long)tensor.Count * type.Size() || !_byName.TryAdd(tensor.Name, tensor))
            {
                throw CheckpointFormatException.Damaged($"its tensor {tensor} has {constant.Bytes} bytes, or is there twice");
            }

            _tensors.Add(tensor);
        }
    }

    /// <summary>Its graph.</summary>
    public OnnxGraph Graph { get; }

    /// <summary>What UVR knows such files by.</summary>
    public string EndHash => UvrRecords.EndHash(_source);

    public override string Name { get; }

    public override string Signature { get; }

    public override string? Sha256 => _source.Sha256;

    public override IReadOnlyDictionary<string, object?>? Arguments { get; }

    public override IReadOnlyList<StoredTensor> Tensors => _tensors;

    string IStorage.FileName => Name;

    public override StoredTensor? Find(string name, IReadOnlyList<int> shape) => _byName.GetValueOrDefault(name);

    void IStorage.Read(long offset, Span<byte> destination) => _source.Read(offset, destination);

    public override void Dispose() => _source.Dispose();

    // TensorProto.DataType.
    private static ElementType? ElementOf(int type) => type switch
    {
        1 => ElementType.Single,
        10 => ElementType.Half,
        11 => ElementType.Double,
        16 => ElementType.BFloat16,
        _ => null,
    };
}
