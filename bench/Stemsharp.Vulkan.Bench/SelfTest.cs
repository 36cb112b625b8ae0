using System.Diagnostics;
using Stemsharp.Inference;
using Stemsharp.Vulkan.Device;
using Stemsharp.Vulkan.Kernels;
using Stemsharp.Vulkan.Planning;
using Stemsharp.Vulkan.Tests;

namespace Stemsharp.Vulkan.Bench;

/// <summary>Every kernel with every tile on the device against the interpreter, and whether tiles leave the bits alone.</summary>
internal static class SelfTest
{
    /// <summary>Returns how many failed.</summary>
    public static int Run(BenchDevice measured)
    {
        GpuInfo info = measured.Info;
        using GpuDevice device = new(measured.Instance, info);
        using PipelineSet pipelines = new(device, []);
        GpuTraits traits = GpuTraits.Of(info);
        Console.WriteLine($"{info}: subgroup {info.SubgroupSize}, shared memory {info.SharedMemory}, matrices {info.Cooperative} {string.Join(" ", info.CooperativeShapes)}, timestamps {info.TimestampPeriod} ns, transfer family {info.TransferFamily}");
        GraphRun runs = new(device, pipelines);
        int failed = 0;
        (string Name, EnginePrecision Precision, GpuTraits Traits, double Least)[] ways =
        [
            ("fp32", EnginePrecision.Fp32, traits, 120),
            ("halves", EnginePrecision.Mixed, traits with { Matrix = null }, 63),
            ("matrices", EnginePrecision.Mixed, traits, 63),
        ];
        foreach ((string way, EnginePrecision precision, GpuTraits taken, double least) in ways.Where(w => w.Name != "matrices" || traits.Matrix != null))
        {
            long start = Stopwatch.GetTimestamp();
            bool matrix = precision == EnginePrecision.Mixed && taken.Matrix != null;
            int count = 0;
            double worst = double.PositiveInfinity;
            foreach ((string name, Action<Graph.GraphBuilder> record) in KernelCases.All)
            {
                float[][]? first = null;
                foreach (ProductTile? tile in Tiles(record, precision, matrix, taken))
                {
                    try
                    {
                        double found = runs.Compare(record, precision, 2, taken, plan => Force(plan, tile, taken, precision));
                        Graph.Graph graph = GraphRun.Record(record);
                        float[][] outputs = runs.Run(graph, [GraphRun.Input(graph, 0)], precision, taken, plan => Force(plan, tile, taken, precision));
                        first ??= outputs;
                        bool same = first[0].AsSpan().SequenceEqual(outputs[0]);
                        worst = Math.Min(worst, found);
                        count++;
                        if (!(found > least) || !same)
                        {
                            failed++;
                            Console.WriteLine($"FAILED {way}, {name}, tile {tile}: {found:F1} dB{(same ? "" : ", other bits than with the first tile")}");
                        }
                    }
                    catch (VulkanException e)
                    {
                        failed++;
                        Console.WriteLine($"FAILED {way}, {name}, tile {tile}: {e.Message}");
                        if (e.Failure == EngineFailure.DeviceLost)
                        {
                            return failed;
                        }
                    }
                }
            }

            Console.WriteLine($"{way}: {count} runs, worst {worst:F1} dB, {Stopwatch.GetElapsedTime(start).TotalSeconds:F1} s, {pipelines.Count} pipelines");
        }

        return failed;
    }

    // All of them, where a graph has a product whose tile may be chosen.
    private static IEnumerable<ProductTile?> Tiles(Action<Graph.GraphBuilder> record, EnginePrecision precision, bool matrix, GpuTraits traits) =>
        GpuPlanBuilder.Compile(GraphRun.Record(record), new MadeWeights(), traits, precision).Steps.Any(s => s.Product != null)
            ? ProductKernel.Fitting(ProductLoader.Window, traits, matrix).Select(t => (ProductTile?)t)
            : [null];

    private static void Force(GpuPlan plan, ProductTile? tile, GpuTraits traits, EnginePrecision precision)
    {
        foreach (GpuStep step in plan.Steps.Where(s => s.Product != null))
        {
            if (tile is { } wanted)
            {
                step.UseTile(wanted, traits, precision == EnginePrecision.Mixed);
            }
        }
    }
}
