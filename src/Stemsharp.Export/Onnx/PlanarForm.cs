using System.Runtime.InteropServices;
using Google.Protobuf;
using Stemsharp.Export.Onnx.Schema;

namespace Stemsharp.Export.Onnx;

/// <summary>
/// Convolutions over time alone, [N, C, T], become ones of a plane that is one row high, [N, C, 1, T], and so does what lies between them:
/// GPUs' libraries know convolutions of planes, and take a line for a plane that is one column wide, which has few kernels. What reads or
/// gives lines elsewhere does so through a Reshape, which moves nothing.
/// </summary>
internal sealed class PlanarForm
{
    // What does the same with one more axis, once its axes and constants have it, too.
    private static readonly HashSet<string> s_followers =
    [
        "Add", "Cast", "Concat", "Div", "Elu", "Erf", "Exp", "Gelu", "Max", "Mul", "Pad", "ReduceMean", "ReduceSum", "Relu", "Sigmoid", "Slice", "Split", "Sqrt", "Sub", "Tanh",
    ];

    private readonly GraphProto _graph;
    private readonly Dictionary<string, long[]> _shapes;
    private readonly Dictionary<string, TensorProto> _stored;
    private readonly Dictionary<string, NodeProto> _producers = [];
    private readonly Dictionary<string, ValueInfoProto> _infos;

    // Lines that are planes now under the same name; other values' and constants' planes, and planes' lines, by their names.
    private readonly HashSet<string> _planar = [];
    private readonly Dictionary<string, string> _planes = [], _lines = [];
    private readonly List<NodeProto> _nodes = [];

    private PlanarForm(GraphProto graph)
    {
        _graph = graph;
        _infos = graph.ValueInfo.ToDictionary(v => v.Name);
        _shapes = graph.ValueInfo.Concat(graph.Input).Concat(graph.Output).ToDictionary(v => v.Name, v => v.Type.TensorType.Shape.Dim.Select(d => d.DimValue).ToArray());
        _stored = graph.Initializer.ToDictionary(i => i.Name);
    }

    /// <summary>Rewrites a graph whose values all declare their shapes.</summary>
    public static void Apply(GraphProto graph) => new PlanarForm(graph).Run();

    private void Run()
    {
        HashSet<string> outputs = [.. _graph.Output.Select(o => o.Name)];
        foreach (NodeProto node in _graph.Node)
        {
            // What the graph gives keeps its shape.
            bool planar = !node.Output.Any(outputs.Contains) && (IsConvolution(node) || (s_followers.Contains(node.OpType) && Rank(node.Output[0]) == 3 && node.Input.Any(_planar.Contains)));
            if (planar)
            {
                Lift(node);
                foreach (string output in node.Output)
                {
                    _planar.Add(output);
                    Declare(_infos[output], Plane(_shapes[output]));
                }
            }
            else if (node.OpType != "Reshape")
            {
                for (int i = 0; i < node.Input.Count; i++)
                {
                    node.Input[i] = _planar.Contains(node.Input[i]) ? Line(node.Input[i]) : node.Input[i];
                }
            }

            _nodes.Add(node);
            foreach (string output in node.Output)
            {
                _producers[output] = node;
            }
        }

        _graph.Node.Clear();
        _graph.Node.AddRange(Alive(outputs));
    }

    private bool IsConvolution(NodeProto node) => node.OpType is "Conv" or "ConvTranspose" && Rank(node.Input[0]) == 3;

    private int Rank(string value) => _shapes.TryGetValue(value, out long[]? shape) ? shape.Length : _stored.TryGetValue(value, out TensorProto? stored) ? stored.Dims.Count : 0;

    private static long[] Plane(long[] shape) => [.. shape[..^1], 1, shape[^1]];

    // Gives the node planes to read, and its attributes and constants the axis that they have more.
    private void Lift(NodeProto node)
    {
        int data = node.OpType switch { "Conv" or "ConvTranspose" => 2, "Slice" or "Split" or "Pad" or "ReduceMean" or "ReduceSum" => 1, _ => node.Input.Count };
        for (int i = 0; i < data; i++)
        {
            node.Input[i] = ToPlane(node.Input[i]);
        }

        foreach (AttributeProto attribute in node.Attribute)
        {
            long[] ints = [.. attribute.Ints];
            switch (attribute.Name)
            {
                case "kernel_shape" or "strides" or "dilations":
                    attribute.Ints.Insert(0, 1);
                    break;
                case "pads":
                    attribute.Ints.Clear();
                    attribute.Ints.AddRange([0, ints[0], 0, ints[1]]);
                    break;
                case "axis":
                    attribute.I = Axis(attribute.I);
                    break;
                case "axes":
                    attribute.Ints.Clear();
                    attribute.Ints.AddRange(ints.Select(Axis));
                    break;
            }
        }

        switch (node.OpType)
        {
            case "ReduceMean" or "ReduceSum" when node.Input.Count > 1:
                node.Input[1] = Integers(node.Input[1], axes => [.. axes.Select(Axis)]);
                break;
            case "Slice":
                node.Input[3] = Integers(node.Input[3], axes => [.. axes.Select(Axis)]);
                break;
            case "Pad":
                node.Input[1] = Integers(node.Input[1], pads => [pads[0], pads[1], 0, pads[2], pads[3], pads[4], 0, pads[5]]);
                break;
        }
    }

