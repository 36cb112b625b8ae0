using Stemsharp.Export.Interpretation;

namespace Stemsharp.Export.CoreML.Reading;

/// <summary>Decodes model.mlmodel. Structure only; whether the program makes sense is the checker's question.</summary>
internal static class ModelParser
{
    /// <exception cref="FormatException">The bytes are no such message, or use what this reader does not know.</exception>
    public static PackageModel Parse(ReadOnlySpan<byte> bytes)
    {
        int version = 0;
        Description description = new([], [], "", new Dictionary<string, string>());
        Function? main = null;
        WireReader reader = new(bytes);
        while (reader.Next())
        {
            switch (reader.Field)
            {
                case 1: version = checked((int)reader.Integer()); break;
                case 2: description = ParseDescription(reader.Bytes()); break;
                case 502: main = ParseProgram(reader.Bytes()); break;
                case >= 200 and < 4000: throw new FormatException($"the model's kind is field {reader.Field}; only ML programs (502) are known");
                default: reader.Skip(); break;
            }
        }

        if (main is null)
        {
            throw new FormatException("the model holds no ML program with a function main");
        }

        return new PackageModel(version, description.Inputs, description.Outputs, description.Text, description.Metadata, main.Opset, main.Arguments, main.Operations, main.Results);
    }

    private sealed record Description(List<Feature> Inputs, List<Feature> Outputs, string Text, IReadOnlyDictionary<string, string> Metadata);

    private sealed record Function(string Opset, List<TypedName> Arguments, List<ProgramOperation> Operations, List<string> Results);

    private static Description ParseDescription(ReadOnlySpan<byte> bytes)
    {
        List<Feature> inputs = [], outputs = [];
        Dictionary<string, string> metadata = [];
        string text = "";
        WireReader reader = new(bytes);
        while (reader.Next())
        {
            switch (reader.Field)
            {
                case 1: inputs.Add(ParseFeature(reader.Bytes())); break;
                case 10: outputs.Add(ParseFeature(reader.Bytes())); break;
                case 100:
                    WireReader meta = new(reader.Bytes());
                    while (meta.Next())
                    {
                        if (meta.Field == 1)
                        {
                            text = meta.Text();
                        }
                        else if (meta.Field == 100)
                        {
                            (string key, ReadOnlySpan<byte> value) = Entry(meta.Bytes());
                            metadata[key] = System.Text.Encoding.UTF8.GetString(value);
                        }
                        else
                        {
                            meta.Skip();
                        }
                    }

                    break;
                default: reader.Skip(); break;
            }
        }

        return new Description(inputs, outputs, text, metadata);
    }

    private static Feature ParseFeature(ReadOnlySpan<byte> bytes)
    {
        string name = "";
        TensorSpec? spec = null;
        WireReader reader = new(bytes);
        while (reader.Next())
        {
            if (reader.Field == 1)
            {
                name = reader.Text();
            }
            else if (reader.Field == 3)
            {
                spec = ParseArrayType(reader.Bytes());
            }
            else
            {
                reader.Skip();
            }
        }

        return new Feature(name, spec ?? throw new FormatException($"the feature {name} has no array type"));
    }

    private static TensorSpec? ParseArrayType(ReadOnlySpan<byte> bytes)
    {
        TensorSpec? spec = null;
        WireReader reader = new(bytes);
        while (reader.Next())
        {
            if (reader.Field != 5)
            {
                reader.Skip();
                continue;
            }

            List<long> shape = [];
            long type = 0;
            WireReader array = new(reader.Bytes());
            while (array.Next())
            {
                if (array.Field == 1)
                {
                    array.Integers(shape);
                }
                else if (array.Field == 2)
                {
                    type = array.Integer();
                }
                else
                {
                    array.Skip();
                }
            }

            ElementKind kind = type switch
            {
                65568 => ElementKind.Float32,
                65552 => ElementKind.Float16,
                131104 => ElementKind.Int32,
                _ => throw new FormatException($"a feature has the array type {type}"),
            };
            spec = new TensorSpec(kind, Dims(shape));
        }

        return spec;
    }

    private static Function? ParseProgram(ReadOnlySpan<byte> bytes)
    {
        Function? main = null;
        WireReader reader = new(bytes);
        while (reader.Next())
        {
            if (reader.Field == 1)
            {
                long version = reader.Integer();
                if (version != 1)
                {
                    throw new FormatException($"the program has version {version}, not 1");
                }
            }
            else if (reader.Field == 2)
            {
                (string name, ReadOnlySpan<byte> value) = Entry(reader.Bytes());
                if (name == "main")
                {
                    main = ParseFunction(value);
                }
            }
            else
            {
                reader.Skip();
            }
        }

        return main;
    }

