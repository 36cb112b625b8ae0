using System.Buffers.Binary;
using System.Collections.Frozen;
using System.Text.Json;

namespace Stemsharp.Tests;

/// <summary>A tensor of the golden data, dense and row-major.</summary>
internal sealed record GoldenTensor(string Name, int[] Shape, float[] Values)
{
    /// <summary>Of [C, L] each row lengthened with zeros at its end, as a network lengthens a shorter input.</summary>
    /// <param name="samples">The rows' new length.</param>
    public float[] Lengthened(int samples)
    {
        float[] result = new float[Shape[0] * samples];
        for (int c = 0; c < Shape[0]; c++)
        {
            Values.AsSpan(c * Shape[1], Shape[1]).CopyTo(result.AsSpan(c * samples));
        }

        return result;
    }
}

/// <summary>
/// Reads the golden .safetensors files. It is a second, deliberately plain reader: the golden data must not
/// depend on the code that it judges.
/// </summary>
internal sealed class GoldenTensors
{
    private readonly byte[] _file;
    private readonly int _dataStart;
    private readonly FrozenDictionary<string, JsonElement> _entries;

    private GoldenTensors(byte[] file)
    {
        _file = file;
        int headerLength = checked((int)BinaryPrimitives.ReadInt64LittleEndian(file));
        _dataStart = 8 + headerLength;
        using JsonDocument header = JsonDocument.Parse(file.AsMemory(8, headerLength));
        Dictionary<string, JsonElement> entries = [];
        Dictionary<string, string> metadata = [];
        foreach (JsonProperty entry in header.RootElement.EnumerateObject())
        {
            if (entry.Name != "__metadata__")
            {
                entries.Add(entry.Name, entry.Value.Clone());
                continue;
            }

            foreach (JsonProperty item in entry.Value.EnumerateObject())
            {
                metadata.Add(item.Name, item.Value.ToString());
            }
        }

        _entries = entries.ToFrozenDictionary();
        Metadata = metadata;
    }

    /// <summary>What the file says about itself, such as <c>pytorch_fp32_snr_db.*</c>.</summary>
    public IReadOnlyDictionary<string, string> Metadata { get; }

    /// <summary>The tensors' names.</summary>
    public IEnumerable<string> Names => _entries.Keys;

    /// <summary>Opens a file below tests/golden, such as <c>Open("tiny4", "tiny4.io.safetensors")</c>.</summary>
    public static GoldenTensors Open(params ReadOnlySpan<string> parts) => new(File.ReadAllBytes(RepositoryFiles.Golden(parts)));

    /// <summary>Whether the file holds a tensor of that name.</summary>
    public bool Contains(string name) => _entries.ContainsKey(name);

    /// <summary>The tensor of that name, converted to float.</summary>
    public GoldenTensor this[string name]
    {
        get
        {
            JsonElement entry = _entries[name];
            int[] shape = [.. entry.GetProperty("shape").EnumerateArray().Select(size => size.GetInt32())];
            int begin = entry.GetProperty("data_offsets")[0].GetInt32();
            int end = entry.GetProperty("data_offsets")[1].GetInt32();
            ReadOnlySpan<byte> bytes = _file.AsSpan(_dataStart + begin, end - begin);
            float[] values = new float[shape.Aggregate(1, (product, size) => product * size)];
            string type = entry.GetProperty("dtype").GetString()!;
            for (int i = 0; i < values.Length; i++)
            {
                values[i] = type switch
                {
                    "F64" => (float)BinaryPrimitives.ReadDoubleLittleEndian(bytes[(8 * i)..]),
                    "F32" => BinaryPrimitives.ReadSingleLittleEndian(bytes[(4 * i)..]),
                    "F16" => (float)BinaryPrimitives.ReadHalfLittleEndian(bytes[(2 * i)..]),
                    "BF16" => BitConverter.UInt32BitsToSingle((uint)BinaryPrimitives.ReadUInt16LittleEndian(bytes[(2 * i)..]) << 16),
                    _ => throw new NotSupportedException($"Golden tensor {name} has element type {type}."),
                };
            }

            return new GoldenTensor(name, shape, values);
        }
    }
}
