using Stemsharp.Checkpoints.Catalog;
using Stemsharp.Checkpoints.Zip;

namespace Stemsharp.Checkpoints.Torch;

/// <summary>
/// A file of torch.save: a zip with an entry per storage and a pickle of {klass, args, kwargs, state, training_args}, as demucs saves
/// models (.th), or of a state dict, bare or beside a trainer's other entries (.ckpt); its config then comes from elsewhere.
/// </summary>
internal sealed class TorchCheckpoint : Checkpoint
{
    private const int MaxTensors = 20_000;

    // Under which trainers keep the state dict: demucs, Lightning and its like, others.
    private static readonly string[] s_wrappers = ["state", "state_dict", "model_state_dict"];
    private const long MaxElements = 1L << 31;

    private readonly ByteSource _source;
    private readonly Dictionary<string, StoredTensor> _byName = new(StringComparer.Ordinal);
    private readonly List<StoredTensor> _tensors = [];

    public TorchCheckpoint(ByteSource source, string name, string signature, bool isTrusted)
    {
        _source = source;
        Name = name;
        Signature = signature;
        ZipArchiveReader archive = new(source) { IsTrusted = isTrusted };
        string root = FindRoot(archive);
        CheckByteOrder(archive, root);
        PickleDict package = ReadPickle(archive, root);
        PickleDict state = package;
        bool isPackage = package.Items.ContainsKey("klass") || package.Items.ContainsKey("kwargs");
        if (isPackage)
        {
            ClassName = package.Items.GetValueOrDefault("klass")?.ToString();
            (Positional, Arguments) = TorchArguments.Read(package);
        }

        if (isPackage || s_wrappers.Any(package.Items.ContainsKey))
        {
            state = s_wrappers.Select(w => package.Items.GetValueOrDefault(w)).OfType<PickleDict>().FirstOrDefault()
                ?? throw CheckpointFormatException.Damaged($"it holds none of {string.Join(", ", s_wrappers.Select(w => $"'{w}'"))} with the model's tensors");
        }

        CheckState(state);
        AddTensors(state, new StorageFinder(name, archive, root));
    }

    public override string Name { get; }

    public override string Signature { get; }

    public override string? Sha256 => _source.Sha256;

    public override string? ClassName { get; }

    public override IReadOnlyList<object?> Positional { get; } = [];

    public override IReadOnlyDictionary<string, object?>? Arguments { get; }

    public override IReadOnlyList<StoredTensor> Tensors => _tensors;

    public override StoredTensor? Find(string name, IReadOnlyList<int> shape) => _byName.GetValueOrDefault(name);

    public override void Dispose() => _source.Dispose();

    private static string FindRoot(ZipArchiveReader archive)
    {
        string[] roots = [.. archive.Entries.Where(e => e.Name.EndsWith("/data.pkl", StringComparison.Ordinal)).Select(e => e.Name[..^"data.pkl".Length])];
        if (roots.Length == 0)
        {
            throw new CheckpointFormatException("it is a zip archive but not one of torch.save: it has no data.pkl.");
        }

        if (roots.Length > 1)
        {
            throw new CheckpointFormatException("it holds several data.pkl entries, so that different readers would see different models. The file was not loaded.");
        }

        if (archive.Find(roots[0] + "constants.pkl") is not null)
        {
            throw new CheckpointFormatException("it is a TorchScript archive, which holds code. Supported are the checkpoints that demucs saves (torch.save of class, args, kwargs and state).");
        }

        return roots[0];
    }

    private static void CheckByteOrder(ZipArchiveReader archive, string root)
    {
        if (archive.Find(root + "byteorder") is { } entry && !archive.ReadAll(entry, 64).AsSpan().SequenceEqual("little"u8))
        {
            throw new CheckpointFormatException("its numbers are big-endian, which is not supported. Save it again on a little-endian machine.");
        }
    }

    private static PickleDict ReadPickle(ZipArchiveReader archive, string root)
    {
        byte[] pickle = archive.ReadAll(archive.Find(root + "data.pkl")!, PickleReader.MaxBytes);
        return PickleReader.Read(pickle) as PickleDict
            ?? throw new CheckpointFormatException("it does not hold the dict of class, args, kwargs and state that demucs saves.");
    }

    private static void CheckState(PickleDict state)
    {
        if (state.Items.GetValueOrDefault("__quantized") is not (null or false))
        {
            throw new CheckpointFormatException(OfficialModels.Quantized);
        }

        if (state.Items.Count == 0)
        {
            throw CheckpointFormatException.Damaged("it holds no tensors");
        }

        if (state.Items.Count > MaxTensors)
        {
            throw CheckpointFormatException.Damaged($"it claims {state.Items.Count:N0} tensors");
        }
    }

    private void AddTensors(PickleDict state, StorageFinder storages)
    {
        long elements = 0;
        foreach ((string name, object? value) in state.Items)
        {
            if (value is not PickleTensor tensor)
            {
                if (name == "__quantized")
                {
                    continue;
                }

                throw new CheckpointFormatException($"its state has '{name}', which is not a tensor. Supported are the checkpoints that demucs saves.");
            }

            TorchStorage storage = storages.Find(tensor.Storage);
            long? end = StorageTensor.End(tensor.Shape, tensor.Strides, tensor.Offset);
            if (end is null || end > storage.Count)
            {
                throw CheckpointFormatException.Damaged($"its tensor '{name}' reaches beyond its storage of {storage.Count:N0} elements");
            }

            Int128 count = 1;
            foreach (int dimension in tensor.Shape)
            {
                count *= dimension;
            }
            // Strides of zero let a few bytes pose as a tensor of any size.
            if (count > storage.Count)
            {
                throw CheckpointFormatException.Damaged($"its tensor '{name}' is larger than its storage of {storage.Count:N0} elements");
            }

            elements += (long)count;
            if (elements > MaxElements)
            {
                throw CheckpointFormatException.Damaged($"its tensors claim more than {MaxElements:N0} elements");
            }

            StorageTensor stored = new(name, tensor.Shape, storage.Type, storage, tensor.Offset * storage.Type.Size(), tensor.Strides);
            _byName.Add(name, stored);
            _tensors.Add(stored);
        }
    }

    /// <summary>Looks storages up once each; tensors may share them.</summary>
    private sealed class StorageFinder(string fileName, ZipArchiveReader archive, string root)
    {
        private readonly Dictionary<string, TorchStorage> _storages = new(StringComparer.Ordinal);

        public TorchStorage Find(PickleStorage storage)
        {
            if (_storages.TryGetValue(storage.Key, out TorchStorage? known) && known.Type == storage.Type && known.Count == storage.Count)
            {
                return known;
            }

            ZipEntry entry = archive.Find($"{root}data/{storage.Key}") ?? throw CheckpointFormatException.Damaged($"it has no entry for the storage '{storage.Key}'");
            if (entry.Size / storage.Type.Size() < storage.Count)
            {
                throw CheckpointFormatException.Damaged($"its storage '{storage.Key}' has {entry.Size:N0} bytes instead of {storage.Count:N0} elements of {storage.Type.Size()}");
            }

            return _storages[storage.Key] = new TorchStorage(fileName, archive, entry, storage.Type, storage.Count);
        }
    }

    private sealed record TorchStorage(string FileName, ZipArchiveReader Archive, ZipEntry Entry, ElementType Type, long Count) : IStorage
    {
        public void Read(long offset, Span<byte> destination) => Archive.Read(Entry, offset, destination);
    }
}
