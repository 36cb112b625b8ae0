using Google.Protobuf;
using Stemsharp.Export.Onnx.Schema;

namespace Stemsharp.Export.Onnx;

/// <summary>
/// Merges weights that are stored as halves and widened by a Cast each: those that agree in all axes but the
/// first lie in the file one behind the other, are cast once, and split. The results keep their names.
/// </summary>
internal static class CastGrouping
{
    /// <summary>Two nodes replace a group, so two weights gain nothing.</summary>
    private const int Fewest = 3;

    public static void Apply(GraphProto graph)
    {
        Dictionary<string, TensorProto> stored = graph.Initializer.ToDictionary(i => i.Name);
        List<NodeProto> casts = [.. graph.Node.Where(n => n.OpType == "Cast" && stored.TryGetValue(n.Input[0], out TensorProto? s) && s.DataType == (int)ElementType.Half && s.Dims.Count > 1)];
        HashSet<string> shared = [.. graph.Node.Except(casts).SelectMany(n => n.Input)];
        foreach (IGrouping<string, NodeProto> group in casts.Where(c => !shared.Contains(c.Input[0])).GroupBy(c => string.Join(',', stored[c.Input[0]].Dims.Skip(1))))
        {
            List<NodeProto> members = [.. group];
            if (members.Count >= Fewest)
            {
                Merge(graph, members, [.. members.Select(m => stored[m.Input[0]])]);
            }
        }
    }

    // Which rows are whose.
    private static string Contents(List<TensorProto> weights)
    {
        long row = 0;
        return string.Join("; ", weights.Select(w => $"rows {row} to {(row += w.Dims[0]) - 1}: {w.Name}"));
    }

    private static void Merge(GraphProto graph, List<NodeProto> casts, List<TensorProto> weights)
    {
        long[] rows = [.. weights.Select(w => w.Dims[0])], rest = [.. weights[0].Dims.Skip(1)];
        string name = $"weights.{string.Join('x', rest)}";
        byte[] data = new byte[weights.Sum(w => w.RawData.Length)];
        int at = 0;
        foreach (TensorProto weight in weights)
        {
            weight.RawData.Span.CopyTo(data.AsSpan(at));
            at += weight.RawData.Length;
        }

        TensorProto stacked = new() { Name = name, DataType = (int)ElementType.Half, RawData = UnsafeByteOperations.UnsafeWrap(data), DocString = Contents(weights) };
        stacked.Dims.AddRange([rows.Sum(), .. rest]);
        TensorProto lengths = new() { Name = $"{name}/rows", DataType = (int)ElementType.Int64, RawData = ByteString.CopyFrom(System.Runtime.InteropServices.MemoryMarshal.AsBytes<long>(rows)) };
        lengths.Dims.Add(rows.Length);
        foreach (TensorProto weight in weights)
        {
            graph.Initializer.Remove(weight);
        }

        graph.Initializer.Add(stacked);
        graph.Initializer.Add(lengths);

        foreach (NodeProto cast in casts)
        {
            graph.Node.Remove(cast);
        }

        NodeProto widen = new() { Name = $"{name}/float", OpType = "Cast" };
        widen.Input.Add(name);
        widen.Output.Add(widen.Name);
        widen.Attribute.Add(Attribute.Int("to", (int)ElementType.Float));
        NodeProto split = new() { Name = $"{name}/split", OpType = "Split" };
        split.Input.AddRange([widen.Name, lengths.Name]);
        split.Output.AddRange(casts.Select(c => c.Output[0]));
        split.Attribute.Add(Attribute.Int("axis", 0));
        graph.Node.Insert(0, split);
        graph.Node.Insert(0, widen);
        TensorShapeProto shape = new();
        shape.Dim.AddRange(stacked.Dims.Select(d => new TensorShapeProto.Types.Dimension { DimValue = d }));
        graph.ValueInfo.Add(new ValueInfoProto { Name = widen.Name, Type = new TypeProto { TensorType = new TypeProto.Types.Tensor { ElemType = (int)ElementType.Float, Shape = shape } } });
    }
}
