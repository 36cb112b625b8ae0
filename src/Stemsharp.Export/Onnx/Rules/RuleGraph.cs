using System.Runtime.InteropServices;
using Stemsharp.Export.Onnx.Schema;

namespace Stemsharp.Export.Onnx.Rules;

/// <summary>A graph with what rules ask about: who makes and who reads a value, what is stored, which shapes are declared.</summary>
internal sealed class RuleGraph
{
    private readonly Dictionary<string, NodeProto> _producers = [];
    private readonly Dictionary<string, int> _readers = [];
    private readonly Dictionary<string, TensorProto> _stored;
    private readonly Dictionary<string, long[]> _shapes = [];

    public RuleGraph(GraphProto graph)
    {
        Nodes = graph.Node;
        _stored = graph.Initializer.ToDictionary(i => i.Name);
        foreach (NodeProto node in graph.Node)
        {
            foreach (string output in node.Output)
            {
                _producers[output] = node;
            }

            foreach (string input in node.Input)
            {
                _readers[input] = _readers.GetValueOrDefault(input) + 1;
            }
        }

        foreach (ValueInfoProto value in graph.ValueInfo.Concat(graph.Input).Concat(graph.Output))
        {
            if (value.Type?.TensorType?.Shape is { } shape)
            {
                _shapes[value.Name] = [.. shape.Dim.Select(d => Math.Max(1, d.DimValue))];
            }

            _readers[value.Name] = _readers.GetValueOrDefault(value.Name) + (graph.Output.Contains(value) ? 1 : 0);
        }
    }

    public IReadOnlyList<NodeProto> Nodes { get; }

    public NodeProto? Producer(string value) => _producers.GetValueOrDefault(value);

    /// <summary>Whether nothing but one node reads a value.</summary>
    public bool HasOneReader(string value) => _readers.GetValueOrDefault(value) == 1;

    public TensorProto? Stored(string value) => _stored.GetValueOrDefault(value);

    /// <summary>The declared shape, with 1 for an axis that is left open; null where the file says none.</summary>
    public long[]? Shape(string value) => _shapes.GetValueOrDefault(value) ?? (_stored.TryGetValue(value, out TensorProto? tensor) ? [.. tensor.Dims] : null);

    /// <summary>The axes that a reduction takes, counted from the first; all axes where it names none, null where the file does not say.</summary>
    public long[]? Axes(NodeProto reduction)
    {
        if (Shape(reduction.Input[0]) is not { } shape)
        {
            return null;
        }

        long[]? axes = null;
        if (reduction.Attribute.FirstOrDefault(a => a.Name == "axes") is { } attribute)
        {
            axes = [.. attribute.Ints];
        }
        else if (reduction.Input.Count > 1 && reduction.Input[1].Length > 0)
        {
            if (Stored(reduction.Input[1]) is not { RawData.Length: > 0 } stored)
            {
                return null;
            }

            axes = [.. MemoryMarshal.Cast<byte, long>(stored.RawData.Span)];
        }

        return axes is null ? [.. Enumerable.Range(0, shape.Length).Select(i => (long)i)] : [.. axes.Select(a => a < 0 ? a + shape.Length : a)];
    }
}