    private static Function ParseFunction(ReadOnlySpan<byte> bytes)
    {
        List<TypedName> arguments = [];
        string opset = "";
        Dictionary<string, (List<ProgramOperation>, List<string>)> blocks = [];
        WireReader reader = new(bytes);
        while (reader.Next())
        {
            switch (reader.Field)
            {
                case 1: arguments.Add(ParseTypedName(reader.Bytes())); break;
                case 2: opset = reader.Text(); break;
                case 3:
                    (string name, ReadOnlySpan<byte> value) = Entry(reader.Bytes());
                    blocks[name] = ParseBlock(value);
                    break;
                default: reader.Skip(); break;
            }
        }

        if (!blocks.TryGetValue(opset, out (List<ProgramOperation> Operations, List<string> Results) block))
        {
            throw new FormatException($"the function main names the operation set \"{opset}\" but has blocks for: {string.Join(", ", blocks.Keys)}");
        }

        return new Function(opset, arguments, block.Operations, block.Results);
    }

    private static (List<ProgramOperation> Operations, List<string> Results) ParseBlock(ReadOnlySpan<byte> bytes)
    {
        List<ProgramOperation> operations = [];
        List<string> results = [];
        WireReader reader = new(bytes);
        while (reader.Next())
        {
            if (reader.Field == 2)
            {
                results.Add(reader.Text());
            }
            else if (reader.Field == 3)
            {
                operations.Add(ParseOperation(reader.Bytes()));
            }
            else
            {
                reader.Skip();
            }
        }

        return (operations, results);
    }

    private static ProgramOperation ParseOperation(ReadOnlySpan<byte> bytes)
    {
        string type = "";
        Dictionary<string, IReadOnlyList<ParameterBinding>> inputs = [];
        Dictionary<string, Literal> attributes = [];
        List<TypedName> outputs = [];
        WireReader reader = new(bytes);
        while (reader.Next())
        {
            switch (reader.Field)
            {
                case 1: type = reader.Text(); break;
                case 2:
                    (string key, ReadOnlySpan<byte> argument) = Entry(reader.Bytes());
                    inputs[key] = ParseArgument(argument);
                    break;
                case 3: outputs.Add(ParseTypedName(reader.Bytes())); break;
                case 4: throw new FormatException($"the operation {type} holds a block, which this reader does not know");
                case 5:
                    (string attribute, ReadOnlySpan<byte> value) = Entry(reader.Bytes());
                    attributes[attribute] = ParseLiteral(value);
                    break;
                default: reader.Skip(); break;
            }
        }

        return new ProgramOperation(type, inputs, outputs, attributes);
    }

    private static List<ParameterBinding> ParseArgument(ReadOnlySpan<byte> bytes)
    {
        List<ParameterBinding> bindings = [];
        WireReader reader = new(bytes);
        while (reader.Next())
        {
            if (reader.Field != 1)
            {
                reader.Skip();
                continue;
            }

            WireReader binding = new(reader.Bytes());
            while (binding.Next())
            {
                if (binding.Field == 1)
                {
                    bindings.Add(new ParameterBinding(binding.Text(), null));
                }
                else if (binding.Field == 2)
                {
                    bindings.Add(new ParameterBinding(null, ParseLiteral(binding.Bytes())));
                }
                else
                {
                    binding.Skip();
                }
            }
        }

        return bindings;
    }

    private static TypedName ParseTypedName(ReadOnlySpan<byte> bytes)
    {
        string name = "";
        TensorSpec? spec = null;
        WireReader reader = new(bytes);
        while (reader.Next())
        {
            if (reader.Field == 1)
            {
                name = reader.Text();
            }
            else if (reader.Field == 2)
            {
                spec = ParseType(reader.Bytes());
            }
            else
            {
                reader.Skip();
            }
        }

        return new TypedName(name, spec ?? throw new FormatException($"the value {name} has no type"));
    }

