using Stemsharp.Inference;
using Stemsharp.Model;
using Stemsharp.Tests;
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
    public void Nor_do_they_where_bands_are_attended_to()
    {
        Network network = FamilyTable.All.Open(RepositoryFiles.Golden("roformer", "bs4.ckpt"));
        float[] a = Noise(1)[..17_640], b = Noise(2)[..17_640];
        using VulkanEngine one = GoldenModel.Open(network), two = GoldenModel.Open(network, GoldenModel.Options with { Pieces = 2 });
        float[] alone = Run(one, [a], [0, 1, 2, 3])[0];
        Assert.Equal(alone, Run(two, [b, a], [0, 1, 2, 3])[1]);

        // A stem alone, and after another length.
        int stem = alone.Length / 4;
        Run(one, [a[..12_000]], [1]);
        Assert.Equal(alone.AsSpan(2 * stem, stem), Run(one, [a], [2])[0].AsSpan(2 * stem, stem));
    }

    [VulkanFact]
    public void A_stem_is_the_same_when_it_is_wanted_alone()
    {
        using VulkanEngine engine = GoldenModel.Open(GoldenModel.Tiny);
        float[] all = Run(engine, [Noise(1)], [0, 1, 2, 3])[0], two = Run(engine, [Noise(1)], [1, 3])[0];
        int stem = all.Length / 4;
        Assert.Equal(all.AsSpan(stem, stem), two.AsSpan(stem, stem));
        Assert.Equal(all.AsSpan(3 * stem, stem), two.AsSpan(3 * stem));
    }

    [VulkanFact]
    public void Another_length_in_between_does_not_matter()
    {
        using VulkanEngine engine = GoldenModel.Open(GoldenModel.Tiny);
        float[] before = Run(engine, [Noise(1)], [0, 1, 2, 3])[0];
        long bytes = engine.DeviceBytes;
        float[] shorter = GoldenModel.Run(engine, GoldenModel.Tiny, Noise(2).AsSpan(0, 40_000));
        Assert.Equal(before, Run(engine, [Noise(1)], [0, 1, 2, 3])[0]);

        // The weights are kept, and tables of the other length with them.
        Assert.InRange(engine.DeviceBytes, bytes, bytes + 1_000_000);
        using VulkanEngine other = GoldenModel.Open(GoldenModel.Tiny);
        Assert.Equal(shorter, GoldenModel.Run(other, GoldenModel.Tiny, Noise(2).AsSpan(0, 40_000)));
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
    [InlineData("rotary along time, 1 of 64")]
    [InlineData("overlapping bands and masks")]
    public void Tiles_do_not_matter(string name)
    {
        GraphRun runs = new(TestDevice.Device, TestDevice.Pipelines);
        Graph.Graph graph = GraphRun.Record(KernelCases.All[name]);
        GpuTraits single = GpuTraits.Of(TestDevice.Device.Info);
        foreach ((EnginePrecision precision, GpuTraits traits, ProductTile[] tiles) in new (EnginePrecision, GpuTraits, ProductTile[])[]
        {
            (EnginePrecision.Fp32, single, [new(32, 64, 8, 8, 8), new(16, 32, 16, 4, 4)]),
            (EnginePrecision.Mixed, TestDevice.Emulated, [new(16, 64, 32, 16, 32), new(16, 32, 16, 16, 16)]),
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
                        step.UseTile(tile, traits, precision == EnginePrecision.Mixed);
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

    // All stems of each, those that are not wanted as whatever they are.
    private static float[][] Run(VulkanEngine engine, float[][] pieces, int[] stems)
    {
        int samples = pieces[0].Length / 2;
        engine.Prepare(samples, pieces.Length);
        IPieceBuffer[] buffers = [.. pieces.Select(_ => engine.Lease()!)];
        for (int i = 0; i < pieces.Length; i++)
        {
            for (int c = 0; c < 2; c++)
            {
                pieces[i].AsSpan(c * samples, samples).CopyTo(buffers[i].Input(c));
            }
        }

        engine.RunAsync(buffers, stems, default).GetAwaiter().GetResult();
        float[][] found = [.. buffers.Select(buffer => Enumerable.Range(0, 8).SelectMany(plane => buffer.Output(plane / 2, plane % 2).ToArray()).ToArray())];
        Array.ForEach(buffers, b => b.Dispose());
        return found;
    }
}
