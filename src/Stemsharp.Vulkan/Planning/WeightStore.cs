using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Stemsharp.Cpu.Planning;
using Stemsharp.Graph;

namespace Stemsharp.Vulkan.Planning;

/// <summary>
/// Weights and tables on the device: where each lies, and how it is filled. Plans of a network for other lengths share one: what is
/// there already is found again, and what is new comes behind it.
/// </summary>
internal sealed class WeightStore
{
    private const int Alignment = 256;

    private readonly List<(long Offset, int Bytes, Fill Fill)> _blocks = [];
    private readonly Dictionary<string, long> _places = new(StringComparer.Ordinal);

    /// <summary>Writes a block's bytes.</summary>
    public delegate void Fill(TensorReader reader, Span<byte> destination);

    public long Bytes { get; private set; }

    /// <summary>Makes room, unless there is some already.</summary>
    /// <param name="key">Tells what it is.</param>
    /// <param name="bytes">How much.</param>
    /// <param name="fill">Writes it, on some thread; the memory is not cleared before.</param>
    /// <returns>Where it lies, in bytes.</returns>
    public long Add(string key, long bytes, Fill fill)
    {
        if (!_places.TryGetValue(key, out long offset))
        {
            offset = Bytes;
            _places.Add(key, offset);
            _blocks.Add((offset, checked((int)bytes), fill));
            Bytes = (offset + bytes + Alignment - 1) / Alignment * Alignment;
        }

        return offset;
    }

    /// <summary>A table of floats; where it lies, in floats.</summary>
    public int AddFloats(ReadOnlySpan<float> values) => AddTable(MemoryMarshal.AsBytes(values));

    /// <summary>A table of numbers; where it lies, in numbers.</summary>
    public int AddInts(ReadOnlySpan<int> values) => AddTable(MemoryMarshal.AsBytes(values));

    public static int Floats(long bytes) => checked((int)(bytes / 4));

    /// <summary>Fills blocks, on several threads.</summary>
    /// <param name="source">The trained tensors.</param>
    /// <param name="from">Where the first of them lies, in bytes; those before are left out.</param>
    /// <param name="destination">Where the first of them goes.</param>
    /// <param name="threads">How many threads.</param>
    public unsafe void Write(IWeightSource source, long from, byte* destination, int threads)
    {
        Parallel.ForEach(
            _blocks.Where(b => b.Offset >= from).OrderByDescending(b => b.Bytes),
            new ParallelOptions { MaxDegreeOfParallelism = Math.Max(1, threads) },
            () => new TensorReader(source),
            (block, _, reader) =>
            {
                block.Fill(reader, new Span<byte>(destination + block.Offset - from, block.Bytes));
                return reader;
            },
            reader => reader.Dispose());
    }

    // A table is known by its content.
    private int AddTable(ReadOnlySpan<byte> values)
    {
        byte[] copy = values.ToArray();
        return Floats(Add(Convert.ToHexString(SHA256.HashData(copy)), copy.Length, (_, span) => copy.CopyTo(span)));
    }
}
