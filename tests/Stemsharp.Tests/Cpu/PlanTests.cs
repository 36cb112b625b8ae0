using Stemsharp.Cpu;
using Stemsharp.Cpu.Planning;
using Stemsharp.Graph;
using Stemsharp.Inference;
using Stemsharp.Model;
using Stemsharp.Simd;
using Xunit;

namespace Stemsharp.Tests.Cpu;

/// <summary>
/// The plans of the official models as text: a fusion that is lost, a step that appears or memory that grows is
/// seen here. When a change is meant, replace the file by what the test writes beside it.
/// </summary>
public class PlanTests
{
    [Theory]
    [InlineData("htdemucs", 334.9)]
    [InlineData("htdemucs_6s", 256.3)]
    public void Plan_of_an_official_model(string name, double gigaflops)
    {
        CheckpointNetwork network = FamilyTable.All.Open("synthetic:" + name);
        Graph.Graph graph = network.Record(network.Definition.Cut.Samples);
        using INetworkWeights weights = network.OpenWeights(graph);
        using Plan plan = PlanBuilder.Compile(graph, weights, SimdTier.Chosen, threads: 2);
        string file = RepositoryFiles.At("tests", "Stemsharp.Tests", "Cpu", "Plans", name + ".txt"), text = plan.ToString().ReplaceLineEndings("\n");
        if (!File.Exists(file) || File.ReadAllText(file).ReplaceLineEndings("\n") != text)
        {
            File.WriteAllText(Path.ChangeExtension(file, ".actual.txt"), text);
            Assert.Fail($"The plan differs from {file}; what it is now lies beside it.");
        }

        Assert.Equal(gigaflops, graph.Flops * 1e-9, 0.1);
        Assert.Equal(graph.Flops, plan.Flops);
    }

    [Fact]
    public void Tensors_that_live_at_once_do_not_overlap()
    {
        CheckpointNetwork network = FamilyTable.All.Open(RepositoryFiles.DemoModel);
        Graph.Graph graph = network.Record(network.Definition.Cut.Samples);
        using INetworkWeights weights = network.OpenWeights(graph);
        using Plan plan = PlanBuilder.Compile(graph, weights, SimdTier.Chosen, threads: 2);
        Tensor[] roots = [.. plan.Tensors.Where(t => t.Root == t && t.Last >= t.First)];
        Assert.NotEmpty(roots);
        foreach (Tensor a in roots)
        {
            foreach (Tensor b in roots)
            {
                bool together = a != b && a.First <= b.Last && b.First <= a.Last;
                Assert.False(together && a.Offset < b.Offset + b.Floats && b.Offset < a.Offset + a.Floats, $"{a.Name} and {b.Name} overlap.");
            }
        }
    }

    [Theory]
    [InlineData("synthetic:htdemucs")]
    [InlineData("demo")]
    public void A_sketch_tells_what_the_plan_takes_and_reads_nothing(string model)
    {
        CheckpointNetwork network = FamilyTable.All.Open(model == "demo" ? RepositoryFiles.DemoModel : model);
        Graph.Graph graph = network.Record(network.Definition.Cut.Samples);
        using INetworkWeights weights = network.OpenWeights(graph);
        using Plan plan = PlanBuilder.Compile(graph, weights, SimdTier.Chosen, threads: 2), sketch = PlanBuilder.Sketch(graph, new Unread(weights), SimdTier.Chosen);
        Assert.Equal(plan.ArenaFloats, sketch.ArenaFloats);
        Assert.Equal(plan.Flops, sketch.Flops);

        // Sums of halves may happen to be halves too.
        Assert.InRange(sketch.WeightBytes / (double)plan.WeightBytes, 1, 1.001);
    }

    [Fact]
    public void Plans_for_other_lengths_share_the_weights()
    {
        CheckpointNetwork network = FamilyTable.All.Open(RepositoryFiles.DemoModel);
        using PackedStore store = new();
        Graph.Graph first = network.Record(85_995), second = network.Record(60_001);
        using INetworkWeights weights = network.OpenWeights(first);
        using Plan one = PlanBuilder.Compile(first, weights, SimdTier.Chosen, threads: 2, store);
        long bytes = store.Bytes;
        using Plan two = PlanBuilder.Compile(second, new Unread(weights), SimdTier.Chosen, threads: 2, store);
        Assert.Equal(bytes, store.Bytes);
        Assert.Equal(one.WeightBytes, two.WeightBytes);
        Assert.NotEqual(one.ArenaFloats, two.ArenaFloats);
    }

    /// <summary>Tensors that nobody may read.</summary>
    private sealed class Unread(INetworkWeights weights) : INetworkWeights
    {
        public string Name => weights.Name;

        public string? Sha256 => weights.Sha256;

        public bool IsHalf(Parameter parameter) => weights.IsHalf(parameter);

        public void Read(Parameter parameter, Span<float> destination) => throw new InvalidOperationException($"{parameter} was read.");

        public bool TryReadHalf(Parameter parameter, Span<Half> destination) => throw new InvalidOperationException($"{parameter} was read.");

        public void Dispose()
        {
        }
    }
}
