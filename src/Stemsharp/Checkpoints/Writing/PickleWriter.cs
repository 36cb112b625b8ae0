using System.Buffers;
using System.Buffers.Binary;
using System.Text;

namespace Stemsharp.Checkpoints.Writing;

/// <summary>Writes plain values and tensor descriptions as a pickle of protocol 2, which every torch reads.</summary>
internal sealed class PickleWriter
{
    private readonly ArrayBufferWriter<byte> _out = new();
    private readonly Dictionary<string, byte> _globals = new(StringComparer.Ordinal);

    public PickleWriter() => Put([0x80, 2]);

    public byte[] Finish()
    {
        Put((byte)'.');
        return _out.WrittenSpan.ToArray();
    }

    public void BeginDict() => Put("}("u8);

    public void EndDict() => Put((byte)'u');

    public void EmptyTuple() => Put((byte)')');

    /// <summary>A Python object by its path, remembered so that it is looked up once.</summary>
    public void Global(string module, string name)
    {
        string path = $"{module} {name}";
        if (_globals.TryGetValue(path, out byte index))
        {
            Put([(byte)'h', index]);
            return;
        }

        index = checked((byte)_globals.Count);
        _globals.Add(path, index);
        Put(Encoding.UTF8.GetBytes($"c{module}\n{name}\n"));
        Put([(byte)'q', index]);
    }

    public void Value(object? value)
    {
        switch (value)
        {
            case null: Put((byte)'N'); break;
            case bool flag: Put((byte)(flag ? 0x88 : 0x89)); break;
            case long number: Integer(number); break;
            case double number: Real(number); break;
            case string text: Text(text); break;
            case Fraction fraction:
                Global("fractions", "Fraction");
                Text(fraction.ToString());
                Put([0x85, (byte)'R']);
                break;
            case IReadOnlyDictionary<string, object?> dictionary:
                BeginDict();
                foreach ((string key, object? item) in dictionary)
                {
                    Text(key);
                    Value(item);
                }

                EndDict();
                break;
            case IEnumerable<object?> list:
                Put("]("u8);
                foreach (object? item in list)
                {
                    Value(item);
                }

                Put((byte)'e');
                break;
            default: throw new ArgumentException($"A {value.GetType().Name} has no pickled form here.");
        }
    }

    /// <summary>A dense tensor that has the storage <paramref name="key"/> for itself.</summary>
    public void Tensor(StoredTensor tensor, string key)
    {
        Global("torch._utils", "_rebuild_tensor_v2");
        Put("(("u8);
        Text("storage");
        Global("torch", StorageName(tensor.Type));
        Text(key);
        Text("cpu");
        Integer(tensor.Count);
        Put("tQ"u8);
        Integer(0);
        Tuple(tensor.Shape.Select(d => (long)d));
        Tuple(StorageTensor.DenseStrides(tensor.Shape));
        Put(0x89);
        Global("collections", "OrderedDict");
        Put(")RtR"u8);
    }

    private void Put(byte opcode) => Put([opcode]);

    private void Put(ReadOnlySpan<byte> bytes) => _out.Write(bytes);

    private void Tuple(IEnumerable<long> values)
    {
        Put((byte)'(');
        foreach (long value in values)
        {
            Integer(value);
        }

        Put((byte)'t');
    }

    private void Integer(long value)
    {
        Span<byte> bytes = stackalloc byte[8];
        if (value is >= int.MinValue and <= int.MaxValue)
        {
            BinaryPrimitives.WriteInt32LittleEndian(bytes, (int)value);
            Put((byte)'J');
            Put(bytes[..4]);
            return;
        }

        BinaryPrimitives.WriteInt64LittleEndian(bytes, value);
        Put([0x8a, 8]);
        Put(bytes);
    }

    private void Real(double value)
    {
        Span<byte> bytes = stackalloc byte[8];
        BinaryPrimitives.WriteDoubleBigEndian(bytes, value);
        Put((byte)'G');
        Put(bytes);
    }

    public void Text(string text)
    {
        byte[] utf8 = Encoding.UTF8.GetBytes(text);
        Span<byte> length = stackalloc byte[4];
        BinaryPrimitives.WriteInt32LittleEndian(length, utf8.Length);
        Put((byte)'X');
        Put(length);
        Put(utf8);
    }

    private static string StorageName(ElementType type) => type switch
    {
        ElementType.Half => "HalfStorage",
        ElementType.BFloat16 => "BFloat16Storage",
        ElementType.Single => "FloatStorage",
        ElementType.Double => "DoubleStorage",
        ElementType.Boolean => "BoolStorage",
        ElementType.UInt8 => "ByteStorage",
        ElementType.Int8 => "CharStorage",
        ElementType.Int16 => "ShortStorage",
        ElementType.Int32 => "IntStorage",
        _ => "LongStorage",
    };
}
