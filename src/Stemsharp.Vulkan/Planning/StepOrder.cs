namespace Stemsharp.Vulkan.Planning;

/// <summary>
/// Puts steps that do not depend on each other side by side: they run at once, and fewer barriers are needed. Branches of
/// a network are recorded one after the other, level by level.
/// </summary>
internal static class StepOrder
{
    // How much larger a piece's arena may become by it.
    private const double Growth = 1.03;
    private const int Cuts = 8;

    /// <summary>Reorders the first steps, as many as memory allows, and sets the tensors' lives.</summary>
    /// <param name="steps">In an order that works.</param>
    /// <param name="movable">How many of the first may move.</param>
    /// <param name="tensors">All tensors; those that the caller fills or reads are told apart by <paramref name="keep"/>.</param>
    /// <param name="keep">Sets what the steps do not say of tensors' lives.</param>
    public static IReadOnlyList<GpuStep> Arrange(IReadOnlyList<GpuStep> steps, int movable, IReadOnlyList<GpuTensor> tensors, Action keep)
    {
        int[] depths = Depths(steps);
        double most = Growth * Size(steps);
        for (int cut = Cuts; cut > 0; cut--)
        {
            int count = movable * cut / Cuts;
            GpuStep[] order = [.. Enumerable.Range(0, count).OrderBy(i => depths[i]).Select(i => steps[i]), .. steps.Skip(count)];
            if (Size(order) <= most)
            {
                return order;
            }
        }

        Size(steps);
        return steps;

        int Size(IReadOnlyList<GpuStep> order)
        {
            Live(order, tensors);
            keep();
            return ArenaPlanner.Place(tensors);
        }
    }

    // The longest chain of steps that a step depends on.
    private static int[] Depths(IReadOnlyList<GpuStep> steps)
    {
        int[] depths = new int[steps.Count];
        HashSet<GpuTensor>[] reads = [.. steps.Select(s => s.Reads.Select(t => t.Root).ToHashSet())], writes = [.. steps.Select(s => s.Writes.Select(t => t.Root).ToHashSet())];
        for (int i = 0; i < steps.Count; i++)
        {
            for (int before = 0; before < i; before++)
            {
                if (depths[before] >= depths[i] && (writes[before].Overlaps(reads[i]) || writes[before].Overlaps(writes[i]) || reads[before].Overlaps(writes[i])))
                {
                    depths[i] = depths[before] + 1;
                }
            }
        }

        return depths;
    }

    private static void Live(IReadOnlyList<GpuStep> steps, IReadOnlyList<GpuTensor> tensors)
    {
        foreach (GpuTensor tensor in tensors)
        {
            (tensor.First, tensor.Last) = (int.MaxValue, -1);
        }

        for (int i = 0; i < steps.Count; i++)
        {
            foreach (GpuTensor tensor in steps[i].Reads.Concat(steps[i].Writes))
            {
                GpuTensor root = tensor.Root;
                (root.First, root.Last) = (Math.Min(root.First, i), Math.Max(root.Last, i));
            }
        }
    }
}
