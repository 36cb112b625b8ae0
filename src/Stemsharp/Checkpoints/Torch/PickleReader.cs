using System.Buffers.Binary;
using System.Numerics;
using System.Text;

namespace Stemsharp.Checkpoints.Torch;

/// <summary>
/// A pickle machine that builds plain data and tensor descriptions and nothing else. Opcodes of protocols 2 to 5
/// that only build data are obeyed; those that reach for code or outside resources are refused. Work and memory
/// are bounded by the pickle's size and the limits below.
/// </summary>
internal sealed class PickleReader
{
    // Official checkpoints: 65 KB, 10,000 objects, a stack of about 3,000 (dicts are filled in batches of 1,000).
    public const int MaxBytes = 8 << 20;
    private const int MaxObjects = 500_000, MaxStack = 100_000, MaxMarks = 1_000;

    private static readonly UTF8Encoding Utf8 = new(false, throwOnInvalidBytes: true);

    private readonly byte[] _data;
    private readonly List<object?> _stack = [];
    private readonly List<int> _marks = [];
    private readonly Dictionary<uint, object?> _memo = [];
    private int _position;
    private int _objects;

    private PickleReader(byte[] data) => _data = data;

    /// <summary>Reads one pickle.</summary>
    /// <returns>
    /// null, bool, long, BigInteger, double, string, byte[], object?[] (tuple), List, <see cref="PickleDict"/>,
    /// <see cref="Fraction"/>, or one of the Pickle… records.
    /// </returns>
    public static object? Read(byte[] data) => new PickleReader(data).Run();

    private object? Run()
    {
        while (true)
        {
            byte opcode = Take(1)[0];
            if (opcode == (byte)'.')
            {
                return _stack.Count == 1 && _marks.Count == 0 ? _stack[0] : throw Broken("ends with values left over");
            }

            Execute(opcode);
        }
    }

    private void Execute(byte opcode)
    {
        switch (opcode)
        {
            case 0x80: // PROTO
                byte protocol = Take(1)[0];
                if (protocol is < 2 or > 5)
                {
                    throw new CheckpointFormatException($"its pickle has protocol {protocol}; 2 to 5 are supported. Save it again with torch.save.");
                }

                break;
            case 0x95: Take(8); break; // FRAME
            case (byte)'(':
                if (_marks.Count >= MaxMarks)
                {
                    throw TooMuch("nests", MaxMarks, "levels");
                }

                _marks.Add(_stack.Count);
                break;
            case (byte)'0': Pop(); break;
            case (byte)'1': PopToMark(); break;
            case (byte)'2': Push(Peek()); break;

            case (byte)'N': Push(null); break;
            case 0x88: Push(true); break;
            case 0x89: Push(false); break;
            case (byte)'J': Push((long)BinaryPrimitives.ReadInt32LittleEndian(Take(4))); break;
            case (byte)'K': Push((long)Take(1)[0]); break;
            case (byte)'M': Push((long)BinaryPrimitives.ReadUInt16LittleEndian(Take(2))); break;
            case 0x8a: PushInteger(Take(Take(1)[0])); break;
            case 0x8b: PushInteger(Take(Length(BinaryPrimitives.ReadUInt32LittleEndian(Take(4))))); break;
            case (byte)'G': Push(BinaryPrimitives.ReadDoubleBigEndian(Take(8))); break;

            case 0x8c: Push(Text(Take(1)[0])); break;
            case (byte)'X': Push(Text(BinaryPrimitives.ReadUInt32LittleEndian(Take(4)))); break;
            case 0x8d: Push(Text(BinaryPrimitives.ReadUInt64LittleEndian(Take(8)))); break;
            case (byte)'C' or (byte)'U': Push(Bytes(Take(1)[0])); break;
            case (byte)'B' or (byte)'T': Push(Bytes(BinaryPrimitives.ReadUInt32LittleEndian(Take(4)))); break;
            case 0x8e or 0x96: Push(Bytes(BinaryPrimitives.ReadUInt64LittleEndian(Take(8)))); break;

            case (byte)')': Push(Array.Empty<object?>()); break;
            case (byte)'t': Push(PopToMark()); break;
            case 0x85: Push(PopMany(1)); break;
            case 0x86: Push(PopMany(2)); break;
            case 0x87: Push(PopMany(3)); break;
            case (byte)']': Push(new List<object?>()); break;
            case (byte)'l': Push(PopToMark().ToList()); break;
            case (byte)'a': Append([Pop()]); break;
            case (byte)'e': Append(PopToMark()); break;
            case (byte)'}': Push(new PickleDict()); break;
            case (byte)'d':
                object?[] pairs = PopToMark();
                Push(new PickleDict());
                SetItems(pairs);
                break;
            case (byte)'s': SetItems(PopMany(2)); break;
            case (byte)'u': SetItems(PopToMark()); break;
            case 0x8f: Push(new PickleOpaque("set")); break; // EMPTY_SET
            case 0x90: // ADDITEMS
                PopToMark();
                if (Peek() is not PickleOpaque)
                {
                    throw Broken("adds items to something that is not a set");
                }

                break;
            case 0x91: // FROZENSET
                PopToMark();
                Push(new PickleOpaque("frozenset"));
                break;

            case (byte)'q': _memo[Take(1)[0]] = Peek(); break;
            case (byte)'r': _memo[BinaryPrimitives.ReadUInt32LittleEndian(Take(4))] = Peek(); break;
            case 0x94: _memo[(uint)_memo.Count] = Peek(); break;
            case (byte)'h': Push(Recall(Take(1)[0])); break;
            case (byte)'j': Push(Recall(BinaryPrimitives.ReadUInt32LittleEndian(Take(4)))); break;

            case (byte)'c': Push(PickleGlobals.Find(Line(), Line())); break;
            case 0x93: // STACK_GLOBAL
                object?[] path = PopMany(2);
                Push(path is [string module, string name] ? PickleGlobals.Find(module, name) : throw Broken("names a Python object in an unknown way"));
                break;
            case (byte)'R' or 0x81: // REDUCE, NEWOBJ
                object?[] call = PopMany(2);
                Push(PickleGlobals.Call(call[0], call[1] as object?[] ?? throw Broken("calls something without arguments")));
                break;
            case (byte)'b': // BUILD: a dict's or opaque object's attributes do not matter
                Pop();
                if (Peek() is not (PickleDict or PickleOpaque))
                {
                    throw Broken("sets the state of something that has none");
                }

                break;
            case (byte)'Q': Push(PickleGlobals.FindStorage(Pop())); break;
            default:
                throw new CheckpointFormatException($"its pickle has the opcode 0x{opcode:x2} at byte {_position - 1:N0}, which torch.save does not write for a checkpoint. The file was not loaded.");
        }
    }

