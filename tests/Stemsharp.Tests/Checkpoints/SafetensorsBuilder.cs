using System.Buffers.Binary;
using System.Text;
using System.Text.Json;

namespace Stemsharp.Tests.Checkpoints;

/// <summary>Makes small .safetensors files, valid or not, without the code under test.</summary>
internal sealed class SafetensorsBuilder
{
    private readonly Dictionary<string, object> _header = [];
    private readonly List<byte> _data = [];

    public SafetensorsBuilder Add(string name, string type, int[] shape, byte[] bytes)
    {
        long start = _data.Count;
        _data.AddRange(bytes);
        _header[name] = new { dtype = type, shape, data_offsets = new[] { start, _data.Count } };
        return this;
    }

    /// <summary>Text entries of the header beside the tensors.</summary>
    public SafetensorsBuilder Metadata(IReadOnlyDictionary<string, string> texts)
    {
        _header["__metadata__"] = texts;
        return this;
    }

    public byte[] Build() => Build(JsonSerializer.Serialize(_header), [.. _data]);

    public static byte[] Build(string header, byte[] data)
    {
        byte[] json = Encoding.UTF8.GetBytes(header);
        byte[] length = new byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(length, json.Length);
        return [.. length, .. json, .. data];
    }
}
