using Stemsharp.Cpu;

namespace Stemsharp.Vulkan.Planning;

/// <summary>Gives every tensor its place in a piece's arena, as the CPU engine's planner would.</summary>
internal static class ArenaPlanner
{
    /// <summary>Floats before the first tensor: flags that kernels raise.</summary>
    public const int Reserved = 64;

    // Floats that places are multiples of; those of vectors of halves are 16 bytes.
    private const int Unit = 64;

    /// <summary>Sets the offsets and returns the size of a piece's arena in floats.</summary>
    public static int Place(IEnumerable<GpuTensor> tensors)
    {
        List<(GpuTensor Tensor, Tensor Place)> pairs = [];
        foreach (GpuTensor tensor in tensors.Where(t => t.Root == t && t.Last >= 0))
        {
            // The planner counts in floats; here a unit of it is many of them, so that places are aligned.
            Tensor place = new(tensor.Name, 1, checked((int)((tensor.Floats + Unit - 1) / Unit))) { First = tensor.First, Last = tensor.Last };
            pairs.Add((tensor, place));
        }

        long units = MemoryPlanner.Place(pairs.Select(p => p.Place));
        foreach ((GpuTensor tensor, Tensor place) in pairs)
        {
            tensor.Offset = checked(Reserved + (int)(place.Offset * Unit));
        }

        return checked((int)(units * Unit));
    }
}
