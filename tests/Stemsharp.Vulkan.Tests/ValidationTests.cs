using Stemsharp.Graph;
using Stemsharp.Inference;
using Stemsharp.Model;
using Stemsharp.Tests;
using Stemsharp.Vulkan.Device;
using Stemsharp.Vulkan.Planning;
using Xunit;

namespace Stemsharp.Vulkan.Tests;

/// <summary>The Khronos validation layer, with its checks of synchronisation, has nothing to say about what the engine does.</summary>
public class ValidationTests
{
    [VulkanFact]
    public void Nothing_is_reported()
    {
        if (Find(VulkanChecks.Calls) is not { } found)
        {
            return;
        }

        (VulkanInstance instance, GpuInfo info) = found;
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
            foreach (IPieceBuffer piece in pieces)
            {
                piece.Input(0).Fill(0.25f);
                piece.Input(1).Clear();
            }

            Task.WaitAll(engine.RunAsync(pieces[..2], [1, 3], default), engine.RunAsync(pieces[2..], [0], default));
            Array.ForEach(pieces, p => p.Dispose());
            GoldenModel.Run(engine, network, new float[2 * (samples / 2)]);
        }

        // Bands, and a transform of sums of two singles.
        Network bands = FamilyTable.All.Open(RepositoryFiles.Golden("roformer", "mel4.ckpt"));
        using (VulkanEngine engine = new(instance, info, bands, GoldenModel.Options with { Precision = EnginePrecision.Mixed }))
        {
            GoldenModel.Run(engine, bands, new float[2 * 4096]);
        }

        // Grids: rearrangements, views, recurrent layers.
        foreach ((string model, int samples) in new[] { ("mdxc4.ckpt", 4501), ("sc1.safetensors", 5003) })
        {
            Network grids = FamilyTable.All.Open(RepositoryFiles.Golden("mdx23c-scnet", model));
            using VulkanEngine engine = new(instance, info, grids, GoldenModel.Options with { Precision = EnginePrecision.Mixed });
            GoldenModel.Run(engine, grids, new float[2 * samples]);
        }

        Assert.Empty(instance.Messages.Distinct());
    }

    [VulkanTheory]
    [InlineData("Fp32")]
    [InlineData("Mixed")]
    public void Kernels_stay_within_their_buffers(string precision)
    {
        if (Find(VulkanChecks.Kernels) is not { } found)
        {
            return;
        }

        // One graph for each kernel and each way to read an operand; each runs many times longer than without these checks.
        using GpuDevice device = new(found.Instance, found.Info);
        using PipelineSet pipelines = new(device, []);
        GraphRun runs = new(device, pipelines);
        foreach (string name in (string[])["linear 3×5×7", "conv 3×3", "transposed along time", "gated with embedding, 10", "dconv by row, 16", "attention 16 of 4", "layer norm 20", "group norm by row", "standardised and restored", "maps", "rms norm 67", "rotary along rows, 2 of 24", "overlapping bands and masks", "upsample 2×2 of 7", "depthwise conv 3", "reshaped, swapped", "crops and zeros", "lstm along rows, 3 of 5"])
        {
            Graph.Graph graph = GraphRun.Record(KernelCases.All[name]);
            runs.Run(graph, [GraphRun.Input(graph, 0)], Enum.Parse<EnginePrecision>(precision));
        }

        Assert.Empty(found.Instance.Messages.Distinct());
    }

    private static (VulkanInstance Instance, GpuInfo Info)? Find(VulkanChecks checks)
    {
        if (VulkanInstance.TryGet(out string? reason, checks) is { } instance)
        {
            return (instance, DeviceChoice.Choose(instance.Devices(), TestDevice.Wanted, allowSoftware: true));
        }

        // Where everything is required the layer is too.
        Assert.False(ToolFactAttribute.RequireAll, reason);
        return null;
    }
}
