using System.Buffers.Binary;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace Stemsharp.Checkpoints.Safetensors;

/// <summary>One tensor as the header describes it; its range was checked against the file.</summary>
internal sealed record SafetensorsEntry(string Name, ElementType Type, int[] Shape, long Offset, long Bytes);

/// <summary>
/// The header of a .safetensors file: eight bytes of length, then JSON. Strict about what the format's own
/// definition asks for: ranges in bounds, of the right size, without overlaps or holes, no duplicate names.
/// </summary>
internal sealed partial class SafetensorsHeader
{
    private const int MaxHeaderBytes = 16 << 20, MaxTensors = 100_000, MaxDimensions = 16;

    private SafetensorsHeader(List<SafetensorsEntry> entries, Dictionary<string, string> metadata)
    {
        Entries = entries;
        Metadata = metadata;
        Signatures = entries.All(e => Prefix().IsMatch(e.Name)) ? [.. entries.Select(e => e.Name[..8]).Distinct()] : [];
    }

    public IReadOnlyList<SafetensorsEntry> Entries { get; }

    public IReadOnlyDictionary<string, string> Metadata { get; }

    /// <summary>The signatures that the names are prefixed with, when all of them are; empty otherwise.</summary>
    public IReadOnlyList<string> Signatures { get; }

    public static SafetensorsHeader Read(ByteSource source)
    {
        if (source.Length < 8)
        {
            throw CheckpointFormatException.Damaged("it ends before its header");
        }

        ulong length = BinaryPrimitives.ReadUInt64LittleEndian(source.ReadBytes(0, 8));
        if (length > MaxHeaderBytes)
        {
            throw CheckpointFormatException.Damaged($"its header claims {length:N0} bytes; at most {MaxHeaderBytes:N0} are sane");
        }

        if ((long)length > source.Length - 8)
        {
            throw CheckpointFormatException.Damaged("it ends within its header");
        }

        byte[] json = source.ReadBytes(8, (int)length);
        long start = 8 + (long)length;
        try
        {
            using JsonDocument document = JsonDocument.Parse(json, new JsonDocumentOptions { MaxDepth = 8 });
            if (document.RootElement.ValueKind != JsonValueKind.Object)
            {
                throw CheckpointFormatException.Damaged("its header is not a JSON object");
            }

            return Parse(document.RootElement, start, source.Length - start);
        }
        catch (JsonException e)
        {
            throw new CheckpointFormatException($"its header is not valid JSON ({e.Message}). The file is damaged or cut off; get it again.", e);
        }
        catch (InvalidOperationException e)
        {
            // A JSON string with a lone surrogate is found only when it is read.
            throw new CheckpointFormatException("its header has text that is not valid. The file is damaged; get it again.", e);
        }
    }

    private static SafetensorsHeader Parse(JsonElement root, long start, long available)
    {
        Dictionary<string, string> metadata = new(StringComparer.Ordinal);
        List<SafetensorsEntry> entries = [];
        HashSet<string> names = new(StringComparer.Ordinal);
        foreach (JsonProperty property in root.EnumerateObject())
        {
            if (!names.Add(property.Name))
            {
                throw CheckpointFormatException.Damaged($"its header has two tensors named '{property.Name}'");
            }

            if (names.Count > MaxTensors)
            {
                throw CheckpointFormatException.Damaged($"its header has more than {MaxTensors:N0} tensors");
            }

            if (property.Name == "__metadata__")
            {
                if (property.Value.ValueKind != JsonValueKind.Object)
                {
                    throw CheckpointFormatException.Damaged("its metadata is not a JSON object");
                }

                foreach (JsonProperty item in property.Value.EnumerateObject())
                {
                    metadata[item.Name] = item.Value.ValueKind == JsonValueKind.String ? item.Value.GetString()! : item.Value.GetRawText();
                }
            }
            else
            {
                entries.Add(ParseEntry(property.Name, property.Value, start, available));
            }
        }

        if (entries.Count == 0)
        {
            throw CheckpointFormatException.Damaged("it holds no tensors");
        }

        CheckCoverage(entries, start, available);
        return new SafetensorsHeader(entries, metadata);
    }

    private static SafetensorsEntry ParseEntry(string name, JsonElement value, long start, long available)
    {
        if (value.ValueKind != JsonValueKind.Object
            || !value.TryGetProperty("dtype", out JsonElement dtype) || dtype.ValueKind != JsonValueKind.String
            || !value.TryGetProperty("shape", out JsonElement shape) || shape.ValueKind != JsonValueKind.Array
            || !value.TryGetProperty("data_offsets", out JsonElement offsets) || offsets.ValueKind != JsonValueKind.Array || offsets.GetArrayLength() != 2
            || shape.GetArrayLength() > MaxDimensions)
        {
            throw CheckpointFormatException.Damaged($"its header describes '{name}' without a valid dtype, shape and data_offsets");
        }

        ElementType type = ParseType(name, dtype.GetString()!);
        int[] dimensions = new int[shape.GetArrayLength()];
        Int128 bytes = type.Size();
        for (int d = 0; d < dimensions.Length; d++)
        {
            if (shape[d].ValueKind != JsonValueKind.Number || !shape[d].TryGetInt32(out dimensions[d]) || dimensions[d] < 0)
            {
                throw CheckpointFormatException.Damaged($"its header gives '{name}' an impossible shape");
            }

            bytes *= dimensions[d];
            if (bytes > available)
            {
                throw CheckpointFormatException.Damaged($"its tensor '{name}' is larger than the file");
            }
        }

        if (offsets[0].ValueKind != JsonValueKind.Number || !offsets[0].TryGetInt64(out long from)
            || offsets[1].ValueKind != JsonValueKind.Number || !offsets[1].TryGetInt64(out long to)
            || from < 0 || to < from || to > available || to - from != bytes)
        {
            throw CheckpointFormatException.Damaged($"its tensor '{name}' does not lie where its shape needs it: outside the file, or of another size");
        }

        return new SafetensorsEntry(name, type, dimensions, start + from, to - from);
    }

    private static void CheckCoverage(List<SafetensorsEntry> entries, long start, long available)
    {
        long at = start;
        foreach (SafetensorsEntry entry in entries.OrderBy(e => e.Offset).ThenBy(e => e.Bytes))
        {
            if (entry.Offset != at)
            {
                throw CheckpointFormatException.Damaged($"its tensor '{entry.Name}' overlaps another one or leaves a hole before it");
            }

            at += entry.Bytes;
        }

        if (at != start + available)
        {
            throw CheckpointFormatException.Damaged($"it has {start + available - at:N0} bytes after its last tensor");
        }
    }

    private static ElementType ParseType(string name, string dtype) => dtype switch
    {
        "F16" => ElementType.Half,
        "BF16" => ElementType.BFloat16,
        "F32" => ElementType.Single,
        "F64" => ElementType.Double,
        "BOOL" => ElementType.Boolean,
        "U8" => ElementType.UInt8,
        "I8" => ElementType.Int8,
        "I16" => ElementType.Int16,
        "I32" => ElementType.Int32,
        "I64" => ElementType.Int64,
        _ => throw new CheckpointFormatException($"its tensor '{name}' has the dtype '{dtype}'; supported are F16, BF16, F32 and F64 (BOOL, U8 and I8 to I64 where a tensor is not used)."),
    };

    [GeneratedRegex("^[0-9a-f]{8}\\..")]
    private static partial Regex Prefix();
}
