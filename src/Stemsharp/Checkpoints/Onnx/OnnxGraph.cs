using System.Collections.Immutable;

namespace Stemsharp.Checkpoints.Onnx;

/// <summary>What an ONNX file says of its graph: operators, constants, inputs and outputs. (onnx.proto names the fields' numbers.)</summary>
internal sealed class OnnxGraph
{
    private const int MostItems = 100_000;
    private readonly List<OnnxNode> _nodes = [];
    private readonly List<OnnxTensor> _constants = [];
    private readonly List<OnnxValue> _inputs = [], _outputs = [];

    private OnnxGraph()
    {
    }

    /// <summary>The program that wrote the file.</summary>
    public string Producer { get; private set; } = "";

    /// <summary>The operators, in an order in which they can be run.</summary>
    public IReadOnlyList<OnnxNode> Nodes => _nodes;

    /// <summary>Trained tensors and other constants.</summary>
    public IReadOnlyList<OnnxTensor> Constants => _constants;

    /// <summary>What goes in, without constants that stand among the inputs.</summary>
    public IEnumerable<OnnxValue> Inputs => _inputs.Where(i => _constants.All(c => c.Name != i.Name));

    /// <summary>What comes out.</summary>
    public IReadOnlyList<OnnxValue> Outputs => _outputs;

    /// <summary>Reads a file's graph; tensors stay where they are.</summary>
    /// <exception cref="CheckpointFormatException">It is no such file, or damaged.</exception>
    public static OnnxGraph Read(ByteSource source)
    {
        OnnxGraph graph = new();
        bool found = false;
        foreach (ProtobufField field in new ProtobufMessage(source, 0, source.Length).Fields())
        {
            switch (field.Number)
            {
                case 2:
                    graph.Producer = field.Text;
                    break;
                case 7:
                    graph.ReadGraph(field.Message);
                    found = true;
                    break;
            }
        }

        return found ? graph : throw new CheckpointFormatException("it is no ONNX file: there is no graph in it. Get it again.");
    }

    /// <summary>The names of what a file says about itself beside its graph.</summary>
    /// <exception cref="CheckpointFormatException">It is no such file, or damaged.</exception>
    public static IReadOnlyList<string> ReadMetadataKeys(ByteSource source) =>
        [.. new ProtobufMessage(source, 0, source.Length).Fields().Where(f => f.Number == 14).SelectMany(entry => Inside(entry, 1)).Select(key => key.Text)];

    private void ReadGraph(ProtobufMessage graph)
    {
        foreach (ProtobufField field in graph.Fields())
        {
            switch (field.Number)
            {
                case 1:
                    _nodes.Add(ReadNode(field.Message));
                    break;
                case 5:
                    _constants.Add(ReadTensor(field.Message));
                    break;
                case 11:
                    _inputs.Add(ReadValue(field.Message));
                    break;
                case 12:
                    _outputs.Add(ReadValue(field.Message));
                    break;
            }

            if (_nodes.Count + _constants.Count + _inputs.Count + _outputs.Count > MostItems)
            {
                throw new CheckpointFormatException($"it has more than {MostItems:N0} operators and tensors, which no network does.");
            }
        }
    }

    private OnnxNode ReadNode(ProtobufMessage message)
    {
        List<string> inputs = [], outputs = [];
        string name = "", type = "", domain = "";
        Dictionary<string, OnnxAttribute> attributes = new(StringComparer.Ordinal);
        foreach (ProtobufField field in message.Fields())
        {
            switch (field.Number)
            {
                case 1:
                    inputs.Add(field.Text);
                    break;
                case 2:
                    outputs.Add(field.Text);
                    break;
                case 3:
                    name = field.Text;
                    break;
                case 4:
                    type = field.Text;
                    break;
                case 5:
                    OnnxAttribute attribute = ReadAttribute(field.Message);
                    attributes[attribute.Name] = attribute;
                    break;
                case 7:
                    domain = field.Text;
                    break;
            }
        }

        if (outputs.Count == 0)
        {
            throw CheckpointFormatException.Damaged($"its operator {type} {name} gives nothing");
        }

        if (type == "Constant" && attributes.GetValueOrDefault("value")?.Tensor is { } tensor)
        {
            _constants.Add(tensor with { Name = outputs[0] });
        }

        return new OnnxNode(domain is "" or "ai.onnx" ? type : $"{domain}.{type}", name, inputs, outputs, attributes);
    }

