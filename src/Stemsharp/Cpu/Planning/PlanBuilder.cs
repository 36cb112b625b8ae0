using System.Runtime.Intrinsics;
using Stemsharp.Graph;
using Stemsharp.Kernels;
using Stemsharp.Kernels.Simd;

namespace Stemsharp.Cpu;

/// <summary>Compiles a graph for an instruction set.</summary>
internal static class PlanBuilder
{
    public static Plan Compile(Graph.Graph graph, IWeightSource weights, KernelTier tier)
    {
        using var reader = new Planning.WeightReader(weights);
        return tier.Bits switch
        {
            512 => new Planning.PlanBuilder<Simd512, Vector512<float>>(graph, reader, tier).Compile(),
            256 => new Planning.PlanBuilder<Simd256, Vector256<float>>(graph, reader, tier).Compile(),
            128 => new Planning.PlanBuilder<Simd128, Vector128<float>>(graph, reader, tier).Compile(),
            _ => new Planning.PlanBuilder<Simd1, float>(graph, reader, tier).Compile(),
        };
    }
}
