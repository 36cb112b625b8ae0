using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using Google.Protobuf;
using Stemsharp.Export.CoreML.Schema;
using ValueType = Stemsharp.Export.CoreML.Schema.ValueType;

namespace Stemsharp.Export.CoreML.Mil;

/// <summary>
/// Writes one block of MIL, operation by operation. Equal constants are stored once; a value is cast to
/// another precision once.
/// </summary>
internal sealed class MilBuilder(WeightFileWriter weights)
{
    // coremltools keeps shorter tensors in the program itself.
    private const int SmallestBlob = 10;
    private readonly Block _block = new();
    private readonly Function _function = new();
    private readonly HashSet<string> _names = [];
    private readonly Dictionary<string, MilValue> _constants = [];
    private readonly Dictionary<(string, MilType), MilValue> _casts = [];

    /// <summary>Operations so far, constants left out.</summary>
    public int OperationCount => _block.Operations.Count(o => o.Type is not ("const" or "constexpr_lut_to_dense" or "constexpr_cast"));

    public MilValue Input(string name, params ReadOnlySpan<int> shape)
    {
        MilValue value = new(Unique(name), MilType.Float32, [.. shape]);
        _function.Inputs.Add(Named(value));
        return value;
    }

    public void Output(MilValue value) => _block.Outputs.Add(value.Name);

    /// <summary>Appends an operation with one result, which carries the operation's name.</summary>
    public MilValue Add(string operation, string name, MilType type, ReadOnlySpan<int> shape, params ReadOnlySpan<(string Key, MilValue Value)> inputs)
    {
        MilValue result = new(Unique(name), type, [.. shape]);
        Append(operation, result.Name, [result], inputs);
        return result;
    }

    /// <summary>Appends a split into equal parts along an axis.</summary>
    public MilValue[] Split(string name, MilValue x, int parts, int axis)
    {
        int[] shape = [.. x.Shape];
        shape[axis] /= parts;
        MilValue[] results = new MilValue[parts];
        for (int i = 0; i < parts; i++)
        {
            results[i] = new MilValue(Unique($"{name}_{i}"), x.Type, [.. shape]);
        }

        Append("split", Unique(name), results, ("x", x), ("num_splits", Int(parts)), ("axis", Int(axis)));
        return results;
    }

    /// <summary>Appends a concatenation along an axis.</summary>
    public MilValue Concat(string name, int axis, IReadOnlyList<MilValue> values)
    {
        int[] shape = [.. values[0].Shape];
        shape[axis] = values.Sum(v => v.Shape[axis]);
        MilValue result = new(Unique(name), values[0].Type, [.. shape]);
        Operation operation = Append("concat", result.Name, [result], ("axis", Int(axis)), ("interleave", Bool(false)));
        Argument argument = new();
        argument.Arguments.AddRange(values.Select(v => new Binding { Name = v.Name }));
        operation.Inputs.Add("values", argument);
        return result;
    }

    /// <summary>The value in that precision; a cast only where it is in another one.</summary>
    public MilValue As(MilValue x, MilType type)
    {
        if (x.Type == type)
        {
            return x;
        }

        if (_casts.TryGetValue((x.Name, type), out MilValue? known))
        {
            return known;
        }

        string suffix = type == MilType.Float16 ? "fp16" : "fp32";
        MilValue result = Add("cast", $"{x.Name}_{suffix}", type, x.Shape.AsSpan(), ("x", x), ("dtype", Text(suffix)));
        _casts.Add((x.Name, type), result);
        return result;
    }

    /// <summary>add, sub, mul, real_div or maximum, with the usual broadcasting of leading and single axes.</summary>
    public MilValue Binary(string operation, string name, MilValue x, MilValue y)
    {
        int[] shape = new int[Math.Max(x.Rank, y.Rank)];
        for (int i = 1; i <= shape.Length; i++)
        {
            shape[^i] = Math.Max(i > x.Rank ? 1 : x.Shape[^i], i > y.Rank ? 1 : y.Shape[^i]);
        }

        return Add(operation, name, x.Type, shape, ("x", x), ("y", y));
    }

    /// <summary>Keeps <paramref name="length"/> elements from <paramref name="start"/> of an axis.</summary>
    public MilValue Slice(string name, MilValue x, int axis, int start, int length)
    {
        if (length == x.Shape[axis])
        {
            return x;
        }

        int[] begin = new int[x.Rank], end = [.. x.Shape], shape = [.. x.Shape];
        (begin[axis], end[axis], shape[axis]) = (start, start + length, length);
        return Add("slice_by_index", name, x.Type, shape, ("x", x), ("begin", Ints(begin)), ("end", Ints(end)));
    }

