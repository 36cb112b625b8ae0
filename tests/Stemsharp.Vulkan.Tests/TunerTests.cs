using Stemsharp.Graph;
using Stemsharp.Inference;
using Stemsharp.Vulkan.Kernels;
using Stemsharp.Vulkan.Planning;
using Xunit;

namespace Stemsharp.Vulkan.Tests;

/// <summary>Choosing tiles by measuring, with made-up measurements.</summary>
public class TunerTests
{
    private static readonly GpuTraits s_traits = new(48 * 1024, 1024, 32, null, IsSoftware: false);

    [Fact]
    public void The_fastest_tile_is_used_and_found_again()
    {
        GpuPlan plan = Compile();
        TileTuner tuner = new(plan, s_traits, 4);
        IGrouping<ProductShape, GpuStep> product = tuner.Products[0];
        ProductTile wanted = tuner.Tiles(product.Key)[^1];
        Dictionary<string, ProductTile> choices = tuner.Choose((step, pieces, _) => step.Kernel.Constants[0] == wanted.BM && pieces == 4 ? 1 : 2);
        Assert.All(product, step => Assert.Equal(wanted.BM, step.Kernel.Constants[0]));

        GpuPlan other = Compile();
        Assert.True(new TileTuner(other, s_traits, 4).Apply(choices));
        Assert.Equal(plan.Steps.Select(s => (s.Kernel, s.X, s.Y)), other.Steps.Select(s => (s.Kernel, s.X, s.Y)));
    }

    [Fact]
    public void Choices_that_are_missing_or_strange_change_nothing()
    {
        GpuPlan plan = Compile();
        KernelKey[] before = [.. plan.Steps.Select(s => s.Kernel)];
        TileTuner tuner = new(plan, s_traits, 4);
        Dictionary<string, ProductTile> choices = new TileTuner(Compile(), s_traits, 4).Choose((_, _, _) => 1);
        Assert.False(tuner.Apply(new Dictionary<string, ProductTile>()));
        Assert.False(tuner.Apply(choices.ToDictionary(c => c.Key, c => c.Value with { BM = 7 })));
        Assert.False(new TileTuner(plan, s_traits, 8).Apply(choices));
        Assert.Equal(before, plan.Steps.Select(s => s.Kernel));
    }

    [VulkanFact]
    public void Steps_are_measured_on_the_device()
    {
        GpuTraits traits = GpuTraits.Of(TestDevice.Device.Info);
        GpuPlan plan = GpuPlanBuilder.Compile(GraphRun.Record(KernelCases.All["linear 97×33×257"]), new MadeWeights(), traits, EnginePrecision.Fp32);
        TileTuner tuner = new(plan, traits, 2);
        TestDevice.Pipelines.Prepare(plan.Kernels.Concat(tuner.Kernels()));
        using GpuWeights weights = GraphRun.Weights(TestDevice.Device, plan);
        using GpuSession session = new(TestDevice.Device, TestDevice.Pipelines, plan, weights.Buffer, 2, new VulkanOptions());
        List<double> times = [];
        Dictionary<string, ProductTile> choices = tuner.Choose(session.Measure, (_, _, seconds) => times.Add(seconds));
        Assert.Single(choices);
        Assert.All(times, seconds => Assert.True(seconds > 0));
    }

    private static GpuPlan Compile() => GpuPlanBuilder.Compile(
        GraphRun.Record(g => g.Output("y", g.Linear("b", g.Gelu(g.Linear("a", g.Input("x", new Shape(64, 1000)), 200)), 64))), new MadeWeights(), s_traits, EnginePrecision.Fp32);
}
