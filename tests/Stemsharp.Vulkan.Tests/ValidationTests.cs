using Stemsharp.Graph;
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
            foreach ((GpuPrecision precision, GpuTraits? traits) in new (GpuPrecision, GpuTraits?)[] { (GpuPrecision.Single, null), (GpuPrecision.Mixed, null) })
            {
                foreach (Action<GraphBuilder> record in KernelCases.All.Values)
                {
                    Graph.Graph graph = GraphRun.Record(record);
                    runs.Run(graph, [GraphRun.Input(graph, 0)], precision, traits);
                }
            }
        }

        using (VulkanEngine engine = GoldenModel.Open(GoldenModel.Tiny, GoldenModel.Options with { Validate = true, Pieces = 2 }))
        {
            GoldenModel.Run(engine, new float[2 * engine.Shape.Samples]);
        }

        Assert.Empty(instance.Messages.Distinct());
    }
}
