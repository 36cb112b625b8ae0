using System.Buffers.Binary;

namespace Stemsharp.Export.Interpretation;

/// <summary>
/// Reads protocol buffer messages field by field. The reader has its own decoder and its own field numbers,
/// so that it cannot repeat a mistake of the writer's.
/// </summary>
internal ref struct WireReader(ReadOnlySpan<byte> message)
{
    private const int Varint = 0, Fixed64 = 1, Delimited = 2, Fixed32 = 5;
    private ReadOnlySpan<byte> _rest = message;
    private int _wire;

    /// <summary>The number of the field that <see cref="Next"/> found.</summary>
    public int Field { get; private set; }

    /// <summary>Moves to the next field; false at the message's end.</summary>
    public bool Next()
    {
        if (_rest.IsEmpty)
        {
            return false;
        }

        ulong tag = RawVarint();
        Field = checked((int)(tag >> 3));
        _wire = (int)(tag & 7);
        if (Field == 0)
        {
            throw Broken("a field has the number 0");
        }

        return true;
    }

    public ReadOnlySpan<byte> Bytes()
    {
        Expect(Delimited);
        ulong length = RawVarint();
        if (length > (ulong)_rest.Length)
        {
            throw Broken($"a field of {length} bytes stands where {_rest.Length} are left");
        }

        ReadOnlySpan<byte> bytes = _rest[..(int)length];
        _rest = _rest[(int)length..];
        return bytes;
    }

    public string Text()
    {
        try
        {
            return new System.Text.UTF8Encoding(false, throwOnInvalidBytes: true).GetString(Bytes());
        }
        catch (ArgumentException)
        {
            throw Broken("a text is not UTF-8");
        }
    }

    public long Integer()
    {
        Expect(Varint);
        return (long)RawVarint();
    }

    /// <summary>A repeated integer: one element, or a packed run of them.</summary>
    public void Integers(List<long> values)
    {
        if (_wire == Varint)
        {
            values.Add(Integer());
            return;
        }

        WireReader run = new(Bytes());
        while (!run._rest.IsEmpty)
        {
            values.Add((long)run.RawVarint());
        }
    }

    /// <summary>A repeated float: one element, or a packed run of them.</summary>
    public void Floats(List<float> values)
    {
        if (_wire == Fixed32)
        {
            values.Add(BinaryPrimitives.ReadSingleLittleEndian(Take(4)));
            return;
        }

        ReadOnlySpan<byte> run = Bytes();
        if (run.Length % 4 != 0)
        {
            throw Broken($"a run of floats has {run.Length} bytes");
        }

        for (int i = 0; i < run.Length; i += 4)
        {
            values.Add(BinaryPrimitives.ReadSingleLittleEndian(run[i..]));
        }
    }

    public void Skip()
    {
        switch (_wire)
        {
            case Varint: RawVarint(); break;
            case Fixed64: Take(8); break;
            case Delimited: Bytes(); break;
            case Fixed32: Take(4); break;
            default: throw Broken($"a field has the wire type {_wire}");
        }
    }

    private ReadOnlySpan<byte> Take(int count)
    {
        if (_rest.Length < count)
        {
            throw Broken("a number is cut off");
        }

        ReadOnlySpan<byte> bytes = _rest[..count];
        _rest = _rest[count..];
        return bytes;
    }

    private readonly void Expect(int wire)
    {
        if (_wire != wire)
        {
            throw Broken($"field {Field} has the wire type {_wire}, not {wire}");
        }
    }

    private ulong RawVarint()
    {
        ulong value = 0;
        for (int shift = 0; shift < 64; shift += 7)
        {
            byte b = Take(1)[0];
            value |= (ulong)(b & 0x7F) << shift;
            if (b < 0x80)
            {
                return value;
            }
        }

        throw Broken("a number has more than ten bytes");
    }

    private static FormatException Broken(string problem) => new($"the message is damaged: {problem}");
}