    /// <summary>Lengthens an axis at both ends, by zeros or by its edge's elements.</summary>
    public MilValue Pad(string name, MilValue x, int axis, int before, int after, bool edges = false)
    {
        if (before == 0 && after == 0)
        {
            return x;
        }

        int[] shape = [.. x.Shape], pads = new int[2 * (x.Rank - axis)];
        shape[axis] += before + after;
        (pads[0], pads[1]) = (before, after);
        (string, MilValue)[] inputs = [("x", x), ("pad", Ints(pads)), ("mode", Text(edges ? "replicate" : "constant")), ("constant_val", Scalar(x.Type, 0))];
        return Add("pad", name, x.Type, shape, inputs);
    }

    /// <summary>Appends a recurrent layer in both directions; the result is its sequence, [T, N, 2·H] of x [T, N, C].</summary>
    public MilValue Lstm(string name, MilValue x, int hidden, params ReadOnlySpan<(string Key, MilValue Value)> inputs)
    {
        int[] state = [x.Shape[1], 2 * hidden];
        MilValue[] results =
        [
            new(Unique(name), x.Type, [x.Shape[0], .. state]), new(Unique($"{name}_last_state"), x.Type, [.. state]), new(Unique($"{name}_last_cell"), x.Type, [.. state]),
        ];
        Append("lstm", results[0].Name, results, inputs);
        return results[0];
    }

    public MilValue Reshape(string name, MilValue x, params int[] shape) =>
        x.Shape.AsSpan().SequenceEqual(shape) ? x : Add("reshape", name, x.Type, shape, ("x", x), ("shape", Ints(shape)));

    public MilValue Transpose(string name, MilValue x, params int[] order) =>
        Add("transpose", name, x.Type, [.. order.Select(axis => x.Shape[axis])], ("x", x), ("perm", Ints(order)));

    public MilValue Ints(params ReadOnlySpan<int> values)
    {
        RepeatedInts tensor = new();
        tensor.Values.AddRange(values.ToArray());
        return Immediate($"ints_{Label(values)}", MilType.Int32, [values.Length], new TensorValue { Ints = tensor });
    }

    public MilValue Int(int value)
    {
        RepeatedInts tensor = new();
        tensor.Values.Add(value);
        return Immediate($"int_{Label([value])}", MilType.Int32, [], new TensorValue { Ints = tensor });
    }

    public MilValue Bool(bool value)
    {
        RepeatedBools tensor = new();
        tensor.Values.Add(value);
        return Immediate(value ? "bool_true" : "bool_false", MilType.Bool, [], new TensorValue { Bools = tensor });
    }

    public MilValue Bools(params ReadOnlySpan<bool> values)
    {
        RepeatedBools tensor = new();
        tensor.Values.AddRange(values.ToArray());
        string label = string.Concat(values.ToArray().Select(v => v ? '1' : '0'));
        return Immediate($"bools_{label}", MilType.Bool, [values.Length], new TensorValue { Bools = tensor });
    }

    public MilValue Text(string value)
    {
        RepeatedStrings tensor = new();
        tensor.Values.Add(value);
        return Immediate($"text_{value}", MilType.Text, [], new TensorValue { Strings = tensor });
    }

    /// <summary>A scalar of rank 0.</summary>
    public MilValue Scalar(MilType type, double value) =>
        Floats(string.Create(CultureInfo.InvariantCulture, $"{(type == MilType.Float16 ? "half" : "single")}_{value:R}"), type, [], [(float)value]);

    /// <summary>A constant, rounded to <paramref name="type"/> (Float16 or Float32) and kept in the weight file unless it is small.</summary>
    public MilValue Floats(string name, MilType type, ReadOnlySpan<int> shape, ReadOnlySpan<float> values)
    {
        byte[] bytes = type == MilType.Float16 ? Halves(values) : MemoryMarshal.AsBytes(values).ToArray();
        if (values.Length >= SmallestBlob)
        {
            return Blob(name, type, shape, bytes);
        }

        TensorValue tensor;
        if (type == MilType.Float16)
        {
            tensor = new TensorValue { Bytes = new RepeatedBytes { Values = ByteString.CopyFrom(bytes) } };
        }
        else
        {
            RepeatedFloats floats = new();
            floats.Values.AddRange(values.ToArray());
            tensor = new TensorValue { Floats = floats };
        }

        return Immediate(name, type, shape, tensor);
    }

