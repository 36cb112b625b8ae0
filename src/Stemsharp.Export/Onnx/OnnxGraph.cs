using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Google.Protobuf;
using Stemsharp.Export.Onnx.Schema;

namespace Stemsharp.Export.Onnx;

/// <summary>
/// An ONNX graph under construction: appends nodes with their output's shape, shares equal constants and
/// equal casts, and keeps every name unique. The order of calls is the order in the file, so equal calls
/// give equal bytes.
/// </summary>
internal sealed class OnnxGraph(int opset)
{
    private const string Constants = "constant.";
    private readonly GraphProto _graph = new() { Name = "htdemucs" };
    private readonly Dictionary<string, Tensor> _constants = [];
    private readonly Dictionary<(string Tensor, ElementType Type), Tensor> _casts = [];
    private readonly HashSet<string> _names = [];
    private readonly Dictionary<string, ValueInfoProto> _infos = [];

    /// <summary>The version of the operator set that the nodes follow.</summary>
    public int Opset { get; } = opset;

    public GraphProto Proto => _graph;

    /// <summary>Whether a tensor is a constant that has no name of its own yet; see <see cref="ConstantNames"/>.</summary>
    public static bool IsUnnamed(string tensor) => tensor.StartsWith(Constants, StringComparison.Ordinal);

    /// <summary>The name of a constant that has none of its own yet.</summary>
    public static string Unnamed(string key) => Constants + key;

    public int NodeCount => _graph.Node.Count;

    /// <summary>How many nodes there are of each operator, in alphabetical order.</summary>
    public IReadOnlyDictionary<string, int> Operators =>
        new SortedDictionary<string, int>(_graph.Node.GroupBy(n => n.OpType).ToDictionary(g => g.Key, g => g.Count()), StringComparer.Ordinal);

    public Tensor Input(string name, ElementType type, params int[] dims)
    {
        Reserve(name);
        _graph.Input.Add(Info(name, type, dims));
        return new Tensor(name, type, dims);
    }

    /// <summary>Makes a node's output an output of the graph, under that name.</summary>
    public void Output(string name, Tensor tensor)
    {
        Reserve(name);
        NodeProto producer = _graph.Node.Single(n => n.Output.Contains(tensor.Name));
        producer.Output[producer.Output.IndexOf(tensor.Name)] = name;
        foreach (NodeProto node in _graph.Node)
        {
            for (int i = 0; i < node.Input.Count; i++)
            {
                if (node.Input[i] == tensor.Name)
                {
                    node.Input[i] = name;
                }
            }
        }

        _graph.ValueInfo.Remove(_infos[tensor.Name]);
        _graph.Output.Add(Info(name, tensor.Type, tensor.Dims));
    }

    /// <summary>Appends a node with one output, which carries the node's name.</summary>
    public Tensor Node(string name, string op, Tensor[] inputs, ElementType type, int[] dims, params AttributeProto[] attributes) =>
        Node(name, op, inputs, type, [dims], attributes)[0];

    /// <summary>Appends a node with several outputs of one type: <c>name</c>, <c>name:1</c>, …</summary>
    public Tensor[] Node(string name, string op, Tensor[] inputs, ElementType type, int[][] dims, params AttributeProto[] attributes) =>
        Node(name, op, inputs, [.. dims.Select(d => (type, d))], attributes);

    /// <summary>Appends a node with several outputs: <c>name</c>, <c>name:1</c>, …</summary>
    public Tensor[] Node(string name, string op, Tensor[] inputs, (ElementType Type, int[] Dims)[] results, params AttributeProto[] attributes)
    {
        Reserve(name);
        NodeProto node = new() { Name = name, OpType = op };
        node.Input.AddRange(inputs.Select(i => i.Name));
        node.Attribute.AddRange(attributes);
        Tensor[] outputs = new Tensor[results.Length];
        for (int i = 0; i < outputs.Length; i++)
        {
            string output = i == 0 ? name : $"{name}:{i}";
            if (i > 0)
            {
                Reserve(output);
            }

            outputs[i] = new Tensor(output, results[i].Type, results[i].Dims);
            node.Output.Add(output);
            _graph.ValueInfo.Add(_infos[output] = Info(output, results[i].Type, results[i].Dims));
        }

        _graph.Node.Add(node);
        return outputs;
    }

    /// <summary>Adds stored data under a name of its own.</summary>
    public Tensor Initializer(string name, ElementType type, int[] dims, byte[] data)
    {
        Reserve(name);
        TensorProto proto = new() { Name = name, DataType = (int)type, RawData = UnsafeByteOperations.UnsafeWrap(data) };
        proto.Dims.AddRange(dims.Select(d => (long)d));
        _graph.Initializer.Add(proto);
        return new Tensor(name, type, dims);
    }

    /// <summary>A small constant; equal ones are stored once.</summary>
    public Tensor Constant(ElementType type, int[] dims, byte[] data)
    {
        string key = $"{type} {string.Join(',', dims)} {Convert.ToHexString(SHA256.HashData(data))}";
        if (_constants.TryGetValue(key, out Tensor? known))
        {
            return known;
        }

        Tensor made = Initializer($"{Constants}{_constants.Count}", type, dims, data);
        _constants.Add(key, made);
        return made;
    }

    /// <summary>A constant of single or half precision, rounded from double.</summary>
    public Tensor Constant(ElementType type, int[] dims, params ReadOnlySpan<double> values) => Constant(type, dims, Encode(type, values));

    public Tensor Constant(int[] dims, params ReadOnlySpan<long> values) => Constant(ElementType.Int64, dims, MemoryMarshal.AsBytes(values).ToArray());

    /// <summary>The same values in another type; casting one tensor twice gives one node.</summary>
    public Tensor Cast(Tensor x, ElementType type)
    {
        if (x.Type == type)
        {
            return x;
        }

        if (_casts.TryGetValue((x.Name, type), out Tensor? known))
        {
            return known;
        }

        string suffix = type switch { ElementType.Half => "half", ElementType.Float => "float", _ => type.ToString() };
        Tensor made = Node($"{x.Name}/{suffix}", "Cast", [x], type, x.Dims, Attribute.Int("to", (int)type));
        _casts.Add((x.Name, type), made);
        return made;
    }

    /// <summary>Little-endian bytes of numbers rounded to single or half precision.</summary>
    public static byte[] Encode(ElementType type, ReadOnlySpan<double> values)
    {
        byte[] data = new byte[values.Length * type.Size()];
        if (type == ElementType.Half)
        {
            Span<Half> halves = MemoryMarshal.Cast<byte, Half>(data.AsSpan());
            for (int i = 0; i < values.Length; i++)
            {
                halves[i] = (Half)values[i];
            }
        }
        else
        {
            Span<float> floats = MemoryMarshal.Cast<byte, float>(data.AsSpan());
            for (int i = 0; i < values.Length; i++)
            {
                floats[i] = (float)values[i];
            }
        }

        return data;
    }

    private void Reserve(string name)
    {
        if (!_names.Add(name))
        {
            throw new InvalidOperationException($"The name {name} is taken.");
        }
    }

    private static ValueInfoProto Info(string name, ElementType type, int[] dims)
    {
        TensorShapeProto shape = new();
        shape.Dim.AddRange(dims.Select(d => new TensorShapeProto.Types.Dimension { DimValue = d }));
        return new ValueInfoProto { Name = name, Type = new TypeProto { TensorType = new TypeProto.Types.Tensor { ElemType = (int)type, Shape = shape } } };
    }
}
