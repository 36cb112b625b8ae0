using Stemsharp.Checkpoints;
using Stemsharp.Model;
using Stemsharp.Model.HTDemucs;
using Xunit;

namespace Stemsharp.Tests.Checkpoints;

public sealed class CheckpointWriterTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("stemsharp-writer-").FullName;

    public static TheoryData<string> Sources => new(
        RepositoryFiles.Golden("tiny4", "tiny4-cf67fb40.th"),
        RepositoryFiles.Golden("mixed-storage", "mixed-7b6ab67f.th"));

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [MemberData(nameof(Sources))]
    public void Both_formats_give_back_what_was_saved(string path)
    {
        using Checkpoint original = Checkpoint.Open(path);
        string safetensors = CheckpointConversion.Save(original, Path.Combine(_folder, "a.safetensors"));
        using Checkpoint first = Checkpoint.Open(safetensors);
        AssertSame(original, first);
        string th = CheckpointConversion.Save(first, Path.Combine(_folder, "b.th"), nameByChecksum: true);
        Assert.Matches("^b-[0-9a-f]{8}\\.th$", Path.GetFileName(th));
        using Checkpoint second = Checkpoint.Open(th);
        AssertSame(original, second);
        Assert.Equal(2, Directory.GetFiles(_folder).Length);
    }

    [Fact]
    public void A_synthetic_model_can_be_saved()
    {
        using SyntheticCheckpoint synthetic = FamilyTable.All.OpenSynthetic("synthetic:htdemucs_6s");
        string path = CheckpointConversion.Save(synthetic, Path.Combine(_folder, "synthetic.th"));
        using Checkpoint saved = Checkpoint.Open(path);
        Assert.Equal(27_414_996, saved.Tensors.Sum(t => (long)t.Count));
        Assert.Equal(FamilyTable.All.Read(synthetic).Definition.Cut, FamilyTable.All.Read(saved).Definition.Cut);
        Assert.Equal("demucs.htdemucs.HTDemucs", saved.ClassName);
        StoredTensor tensor = saved.Tensors.First(t => t.Shape.Count == 2);
        float[] stored = new float[tensor.Count];
        float[] made = new float[tensor.Count];
        tensor.CopyTo(stored);
        synthetic.Find(tensor.Name, tensor.Shape).CopyTo(made);
        Assert.Equal(made, stored);
    }

    [Fact]
    public void Without_arguments_the_shapes_tell_the_config()
    {
        using Checkpoint original = Checkpoint.Open(RepositoryFiles.Golden("tiny4", "tiny4-cf67fb40.th"));
        string path = Bare(original, "");
        using (Checkpoint bare = Checkpoint.Open(path))
        {
            Assert.Null(bare.Arguments);
            HTDemucsConfig derived = Config(bare), config = Config(original);
            // Heads and segment cannot be seen in shapes; they have the official values.
            Assert.Equal(config with { THeads = 8, SegmentNumerator = 39, SegmentDenominator = 5, Sources = derived.Sources }, derived);
            Assert.Equal([.. config.Sources], [.. derived.Sources]);
        }

        File.WriteAllText(Path.ChangeExtension(path, ".json"), """{"segment": "39/20", "t_heads": 4, "sources": ["a", "b", "c", "d"]}""");
        using Checkpoint withSidecar = Checkpoint.Open(path);
        HTDemucsConfig read = Config(withSidecar);
        Assert.Equal(85_995, read.SegmentSamples);
        Assert.Equal(4, read.THeads);
        Assert.Equal(["a", "b", "c", "d"], [.. read.Sources]);
    }

    [Fact]
    public void The_description_of_an_export_beside_a_checkpoint_is_no_config()
    {
        using Checkpoint original = Checkpoint.Open(RepositoryFiles.Golden("tiny4", "tiny4-cf67fb40.th"));
        string path = Bare(original, "");
        File.WriteAllText(Path.ChangeExtension(path, ".json"), """{"version": 1, "channels": 2, "n_fft": 4096, "networks": [{"file": "x.onnx"}]}""");
        using Checkpoint beside = Checkpoint.Open(path);
        Assert.Null(beside.Overrides);
        Assert.Equal(Config(original).Channels, Config(beside).Channels);
    }

    [Fact]
    public async Task Prefixed_models_in_one_file_are_a_bag_and_can_be_chosen()
    {
        using Checkpoint original = Checkpoint.Open(RepositoryFiles.Golden("tiny4", "tiny4-cf67fb40.th"));
        // The signatures of htdemucs_ft, in another order.
        string path = Bare(original, "92cfc3b6.", "f7e0c4bc.", "04573f0d.", "d12395a8.");
        Assert.Equal(["92cfc3b6", "f7e0c4bc", "04573f0d", "d12395a8"], Checkpoint.Signatures(path));
        ModelException several = Assert.Throws<ModelException>(() => Checkpoint.Open(path));
        Assert.Contains("holds 4 models", several.Message, StringComparison.Ordinal);
        using (Checkpoint chosen = Checkpoint.Open(path, "04573f0d"))
        {
            Assert.Equal(533, chosen.Tensors.Count);
        }

        Assert.Contains("no model 00000000", Assert.Throws<ModelException>(() => Checkpoint.Open(path, "00000000")).Message, StringComparison.Ordinal);

        ModelCatalog catalog = new(new ModelCatalogOptions { Offline = true, CacheFolder = _folder });
        ModelSource vocals = await catalog.ResolveAsync(path, stems: ["vocals"]);
        Assert.Equal("04573f0d", Assert.Single(vocals.Members).Signature);
        Assert.Equal("d12395a8", Assert.Single((await catalog.ResolveAsync(path + "#d12395a8")).Members).Signature);
    }

    [Fact]
    public void Other_extensions_are_refused()
    {
        using Checkpoint original = Checkpoint.Open(RepositoryFiles.Golden("tiny4", "tiny4-cf67fb40.th"));
        Assert.Throws<OptionException>(() => CheckpointConversion.Save(original, Path.Combine(_folder, "a.onnx")));
        Assert.Throws<ModelException>(() => CheckpointConversion.Save(original, Path.Combine(_folder, "missing", "a.th")));
    }

    // A .safetensors file as the community makes them: tensors, several models by prefix, no config.
    private string Bare(Checkpoint checkpoint, params string[] prefixes)
    {
        SafetensorsBuilder file = new();
        foreach (string prefix in prefixes)
        {
            foreach (StoredTensor tensor in checkpoint.Tensors)
            {
                byte[] bytes = new byte[tensor.Count * tensor.Type.Size()];
                tensor.CopyRawTo(bytes);
                file.Add(prefix + tensor.Name, "F16", [.. tensor.Shape], bytes);
            }
        }

        string path = Path.Combine(_folder, "bare.safetensors");
        File.WriteAllBytes(path, file.Build());
        return path;
    }

    private static void AssertSame(Checkpoint expected, Checkpoint actual)
    {
        HTDemucsConfig config = Config(expected);
        Assert.Equal(config, Config(actual) with { Sources = config.Sources });
        Assert.Equal(expected.Tensors.Select(t => t.ToString()), actual.Tensors.Select(t => t.ToString()));
        for (int i = 0; i < expected.Tensors.Count; i++)
        {
            StoredTensor a = expected.Tensors[i], b = actual.Tensors[i];
            float[] x = new float[a.Count];
            float[] y = new float[b.Count];
            a.CopyTo(x);
            b.CopyTo(y);
            Assert.True(x.AsSpan().SequenceEqual(y), a.Name);
            Half[] half = new Half[a.Count];
            Assert.Equal(a.Type == ElementType.Half, b.TryCopyTo(half));
            if (a.Type == ElementType.Half)
            {
                Assert.True(half.Select(h => (float)h).SequenceEqual(x), a.Name);
            }
        }
    }

    private static HTDemucsConfig Config(Checkpoint checkpoint) => HTDemucsConfigReader.Read(checkpoint, checkpoint.Arguments, checkpoint.Overrides);
}
