using System.Text;

namespace Stemsharp.Checkpoints.Onnx;

/// <summary>
/// A message of protocol buffers inside a file, read field by field where it lies: tensors of a hundred megabytes are passed over, not
/// copied. (The library for them reads a whole message into objects.)
/// </summary>
/// <param name="source">The file.</param>
/// <param name="start">Its first byte.</param>
/// <param name="length">Its bytes.</param>
internal sealed class ProtobufMessage(ByteSource source, long start, long length)
{
    // A field's number and kind, and a number or a length: ten bytes each at most.
    private const int HeadBytes = 20, VarintBytes = 10, LongestText = 1 << 16;
    private readonly long _end = start + length;

    /// <summary>Its fields in their order.</summary>
    /// <exception cref="CheckpointFormatException">It is no message.</exception>
    public IEnumerable<ProtobufField> Fields()
    {
        byte[] head = new byte[HeadBytes];
        for (long at = start; at < _end;)
        {
            int held = (int)Math.Min(HeadBytes, _end - at), used = 0;
            source.Read(at, head.AsSpan(0, held));
            ulong key = Varint(head, held, ref used), value = 0;
            long number = (long)(key >> 3), size;
            switch (key & 7)
            {
                case 0:
                    value = Varint(head, held, ref used);
                    size = 0;
                    break;
                case 1:
                    size = sizeof(ulong);
                    break;
                case 2:
                    size = (long)Math.Min(Varint(head, held, ref used), long.MaxValue);
                    break;
                case 5:
                    size = sizeof(uint);
                    break;
                default:
                    throw Damaged();
            }

            at += used;
            if (number is < 1 or > 1 << 29 || size > _end - at)
            {
                throw Damaged();
            }

            yield return new ProtobufField((int)number, value, (key & 7) == 2, source, at, size);
            at += size;
        }
    }

    /// <summary>Some numbers one after the other, as they are packed into one field.</summary>
    public IEnumerable<long> Varints()
    {
        byte[] head = new byte[VarintBytes];
        for (long at = start; at < _end;)
        {
            int held = (int)Math.Min(VarintBytes, _end - at), used = 0;
            source.Read(at, head.AsSpan(0, held));
            yield return (long)Varint(head, held, ref used);
            at += used;
        }
    }

    /// <summary>Its bytes as text.</summary>
    public string Text() => length <= LongestText ? Encoding.UTF8.GetString(source.ReadBytes(start, (int)length)) : throw Damaged();

    private static ulong Varint(ReadOnlySpan<byte> bytes, int held, ref int used)
    {
        ulong value = 0;
        for (int i = 0; i < VarintBytes && used < held; i++)
        {
            byte next = bytes[used++];
            value |= (ulong)(next & 0x7f) << 7 * i;
            if (next < 0x80)
            {
                return value;
            }
        }

        throw Damaged();
    }

    private static CheckpointFormatException Damaged() => CheckpointFormatException.Damaged("a message in it has a field that is none");
}

/// <summary>A field of a message.</summary>
/// <param name="Number">Which one.</param>
/// <param name="Value">Its number; 0 where it has none.</param>
/// <param name="HasLength">Whether it is text, a message, or packed numbers.</param>
/// <param name="Source">The file.</param>
/// <param name="Start">Its first byte.</param>
/// <param name="Length">Its bytes.</param>
internal readonly record struct ProtobufField(int Number, ulong Value, bool HasLength, ByteSource Source, long Start, long Length)
{
    /// <summary>The message that it is.</summary>
    public ProtobufMessage Message => new(Source, Start, Length);

    /// <summary>The text that it is.</summary>
    public string Text => Message.Text();

    /// <summary>Its number, or its packed numbers.</summary>
    public IEnumerable<long> Numbers => HasLength ? Message.Varints() : [(long)Value];

    /// <summary>The four bytes that it is as a number.</summary>
    public float Single => Length == sizeof(float)
        ? BitConverter.ToSingle(Source.ReadBytes(Start, sizeof(float)))
        : throw CheckpointFormatException.Damaged("a number in it has no four bytes");
}
