using System.IO.Compression;
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
        CheckpointNetwork network = FamilyTable.All.Read(checkpoint);
        Assert.Equal(stems, network.Definition.Stems.Length);
        if (samples > 0)
        {
            Assert.Equal(samples, network.Definition.Cut.Samples);
        }

        if (tensors > 0)
        {
            Assert.Equal(tensors, checkpoint.Tensors.Count);
        }

        Graph.Graph graph = network.Record(network.Definition.Cut.Samples);
        CheckpointWeights weights = new(checkpoint, network, graph);
        foreach (Graph.Parameter parameter in graph.Parameters)
        {
            float[] values = new float[parameter.Shape.Elements];
            weights.Read(parameter, values);
            Assert.True(Array.TrueForAll(values, float.IsFinite), parameter.Name);
        }
    }

    [Fact]
    public void A_recompressed_checkpoint_is_the_same_model()
    {
        string path = RepositoryFiles.Golden("mixed-storage", "mixed-7b6ab67f.th");
        using MemoryStream deflated = new();
        using (ZipArchive source = ZipFile.OpenRead(path))
        using (ZipArchive target = new(deflated, ZipArchiveMode.Create, leaveOpen: true))
        {
            foreach (ZipArchiveEntry entry in source.Entries)
            {
                using Stream from = entry.Open(), to = target.CreateEntry(entry.FullName, CompressionLevel.Fastest).Open();
                from.CopyTo(to);
            }
        }

        deflated.Position = 0;
        using Checkpoint stored = Checkpoint.Open(path), other = Checkpoint.Open(deflated, "mixed.th");
        Assert.NotEqual(stored.Sha256, other.Sha256);
        for (int i = 0; i < stored.Tensors.Count; i++)
        {
            StoredTensor a = stored.Tensors[i], b = other.Tensors[i];
            float[] x = new float[a.Count];
            float[] y = new float[b.Count];
            a.CopyTo(x);
            b.CopyTo(y);
            Assert.True(x.AsSpan().SequenceEqual(y), a.Name);
        }
    }

    [Fact]
    public void Every_kind_of_storage_occurs_in_the_mixed_file()
    {
        using Checkpoint checkpoint = Checkpoint.Open(RepositoryFiles.Golden("mixed-storage", "mixed-7b6ab67f.th"));
        Assert.Equal([ElementType.Half, ElementType.BFloat16, ElementType.Single, ElementType.Double], checkpoint.Tensors.Select(t => t.Type).Distinct().Order());
    }
}