    private static long Axis(long axis) => axis == 2 ? 3 : axis;

    private string ToPlane(string value)
    {
        if (_planar.Contains(value) || Rank(value) < 2)
        {
            return value;
        }

        if (_planes.TryGetValue(value, out string? known))
        {
            return known;
        }

        string plane = $"{value}/plane";
        if (_stored.TryGetValue(value, out TensorProto? stored))
        {
            TensorProto copy = stored.Clone();
            copy.Name = plane;
            copy.Dims.Insert(copy.Dims.Count - 1, 1);
            Store(copy);
        }
        else if (_producers.TryGetValue(value, out NodeProto? cast) && cast.OpType == "Cast" && _stored.ContainsKey(cast.Input[0]))
        {
            NodeProto widened = cast.Clone();
            widened.Name = widened.Output[0] = plane;
            widened.Input[0] = ToPlane(cast.Input[0]);
            Add(widened, value, Plane(_shapes[value]));
        }
        else
        {
            // Of the value itself, or of what it was a Reshape of.
            string source = _producers.TryGetValue(value, out NodeProto? producer) && producer.OpType == "Reshape" ? producer.Input[0] : value;
            Reshape(plane, source, value, Plane(_shapes[value]));
        }

        return _planes[value] = plane;
    }

    private string Line(string plane)
    {
        if (!_lines.TryGetValue(plane, out string? line))
        {
            line = _lines[plane] = $"{plane}/line";
            Reshape(line, plane, plane, _shapes[plane]);
        }

        return line;
    }

    private void Reshape(string name, string source, string like, long[] shape)
    {
        NodeProto node = new() { Name = name, OpType = "Reshape" };
        node.Input.AddRange([source, Integers(shape)]);
        node.Output.Add(name);
        Add(node, like, shape);
    }

    private void Add(NodeProto node, string like, long[] shape)
    {
        ValueInfoProto info = (_infos.GetValueOrDefault(like) ?? _graph.Input.Single(i => i.Name == like)).Clone();
        info.Name = node.Output[0];
        info.DocString = "";
        Declare(info, shape);
        _graph.ValueInfo.Add(info);
        _infos[info.Name] = info;
        _shapes[info.Name] = shape;
        _producers[info.Name] = node;
        _nodes.Add(node);
    }

    private static void Declare(ValueInfoProto info, long[] shape)
    {
        TensorShapeProto declared = info.Type.TensorType.Shape;
        declared.Dim.Clear();
        declared.Dim.AddRange(shape.Select(d => new TensorShapeProto.Types.Dimension { DimValue = d }));
    }

    private string Integers(string stored, Func<long[], long[]> change) => Integers(change([.. MemoryMarshal.Cast<byte, long>(_stored[stored].RawData.Span)]));

    private string Integers(long[] values)
    {
        string name = OnnxGraph.Unnamed($"integers.{string.Join('x', values)}");
        if (!_stored.ContainsKey(name))
        {
            TensorProto tensor = new() { Name = name, DataType = (int)ElementType.Int64, RawData = ByteString.CopyFrom(MemoryMarshal.AsBytes<long>(values)) };
            tensor.Dims.Add(values.Length);
            Store(tensor);
        }

        return name;
    }

    private void Store(TensorProto tensor)
    {
        _graph.Initializer.Add(tensor);
        _stored.Add(tensor.Name, tensor);
    }

    // What leads to an output. Constants that only planes read take their own names again.
    private List<NodeProto> Alive(HashSet<string> outputs)
    {
        HashSet<string> read = [.. outputs];
        List<NodeProto> alive = [];
        foreach (NodeProto node in Enumerable.Reverse(_nodes))
        {
            if (node.Output.Any(read.Contains))
            {
                read.UnionWith(node.Input);
                alive.Add(node);
            }
        }

        alive.Reverse();
        List<TensorProto> kept = [.. _graph.Initializer.Where(i => read.Contains(i.Name))];
        _graph.Initializer.Clear();
        _graph.Initializer.AddRange(kept);
        List<ValueInfoProto> infos = [.. _graph.ValueInfo.Where(v => read.Contains(v.Name) || alive.Exists(n => n.Output.Contains(v.Name)))];
        _graph.ValueInfo.Clear();
        _graph.ValueInfo.AddRange(infos);
        Dictionary<string, string> names = _planes.Where(p => read.Contains(p.Value) && !read.Contains(p.Key) && _stored.ContainsKey(p.Key)).ToDictionary(p => p.Value, p => p.Key);
        kept.ForEach(i => i.Name = names.GetValueOrDefault(i.Name, i.Name));
        foreach (NodeProto node in alive)
        {
            for (int i = 0; i < node.Input.Count; i++)
            {
                node.Input[i] = names.GetValueOrDefault(node.Input[i], node.Input[i]);
            }
        }

        return alive;
    }
}
