using System.Runtime.Intrinsics;
using Stemsharp.Cpu.Planning;
using Stemsharp.Graph;
using Stemsharp.Inference;
using Stemsharp.Simd;

namespace Stemsharp.Cpu;

/// <summary>Compiles a graph for an instruction set.</summary>
internal static class PlanBuilder
{
    /// <param name="graph">The network.</param>
    /// <param name="weights">Its trained tensors; read here, not kept.</param>
    /// <param name="tier">The instruction set.</param>
    /// <param name="threads">Threads to pack weights with; the plan is the same for any number.</param>
    /// <param name="store">The network's packed weights, which other plans share; null for one that the plan owns.</param>
    public static Plan Compile(Graph.Graph graph, IWeightSource weights, SimdTier tier, int threads, PackedStore? store = null)
    {
        PackedStore? own = store is null ? new() : null;
        store ??= own!;
        try
        {
            Plan plan = Compile(graph, weights, tier, threads, store, own);
            store.Complete();
            return plan;
        }
        catch
        {
            store.Abandon();
            own?.Dispose();
            throw;
        }
    }

    /// <summary>A plan that only tells what it would take: steps, arena, memory of weights. It cannot run.</summary>
    /// <param name="graph">The network.</param>
    /// <param name="weights">Asked for how tensors are stored; none is read.</param>
    /// <param name="tier">The instruction set.</param>
    public static Plan Sketch(Graph.Graph graph, INetworkWeights weights, SimdTier tier)
    {
        PackedStore store = new(weights.IsHalf);
        return Compile(graph, weights, tier, 1, store, store);
    }

    private static Plan Compile(Graph.Graph graph, IWeightSource weights, SimdTier tier, int threads, PackedStore store, PackedStore? own)
    {
        using WeightReader reader = new(weights, store);
        using WeightPacking packing = new(weights, store, threads);
        return tier.Bits switch
        {
            512 => new PlanBuilder<Simd512, Vector512<float>>(graph, reader, packing, store, tier).Compile(own),
            256 => new PlanBuilder<Simd256, Vector256<float>>(graph, reader, packing, store, tier).Compile(own),
            128 => new PlanBuilder<Simd128, Vector128<float>>(graph, reader, packing, store, tier).Compile(own),
            _ => new PlanBuilder<Simd1, float>(graph, reader, packing, store, tier).Compile(own),
        };
    }
}
