using Stemsharp.Cpu.Planning;
using Stemsharp.Graph;

namespace Stemsharp.Vulkan.Planning;

/// <summary>Weights and tables on the device: where each lies, and how it is filled.</summary>
internal sealed class WeightStore
{
    private const int Alignment = 256;

    private readonly List<(long Offset, int Bytes, Fill Fill)> _blocks = [];

    /// <summary>Writes a block's bytes.</summary>
    public delegate void Fill(WeightReader reader, Span<byte> destination);

    public long Bytes { get; private set; }

    /// <summary>Makes room.</summary>
    /// <param name="bytes">How much.</param>
    /// <param name="fill">Writes it, on some thread; the memory is not cleared before.</param>
    /// <returns>Where it lies, in bytes.</returns>
    public long Add(long bytes, Fill fill)
    {
        long offset = Bytes;
        _blocks.Add((offset, checked((int)bytes), fill));
        Bytes = (offset + bytes + Alignment - 1) / Alignment * Alignment;
        return offset;
    }

    /// <summary>A table of floats; where it lies, in floats.</summary>
    public int AddFloats(ReadOnlySpan<float> values)
    {
        float[] copy = values.ToArray();
        return Floats(Add(4L * copy.Length, (_, span) => copy.CopyTo(System.Runtime.InteropServices.MemoryMarshal.Cast<byte, float>(span))));
    }

    /// <summary>A table of numbers; where it lies, in numbers.</summary>
    public int AddInts(int[] values) =>
        Floats(Add(4L * values.Length, (_, span) => values.CopyTo(System.Runtime.InteropServices.MemoryMarshal.Cast<byte, int>(span))));

    public static int Floats(long bytes) => checked((int)(bytes / 4));

    /// <summary>Fills the blocks, on several threads.</summary>
    public unsafe void Write(IWeightSource source, byte* destination, int threads)
    {
        Parallel.ForEach(
            _blocks.OrderByDescending(b => b.Bytes),
            new ParallelOptions { MaxDegreeOfParallelism = Math.Max(1, threads) },
            () => new WeightReader(source),
            (block, _, reader) =>
            {
                block.Fill(reader, new Span<byte>(destination + block.Offset, block.Bytes));
                return reader;
            },
            reader => reader.Dispose());
    }
}