    private void Append(object?[] values)
    {
        if (Peek() is not List<object?> list)
        {
            throw Broken("appends to something that is not a list");
        }

        list.AddRange(values);
    }

    private void SetItems(object?[] pairs)
    {
        if (Peek() is not PickleDict dict || pairs.Length % 2 != 0)
        {
            throw Broken("sets items of something that is not a dict");
        }

        for (int i = 0; i < pairs.Length; i += 2)
        {
            dict.Set(pairs[i], pairs[i + 1]);
        }
    }

    private void Push(object? value)
    {
        if (_stack.Count >= MaxStack)
        {
            throw TooMuch("stacks", MaxStack, "values");
        }

        if (++_objects > MaxObjects)
        {
            throw TooMuch("holds", MaxObjects, "values");
        }

        _stack.Add(value);
    }

    // A value below the innermost mark is not in reach, as in Python's own machine.
    private object? Peek() => _stack.Count > (_marks.Count > 0 ? _marks[^1] : 0) ? _stack[^1] : throw Broken("takes from an empty stack");

    private object? Pop()
    {
        object? value = Peek();
        _stack.RemoveAt(_stack.Count - 1);
        return value;
    }

    private object?[] PopMany(int count)
    {
        object?[] values = new object?[count];
        for (int i = count - 1; i >= 0; i--)
        {
            values[i] = Pop();
        }

        return values;
    }

    private object?[] PopToMark()
    {
        if (_marks.Count == 0)
        {
            throw Broken("closes a group that was not opened");
        }

        int start = _marks[^1];
        _marks.RemoveAt(_marks.Count - 1);
        object?[] values = [.. _stack[start..]];
        _stack.RemoveRange(start, _stack.Count - start);
        return values;
    }

    private object? Recall(uint index) => _memo.TryGetValue(index, out object? value) ? value : throw Broken("recalls a value that it has not stored");

    private ReadOnlySpan<byte> Take(int count)
    {
        if (count > _data.Length - _position)
        {
            throw Broken("ends in the middle of a value");
        }

        ReadOnlySpan<byte> bytes = _data.AsSpan(_position, count);
        _position += count;
        return bytes;
    }

    private int Length(ulong length) => length <= (ulong)(_data.Length - _position) ? (int)length : throw Broken("ends in the middle of a value");

    private string Text(ulong length)
    {
        ReadOnlySpan<byte> bytes = Take(Length(length));
        try
        {
            return Utf8.GetString(bytes);
        }
        catch (ArgumentException)
        {
            throw Broken("has text that is not UTF-8");
        }
    }

    private byte[] Bytes(ulong length) => Take(Length(length)).ToArray();

    private string Line()
    {
        int end = Array.IndexOf(_data, (byte)'\n', _position);
        if (end < 0 || end - _position > 1_000)
        {
            throw Broken("names a Python object without end");
        }

        string line = Text((ulong)(end - _position));
        _position++;
        return line;
    }

    private void PushInteger(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length > 128)
        {
            throw CheckpointFormatException.Damaged($"its pickle has an integer of {bytes.Length:N0} bytes");
        }

        BigInteger value = new(bytes);
        if (value >= long.MinValue && value <= long.MaxValue)
        {
            Push((long)value);
        }
        else
        {
            Push(value);
        }
    }

    private CheckpointFormatException Broken(string what) => CheckpointFormatException.Damaged($"its pickle {what} (byte {_position:N0})");

    private static CheckpointFormatException TooMuch(string verb, int limit, string what) =>
        new($"its pickle {verb} more than {limit:N0} {what}, which no checkpoint does. The file was not loaded.");
}