    /// <summary>A constant in the weight file, its bytes as given.</summary>
    public MilValue Blob(string name, MilType type, ReadOnlySpan<int> shape, ReadOnlySpan<byte> bytes)
    {
        Literal literal = Stored(type, shape, bytes);
        string key = $"{literal.BlobFileValue.Offset} {literal.Type}";
        return Constant(key, name, type, shape, literal);
    }

    /// <summary>A single-precision constant whose values are all halves: stored as such and widened when the program is loaded.</summary>
    public MilValue Widened(string name, ReadOnlySpan<int> shape, ReadOnlySpan<float> values, CoreMLTarget target)
    {
        if (values.Length < SmallestBlob)
        {
            return Floats(name, MilType.Float32, shape, values);
        }

        Literal source = Stored(MilType.Float16, shape, Halves(values));
        string key = $"widened {source.BlobFileValue.Offset} {source.Type}";
        if (_constants.TryGetValue(key, out MilValue? known))
        {
            return known;
        }

        MilValue result = new(Unique(name), MilType.Float32, [.. shape]);
        Operation operation = new() { Type = "constexpr_cast" };
        operation.Outputs.Add(Named(result));
        operation.Attributes.Add("name", TextLiteral(result.Name));
        if (target >= CoreMLTarget.IOS18)
        {
            operation.Inputs.Add("source_val", Inline(source));
            operation.Inputs.Add("output_dtype", Inline(TextLiteral("fp32")));
        }
        else
        {
            operation.Attributes.Add("source_val", source);
            operation.Attributes.Add("output_dtype", TextLiteral("fp32"));
        }

        _block.Operations.Add(operation);
        _constants.Add(key, result);
        return result;
    }

    /// <summary>
    /// A tensor stored as a palette and an index per element. Before CoreML8 everything is an attribute,
    /// indices are a flat run of packed bytes, and there is one palette.
    /// </summary>
    public MilValue Palettized(string name, MilType type, ReadOnlySpan<int> shape, int bits, ReadOnlySpan<int> groups, ReadOnlySpan<float> palettes, ReadOnlySpan<byte> packed, CoreMLTarget target)
    {
        ReadOnlySpan<byte> table = type == MilType.Float16 ? Halves(palettes) : MemoryMarshal.AsBytes(palettes);
        MilType indexType = bits switch { 4 => MilType.UInt4, 6 => MilType.UInt6, _ => MilType.UInt8 };
        MilValue result = new(Unique($"{name}_palettized"), type, [.. shape]);
        Operation operation = new() { Type = "constexpr_lut_to_dense" };
        operation.Outputs.Add(Named(result));
        operation.Attributes.Add("name", TextLiteral(result.Name));
        if (target >= CoreMLTarget.IOS18)
        {
            int[] tableShape = [.. groups, 1 << bits, 1];
            operation.Inputs.Add("indices", Inline(Stored(indexType, shape, packed)));
            operation.Inputs.Add("lut", Inline(Stored(type, tableShape, table)));
        }
        else
        {
            // The flat form counts packed bytes, whatever the width of an index.
            operation.Attributes.Add("indices", Stored(MilType.UInt8, [packed.Length], packed));
            operation.Attributes.Add("lut", Stored(type, [1 << bits], table));
            uint[] dims = new uint[shape.Length];
            for (int i = 0; i < dims.Length; i++)
            {
                dims[i] = (uint)shape[i];
            }

            RepeatedBytes bytes = new() { Values = ByteString.CopyFrom(MemoryMarshal.AsBytes(dims.AsSpan())) };
            operation.Attributes.Add("shape", ImmediateLiteral(MilType.UInt32, [dims.Length], new TensorValue { Bytes = bytes }));
        }

        _block.Operations.Add(operation);
        return result;
    }

    /// <summary>The finished program.</summary>
    public Program Build(string opset)
    {
        _function.Opset = opset;
        _function.BlockSpecializations.Add(opset, _block);
        Program program = new() { Version = 1 };
        program.Functions.Add("main", _function);
        return program;
    }

    /// <summary>Letters, digits and underscores, not starting with a digit.</summary>
    public static string Identifier(string name)
    {
        StringBuilder text = new(name.Length);
        foreach (char c in name)
        {
            text.Append(char.IsAsciiLetterOrDigit(c) ? c : c == '-' ? 'm' : '_');
        }

        return char.IsAsciiDigit(text[0]) ? $"_{text}" : text.ToString();
    }

