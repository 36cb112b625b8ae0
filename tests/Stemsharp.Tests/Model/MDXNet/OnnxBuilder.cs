using System.Runtime.InteropServices;
using System.Text;

namespace Stemsharp.Tests.Model.MDXNet;

/// <summary>Writes small ONNX files: messages of protocol buffers, by hand, so that they can be wrong in any way.</summary>
internal sealed class OnnxBuilder
{
    private readonly List<byte[]> _graph = [];

    public string Producer { get; init; } = "pytorch";

    /// <summary>Input and output [batch, 4, bins, frames]; no batch for one that is named.</summary>
    public OnnxBuilder Port(bool isInput, string name, params long?[] shape)
    {
        byte[] dims = [.. shape.SelectMany(d => Field(1, d is { } number ? Number(1, number) : Field(2, "batch"u8.ToArray())))];
        _graph.Add(Field(isInput ? 11 : 12, [.. Field(1, Encoding.UTF8.GetBytes(name)), .. Field(2, Field(1, [.. Number(1, 1), .. Field(2, dims)]))]));
        return this;
    }

    public OnnxBuilder Tensor(string name, long[] shape, float[] values, bool isElsewhere = false)
    {
        byte[] head = [.. shape.SelectMany(d => Number(1, d)), .. Number(2, 1), .. Field(8, Encoding.UTF8.GetBytes(name))];
        _graph.Add(Field(5, [.. head, .. Field(9, MemoryMarshal.AsBytes(values.AsSpan()).ToArray()), .. isElsewhere ? Number(14, 1) : []]));
        return this;
    }

    public OnnxBuilder Node(string type, string[] inputs, string output, params (string Name, long[] Values)[] attributes)
    {
        _graph.Add(Field(1,
        [
            .. inputs.SelectMany(i => Field(1, Encoding.UTF8.GetBytes(i))),
            .. Field(2, Encoding.UTF8.GetBytes(output)),
            .. Field(3, Encoding.UTF8.GetBytes("/" + output)),
            .. Field(4, Encoding.UTF8.GetBytes(type)),
            .. attributes.SelectMany(a => Field(5, [.. Field(1, Encoding.UTF8.GetBytes(a.Name)), .. a.Values.SelectMany(v => Number(8, v))])),
        ]));
        return this;
    }

    public byte[] Build() => [.. Number(1, 7), .. Field(2, Encoding.UTF8.GetBytes(Producer)), .. Field(7, [.. _graph.SelectMany(b => b)])];

    private static byte[] Number(int field, long value) => [.. Varint((ulong)field << 3), .. Varint((ulong)value)];

    private static byte[] Field(int field, byte[] content) => [.. Varint((ulong)field << 3 | 2), .. Varint((ulong)content.Length), .. content];

    private static IEnumerable<byte> Varint(ulong value)
    {
        for (; value >= 0x80; value >>= 7)
        {
            yield return (byte)(value | 0x80);
        }

        yield return (byte)value;
    }
}
