using System.Runtime.Intrinsics;
using Stemsharp.Cpu.Planning;
using Stemsharp.Graph;
using Stemsharp.Inference;
using Stemsharp.Kernels.Paired;
using Stemsharp.Simd;

namespace Stemsharp.Cpu;

/// <summary>Compiles a graph for an instruction set.</summary>
internal static class PlanBuilder
{
    /// <summary>
    /// Whether a network may be run in mixed precision: one whose attention is that of an ordinary transformer. Where positions are turned
    /// and bands mixed, rounding to bfloat16 leaves 40 to 46 dB, which is too little to be offered.
    /// </summary>
    public static bool CanMix(Graph.Graph graph) => graph.Nodes.Any(n => n.Op is AttentionOp) && !graph.Nodes.Any(n => n.Op is RotaryOp);

    /// <summary>Compiles a graph in single precision, for a plan that owns its weights.</summary>
    /// <inheritdoc cref="Compile(Graph.Graph, IWeightSource, SimdTier, int, PackedStore, PairKernels)"/>
    public static Plan Compile(Graph.Graph graph, IWeightSource weights, SimdTier tier, int threads)
    {
        PackedStore own = new();
        try
        {
            return Compile(graph, weights, tier, threads, own, own, pairs: null);
        }
        catch
        {
            own.Dispose();
            throw;
        }
    }

    /// <param name="graph">The network.</param>
    /// <param name="weights">Its trained tensors; read here, not kept.</param>
    /// <param name="tier">The instruction set.</param>
    /// <param name="threads">Threads to pack weights with; the plan is the same for any number.</param>
    /// <param name="store">The network's packed weights, which other plans share.</param>
    /// <param name="pairs">What multiplies a transformer's linear layers and attention as pairs of bfloat16, see <see cref="CanMix"/>; null for single precision throughout.</param>
    public static Plan Compile(Graph.Graph graph, IWeightSource weights, SimdTier tier, int threads, PackedStore store, PairKernels? pairs = null)
    {
        try
        {
            Plan plan = Compile(graph, weights, tier, threads, store, null, pairs);
            store.Complete();
            return plan;
        }
        catch
        {
            store.Abandon();
            throw;
        }
    }

    /// <summary>A plan that only tells what it would take: steps, arena, memory of weights. It cannot run.</summary>
    /// <param name="graph">The network.</param>
    /// <param name="weights">Asked for how tensors are stored; none is read.</param>
    /// <param name="tier">The instruction set.</param>
    /// <param name="pairs">What would multiply pairs of bfloat16; null for single precision throughout.</param>
    public static Plan Sketch(Graph.Graph graph, INetworkWeights weights, SimdTier tier, PairKernels? pairs = null)
    {
        PackedStore store = new(weights.IsHalf);
        return Compile(graph, weights, tier, 1, store, store, pairs);
    }

    private static Plan Compile(Graph.Graph graph, IWeightSource weights, SimdTier tier, int threads, PackedStore store, PackedStore? own, PairKernels? pairs)
    {
        using WeightReader reader = new(weights, store);
        using WeightPacking packing = new(weights, store, threads);
        return tier.Bits switch
        {
            512 => new PlanBuilder<Simd512, Vector512<float>>(graph, reader, packing, store, tier, pairs).Compile(own),
            256 => new PlanBuilder<Simd256, Vector256<float>>(graph, reader, packing, store, tier, pairs).Compile(own),
            128 => new PlanBuilder<Simd128, Vector128<float>>(graph, reader, packing, store, tier, pairs).Compile(own),
            _ => new PlanBuilder<Simd1, float>(graph, reader, packing, store, tier, pairs).Compile(own),
        };
    }
}
