namespace Stemsharp.Cpu;

/// <summary>
/// Gives every tensor its place in one arena: tensors whose lifetimes overlap do not overlap in memory.
/// Largest first, each at the lowest place that is free for its whole life.
/// </summary>
internal static class MemoryPlanner
{
    // Offsets are multiples of a cache line.
    private const int Alignment = 16;

    /// <summary>Sets the offsets and returns the arena's size in floats.</summary>
    public static long Place(IEnumerable<Tensor> tensors)
    {
        var placed = new List<Tensor>();
        long size = 0;
        foreach (Tensor tensor in tensors.Where(t => t.Root == t && t.Last >= 0).OrderByDescending(t => t.Floats).ThenBy(t => t.First).ThenBy(t => t.Name, StringComparer.Ordinal))
        {
            long offset = 0;
            foreach (Tensor other in placed.Where(o => o.First <= tensor.Last && tensor.First <= o.Last).OrderBy(o => o.Offset))
            {
                if (other.Offset - offset >= tensor.Floats) break;
                offset = Math.Max(offset, (other.Offset + other.Floats + Alignment - 1) / Alignment * Alignment);
            }

            tensor.Offset = offset;
            placed.Add(tensor);
            size = Math.Max(size, offset + tensor.Floats);
        }

        return size;
    }
}
