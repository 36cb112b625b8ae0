using Stemsharp.Graph;
using Stemsharp.Graph.Interpretation;
using Stemsharp.Inference;
using Stemsharp.Vulkan.Device;
using Stemsharp.Vulkan.Planning;

namespace Stemsharp.Vulkan;

/// <summary>
/// Tries the kernels on cooperative matrices on a device before anything depends on them: a small network of a
/// convolution, attention with and without rotary positions and gates, and a gated product beside the interpreter.
/// </summary>
internal static class MatrixTrial
{
    // Halves leave about 75.
    private const double LeastDecibels = 60;

    /// <summary>Whether the device computes what it should.</summary>
    public static bool Passes(GpuDevice device, PipelineSet pipelines, GpuTraits traits)
    {
        Graph.Graph graph = Record();
        TrialWeights weights = new();
        GpuPlan plan = GpuPlanBuilder.Compile(graph, weights, traits, EnginePrecision.Mixed);
        pipelines.Prepare(plan.Kernels);
        float[] input = [.. Enumerable.Range(0, plan.InputFloats).Select(i => MathF.Sin(0.37f * i + 0.11f * (i % 7)))];
        double[] expected = new Interpreter(graph, weights).Run([Array.ConvertAll(input, v => (double)v)])[0];
        VulkanOptions options = new();
        using GpuWeights loaded = new(device, plan.Weights, options.PartLimit);
        loaded.Load(weights, options.Threads);
        using GpuSession session = new(device, pipelines, plan, loaded.Buffer, 1, options);
        using GpuPiece piece = new(device, plan);
        input.CopyTo(piece.Floats);
        try
        {
            session.Run([piece], 1);
        }
        catch (VulkanException e) when (e.Failure == EngineFailure.Wrong)
        {
            return false;
        }

        double signal = 0, error = 1e-300;
        Span<float> found = piece.Floats;
        for (int i = 0; i < expected.Length; i++)
        {
            signal += expected[i] * expected[i];
            error += (expected[i] - found[i]) * (expected[i] - found[i]);
        }

        return 10 * Math.Log10(signal / error) > LeastDecibels;
    }

    private static Graph.Graph Record()
    {
        GraphBuilder g = new();
        Value x = g.Conv("conv", g.Input("x", new Shape(32, 6, 20)), 64, [3, 3], [1, 1], [1, 1], [1, 1]);
        Value y = g.MultiheadAttention("attention", x, x, 2);
        y = g.Add("sum", y, g.RotaryAttention(g.RmsNorm("norm", x), 2, 32, SequenceAxis.Rows));
        g.Output("y", g.Glu(g.Conv("gated", g.Gelu(y), 48, [1, 1], [1, 1], [0, 0], [1, 1])));
        return g.Build();
    }
}