    private Operation Append(string type, string name, IEnumerable<MilValue> results, params ReadOnlySpan<(string Key, MilValue Value)> inputs)
    {
        Operation operation = new() { Type = type };
        foreach ((string key, MilValue value) in inputs)
        {
            Argument argument = new();
            argument.Arguments.Add(new Binding { Name = value.Name });
            operation.Inputs.Add(key, argument);
        }

        operation.Outputs.AddRange(results.Select(Named));
        operation.Attributes.Add("name", TextLiteral(name));
        _block.Operations.Add(operation);
        return operation;
    }

    private MilValue Immediate(string name, MilType type, ReadOnlySpan<int> shape, TensorValue tensor)
    {
        Literal literal = ImmediateLiteral(type, shape, tensor);
        return Constant(literal.ToByteString().ToBase64(), name, type, shape, literal);
    }

    private MilValue Constant(string key, string name, MilType type, ReadOnlySpan<int> shape, Literal literal)
    {
        if (_constants.TryGetValue(key, out MilValue? known))
        {
            return known;
        }

        MilValue value = new(Unique(name), type, [.. shape]);
        Operation operation = new() { Type = "const" };
        operation.Outputs.Add(Named(value));
        operation.Attributes.Add("name", TextLiteral(value.Name));
        operation.Attributes.Add("val", literal);
        _block.Operations.Add(operation);
        _constants.Add(key, value);
        return value;
    }

    private Literal Stored(MilType type, ReadOnlySpan<int> shape, ReadOnlySpan<byte> bytes)
    {
        long elements = 1;
        foreach (int d in shape)
        {
            elements *= d;
        }

        ulong offset = weights.Add(type, bytes, elements);
        return new Literal
        {
            Type = TypeOf(type, shape),
            BlobFileValue = new BlobFileValue { FileName = "@model_path/weights/weight.bin", Offset = offset },
        };
    }

    private static byte[] Halves(ReadOnlySpan<float> values)
    {
        Half[] halves = new Half[values.Length];
        System.Numerics.Tensors.TensorPrimitives.ConvertToHalf(values, halves);
        return MemoryMarshal.AsBytes(halves.AsSpan()).ToArray();
    }

    private string Unique(string name)
    {
        string identifier = Identifier(name), result = identifier;
        for (int n = 2; !_names.Add(result); n++)
        {
            result = $"{identifier}_{n}";
        }

        return result;
    }

    private static string Label(ReadOnlySpan<int> values) => values.Length == 0 ? "none" : string.Join('_', values.ToArray().Select(v => v < 0 ? $"m{-v}" : $"{v}"));

    private static Argument Inline(Literal literal)
    {
        Argument argument = new();
        argument.Arguments.Add(new Binding { Value = literal });
        return argument;
    }

    private static Literal TextLiteral(string text)
    {
        RepeatedStrings tensor = new();
        tensor.Values.Add(text);
        return ImmediateLiteral(MilType.Text, [], new TensorValue { Strings = tensor });
    }

    private static Literal ImmediateLiteral(MilType type, ReadOnlySpan<int> shape, TensorValue tensor) =>
        new() { Type = TypeOf(type, shape), ImmediateValue = new ImmediateValue { Tensor = tensor } };

    private static NamedValueType Named(MilValue value) => new() { Name = value.Name, Type = TypeOf(value.Type, value.Shape.AsSpan()) };

    private static ValueType TypeOf(MilType type, ReadOnlySpan<int> shape)
    {
        TensorType tensor = new() { Rank = shape.Length, DataType = DataTypeOf(type) };
        foreach (int d in shape)
        {
            tensor.Dimensions.Add(new Dimension { Constant = new ConstantDimension { Size = (ulong)d } });
        }

        return new ValueType { TensorType = tensor };
    }

    private static DataType DataTypeOf(MilType type) => type switch
    {
        MilType.Float16 => DataType.Float16,
        MilType.Float32 => DataType.Float32,
        MilType.Int32 => DataType.Int32,
        MilType.Bool => DataType.Bool,
        MilType.Text => DataType.String,
        MilType.UInt8 => DataType.Uint8,
        MilType.UInt32 => DataType.Uint32,
        MilType.UInt4 => DataType.Uint4,
        _ => DataType.Uint6,
    };
}
