using System.Globalization;
using System.Runtime.InteropServices;
using Stemsharp.Export.Onnx.Schema;

namespace Stemsharp.Export.Onnx;

/// <summary>
/// Names constants by what they are for, so that a viewer shows a layer's weights as its own: the node that uses a tensor
/// first and its part there; integers and single numbers, which many nodes share, by their values.
/// </summary>
internal static class ConstantNames
{
    public static void Apply(GraphProto graph)
    {
        Dictionary<string, TensorProto> unnamed = graph.Initializer.Where(i => OnnxGraph.IsUnnamed(i.Name)).ToDictionary(i => i.Name);
        HashSet<string> taken = [.. graph.Initializer.Where(i => !OnnxGraph.IsUnnamed(i.Name)).Select(i => i.Name), .. graph.Node.SelectMany(n => n.Output), .. graph.Input.Select(i => i.Name)];
        Dictionary<string, string> names = [];
        foreach (NodeProto node in graph.Node)
        {
            for (int i = 0; i < node.Input.Count; i++)
            {
                if (!unnamed.TryGetValue(node.Input[i], out TensorProto? tensor))
                {
                    continue;
                }

                if (!names.TryGetValue(tensor.Name, out string? name))
                {
                    string wanted = Values(tensor) ?? $"{node.Name}.{Part(node, i)}";
                    name = wanted;
                    for (int n = 2; !taken.Add(name); n++)
                    {
                        name = $"{wanted}.{n}";
                    }

                    names.Add(tensor.Name, name);
                }

                node.Input[i] = name;
            }
        }

        foreach ((string old, string name) in names)
        {
            unnamed[old].Name = name;
        }
    }

    // The values of integers and of single numbers; null for tensors.
    private static string? Values(TensorProto tensor)
    {
        ReadOnlySpan<byte> data = tensor.RawData.Span;
        return (ElementType)tensor.DataType switch
        {
            ElementType.Int64 => $"integers.{string.Join('x', MemoryMarshal.Cast<byte, long>(data).ToArray())}",
            ElementType.Float when tensor.Dims.Count == 0 => string.Create(CultureInfo.InvariantCulture, $"number.{MemoryMarshal.Read<float>(data)}"),
            ElementType.Half when tensor.Dims.Count == 0 => string.Create(CultureInfo.InvariantCulture, $"half.{MemoryMarshal.Read<Half>(data)}"),
            _ => null,
        };
    }

    private static string Part(NodeProto node, int input) => (node.OpType, input) switch
    {
        ("Conv" or "ConvTranspose" or "Gemm" or "LayerNormalization", 1) => "weight",
        ("Conv" or "ConvTranspose" or "Gemm" or "LayerNormalization", 2) => "bias",
        ("MatMul" or "Gemm", _) => "matrix",
        ("Mul" or "Div", _) => "factor",
        ("Add" or "Sub", _) => "term",
        _ => "constant",
    };
}
