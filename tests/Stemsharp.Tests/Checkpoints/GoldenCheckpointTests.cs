using Stemsharp.Checkpoints;
using Stemsharp.Model;
using Xunit;

namespace Stemsharp.Tests.Checkpoints;

public class GoldenCheckpointTests
{
    public static TheoryData<string, int, long, int> Files => new()
    {
        { RepositoryFiles.Golden("tiny4", "tiny4-cf67fb40.th"), 4, 85_995, 533 },
        { RepositoryFiles.Golden("tiny6", "tiny6-18285eff.th"), 6, 85_995, 525 },
        { RepositoryFiles.Golden("mixed-storage", "mixed-7b6ab67f.th"), 4, 85_995, 533 },
        { RepositoryFiles.DemoModel, 6, 0, 0 },
    };

    [Theory]
    [MemberData(nameof(Files))]
    public void Golden_checkpoints_fit_the_model_they_describe(string path, int stems, long samples, int tensors)
    {
        using Checkpoint checkpoint = Checkpoint.Open(path);
        HTDemucsConfig config = HTDemucsConfigReader.Read(checkpoint);
        Assert.Equal(stems, config.Sources.Length);
        if (samples > 0) Assert.Equal(samples, config.SegmentSamples);
        if (tensors > 0) Assert.Equal(tensors, checkpoint.Tensors.Count);
        Graph.Graph graph = HTDemucs.Build(config, config.SegmentSamples);
        var weights = new CheckpointWeights(checkpoint, config, graph);
        foreach (Graph.Parameter parameter in graph.Parameters)
        {
            var values = new float[parameter.Shape.Elements];
            weights.Read(parameter, values);
            Assert.True(Array.TrueForAll(values, float.IsFinite), parameter.Name);
        }
    }
}
