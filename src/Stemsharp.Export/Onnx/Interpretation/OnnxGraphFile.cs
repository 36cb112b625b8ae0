using System.Buffers.Binary;
using System.Numerics.Tensors;
using System.Runtime.InteropServices;
using Stemsharp.Export.Interpretation;

namespace Stemsharp.Export.Onnx.Interpretation;

/// <summary>One node of a graph that was read.</summary>
internal sealed record OnnxNode(string Name, string Operator, IReadOnlyList<string> Inputs, IReadOnlyList<string> Outputs, IReadOnlyDictionary<string, OnnxAttribute> Attributes);

/// <summary>A node's attribute: whichever of the fields its kind has.</summary>
internal sealed record OnnxAttribute(long Integer, float Number, string Text, IReadOnlyList<long> Integers);

/// <summary>A named value with its declared type and shape.</summary>
internal sealed record OnnxDeclaration(string Name, ElementType Type, int[] Shape);

/// <summary>
/// An ONNX file as it lies on the disk, read with a decoder and field numbers of its own, so that a mistake of the
/// writer's is not repeated here.
/// </summary>
internal sealed class OnnxGraphFile
{
    private readonly Dictionary<string, OnnxDeclaration> _declarations = [];

    private OnnxGraphFile(string path)
    {
        WireReader model = new(File.ReadAllBytes(path));
        ReadOnlySpan<byte> graph = default;
        while (model.Next())
        {
            switch (model.Field)
            {
                case 7: graph = model.Bytes(); break;
                case 8: OperatorSet(model.Bytes()); break;
                case 14: Property(model.Bytes()); break;
                default: model.Skip(); break;
            }
        }

        WireReader reader = new(graph);
        while (reader.Next())
        {
            switch (reader.Field)
            {
                case 1: Nodes.Add(Node(reader.Bytes())); break;
                case 5: Constant(reader.Bytes(), Path.GetDirectoryName(Path.GetFullPath(path))!); break;
                case 11: Inputs.Add(Declaration(reader.Bytes())); break;
                case 12: Outputs.Add(Declaration(reader.Bytes())); break;
                case 13: Declaration(reader.Bytes()); break;
                default: reader.Skip(); break;
            }
        }
    }

    public List<OnnxNode> Nodes { get; } = [];

    public List<OnnxDeclaration> Inputs { get; } = [];

    public List<OnnxDeclaration> Outputs { get; } = [];

    public Dictionary<string, OnnxValue> Constants { get; } = [];

    public Dictionary<string, string> Metadata { get; } = [];

    public long Opset { get; private set; }

    /// <summary>What the file says of a node's result.</summary>
    public OnnxDeclaration Declared(string name) => _declarations.TryGetValue(name, out OnnxDeclaration? declaration) ? declaration : throw new FormatException($"the file declares no type for {name}");

    /// <exception cref="ModelException">The file is missing or damaged.</exception>
    public static OnnxGraphFile Open(string path)
    {
        if (!File.Exists(path))
        {
            throw new ModelException($"There is no file {path}.") { Failure = ModelFailure.NotInstalled };
        }

        try
        {
            return new OnnxGraphFile(path);
        }
        catch (Exception e) when (e is FormatException or OverflowException or ArgumentException)
        {
            throw new ModelException($"{path} is not a graph that Stemsharp wrote, or it is damaged: {e.Message}", e) { Failure = ModelFailure.Corrupt };
        }
    }

    private void OperatorSet(ReadOnlySpan<byte> message)
    {
        string domain = "";
        long version = 0;
        WireReader reader = new(message);
        while (reader.Next())
        {
            switch (reader.Field)
            {
                case 1: domain = reader.Text(); break;
                case 2: version = reader.Integer(); break;
                default: reader.Skip(); break;
            }
        }

        if (domain.Length == 0)
        {
            Opset = version;
        }
    }

    private void Property(ReadOnlySpan<byte> message)
    {
        (string key, string value) = Pair(message);
        Metadata[key] = value;
    }

    private static (string Key, string Value) Pair(ReadOnlySpan<byte> message)
    {
        string key = "", value = "";
        WireReader reader = new(message);
        while (reader.Next())
        {
            switch (reader.Field)
            {
                case 1: key = reader.Text(); break;
                case 2: value = reader.Text(); break;
                default: reader.Skip(); break;
            }
        }

        return (key, value);
    }

    private static OnnxNode Node(ReadOnlySpan<byte> message)
    {
        List<string> inputs = [];
        List<string> outputs = [];
        Dictionary<string, OnnxAttribute> attributes = [];
        string name = "", type = "";
        WireReader reader = new(message);
        while (reader.Next())
        {
            switch (reader.Field)
            {
                case 1: inputs.Add(reader.Text()); break;
                case 2: outputs.Add(reader.Text()); break;
                case 3: name = reader.Text(); break;
                case 4: type = reader.Text(); break;
                case 5: Attribute(reader.Bytes(), attributes); break;
                default: reader.Skip(); break;
            }
        }

        return new OnnxNode(name, type, inputs, outputs, attributes);
    }

