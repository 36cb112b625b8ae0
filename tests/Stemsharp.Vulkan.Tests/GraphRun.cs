using Stemsharp.Graph;
using Stemsharp.Graph.Interpretation;
using Stemsharp.Inference;
using Stemsharp.Vulkan.Device;
using Stemsharp.Vulkan.Planning;

namespace Stemsharp.Vulkan.Tests;

/// <summary>Runs small graphs on a device and in the interpreter.</summary>
internal sealed class GraphRun(GpuDevice device, PipelineSet pipelines)
{
    /// <summary>Decibels of the interpreter's outputs over the difference, the worst of pieces and outputs.</summary>
    /// <param name="record">Makes the graph.</param>
    /// <param name="precision">The products' numbers.</param>
    /// <param name="pieces">How many at a time, each another input.</param>
    /// <param name="traits">What to take the device for.</param>
    /// <param name="change">Changes the plan, its tiles for instance.</param>
    public double Compare(Action<GraphBuilder> record, EnginePrecision precision = EnginePrecision.Fp32, int pieces = 1, GpuTraits? traits = null, Action<GpuPlan>? change = null)
    {
        Graph.Graph graph = Record(record);
        float[][] inputs = [.. Enumerable.Range(0, pieces).Select(piece => Input(graph, piece))];
        float[][] outputs = Run(graph, inputs, precision, traits, change);
        double worst = double.PositiveInfinity;
        for (int piece = 0; piece < pieces; piece++)
        {
            double[][] expected = new Interpreter(graph, new MadeWeights()).Run(Split(graph, inputs[piece]));
            int at = 0;
            foreach (double[] values in expected)
            {
                worst = Math.Min(worst, Snr(values, outputs[piece].AsSpan(at, values.Length)));
                at += values.Length;
            }
        }

        return worst;
    }

    public static Graph.Graph Record(Action<GraphBuilder> record)
    {
        GraphBuilder builder = new();
        record(builder);
        return builder.Build();
    }

    /// <summary>Outputs of each piece, one after the other.</summary>
    public float[][] Run(Graph.Graph graph, float[][] inputs, EnginePrecision precision, GpuTraits? traits = null, Action<GpuPlan>? change = null, IWeightSource? weights = null)
    {
        GpuPlan plan = GpuPlanBuilder.Compile(graph, weights ?? new MadeWeights(), traits ?? GpuTraits.Of(device.Info), precision);
        change?.Invoke(plan);
        pipelines.Prepare(plan.Kernels);
        using GpuWeights loaded = Weights(device, plan, weights);
        using GpuSession session = new(device, pipelines, plan, loaded.Buffer, inputs.Length, new VulkanOptions());
        GpuPiece[] pieces = [.. inputs.Select(_ => new GpuPiece(device, plan))];
        try
        {
            for (int i = 0; i < inputs.Length; i++)
            {
                inputs[i].CopyTo(pieces[i].Floats);
            }

            session.Run(pieces, 1);
            return [.. pieces.Select(p => p.Floats[..plan.OutputFloats].ToArray())];
        }
        finally
        {
            Array.ForEach(pieces, p => p.Dispose());
        }
    }

    /// <summary>A plan's weights, loaded.</summary>
    public static GpuWeights Weights(GpuDevice device, GpuPlan plan, IWeightSource? source = null)
    {
        GpuWeights weights = new(device, plan.Weights, new VulkanOptions().PartLimit);
        weights.Load(source ?? new MadeWeights(), 2);
        return weights;
    }

    /// <summary>Uniform numbers for all inputs, another set for each piece.</summary>
    public static float[] Input(Graph.Graph graph, int seed)
    {
        Random random = new(seed + 1);
        return [.. Enumerable.Range(0, (int)graph.Inputs.Sum(i => i.Value.Shape.Elements)).Select(_ => (float)(2 * random.NextDouble() - 1))];
    }

    private static double Snr(ReadOnlySpan<double> truth, ReadOnlySpan<float> found)
    {
        double signal = 0, error = 1e-300;
        for (int i = 0; i < truth.Length; i++)
        {
            signal += truth[i] * truth[i];
            error += (truth[i] - found[i]) * (truth[i] - found[i]);
        }

        return 10 * Math.Log10(signal / error);
    }

    private static double[][] Split(Graph.Graph graph, float[] input)
    {
        List<double[]> parts = [];
        int at = 0;
        foreach ((_, Value value) in graph.Inputs)
        {
            int length = (int)value.Shape.Elements;
            parts.Add(Array.ConvertAll(input[at..(at + length)], v => (double)v));
            at += length;
        }

        return [.. parts];
    }
}
