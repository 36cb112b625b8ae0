using System.Diagnostics;
using System.Globalization;
using Stemsharp.Cpu;
using Stemsharp.Graph;
using Stemsharp.Inference;
using Stemsharp.Simd;
using Stemsharp.Vulkan.Device;
using Stemsharp.Vulkan.Planning;

namespace Stemsharp.Vulkan;

/// <summary>
/// How long the parts that separation networks are made of take on a device and on the processor: a strided convolution, a gated one,
/// two linear layers and attention, three billion operations. Measured once for a device, its driver, and the threads beside it.
/// </summary>
/// <param name="Device">Seconds on the device.</param>
/// <param name="Processor">Seconds on the processor.</param>
internal sealed record SpeedTrial(double Device, double Processor)
{
    // A device that is hardly faster is not worth what it costs beside: its start, its memory, the display that waits.
    private const double WorthwhileRatio = 1.25;
    private const int Runs = 3;

    /// <summary>What is known from before, or measured now.</summary>
    /// <param name="instance">The connection to the drivers.</param>
    /// <param name="info">The device.</param>
    /// <param name="options">Precision, threads, and where to keep what was found.</param>
    /// <exception cref="VulkanException">The device does not run it.</exception>
    public static SpeedTrial Take(VulkanInstance instance, GpuInfo info, VulkanOptions options)
    {
        DeviceCache? cache = options.CacheFolder == null ? null : new DeviceCache(options.CacheFolder, info);
        string key = $"{options.Precision} {SimdTier.Chosen.Name} {options.Threads}";
        if (cache?.ReadTrials().GetValueOrDefault(key) is { } known)
        {
            return known;
        }

        Graph.Graph graph = Record();
        SpeedTrial found = new(OnDevice(instance, info, graph, options, cache), OnProcessor(graph, options.Threads));
        cache?.WriteTrial(key, found);
        return found;
    }

    /// <summary>Whether the device is worth it.</summary>
    public EngineAdvice Advice(GpuInfo info) => new(
        Processor > WorthwhileRatio * Device,
        string.Create(CultureInfo.InvariantCulture, $"a trial took {Device * 1e3:0.0} ms on {info.Name} and {Processor * 1e3:0.0} ms on the processor."));

    private static double OnDevice(VulkanInstance instance, GpuInfo info, Graph.Graph graph, VulkanOptions options, DeviceCache? cache)
    {
        using GpuDevice device = new(instance, info);
        using PipelineSet pipelines = new(device, cache?.ReadPipelines());
        TrialWeights source = new();
        GpuPlan plan = GpuPlanBuilder.Compile(graph, source, VulkanEngine.TraitsOf(info, options), VulkanEngine.PrecisionOn(info, options.Precision));
        pipelines.Prepare(plan.Kernels);
        using GpuWeights weights = new(device, plan.Weights, options.PartLimit);
        weights.Load(source, options.Threads);
        using GpuSession session = new(device, pipelines, plan, weights.Buffer, 1, options with { Profile = false });
        using GpuPiece piece = new(device, plan);
        double best = Best(() =>
        {
            Fill(piece.Floats);
            session.Run([piece], 1);
        });
        cache?.WritePipelines(pipelines);
        return best;
    }

    private static unsafe double OnProcessor(Graph.Graph graph, int threads)
    {
        using Plan plan = PlanBuilder.Compile(graph, new TrialWeights(), SimdTier.Chosen, threads);
        using WorkerPool workers = new(threads);
        using Session session = new(plan, workers);
        PlanPort input = plan.Inputs[0];
        int count = (int)graph.Inputs[0].Value.Shape.Elements;
        return Best(() =>
        {
            Fill(new Span<float>(session.Port(input), count));
            session.Run(default);
        });
    }

    // The first one makes everything ready.
    private static double Best(Action run)
    {
        double best = double.MaxValue;
        for (int i = 0; i <= Runs; i++)
        {
            long began = Stopwatch.GetTimestamp();
            run();
            best = i == 0 ? best : Math.Min(best, Stopwatch.GetElapsedTime(began).TotalSeconds);
        }

        return best;
    }

    private static void Fill(Span<float> values)
    {
        for (int i = 0; i < values.Length; i++)
        {
            values[i] = (i * 7919 % 1024 - 512) / 1024f;
        }
    }

    private static Graph.Graph Record()
    {
        GraphBuilder g = new();
        Value x = g.Gelu(g.Conv("encode", g.Input("x", new Shape(96, 16, 336)), 192, [8, 1], [4, 1], [2, 0], [1, 1]));
        x = g.Glu(g.Conv("gate", x, 384, [1, 1], [1, 1], [0, 0], [1, 1]));
        x = g.Linear("narrow", g.Gelu(g.Linear("wide", x, 768)), 192);
        g.Output("y", g.MultiheadAttention("attention", x, x, 4));
        return g.Build();
    }
}