    private static TensorSpec ParseType(ReadOnlySpan<byte> bytes)
    {
        WireReader reader = new(bytes);
        while (reader.Next())
        {
            if (reader.Field != 1)
            {
                throw new FormatException($"a value's type is field {reader.Field}; only tensors (1) are known");
            }

            int kind = 0;
            long rank = 0;
            List<long> dims = [];
            WireReader tensor = new(reader.Bytes());
            while (tensor.Next())
            {
                switch (tensor.Field)
                {
                    case 1: kind = checked((int)tensor.Integer()); break;
                    case 2: rank = tensor.Integer(); break;
                    case 3: dims.Add(ParseDimension(tensor.Bytes())); break;
                    default: tensor.Skip(); break;
                }
            }

            if (!Enum.IsDefined((ElementKind)kind))
            {
                throw new FormatException($"a value has the element type {kind}");
            }

            if (rank != dims.Count)
            {
                throw new FormatException($"a value of rank {rank} has {dims.Count} dimensions");
            }

            return new TensorSpec((ElementKind)kind, Dims(dims));
        }

        throw new FormatException("a value has an empty type");
    }

    private static long ParseDimension(ReadOnlySpan<byte> bytes)
    {
        WireReader reader = new(bytes);
        long size = 0;
        while (reader.Next())
        {
            if (reader.Field != 1)
            {
                throw new FormatException("a dimension is not constant");
            }

            WireReader constant = new(reader.Bytes());
            while (constant.Next())
            {
                if (constant.Field == 1)
                {
                    size = constant.Integer();
                }
                else
                {
                    constant.Skip();
                }
            }
        }

        return size;
    }

    private static Literal ParseLiteral(ReadOnlySpan<byte> bytes)
    {
        TensorSpec? spec = null;
        Array? immediate = null;
        string? file = null;
        ulong offset = 0;
        WireReader reader = new(bytes);
        while (reader.Next())
        {
            switch (reader.Field)
            {
                case 2: spec = ParseType(reader.Bytes()); break;
                case 3: immediate = ParseImmediate(reader.Bytes()); break;
                case 5:
                    file = "";
                    WireReader blob = new(reader.Bytes());
                    while (blob.Next())
                    {
                        if (blob.Field == 1)
                        {
                            file = blob.Text();
                        }
                        else if (blob.Field == 2)
                        {
                            offset = (ulong)blob.Integer();
                        }
                        else
                        {
                            blob.Skip();
                        }
                    }

                    break;
                default: reader.Skip(); break;
            }
        }

        if (spec is null)
        {
            throw new FormatException("a constant has no type");
        }

        return new Literal(spec, immediate, file, offset);
    }

    private static Array? ParseImmediate(ReadOnlySpan<byte> bytes)
    {
        Array? result = null;
        WireReader reader = new(bytes);
        while (reader.Next())
        {
            if (reader.Field != 1)
            {
                throw new FormatException("a constant is not a tensor");
            }

            WireReader tensor = new(reader.Bytes());
            while (tensor.Next())
            {
                result = ParseValues(tensor.Field, tensor.Bytes());
            }
        }

        return result;
    }

    private static Array ParseValues(int field, ReadOnlySpan<byte> bytes)
    {
        List<float> floats = [];
        List<long> integers = [];
        List<string> texts = [];
        byte[] raw = [];
        WireReader reader = new(bytes);
        while (reader.Next())
        {
            if (reader.Field != 1)
            {
                reader.Skip();
            }
            else if (field == 1)
            {
                reader.Floats(floats);
            }
            else if (field is 2 or 3)
            {
                reader.Integers(integers);
            }
            else if (field == 4)
            {
                texts.Add(reader.Text());
            }
            else if (field == 7)
            {
                raw = reader.Bytes().ToArray();
            }
            else
            {
                throw new FormatException($"a constant's values are field {field}, which this reader does not know");
            }
        }

        return field switch
        {
            1 => floats.ToArray(),
            2 => integers.Select(v => checked((int)v)).ToArray(),
            3 => integers.Select(v => v != 0).ToArray(),
            4 => texts.ToArray(),
            _ => raw,
        };
    }

    // A map's entry: key 1, value 2.
    private static (string Key, byte[] Value) Entry(ReadOnlySpan<byte> bytes)
    {
        string key = "";
        ReadOnlySpan<byte> value = default;
        WireReader reader = new(bytes);
        while (reader.Next())
        {
            if (reader.Field == 1)
            {
                key = reader.Text();
            }
            else if (reader.Field == 2)
            {
                value = reader.Bytes();
            }
            else
            {
                reader.Skip();
            }
        }

        return (key, value.ToArray());
    }

    private static int[] Dims(List<long> dims)
    {
        long elements = 1;
        foreach (long d in dims)
        {
            if (d is <= 0 or > int.MaxValue || (elements *= d) > int.MaxValue)
            {
                throw new FormatException($"a tensor has the shape [{string.Join(", ", dims)}]");
            }
        }

        return [.. dims.Select(d => (int)d)];
    }
}
