using System.Runtime.InteropServices;
using Google.Protobuf;
using Stemsharp.Export.Onnx.Schema;

namespace Stemsharp.Export.Onnx;

/// <summary>
/// Leaves the first axis of everything between inputs and outputs open. onnxruntime plans that a tensor takes over the memory of an earlier
/// one of the very same shape, and keeps that memory from the one to the other; in a network whose decoder has the shapes of its encoder
/// that is most of what it ever needs, held all the time. Where it does not know a shape it gives memory back at a tensor's last use. So the
/// inputs, whose shapes are declared, pass a Compress that keeps every segment and whose result's first axis no runtime infers, and a
/// Reshape behind it takes as many rows as there are.
/// </summary>
internal static class OpenForm
{
    /// <summary>Rewrites a graph whose values all declare their shapes. Inputs and outputs keep theirs.</summary>
    public static void Apply(GraphProto graph)
    {
        Dictionary<string, TensorProto> stored = graph.Initializer.ToDictionary(i => i.Name);
        Dictionary<string, string> given = [];
        List<NodeProto> nodes = [];
        foreach (ValueInfoProto input in graph.Input)
        {
            ValueInfoProto info = input.Clone();
            info.Name = given[input.Name] = $"{input.Name}/open";
            graph.ValueInfo.Add(info);
            NodeProto keep = new() { Name = info.Name, OpType = "Compress" };
            keep.Input.AddRange([input.Name, Every(input.Type.TensorType.Shape.Dim[0].DimValue)]);
            keep.Output.Add(info.Name);
            keep.Attribute.Add(Attribute.Int("axis", 0));
            nodes.Add(keep);
        }

        HashSet<string> open = [.. given.Values];
        foreach (NodeProto node in graph.Node)
        {
            for (int i = 0; i < node.Input.Count; i++)
            {
                node.Input[i] = given.GetValueOrDefault(node.Input[i], node.Input[i]);
            }

            if (node.Input.Any(open.Contains))
            {
                open.UnionWith(node.Output);
                if (node.OpType == "Reshape")
                {
                    long[] shape = [.. MemoryMarshal.Cast<byte, long>(stored[node.Input[1]].RawData.Span)];
                    shape[0] = -1;
                    node.Input[1] = Store($"integers.{string.Join('x', shape)}", ElementType.Int64, shape.Length, MemoryMarshal.AsBytes<long>(shape));
                }
            }

            nodes.Add(node);
        }

        graph.Node.Clear();
        graph.Node.AddRange(nodes);
        foreach (ValueInfoProto value in graph.ValueInfo.Where(v => open.Contains(v.Name)))
        {
            value.Type.TensorType.Shape.Dim[0] = new TensorShapeProto.Types.Dimension();
        }

        HashSet<string> read = [.. nodes.SelectMany(n => n.Input)];
        List<TensorProto> kept = [.. graph.Initializer.Where(i => read.Contains(i.Name))];
        graph.Initializer.Clear();
        graph.Initializer.AddRange(kept);

        string Every(long segments) => Store($"every.{segments}", ElementType.Bool, (int)segments, [.. Enumerable.Repeat((byte)1, (int)segments)]);

        string Store(string key, ElementType type, int length, ReadOnlySpan<byte> data)
        {
            string name = OnnxGraph.Unnamed(key);
            if (!stored.ContainsKey(name))
            {
                TensorProto tensor = new() { Name = name, DataType = (int)type, RawData = ByteString.CopyFrom(data) };
                tensor.Dims.Add(length);
                stored.Add(name, tensor);
                graph.Initializer.Add(tensor);
            }

            return name;
        }
    }
}