    private static void Attribute(ReadOnlySpan<byte> message, Dictionary<string, OnnxAttribute> attributes)
    {
        string name = "", text = "";
        long integer = 0;
        List<float> number = [];
        List<long> integers = [];
        WireReader reader = new(message);
        while (reader.Next())
        {
            switch (reader.Field)
            {
                case 1: name = reader.Text(); break;
                case 2: reader.Floats(number); break;
                case 3: integer = reader.Integer(); break;
                case 4: text = reader.Text(); break;
                case 8: reader.Integers(integers); break;
                default: reader.Skip(); break;
            }
        }

        attributes.Add(name, new OnnxAttribute(integer, number.FirstOrDefault(), text, integers));
    }

    private OnnxDeclaration Declaration(ReadOnlySpan<byte> message)
    {
        string name = "";
        ElementType type = ElementType.Float;
        List<int> dims = [];
        WireReader reader = new(message);
        while (reader.Next())
        {
            switch (reader.Field)
            {
                case 1: name = reader.Text(); break;
                case 2: type = TensorType(reader.Bytes(), dims); break;
                default: reader.Skip(); break;
            }
        }

        OnnxDeclaration declaration = new(name, type, [.. dims]);
        _declarations[name] = declaration;
        return declaration;
    }

    // TypeProto.tensor_type {elem_type, shape {dim {dim_value}}}
    private static ElementType TensorType(ReadOnlySpan<byte> message, List<int> dims)
    {
        ElementType type = ElementType.Float;
        WireReader outer = new(message);
        while (outer.Next())
        {
            if (outer.Field != 1)
            {
                throw new FormatException("a value is no tensor");
            }

            WireReader tensor = new(outer.Bytes());
            while (tensor.Next())
            {
                if (tensor.Field == 1)
                {
                    type = (ElementType)tensor.Integer();
                    continue;
                }

                WireReader shape = new(tensor.Bytes());
                while (shape.Next())
                {
                    WireReader dim = new(shape.Bytes());
                    if (!dim.Next() || dim.Field != 1)
                    {
                        throw new FormatException("a shape is not static");
                    }

                    dims.Add(checked((int)dim.Integer()));
                }
            }
        }

        return type;
    }

    private void Constant(ReadOnlySpan<byte> message, string folder)
    {
        List<long> dims = [];
        ElementType type = ElementType.Float;
        string name = "";
        ReadOnlySpan<byte> data = default;
        Dictionary<string, string> external = [];
        WireReader reader = new(message);
        while (reader.Next())
        {
            switch (reader.Field)
            {
                case 1: reader.Integers(dims); break;
                case 2: type = (ElementType)reader.Integer(); break;
                case 8: name = reader.Text(); break;
                case 9: data = reader.Bytes(); break;
                case 13:
                    (string key, string value) = Pair(reader.Bytes());
                    external.Add(key, value);
                    break;
                default: reader.Skip(); break;
            }
        }

        int[] shape = [.. dims.Select(d => checked((int)d))];
        long length = shape.Aggregate((long)type.Size(), (n, d) => checked(n * d));
        if (external.Count > 0)
        {
            data = External(external, folder, length);
        }

        if (data.Length != length)
        {
            throw new FormatException($"{name} has {data.Length} bytes of data, not {length}");
        }

        Constants.Add(name, Decode(type, shape, data));
    }

    private static byte[] External(Dictionary<string, string> entries, string folder, long length)
    {
        string location = entries["location"];
        if (Path.GetFileName(location) != location)
        {
            throw new FormatException($"weights lie outside the graph's folder, in {location}");
        }

        using FileStream file = File.OpenRead(Path.Combine(folder, location));
        file.Position = long.Parse(entries["offset"], System.Globalization.CultureInfo.InvariantCulture);
        byte[] data = new byte[length];
        file.ReadExactly(data);
        return data;
    }

    private static OnnxValue Decode(ElementType type, int[] shape, ReadOnlySpan<byte> data)
    {
        int count = data.Length / type.Size();
        if (type is ElementType.Float or ElementType.Half)
        {
            float[] values = new float[count];
            if (type == ElementType.Half)
            {
                TensorPrimitives.ConvertToSingle(MemoryMarshal.Cast<byte, Half>(data), values);
            }
            else
            {
                for (int i = 0; i < count; i++)
                {
                    values[i] = BinaryPrimitives.ReadSingleLittleEndian(data[(4 * i)..]);
                }
            }

            return new OnnxValue(type, shape, values);
        }

        long[] integers = new long[count];
        for (int i = 0; i < count; i++)
        {
            integers[i] = type switch
            {
                ElementType.Int64 => BinaryPrimitives.ReadInt64LittleEndian(data[(8 * i)..]),
                ElementType.Int32 => BinaryPrimitives.ReadInt32LittleEndian(data[(4 * i)..]),
                ElementType.Int8 => (sbyte)data[i],
                ElementType.UInt8 => data[i],
                _ => throw new FormatException($"constants of type {(int)type} are not known"),
            };
        }

        return new OnnxValue(type, shape, integers);
    }
}
