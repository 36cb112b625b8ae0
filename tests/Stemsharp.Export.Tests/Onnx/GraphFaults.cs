using System.Runtime.InteropServices;
using Google.Protobuf;
using Stemsharp.Export.Onnx;
using Stemsharp.Export.Onnx.Schema;
using Attribute = Stemsharp.Export.Onnx.Attribute;
using ElementType = Stemsharp.Export.Onnx.ElementType;

namespace Stemsharp.Export.Tests.Onnx;

/// <summary>Puts forms that some runtime does badly back into a graph, which means the same as before by the operator set.</summary>
internal static class GraphFaults
{
    /// <summary>The squares of the input's standardisation: ReduceSumSquare over T, then ReduceSum over the rest.</summary>
    public static void MergedSquares(GraphProto graph)
    {
        foreach (string name in (string[])["standardize", "tstandardize"])
        {
            NodeProto last = Node(graph, $"{name}/variance"), squared = Node(graph, $"{name}/squared");
            long[] shape = Shape(graph, squared.Output[0]);
            double count = shape.Aggregate(1L, (n, d) => n * d) / shape[0];
            NodeProto rows = Reduction(graph, $"{name}/old_rows", "ReduceSumSquare", squared.Input[0], [shape[0], shape[1], shape[2], 1], 3);
            NodeProto sum = Reduction(graph, $"{name}/old_sum", "ReduceSum", rows.Output[0], [shape[0], 1, 1, 1], 1, 2);
            Replace(graph, last, rows, sum, Times(graph, last, sum.Output[0], 1 / (count - 1)));
        }
    }

    /// <summary>The norms' means over pieces and channels: ReduceSum over both at once.</summary>
    public static void WideSums(GraphProto graph)
    {
        foreach (NodeProto last in graph.Node.Where(n => n.OpType == "ReduceSum" && n.Name.EndsWith("/variance", StringComparison.Ordinal)).ToList())
        {
            NodeProto rows = graph.Node.Single(n => n.Output.Contains(last.Input[0]));
            long[] shape = Shape(graph, rows.Input[0]);
            NodeProto sum = Reduction(graph, $"{last.Name}_old_sum", "ReduceSum", rows.Input[0], [shape[0], 1, 1], 1, 2);
            Replace(graph, last, sum, Times(graph, last, sum.Output[0], 1.0 / shape[2]));
        }
    }

    /// <summary>The residual blocks' mean: a multiplication by a constant in place of a product with a diagonal.</summary>
    public static void ScaledMeans(GraphProto graph)
    {
        foreach (NodeProto product in graph.Node.Where(n => n.OpType == "Conv" && n.Name.EndsWith("/mean", StringComparison.Ordinal) && Shape(graph, n.Input[1]) is [var a, var b, 1] && a == b).ToList())
        {
            TensorProto diagonal = graph.Initializer.Single(i => i.Name == product.Input[1]);
            int channels = (int)diagonal.Dims[0];
            float[] matrix = MemoryMarshal.Cast<byte, float>(diagonal.RawData.Span).ToArray();
            string factors = Constant(graph, $"{product.Name}_old_factors", [channels, 1], [.. Enumerable.Range(0, channels).Select(i => matrix[i * channels + i])]);
            Replace(graph, product, new NodeProto { Name = product.Name, OpType = "Mul", Input = { product.Input[0], factors }, Output = { product.Output[0] } });
        }
    }

    /// <summary>The stems: spectrogram's and waveform's part and the mean in one Sum.</summary>
    public static void LongAddition(GraphProto graph)
    {
        NodeProto last = graph.Node.Single(n => n.Output.Contains("stems")), shifted = graph.Node.Single(n => n.Output.Contains(last.Input[0]));
        Replace(graph, last, new NodeProto { Name = last.Name, OpType = "Sum", Input = { last.Input[1], shifted.Input[0], shifted.Input[1] }, Output = { last.Output[0] } });
    }

