using Stemsharp.Graph;
using Stemsharp.Inference;
using Stemsharp.Tests;
using Stemsharp.Vulkan.Device;
using Stemsharp.Vulkan.Planning;
using Xunit;

namespace Stemsharp.Vulkan.Tests;

/// <summary>The Khronos validation layer has nothing to say about what the engine does.</summary>
public class ValidationTests
{
    [VulkanFact]
    public void Nothing_is_reported()
    {
        VulkanInstance? instance = VulkanInstance.TryGet(out string? reason, validate: true);
        if (instance == null)
        {
            // Where everything is required the layer is too.
            Assert.False(ToolFactAttribute.RequireAll, reason);
            return;
        }

        GpuInfo info = DeviceChoice.Choose(instance.Devices(), TestDevice.Wanted, allowSoftware: true);
        using (GpuDevice device = new(instance, info))
        using (PipelineSet pipelines = new(device, []))
        {
            GraphRun runs = new(device, pipelines);
            foreach ((EnginePrecision precision, GpuTraits? traits) in new (EnginePrecision, GpuTraits?)[] { (EnginePrecision.Fp32, null), (EnginePrecision.Mixed, null) })
            {
                foreach (Action<GraphBuilder> record in KernelCases.All.Values)
                {
                    Graph.Graph graph = GraphRun.Record(record);
                    runs.Run(graph, [GraphRun.Input(graph, 0)], precision, traits);
                }
            }
        }

        // Two runs under way, wanted stems only, another length with the same weights, steps that are timed.
        Network network = GoldenModel.Tiny;
        using (VulkanEngine engine = new(instance, info, network, GoldenModel.Options with { Pieces = 2, Profile = true }))
        {
            int samples = network.Definition.Cut.Samples;
            engine.Prepare(samples, 4);
            IPieceBuffer[] pieces = [engine.Lease()!, engine.Lease()!, engine.Lease()!, engine.Lease()!];
            Task.WaitAll(engine.RunAsync(pieces[..2], [1, 3], default), engine.RunAsync(pieces[2..], [0], default));
            Array.ForEach(pieces, p => p.Dispose());
            GoldenModel.Run(engine, network, new float[2 * (samples / 2)]);
        }

        Assert.Empty(instance.Messages.Distinct());
    }
}
