using System.Runtime.Intrinsics;
using Stemsharp.Cpu.Planning;
using Stemsharp.Graph;
using Stemsharp.Simd;

namespace Stemsharp.Cpu;

/// <summary>Compiles a graph for an instruction set.</summary>
internal static class PlanBuilder
{
    /// <param name="graph">The network.</param>
    /// <param name="weights">Its trained tensors; read here, not kept.</param>
    /// <param name="tier">The instruction set.</param>
    /// <param name="threads">Threads to pack weights with; the plan is the same for any number.</param>
    public static Plan Compile(Graph.Graph graph, IWeightSource weights, SimdTier tier, int threads)
    {
        using WeightReader reader = new(weights);
        using WeightPacking packing = new(weights, threads);
        return tier.Bits switch
        {
            512 => new Planning.PlanBuilder<Simd512, Vector512<float>>(graph, reader, packing, tier).Compile(),
            256 => new Planning.PlanBuilder<Simd256, Vector256<float>>(graph, reader, packing, tier).Compile(),
            128 => new Planning.PlanBuilder<Simd128, Vector128<float>>(graph, reader, packing, tier).Compile(),
            _ => new Planning.PlanBuilder<Simd1, float>(graph, reader, packing, tier).Compile(),
        };
    }
}