    /// <summary>The inverse transform's window: computed from a constant of another shape.</summary>
    public static void ComputedWindow(GraphProto graph)
    {
        NodeProto inverse = Node(graph, "istft/inner");
        TensorProto window = graph.Initializer.Single(i => i.Name == inverse.Input[1]);
        long[] dims = [.. window.Dims];
        TensorProto flat = window.Clone();
        flat.Name = "istft/flat";
        flat.Dims.Clear();
        flat.Dims.Add(dims.Aggregate(1L, (n, d) => n * d));
        graph.Initializer.Add(flat);
        string shape = Integers(graph, "istft/window_shape", dims);
        graph.Node.Insert(graph.Node.IndexOf(inverse), Declared(graph, new NodeProto { Name = "istft/window", OpType = "Reshape", Input = { flat.Name, shape }, Output = { "istft/window" } }, dims));
        inverse.Input[1] = "istft/window";
    }

    private static NodeProto Node(GraphProto graph, string name) => graph.Node.Single(n => n.Name == name);

    private static long[] Shape(GraphProto graph, string value) =>
        graph.ValueInfo.Concat(graph.Input).FirstOrDefault(v => v.Name == value) is { } info
            ? [.. info.Type.TensorType.Shape.Dim.Select(d => d.DimValue)]
            : [.. graph.Initializer.Single(i => i.Name == value).Dims];

    private static NodeProto Reduction(GraphProto graph, string name, string type, string input, long[] shape, params int[] axes)
    {
        NodeProto node = new() { Name = name, OpType = type, Input = { input }, Output = { name } };
        if (type == "ReduceSum")
        {
            node.Input.Add(Integers(graph, $"{name}_axes", [.. axes.Select(a => (long)a)]));
        }
        else
        {
            node.Attribute.Add(Attribute.Ints("axes", axes));
        }

        node.Attribute.Add(Attribute.Int("keepdims", 1));
        return Declared(graph, node, shape);
    }

    private static NodeProto Times(GraphProto graph, NodeProto result, string input, double factor) =>
        new() { Name = result.Name, OpType = "Mul", Input = { input, Constant(graph, $"{result.Name}_old_factor", [], [(float)factor]) }, Output = { result.Output[0] } };

    // The nodes take the place of one; what only that one read goes.
    private static void Replace(GraphProto graph, NodeProto old, params NodeProto[] nodes)
    {
        int at = graph.Node.IndexOf(old);
        graph.Node.RemoveAt(at);
        foreach (NodeProto node in nodes.Reverse())
        {
            graph.Node.Insert(at, node);
        }

        HashSet<string> outputs = [.. graph.Output.Select(o => o.Name)];
        for (bool changed = true; changed;)
        {
            HashSet<string> used = [.. graph.Node.SelectMany(n => n.Input), .. outputs];
            List<NodeProto> unused = [.. graph.Node.Where(n => !n.Output.Any(used.Contains))];
            unused.ForEach(n => graph.Node.Remove(n));
            changed = unused.Count > 0;
        }
    }

    private static NodeProto Declared(GraphProto graph, NodeProto node, long[] shape)
    {
        TensorShapeProto dims = new();
        dims.Dim.AddRange(shape.Select(d => new TensorShapeProto.Types.Dimension { DimValue = d }));
        graph.ValueInfo.Add(new ValueInfoProto { Name = node.Output[0], Type = new TypeProto { TensorType = new TypeProto.Types.Tensor { ElemType = (int)ElementType.Float, Shape = dims } } });
        return node;
    }

    private static string Constant(GraphProto graph, string name, int[] dims, float[] values) => Store(graph, name, ElementType.Float, [.. dims.Select(d => (long)d)], MemoryMarshal.AsBytes<float>(values).ToArray());

    private static string Integers(GraphProto graph, string name, long[] values) => Store(graph, name, ElementType.Int64, [values.Length], MemoryMarshal.AsBytes<long>(values).ToArray());

    private static string Store(GraphProto graph, string name, ElementType type, long[] dims, byte[] data)
    {
        TensorProto tensor = new() { Name = name, DataType = (int)type, RawData = ByteString.CopyFrom(data) };
        tensor.Dims.AddRange(dims);
        graph.Initializer.Add(tensor);
        return name;
    }
}
