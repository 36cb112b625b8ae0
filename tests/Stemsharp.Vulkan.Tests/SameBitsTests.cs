using Stemsharp.Vulkan.Kernels;
using Stemsharp.Vulkan.Planning;
using Xunit;

namespace Stemsharp.Vulkan.Tests;

/// <summary>What a piece becomes depends on the piece alone.</summary>
public class SameBitsTests
{
    [VulkanFact]
    public void Companions_place_and_count_do_not_matter()
    {
        float[] a = Noise(1), b = Noise(2), c = Noise(3);
        float[] alone = Run(1, [a])[0];
        float[][] together = Run(3, [b, a, c]), swapped = Run(3, [a, c]);
        Assert.Equal(alone, together[1]);
        Assert.Equal(alone, swapped[0]);
        Assert.Equal(together[2], swapped[1]);
    }

    [VulkanFact]
    public void A_stem_is_the_same_when_it_is_wanted_alone()
    {
        using VulkanEngine engine = GoldenModel.Open(GoldenModel.Tiny, GoldenModel.Options);
        float[] all = Run(engine, [Noise(1)], [0, 1, 2, 3])[0], two = Run(engine, [Noise(1)], [1, 3])[0];
        int stem = 2 * engine.Shape.Samples;
        Assert.Equal(2 * stem, two.Length);
        Assert.Equal(all.AsSpan(stem, stem), two.AsSpan(0, stem));
        Assert.Equal(all.AsSpan(3 * stem, stem), two.AsSpan(stem));
    }

    [VulkanFact]
    public void Batches_in_flight_do_not_disturb_each_other()
    {
        using VulkanEngine engine = GoldenModel.Open(GoldenModel.Tiny, GoldenModel.Options);
        float[] expected = Run(engine, [Noise(1)], [0])[0];
        GpuBatch first = engine.Lease(), second = engine.Lease();
        Noise(1).CopyTo(first.Input(0));
        Noise(2).CopyTo(second.Input(0));
        engine.Start(first, 1, [0]);
        engine.Start(second, 1, [0]);
        engine.Finish(first);
        Assert.Equal(expected, first.Output(0).ToArray());
        Noise(1).CopyTo(first.Input(0));
        engine.Start(first, 1, [0]);
        engine.Finish(second);
        engine.Finish(first);
        Assert.Equal(expected, first.Output(0).ToArray());
    }

    [VulkanFact]
    public async Task Two_engines_at_once_are_as_one()
    {
        float[] expected = Run(1, [Noise(1)])[0];
        float[][] found = await Task.WhenAll(Task.Run(() => Run(1, [Noise(1)])[0]), Task.Run(() => Run(1, [Noise(1)])[0]));
        Assert.All(found, stems => Assert.Equal(expected, stems));
    }

    [VulkanTheory]
    [InlineData("linear 97×33×257")]
    [InlineData("gated with embedding, 10")]
    public void Tiles_do_not_matter(string name)
    {
        GraphRun runs = new(TestDevice.Device, TestDevice.Pipelines);
        Graph.Graph graph = GraphRun.Record(KernelCases.All[name]);
        GpuTraits single = GpuTraits.Of(TestDevice.Device.Info);
        foreach ((GpuPrecision precision, GpuTraits traits, ProductTile[] tiles) in new (GpuPrecision, GpuTraits, ProductTile[])[]
        {
            (GpuPrecision.Single, single, [new(32, 64, 8, 8, 8), new(16, 32, 16, 4, 4)]),
            (GpuPrecision.Mixed, TestDevice.Emulated, [new(16, 64, 32, 16, 32), new(16, 32, 16, 16, 16)]),
        })
        {
            if (traits.IsEmulated && traits.SubgroupSize != 8)
            {
                continue;
            }

            float[]? first = null;
            foreach (ProductTile tile in tiles)
            {
                float[] found = runs.Run(graph, [GraphRun.Input(graph, 0)], precision, traits, plan =>
                {
                    foreach (GpuStep step in plan.Steps.Where(s => s.Product != null))
                    {
                        step.UseTile(tile, traits, precision == GpuPrecision.Mixed);
                    }
                })[0];
                first ??= found;
                Assert.Equal(first, found);
            }
        }
    }

    private static float[] Noise(int seed)
    {
        Random random = new(seed);
        return [.. Enumerable.Range(0, 2 * 85_995).Select(_ => (float)(random.NextDouble() - 0.5))];
    }

    private static float[][] Run(int most, float[][] pieces)
    {
        using VulkanEngine engine = GoldenModel.Open(GoldenModel.Tiny, GoldenModel.Options with { Pieces = most });
        return Run(engine, pieces, [0, 1, 2, 3]);
    }

    private static float[][] Run(VulkanEngine engine, float[][] pieces, int[] stems)
    {
        GpuBatch batch = engine.Lease();
        for (int i = 0; i < pieces.Length; i++)
        {
            pieces[i].CopyTo(batch.Input(i));
        }

        engine.Start(batch, pieces.Length, stems);
        engine.Finish(batch);
        float[][] found = [.. Enumerable.Range(0, pieces.Length).Select(i => batch.Output(i).ToArray())];
        engine.Return(batch);
        return found;
    }
}
