using System.Buffers.Binary;
using System.Text;

namespace Stemsharp.Tests.Checkpoints;

/// <summary>Writes pickles opcode by opcode, hostile ones too.</summary>
internal sealed class PickleBuilder
{
    private readonly List<byte> _bytes = [0x80, 2];

    public byte[] Build() => [.. _bytes];

    public PickleBuilder Op(params ReadOnlySpan<byte> bytes)
    {
        _bytes.AddRange(bytes);
        return this;
    }

    public PickleBuilder Op(string ascii) => Op(Encoding.ASCII.GetBytes(ascii));

    public PickleBuilder Repeat(int count, Action<PickleBuilder> body)
    {
        for (int i = 0; i < count; i++)
        {
            body(this);
        }

        return this;
    }

    public PickleBuilder Global(string module, string name) => Op($"c{module}\n{name}\n");

    public PickleBuilder Text(string text)
    {
        byte[] utf8 = Encoding.UTF8.GetBytes(text);
        byte[] length = new byte[4];
        BinaryPrimitives.WriteInt32LittleEndian(length, utf8.Length);
        return Op("X").Op(length).Op(utf8);
    }

    public PickleBuilder Int(long value)
    {
        byte[] bytes = new byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(bytes, value);
        return Op(0x8a, 8).Op(bytes);
    }

    public PickleBuilder Put(byte index) => Op((byte)'q', index);

    public PickleBuilder Get(byte index) => Op((byte)'h', index);

    public PickleBuilder Tuple(params long[] values)
    {
        Op("(");
        foreach (long value in values)
        {
            Int(value);
        }

        return Op("t");
    }

    /// <summary>A tensor over a storage, every number of it free to lie.</summary>
    public PickleBuilder Tensor(string storage, string key, long count, long offset, long[] shape, long[] strides) =>
        Global("torch._utils", "_rebuild_tensor_v2").Op("((").Text("storage").Global("torch", storage).Text(key).Text("cpu").Int(count)
            .Op("tQ").Int(offset).Tuple(shape).Tuple(strides).Op(0x89).Global("collections", "OrderedDict").Op(")RtR");

    /// <summary>A package whose state holds what <paramref name="state"/> writes: names and values in turn.</summary>
    public static byte[] Package(Action<PickleBuilder> state, Action<PickleBuilder>? kwargs = null, string className = "HTDemucs", string module = "demucs.htdemucs")
    {
        PickleBuilder pickle = new PickleBuilder().Op("}(").Text("klass").Global(module, className).Text("args").Op(")").Text("kwargs").Op("}(");
        kwargs?.Invoke(pickle);
        pickle.Op("u").Text("state").Op("}(");
        state(pickle);
        return pickle.Op("u").Text("training_args").Op("}u.").Build();
    }
}
