using System.Buffers.Binary;
using System.Text;
using Stemsharp.Checkpoints.Onnx;
using Stemsharp.Checkpoints.Safetensors;
using Stemsharp.Checkpoints.Torch;

namespace Stemsharp.Checkpoints;

/// <summary>
/// An open checkpoint: the arguments that its model was built with, where it has them, and its tensors by name.
/// Opening reads the directory only; tensors are read one by one on request, from any thread.
/// </summary>
internal abstract class Checkpoint : IDisposable
{
    /// <summary>The file's name, or the name of a synthetic or embedded model; for messages.</summary>
    public abstract string Name { get; }

    /// <summary>What the file was named by when it was trained (<c>955717e8</c>); the name's stem otherwise.</summary>
    public abstract string Signature { get; }

    /// <summary>
    /// The SHA-256 of the whole file in lower-case hex (computed when first asked for, unless the name's checksum
    /// needed it), or null when there is no file.
    /// </summary>
    public abstract string? Sha256 { get; }

    /// <summary>The class of the model with its module, as Python names it; null when the file names none.</summary>
    public virtual string? ClassName => null;

    /// <summary>Constructor arguments that the file gives by their position, as plain values.</summary>
    public virtual IReadOnlyList<object?> Positional => [];

    /// <summary>
    /// The model's named constructor arguments as plain values (null, bool, long, double, string, <see cref="Fraction"/>,
    /// List&lt;object?&gt;, Dictionary&lt;string, object?&gt;), or null when the file has no config inside.
    /// </summary>
    public abstract IReadOnlyDictionary<string, object?>? Arguments { get; }

    /// <summary>
    /// What a JSON or YAML file beside the checkpoint says, in the same form; it goes over <see cref="Arguments"/>. Null
    /// when there is no such file.
    /// </summary>
    public IReadOnlyDictionary<string, object?>? Overrides { get; private init; }

    /// <summary>All tensors in the file's order; empty for a synthetic checkpoint, which has any tensor asked for.</summary>
    public abstract IReadOnlyList<StoredTensor> Tensors { get; }

    /// <summary>Whether tensors are made by a recipe from their name and shape instead of being stored.</summary>
    public virtual bool IsSynthetic => false;

    /// <summary>The tensor of that name, or null when there is none.</summary>
    /// <param name="name">The state-dict key.</param>
    /// <param name="shape">The shape that the model wants. A stored tensor keeps its own, which the caller compares.</param>
    public abstract StoredTensor? Find(string name, IReadOnlyList<int> shape);

    public abstract void Dispose();

    /// <summary>
    /// Opens a .th, .safetensors or .onnx file, told apart by their content. A checksum in a .th file's name is compared.
    /// </summary>
    /// <param name="path">The file.</param>
    /// <param name="signature">
    /// Which model, when a .safetensors file holds several; null when it must hold one. For an .onnx file <see cref="ModelSettings"/> of it.
    /// </param>
    /// <param name="configuration">A file with its configuration that does not lie beside it under its name; null for none.</param>
    /// <exception cref="ModelException">The file is missing, damaged, hostile or not supported.</exception>
    public static Checkpoint Open(string path, string? signature = null, string? configuration = null)
    {
        if (Directory.Exists(path))
        {
            throw new ModelException($"{path} is a folder, not a checkpoint file. Folders of models are given as the repository, with a model's name.") { Failure = ModelFailure.Unreadable };
        }

        if (!File.Exists(path))
        {
            throw new ModelException($"{path} does not exist.") { Failure = ModelFailure.NotInstalled };
        }

        ByteSource source = CheckpointFormatException.Guard(path, () => ByteSource.OpenFile(path));
        return Open(source, path, () => SidecarFile.Find(path, configuration), signature);
    }