    private static OnnxAttribute ReadAttribute(ProtobufMessage message)
    {
        OnnxAttribute attribute = new("", null, []);
        foreach (ProtobufField field in message.Fields())
        {
            attribute = field.Number switch
            {
                1 => attribute with { Name = field.Text },
                2 => attribute with { Number = field.Single },
                3 => attribute with { Integers = [(long)field.Value] },
                5 => attribute with { Tensor = ReadTensor(field.Message) },
                8 => attribute with { Integers = [.. attribute.Integers, .. field.Numbers] },
                _ => attribute,
            };
        }

        return attribute;
    }

    private static OnnxTensor ReadTensor(ProtobufMessage message)
    {
        OnnxTensor tensor = new("", [], 0, 0, 0, false);
        foreach (ProtobufField field in message.Fields())
        {
            tensor = field.Number switch
            {
                1 => tensor with { Shape = [.. tensor.Shape, .. field.Numbers] },
                2 => tensor with { Type = (int)field.Value },
                8 => tensor with { Name = field.Text },
                // Floats lie one after the other as raw bytes do.
                4 or 9 => tensor with { Start = field.Start, Bytes = field.Length },
                14 => tensor with { IsElsewhere = field.Value == 1 },
                _ => tensor,
            };
        }

        return tensor;
    }

    private static OnnxValue ReadValue(ProtobufMessage message)
    {
        OnnxValue value = new("", []);
        foreach (ProtobufField field in message.Fields())
        {
            value = field.Number switch
            {
                1 => value with { Name = field.Text },
                // Type, tensor type, shape, dimensions, each inside of the other.
                2 => value with { Shape = [.. Inside(field, 1).SelectMany(tensor => Inside(tensor, 2)).SelectMany(shape => Inside(shape, 1)).Select(Dimension)] },
                _ => value,
            };
        }

        return value;
    }

    private static IEnumerable<ProtobufField> Inside(ProtobufField message, int number) => message.Message.Fields().Where(f => f.Number == number);

    private static long? Dimension(ProtobufField dimension)
    {
        ProtobufField number = Inside(dimension, 1).FirstOrDefault();
        return number.Number == 1 ? (long)number.Value : null;
    }
}

/// <summary>An operator.</summary>
/// <param name="Type">Such as <c>Conv</c>, with its domain where it is not ONNX's own.</param>
/// <param name="Name">Its name, for messages.</param>
/// <param name="Inputs">Names of values and constants; empty for one that is left out.</param>
/// <param name="Outputs">Names of values.</param>
/// <param name="Attributes">By name.</param>
internal sealed record OnnxNode(
    string Type, string Name, IReadOnlyList<string> Inputs, IReadOnlyList<string> Outputs, IReadOnlyDictionary<string, OnnxAttribute> Attributes);

/// <summary>An attribute: a number, integers, or a tensor.</summary>
internal sealed record OnnxAttribute(string Name, float? Number, ImmutableArray<long> Integers)
{
    /// <summary>The tensor that it is.</summary>
    public OnnxTensor? Tensor { get; init; }
}

/// <summary>A constant tensor and where it lies.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Shape">Its dimensions.</param>
/// <param name="Type">TensorProto.DataType.</param>
/// <param name="Start">Its first byte in the file.</param>
/// <param name="Bytes">Its bytes there.</param>
/// <param name="IsElsewhere">Whether it lies in another file.</param>
internal sealed record OnnxTensor(string Name, ImmutableArray<long> Shape, int Type, long Start, long Bytes, bool IsElsewhere);

/// <summary>An input or output.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Shape">Its dimensions, null where one may be anything.</param>
internal sealed record OnnxValue(string Name, ImmutableArray<long?> Shape);
