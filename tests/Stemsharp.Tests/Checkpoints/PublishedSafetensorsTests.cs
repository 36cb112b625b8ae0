using Stemsharp.Checkpoints;
using Stemsharp.Model;
using Xunit;

namespace Stemsharp.Tests.Checkpoints;

/// <summary>Files as demucs 4.1 publishes them are the models that they were made of.</summary>
public sealed class PublishedSafetensorsTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("stemsharp-published-").FullName;

    public static TheoryData<string> Originals => new(
        RepositoryFiles.Golden("tiny4", "tiny4-cf67fb40.th"),
        RepositoryFiles.Golden("demucs3", "hd4-f3818771.th"),
        Directory.GetFiles(RepositoryFiles.Golden("demucs3"), "dm4-*.th").Single());

    private ModelCatalog Catalog => new(new ModelCatalogOptions { CacheFolder = Path.Combine(_folder, "cache"), Offline = true, EnvironmentVariable = _ => null });

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [MemberData(nameof(Originals))]
    public async Task A_published_file_gives_the_stems_of_the_file_it_was_made_of(string original)
    {
        File.WriteAllBytes(At("0a1b2c3d.safetensors"), PublishedSafetensors.Of(original));
        File.WriteAllText(At("0a1b2c3d.json"), PublishedSafetensors.Sidecar(original));
        File.WriteAllText(At("tinybag.yaml"), "models: ['0a1b2c3d']\n");
        SeparationResult expected = await Separate(await Catalog.ResolveAsync(original));
        Same(expected, await Separate(await Catalog.ResolveAsync(At("0a1b2c3d.safetensors"))));
        ModelSource bag = await Catalog.ResolveAsync("tinybag", _folder);
        Assert.Equal(("tinybag", "0a1b2c3d"), (bag.Name, Assert.Single(bag.Members).Signature));
        Same(expected, await Separate(bag));

        // Without the JSON file beside it, too.
        File.Delete(At("0a1b2c3d.json"));
        Same(expected, await Separate(await Catalog.ResolveAsync("0a1b2c3d", _folder)));
    }

    [Theory]
    [MemberData(nameof(Originals))]
    public void What_this_project_writes_has_the_same_form(string original)
    {
        using Checkpoint checkpoint = Checkpoint.Open(original);
        string path = CheckpointConversion.Save(checkpoint, At("mine.safetensors"));
        using Checkpoint written = Checkpoint.Open(path);
        Assert.Equal(checkpoint.ClassName, written.ClassName);
        Assert.Equal("", string.Join(", ", written.Positional));
        foreach ((string name, object? value) in checkpoint.Arguments!.Where(a => a.Key != "segment"))
        {
            Assert.Equal(value, written.Arguments![name]);
        }

        // A decimal number of seconds becomes the fraction that gives as many samples.
        Assert.IsType<Fraction>(written.Arguments!["segment"]);
        Assert.Equal(FamilyTable.All.Read(checkpoint).Definition.Cut, FamilyTable.All.Read(written).Definition.Cut);
    }

    [Fact]
    public void A_fraction_is_a_tagged_object_on_disk()
    {
        using Checkpoint checkpoint = Checkpoint.Open(RepositoryFiles.Golden("tiny4", "tiny4-cf67fb40.th"));
        string header = System.Text.Encoding.Latin1.GetString(File.ReadAllBytes(CheckpointConversion.Save(checkpoint, At("mine.safetensors"))).AsSpan(0, 4000)).Replace("\\u0022", "\"", StringComparison.Ordinal);
        Assert.Contains("""{"_type":"fraction","numerator":39,"denominator":20}""", header, StringComparison.Ordinal);
        Assert.Contains("\"klass\":\"demucs.htdemucs.HTDemucs\"", header, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("structure", """{"_dict": [["__quantized", true]]}""", "DiffQ-quantised")]
    [InlineData("klass", "demucs.model.Demucs", "of the class demucs.model.Demucs")]
    [InlineData("args", "{}", "not a list in brackets")]
    [InlineData("args", "[", "not valid JSON")]
    [InlineData("kwargs", """{"segment": {"_type": "fraction", "numerator": 39, "denominator": 0}}""", "a fraction without")]
    [InlineData("kwargs", """{"segment": {"_type": "fraction", "numerator": 39.5, "denominator": 5}}""", "a fraction without")]
    [InlineData("kwargs", """{"sources": ["a"], "segment": {"_type": "complex", "real": 1}}""", "segment = a dict of 2 is not supported")]
    public async Task What_is_wrong_with_its_header_is_said(string key, string value, string expected)
    {
        byte[] file = PublishedSafetensors.Of(RepositoryFiles.Golden("tiny4", "tiny4-cf67fb40.th"), metadata => new(metadata) { [key] = value });
        File.WriteAllBytes(At("bad.safetensors"), file);
        ModelException e = await Assert.ThrowsAsync<ModelException>(() => Catalog.ResolveAsync(At("bad.safetensors")));
        Assert.Contains(expected, e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_bags_segment_shortens_a_transformer_and_never_lengthens_it()
    {
        File.Copy(RepositoryFiles.Golden("tiny4", "tiny4-cf67fb40.th"), At("a1.th"));
        ModelSource own = await Catalog.ResolveAsync("a1", _folder);
        foreach ((string segment, int samples) in ((string, int)[])[("44", 85_995), ("1.95", 85_995), ("1.2345", 54_441), ("1", 44_100)])
        {
            File.WriteAllText(At("bag.yaml"), $"models: ['a1']\nsegment: {segment}\n");
            ModelSource bag = await Catalog.ResolveAsync("bag", _folder);
            Assert.Equal(samples, bag.Members[0].Definition.Cut.Samples);
            Assert.Equal(samples, bag.Members[0].Definition.Cut.NetworkSamples(samples));
            Assert.Equal(samples == 85_995, bag.ComputeFingerprint() == own.ComputeFingerprint());
        }

        // The network itself is run at that length, as one that was trained at it.
        File.WriteAllBytes(At("b2.safetensors"), PublishedSafetensors.Of(At("a1.th")));
        File.WriteAllText(At("b2.json"), """{"segment": 1}""");
        Same(await Separate(await Catalog.ResolveAsync("b2", _folder)), await Separate(await Catalog.ResolveAsync("bag", _folder)));
    }

    private string At(string name) => Path.Combine(_folder, name);

    private static async Task<SeparationResult> Separate(ModelSource source)
    {
        Random random = new(1);
        float[] noise = [.. Enumerable.Range(0, 2 * 50_001).Select(_ => random.NextSingle() - 0.5f)];
        await using Separator separator = Separator.Open(source, new SeparatorOptions { Threads = 1 });
        return await separator.SeparateAsync(AudioInput.FromSamples(noise, source.SampleRate, 2));
    }

    private static void Same(SeparationResult expected, SeparationResult actual)
    {
        Assert.Equal(expected.StemNames, actual.StemNames);
        Assert.Contains(expected.StemNames, stem => expected[stem][0].Any(sample => sample != 0));
        Assert.All(expected.StemNames, stem => Assert.Equal(expected[stem], actual[stem]));
    }
}