    /// <summary>Opens a checkpoint from a stream, which is read to its end and closed.</summary>
    /// <param name="stream">The file's bytes.</param>
    /// <param name="fileName">The file's name; a checksum in it is compared.</param>
    public static Checkpoint Open(Stream stream, string fileName) =>
        Open(CheckpointFormatException.Guard(fileName, () => ByteSource.FromStream(stream)), fileName, () => null, null);

    /// <summary>The signatures of the models in a .safetensors file; one for a file without prefixes or a .th file.</summary>
    public static IReadOnlyList<string> Signatures(string path)
    {
        if (!path.EndsWith(".safetensors", StringComparison.OrdinalIgnoreCase) || !File.Exists(path))
        {
            return [FileNames.Parse(Path.GetFileName(path)).Signature];
        }

        using ByteSource source = CheckpointFormatException.Guard(path, () => ByteSource.OpenFile(path));
        IReadOnlyList<string> prefixes = CheckpointFormatException.Guard(Path.GetFileName(path), () => SafetensorsHeader.Read(source).Signatures);
        return prefixes.Count > 0 ? prefixes : [FileNames.Parse(Path.GetFileName(path)).Signature];
    }

    // Takes over the source, also when it fails.
    private static Checkpoint Open(ByteSource source, string path, Func<IReadOnlyDictionary<string, object?>?> readSidecar, string? signature)
    {
        string name = Path.GetFileName(path);
        try
        {
            return CheckpointFormatException.Guard<Checkpoint>(name, () =>
            {
                FileKind kind = Detect(source);
                (string own, string? checksum) = FileNames.Parse(name);
                if (checksum is not null && !source.Sha256.StartsWith(checksum, StringComparison.Ordinal))
                {
                    throw CheckpointFormatException.Damaged($"its SHA-256 begins with {source.Sha256[..checksum.Length]}, but its name says {checksum}");
                }

                IReadOnlyDictionary<string, object?>? overrides = readSidecar();
                return kind switch
                {
                    FileKind.Zip => new TorchCheckpoint(source, name, own, isTrusted: checksum is not null) { Overrides = overrides },
                    FileKind.Onnx => new OnnxCheckpoint(source, name, own, ModelSettings.Parse(signature)) { Overrides = overrides ?? UvrRecords.Find(path) },
                    _ => new SafetensorsCheckpoint(source, name, own, signature) { Overrides = overrides },
                };
            });
        }
        catch
        {
            source.Dispose();
            throw;
        }
    }

    private enum FileKind
    {
        Zip,
        Safetensors,
        Onnx,
    }

    private static FileKind Detect(ByteSource source)
    {
        if (source.Length == 0)
        {
            throw new CheckpointFormatException("the file is empty. Get it again.");
        }

        byte[] head = source.ReadBytes(0, (int)Math.Min(source.Length, 64));
        string text = Encoding.Latin1.GetString(head).TrimStart();
        if (text.StartsWith("PK\x03\x04", StringComparison.Ordinal))
        {
            return FileKind.Zip;
        }

        if (head.Length > 9 && head[8] == '{' && BinaryPrimitives.ReadUInt64LittleEndian(head) < 1UL << 40)
        {
            return FileKind.Safetensors;
        }

        // A version, as the first field of a message.
        if (head[0] == 0x08)
        {
            return FileKind.Onnx;
        }

        if (head[0] == 0x80)
        {
            throw new CheckpointFormatException("it is a checkpoint in the format of torch before 1.6, which is not supported. Load it with torch and save it again with torch.save.") { TensorNames = OldTorchFile.Names(source) };
        }

        if (text.Contains("git-lfs", StringComparison.Ordinal))
        {
            throw new CheckpointFormatException("it is a Git LFS pointer instead of the file itself. Fetch the file with 'git lfs pull'.");
        }

        if (text.StartsWith('<'))
        {
            throw new CheckpointFormatException("it is a web page, not a checkpoint; a download probably went to an error page. Get it again.");
        }

        throw new CheckpointFormatException("it is neither a file of torch.save (torch 1.6 or later) nor a .safetensors or .onnx file.");
    }
}
