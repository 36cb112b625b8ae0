using Stemsharp.Inference;
using Stemsharp.Model;
using Stemsharp.Tests;
using Stemsharp.Vulkan.Device;
using Stemsharp.Vulkan.Kernels;
using Stemsharp.Vulkan.Planning;
using Xunit;

namespace Stemsharp.Vulkan.Tests;

/// <summary>Plans need no device: what a device can do is a value.</summary>
public class PlanTests
{
    private static readonly GpuTraits s_large = new(48 * 1024, 1024, 32, new CooperativeShape(16, 16, 16), IsSoftware: false);

    [Theory]
    [InlineData("htdemucs", "fp32", 8)]
    [InlineData("htdemucs", "mixed", 8)]
    [InlineData("htdemucs_6s", "mixed", 8)]
    [InlineData("mel-band-roformer-kim", "mixed", 1)]
    [InlineData("bs-roformer-viperx", "fp32", 1)]
    public void Plan_of_an_official_model(string name, string precision, int pieces)
    {
        GpuPlan plan = Compile("synthetic:" + name, precision == "mixed" ? EnginePrecision.Mixed : EnginePrecision.Fp32, s_large, out Graph.Graph graph);
        string file = RepositoryFiles.At("tests", "Stemsharp.Vulkan.Tests", "Plans", $"{name}-{precision}.txt"), text = plan.ToString().ReplaceLineEndings("\n");
        if (!File.Exists(file) || File.ReadAllText(file).ReplaceLineEndings("\n") != text)
        {
            File.WriteAllText(Path.ChangeExtension(file, ".actual.txt"), text);
            Assert.Fail($"The plan differs from {file}; what it is now lies beside it.");
        }

        Assert.Equal(graph.Flops, plan.Flops);
        Assert.InRange(plan.WeightBytes + GpuSession.Bytes(plan, pieces), 0, 2_000_000_000);
    }

    // The least that Vulkan allows: a GiB in one piece, 65,535 workgroups along an axis. Bindings of 128 MiB limit nothing: kernels get
    // addresses, and a pipeline's layout has no bindings at all.
    [Theory]
    [InlineData("mel-band-roformer-kim")]
    [InlineData("bs-roformer-viperx")]
    [InlineData("bs-roformer-sw")]
    public void A_full_size_piece_fits_into_the_least_that_a_device_may_allow(string name)
    {
        foreach (EnginePrecision precision in Enum.GetValues<EnginePrecision>())
        {
            GpuPlan plan = Compile("synthetic:" + name, precision, GpuTraits.Least, out Graph.Graph graph);
            Assert.InRange(plan.WeightBytes, 1, 1 << 30);
            Assert.InRange(GpuSession.ArenaBytes(plan, 1), 1, 1 << 30);
            Assert.Equal(graph.Flops, plan.Flops);
            Assert.All(plan.Steps, Fits(GpuTraits.Least, precision));

            // Scores of all bands, or of all frames, would be some GB.
            Assert.All(plan.Tensors, tensor => Assert.InRange(tensor.Bytes, 1, 512_000_000));
        }
    }

    [Theory]
    [InlineData("demo", false)]
    [InlineData("demo", true)]
    [InlineData("synthetic:bs-roformer-tiny", false)]
    [InlineData("synthetic:mel-band-roformer-tiny", true)]
    public void Tensors_that_live_at_once_do_not_overlap(string model, bool mixed)
    {
        GpuPlan plan = Compile(model == "demo" ? RepositoryFiles.DemoModel : model, mixed ? EnginePrecision.Mixed : EnginePrecision.Fp32, s_large, out _);
        GpuTensor[] roots = [.. plan.Tensors.Where(t => t.Root == t && t.Last >= t.First)];
        Assert.NotEmpty(roots);
        foreach (GpuTensor a in roots)
        {
            Assert.True(a.Offset >= ArenaPlanner.Reserved && a.Offset + a.Floats <= ArenaPlanner.Reserved + plan.PieceFloats, $"{a.Name} leaves the arena.");
            foreach (GpuTensor b in roots)
            {
                bool together = a != b && a.First <= b.Last && b.First <= a.Last;
                Assert.False(together && a.Offset < b.Offset + b.Floats && b.Offset < a.Offset + a.Floats, $"{a.Name} and {b.Name} overlap.");
            }
        }
    }

    [Fact]
    public void Every_step_fits_into_what_its_device_has()
    {
        foreach (GpuTraits traits in new[] { s_large, GpuTraits.Least, s_large with { SubgroupSize = 64 }, s_large with { SubgroupSize = 16, SharedMemory = 32 * 1024, MaxInvocations = 512 } })
        {
            foreach (EnginePrecision precision in Enum.GetValues<EnginePrecision>())
            {
                Assert.All(Compile(RepositoryFiles.DemoModel, precision, traits, out _).Steps, Fits(traits, precision));
                Assert.All(Compile("synthetic:mel-band-roformer-tiny", precision, traits, out _).Steps, Fits(traits, precision));
            }
        }
    }

    [Fact]
    public void Moments_fit_wherever_tiles_do()
    {
        foreach (bool matrix in (ReadOnlySpan<bool>)[false, true])
        {
            foreach (GpuTraits traits in new[] { s_large, GpuTraits.Least with { SubgroupSize = 32, Matrix = new CooperativeShape(16, 16, 16) } })
            {
                Assert.InRange(ProductKernel.SharedBytes(ProductKernel.MomentsTile(traits, matrix), ProductLoader.Hidden, true, traits, matrix, split: matrix), 1, traits.SharedMemory);
            }
        }
    }

    private static Action<GpuStep> Fits(GpuTraits traits, EnginePrecision precision) => step =>
    {
        bool matrix = precision == EnginePrecision.Mixed && traits.Matrix != null;
        Assert.True(step.Kernel.Threads <= traits.MaxInvocations && step.X is > 0 and <= 65_535 && step.Y is > 0 and <= 65_535 && step.Push.Length * 4 + 20 <= GpuDevice.PushBytes, $"{step.Name}: {step.Kernel}");
        if (step.Product is { } product)
        {
            Assert.All(ProductKernel.Candidates(product, traits, matrix), tile =>
            {
                Assert.InRange(ProductKernel.SharedBytes(tile, product.Loader, false, traits, matrix, (product.Types & ProductKernel.SplitType) != 0), 1, traits.SharedMemory);
                Assert.InRange(tile.Threads(traits.SubgroupSize, matrix), 1, traits.MaxInvocations);
                Assert.Equal(0, ProductKernel.TermUnit % tile.BK);
            });
        }
    };

    private static GpuPlan Compile(string model, EnginePrecision precision, GpuTraits traits, out Graph.Graph graph)
    {
        Network network = FamilyTable.All.Open(model);
        int samples = network.Definition.Cut.Samples;
        graph = network.Record(samples);
        using INetworkWeights weights = network.OpenWeights(graph);
        return GpuPlanBuilder.Compile(network.Definition, samples, graph, weights, traits, precision, new WeightStore());
    }
}
