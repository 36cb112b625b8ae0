using Stemsharp.Checkpoints;
using Stemsharp.Cpu;
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
        using SyntheticCheckpoint checkpoint = SyntheticCheckpoint.Open("synthetic:" + name);
        HTDemucsConfig config = HTDemucsConfigReader.Read(checkpoint);
        Graph.Graph graph = HTDemucs.Build(config, config.SegmentSamples);
        using Plan plan = PlanBuilder.Compile(graph, new CheckpointWeights(checkpoint, config, graph), SimdTier.Chosen, threads: 2);
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
        using Checkpoint checkpoint = Checkpoint.Open(RepositoryFiles.DemoModel);
        HTDemucsConfig config = HTDemucsConfigReader.Read(checkpoint);
        Graph.Graph graph = HTDemucs.Build(config, config.SegmentSamples);
        using Plan plan = PlanBuilder.Compile(graph, new CheckpointWeights(checkpoint, config, graph), SimdTier.Chosen, threads: 2);
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
}
