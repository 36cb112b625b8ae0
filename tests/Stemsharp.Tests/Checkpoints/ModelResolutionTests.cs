using Stemsharp.Checkpoints;
using Stemsharp.Model;
using Xunit;

namespace Stemsharp.Tests.Checkpoints;

public sealed class ModelResolutionTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("stemsharp-models-").FullName;

    private static string Tiny4 => RepositoryFiles.Golden("tiny4", "tiny4-cf67fb40.th");

    private ModelCatalog Catalog => new(new ModelCatalogOptions
    {
        CacheFolder = Path.Combine(_folder, "cache"),
        Offline = true,
        EnvironmentVariable = name => name == "TORCH_HOME" ? Path.Combine(_folder, "torch") : null,
        Embedded = [new EmbeddedModel("demo", "demo-26c5300c.th", () => File.OpenRead(RepositoryFiles.DemoModel))],
    });

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task A_file_is_a_model_of_one_network()
    {
        ModelSource source = await Catalog.ResolveAsync(Tiny4);
        Assert.Equal("tiny4", source.Name);
        Assert.Equal(["drums", "bass", "other", "vocals"], source.Stems);
        Assert.Equal(44100, source.SampleRate);
        Assert.Equal(1.95, source.SegmentSeconds);
        ModelMember member = Assert.Single(source.Members);
        Assert.Equal([1, 1, 1, 1], member.Weights);
        using Checkpoint checkpoint = ((CheckpointNetwork)member.Network).OpenCheckpoint();
        Assert.Equal(533, checkpoint.Tensors.Count);
    }

    [Fact]
    public async Task A_folder_with_one_model_is_that_model()
    {
        File.Copy(Tiny4, Path.Combine(_folder, "mine.th"));
        Assert.Equal("mine", (await Catalog.ResolveAsync(_folder)).Name);
    }

    [Theory]
    [InlineData("synthetic:htdemucs", "synthetic-htdemucs", 4)]
    [InlineData("synthetic:htdemucs_6s", "synthetic-htdemucs_6s", 6)]
    [InlineData("demo", "demo", 6)]
    public async Task Built_in_models_need_no_files(string model, string name, int stems)
    {
        ModelSource source = await Catalog.ResolveAsync(model);
        Assert.Equal(name, source.Name);
        Assert.Equal(stems, source.Stems.Count);
        Assert.Null(source.Members[0].Path);
    }

    [Fact]
    public async Task A_bag_blends_the_models_beside_it_and_wanted_stems_leave_out_the_rest()
    {
        foreach (string name in (string[])["a1", "b2", "c3"])
        {
            File.Copy(Tiny4, Path.Combine(_folder, name + ".th"));
        }

        File.WriteAllText(Path.Combine(_folder, "mix.yaml"), "models: ['a1', 'b2', 'c3']\nweights: [\n  [1., 0., 0., 0.],\n  [0., 1., 0.5, 0.],\n  [0., 0, 1, 2]]\nsegment: 44\n");
        ModelSource all = await Catalog.ResolveAsync("mix", _folder);
        Assert.Equal(["a1", "b2", "c3"], all.Members.Select(m => m.Signature));
        Assert.Equal([0, 1, 0.5, 0], all.Members[1].Weights);
        ModelSource bass = await Catalog.ResolveAsync("mix", _folder, ["bass"]);
        Assert.Equal("b2", Assert.Single(bass.Members).Signature);
        ModelSource byPath = await Catalog.ResolveAsync(Path.Combine(_folder, "mix.yaml"), stems: ["other"]);
        Assert.Equal(["b2", "c3"], byPath.Members.Select(m => m.Signature));
        Assert.NotEqual(all.ComputeFingerprint(), bass.ComputeFingerprint());
        Assert.Equal(all.ComputeFingerprint(), (await Catalog.ResolveAsync("mix", _folder)).ComputeFingerprint());
        ModelException several = await Assert.ThrowsAsync<ModelException>(() => Catalog.ResolveAsync(Path.Combine(_folder, "nothing.yaml")));
        Assert.Contains("does not exist", several.Message, StringComparison.Ordinal);
        ModelException unknown = await Assert.ThrowsAsync<ModelException>(() => Catalog.ResolveAsync("z9", _folder));
        Assert.Contains("a1, b2, c3, mix", unknown.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("models: [a1, b2]\nweights: [[1, 1, 1, 1]]", "one list for each of its 2 models")]
    [InlineData("models: [a1]\nweights: [[1, 1]]", "weights for 2 stems")]
    [InlineData("models: [a1]\nweights: [[1, -1, 1, 1]]", "has -1 where")]
    [InlineData("models: [a1]\nweights: [[1, 0, 1, 1]]", "gives stem 2 no weight")]
    [InlineData("models: [a1, q7]", "asks for the model q7")]
    [InlineData("weights: [[1]]", "'models' must list")]
    [InlineData("[1, 2]", "has no 'models'")]
    [InlineData("models: [a1", "not valid YAML")]
    [InlineData("x: &x [a1]\nmodels: *x", "YAML alias")]
    [InlineData("models: [[[[[[[[[[a1]]]]]]]]]]", "nested too deeply")]
    [InlineData("", "not valid YAML")]
    public async Task Bad_bags_say_what_is_wrong(string yaml, string expected)
    {
        File.Copy(Tiny4, Path.Combine(_folder, "a1.th"));
        File.WriteAllText(Path.Combine(_folder, "bad.yaml"), yaml);
        ModelException e = await Assert.ThrowsAsync<ModelException>(() => Catalog.ResolveAsync("bad", _folder));
        Assert.Contains(expected, e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_repository_with_two_files_of_one_signature_is_refused()
    {
        File.Copy(Tiny4, Path.Combine(_folder, "a1.th"));
        File.Copy(Tiny4, Path.Combine(_folder, "a1-cf67fb40.th"));
        ModelException e = await Assert.ThrowsAsync<ModelException>(() => Catalog.ResolveAsync("a1", _folder));
        Assert.Contains("two checkpoints with the signature a1", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Unknown_stems_are_refused_with_the_models_own()
    {
        OptionException e = await Assert.ThrowsAsync<OptionException>(() => Catalog.ResolveAsync(Tiny4, stems: ["kazoo"]));
        Assert.Contains("drums, bass, other, vocals", e.Message, StringComparison.Ordinal);
        // Known beforehand: refused before anything is fetched.
        await Assert.ThrowsAsync<OptionException>(() => Catalog.ResolveAsync("htdemucs_ft", stems: ["guitar"]));
    }

    [Fact]
    public async Task A_missing_official_model_names_its_file_the_folder_and_the_demo()
    {
        ModelException e = await Assert.ThrowsAsync<ModelException>(() => Catalog.ResolveAsync("htdemucs"));
        Assert.Contains("955717e8-8726e21a.th", e.Message, StringComparison.Ordinal);
        Assert.Contains(Path.Combine(_folder, "cache", "models"), e.Message, StringComparison.Ordinal);
        Assert.Contains("--model demo", e.Message, StringComparison.Ordinal);
        // Only the specialist that is needed is missed.
        e = await Assert.ThrowsAsync<ModelException>(() => Catalog.ResolveAsync("htdemucs_ft", stems: ["vocals"]));
        Assert.Contains("04573f0d-f3cf25b2.th", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_unknown_name_is_answered_with_the_nearest_and_where_all_are_listed()
    {
        ModelException e = await Assert.ThrowsAsync<ModelException>(() => Catalog.ResolveAsync("htdemuks"));
        Assert.StartsWith("There is no model 'htdemuks'. Did you mean htdemucs? 'stemsharp models list' shows all ", e.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("mdx_q")]
    [InlineData("mdx_extra_q")]
    [InlineData("6b9c2ca1")]
    public async Task Quantised_models_are_refused_by_name_with_the_reason(string name)
    {
        ModelException e = await Assert.ThrowsAsync<ModelException>(() => Catalog.ResolveAsync(name));
        Assert.StartsWith($"{name} cannot be used: its weights are DiffQ-quantised", e.Message, StringComparison.Ordinal);
        Assert.EndsWith("Use mdx or mdx_extra.", e.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("hdemucs_mmi", "75fc33f5")]
    [InlineData("mdx", "0d19c1c6,7ecf8ec1,c511e2ab,7d865c68")]
    [InlineData("mdx_extra", "e51eebcc,a1d90b5c,5d2d6c55,cfa93e08")]
    [InlineData("repro_mdx_a", "9a6b4851,1ef250f1,fa0cb7f9,902315c2")]
    [InlineData("repro_mdx_a_time_only", "9a6b4851,9a6b4851,1ef250f1,1ef250f1")]
    [InlineData("repro_mdx_a_hybrid_only", "fa0cb7f9,902315c2,fa0cb7f9,902315c2")]
    public void Older_official_models_are_known_by_name_and_by_signature(string name, string signatures)
    {
        Assert.Equal(signatures.Split(','), Catalog.Find(name)!.Files.Select(f => f.Name[..8]));
        Assert.All(signatures.Split(','), signature => Assert.StartsWith(signature, Assert.Single(Catalog.Find(signature)!.Files).Name, StringComparison.Ordinal));
    }
}
