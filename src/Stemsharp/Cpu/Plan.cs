using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;
using Stemsharp.Kernels.Gemm;
using Stemsharp.Simd;

namespace Stemsharp.Cpu;

/// <summary>
/// A graph made ready for this processor: fused steps with packed weights, and every tensor's place in the
/// arena. Immutable; sessions share it.
/// </summary>
internal sealed class Plan(IReadOnlyList<Step> steps, IReadOnlyList<Tensor> tensors, IReadOnlyList<PlanPort> inputs, IReadOnlyList<PlanPort> outputs, SimdTier tier, Planning.PackedStore? own) : IDisposable
{
    public IReadOnlyList<Step> Steps { get; } = steps;

    public IReadOnlyList<Tensor> Tensors { get; } = tensors;

    /// <summary>The graph's inputs: dense tensors that the caller fills.</summary>
    public IReadOnlyList<PlanPort> Inputs { get; } = inputs;

    /// <summary>The graph's outputs: dense tensors that the caller reads.</summary>
    public IReadOnlyList<PlanPort> Outputs { get; } = outputs;

    public SimdTier Tier { get; } = tier;

    /// <summary>Size of a session's arena.</summary>
    public long ArenaFloats { get; } = MemoryPlanner.Place(tensors);

    /// <summary>Scratch memory of each worker.</summary>
    public long ScratchFloats { get; } = steps.Max(s => s.ScratchFloats);

    public long SlotDoubles { get; } = steps.Max(s => s.SlotDoubles);

    /// <summary>The model's own floating-point operations, see Graph.Flops.</summary>
    public long Flops { get; } = steps.Sum(s => s.Flops);

    /// <summary>Floating-point operations that the steps' products execute.</summary>
    public long ExecutedFlops { get; } = steps.Sum(s => s.ExecutedFlops);

    /// <summary>Memory of the packed weights.</summary>
    public long WeightBytes => Steps.SelectMany(s => s.Weights).Sum(w => w.Bytes);

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Dispose()
    {
        foreach (Step step in Steps)
        {
            step.Dispose();
        }

        own?.Dispose();
    }

    /// <summary>The fused steps, then the arena's tensors with their lifetimes and offsets.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public override string ToString()
    {
        StringBuilder text = new();
        text.AppendLine(CultureInfo.InvariantCulture, $"{Steps.Count} steps");
        for (int i = 0; i < Steps.Count; i++)
        {
            text.AppendLine(CultureInfo.InvariantCulture, $"{i,4} {Steps[i].Name}: {Steps[i].Description}");
        }

        PackedWeights[] weights = [.. Steps.SelectMany(s => s.Weights)];
        text.AppendLine(CultureInfo.InvariantCulture, $"weights {WeightBytes / 1e6:F1} MB, {weights.Where(w => w.IsNarrow).Sum(w => w.Bytes) / 1e6:F1} MB of them in 16 bits");
        text.AppendLine(CultureInfo.InvariantCulture, $"arena {ArenaFloats * 4 / 1e6:F1} MB");
        foreach (Tensor t in Tensors.OrderBy(t => t.First).ThenBy(t => t.Offset))
        {
            string place = t.Root == t ? $"{t.Offset * 4 / 1e6,8:F2} MB" : $"in {t.Root.Name}";
            text.AppendLine(CultureInfo.InvariantCulture, $"{t.Root.First,4}–{t.Root.Last,-4} {place} {t.Name} {t.Shape}");
        }

        return text.ToString();
    }
}

/// <summary>An input or output of a plan.</summary>
/// <param name="Name">As in the graph.</param>
/// <param name="Tensor">Where it lies.</param>
internal sealed record PlanPort(string Name, Tensor Tensor);
