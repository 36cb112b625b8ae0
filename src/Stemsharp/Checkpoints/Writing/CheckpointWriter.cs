using System.Buffers;
using System.Buffers.Binary;
using System.Text;
using System.Text.Json;
using Stemsharp.Checkpoints.Safetensors;

namespace Stemsharp.Checkpoints.Writing;

/// <summary>
/// Saves tensors and constructor arguments as a checkpoint, tensor by tensor, in the types they are stored in.
/// </summary>
internal static class CheckpointWriter
{
    /// <summary>Saves in the format that the path's extension names, .th or .safetensors.</summary>
    /// <param name="path">The file, replaced if it exists.</param>
    /// <param name="className">The original's class, with its module.</param>
    /// <param name="signature">The model's signature.</param>
    /// <param name="arguments">As <see cref="Checkpoint.Arguments"/>.</param>
    /// <param name="tensors">All tensors of the model.</param>
    /// <param name="nameByChecksum">
    /// Puts a dash and the first eight hex digits of the file's SHA-256 before the extension, as official .th files
    /// are named.
    /// </param>
    /// <returns>The final path.</returns>
    public static string Save(string path, string className, string signature, IReadOnlyDictionary<string, object?> arguments, IReadOnlyList<StoredTensor> tensors, bool nameByChecksum = false)
    {
        bool isTorch = path.EndsWith(".th", StringComparison.OrdinalIgnoreCase);
        if (!isTorch && !path.EndsWith(".safetensors", StringComparison.OrdinalIgnoreCase))
        {
            throw new OptionException($"A checkpoint cannot be written as {Path.GetFileName(path)}; the name must end in .th or .safetensors.");
        }

        try
        {
            using HashedFile file = new(path);
            if (isTorch)
            {
                WriteTorch(file, Path.GetFileNameWithoutExtension(path), className, arguments, tensors);
            }
            else
            {
                WriteSafetensors(file, className, signature, arguments, tensors);
            }

            return file.Finish(sha256 => nameByChecksum ? $"{path[..^Path.GetExtension(path).Length]}-{sha256[..8]}{Path.GetExtension(path)}" : path);
        }
        catch (Exception e) when (OutputException.IsOfFiles(e))
        {
            throw new ModelException($"{path} cannot be written: {OutputException.WordsOf(e)}", e) { Failure = ModelFailure.Unreadable };
        }
    }

    // The package that the original loads: class, args, kwargs, state, training_args.
    private static void WriteTorch(HashedFile file, string root, string className, IReadOnlyDictionary<string, object?> arguments, IReadOnlyList<StoredTensor> tensors)
    {
        PickleWriter pickle = new();
        pickle.BeginDict();
        pickle.Text("klass");
        int dot = className.LastIndexOf('.');
        pickle.Global(className[..dot], className[(dot + 1)..]);
        pickle.Text("args");
        pickle.EmptyTuple();
        pickle.Text("kwargs");
        pickle.Value(arguments);
        pickle.Text("state");
        pickle.BeginDict();
        for (int i = 0; i < tensors.Count; i++)
        {
            pickle.Text(tensors[i].Name);
            pickle.Tensor(tensors[i], i.ToString());
        }

        pickle.EndDict();
        pickle.Text("training_args");
        pickle.Value(new Dictionary<string, object?>());
        pickle.EndDict();

        StoredZipWriter zip = new(file);
        zip.Add($"{root}/data.pkl", pickle.Finish());
        zip.Add($"{root}/byteorder", "little"u8);
        for (int i = 0; i < tensors.Count; i++)
        {
            int index = i;
            WithBytes(tensors[i], bytes => zip.Add($"{root}/data/{index}", bytes));
        }

        zip.Add($"{root}/version", "3\n"u8);
        zip.Finish();
    }

    // With class and arguments as demucs 4.1 reads them.
    private static void WriteSafetensors(HashedFile file, string className, string signature, IReadOnlyDictionary<string, object?> arguments, IReadOnlyList<StoredTensor> tensors)
    {
        ArrayBufferWriter<byte> json = new();
        using (Utf8JsonWriter writer = new(json))
        {
            writer.WriteStartObject();
            writer.WriteStartObject("__metadata__");
            writer.WriteString("format", "pt");
            writer.WriteString(SafetensorsCheckpoint.SignatureKey, signature);
            writer.WriteString(SafetensorsCheckpoint.ClassKey, className);
            writer.WriteString(SafetensorsCheckpoint.PositionalKey, "[]");
            writer.WriteString(SafetensorsCheckpoint.ArgumentsKey, PlainJson.ToText(arguments, tagFractions: true));
            writer.WriteEndObject();
            long offset = 0;
            foreach (StoredTensor tensor in tensors)
            {
                writer.WriteStartObject(tensor.Name);
                writer.WriteString("dtype", TypeName(tensor.Type));
                writer.WriteStartArray("shape");
                foreach (int dimension in tensor.Shape)
                {
                    writer.WriteNumberValue(dimension);
                }

                writer.WriteEndArray();
                writer.WriteStartArray("data_offsets");
                writer.WriteNumberValue(offset);
                writer.WriteNumberValue(offset += (long)tensor.Count * tensor.Type.Size());
                writer.WriteEndArray();
                writer.WriteEndObject();
            }

            writer.WriteEndObject();
        }

        // Spaces after the header align the data to eight bytes, as the format's own library does.
        int padding = -json.WrittenCount & 7;
        Span<byte> length = stackalloc byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(length, json.WrittenCount + padding);
        file.Write(length);
        file.Write(json.WrittenSpan);
        file.Write(Encoding.UTF8.GetBytes(new string(' ', padding)));
        foreach (StoredTensor tensor in tensors)
        {
            WithBytes(tensor, file.Write);
        }
    }

    private delegate void UseBytes(ReadOnlySpan<byte> bytes);

    private static void WithBytes(StoredTensor tensor, UseBytes use)
    {
        int size = checked(tensor.Count * tensor.Type.Size());
        byte[] bytes = ArrayPool<byte>.Shared.Rent(size);
        tensor.CopyRawTo(bytes.AsSpan(0, size));
        use(bytes.AsSpan(0, size));
        ArrayPool<byte>.Shared.Return(bytes);
    }

    private static string TypeName(ElementType type) => type switch
    {
        ElementType.Half => "F16",
        ElementType.BFloat16 => "BF16",
        ElementType.Single => "F32",
        ElementType.Double => "F64",
        ElementType.Boolean => "BOOL",
        ElementType.UInt8 => "U8",
        ElementType.Int8 => "I8",
        ElementType.Int16 => "I16",
        ElementType.Int32 => "I32",
        _ => "I64",
    };
}
