using Stemsharp.Inference;
using Stemsharp.Model;
using Xunit;

namespace Stemsharp.Tests.Model.RoFormer;

/// <summary>Whether bin 0 of the stems is set to zero: the configuration says it, an option goes over it.</summary>
public sealed class ZeroDcTests
{
    private const string Model = "synthetic:bs-roformer-tiny";

    [Theory]
    [InlineData("mel1.safetensors", true)]
    [InlineData("mel4.ckpt", false)]
    [InlineData("bs4.ckpt", true)]
    public async Task The_default_is_the_configurations(string file, bool expected)
    {
        ModelSource source = await Resolve(RepositoryFiles.Golden("roformer", file));
        Assert.Equal(expected, source.Members[0].Network.Definition.ZeroDc);
        Assert.Equal(!expected, source.WithZeroDc(!expected).Members[0].Network.Definition.ZeroDc);
        Assert.Same(source.Members[0].Network, source.WithZeroDc(expected).Members[0].Network);

        // Results that differ have fingerprints that differ.
        Assert.NotEqual(source.ComputeFingerprint(), source.WithZeroDc(!expected).ComputeFingerprint());
        Assert.Equal(source.ComputeFingerprint(), source.WithZeroDc(!expected).WithZeroDc(expected).ComputeFingerprint());
        Assert.Equal(source.ComputeFingerprint(), source.WithZeroDc(expected).ComputeFingerprint());
    }

    [Fact]
    public async Task What_differs_is_the_lowest_bin_alone()
    {
        SeparationResult kept = await Separate(false), plain = await Separate(null), cleared = await Separate(true);
        foreach (string stem in plain.StemNames)
        {
            Assert.Equal(plain[stem][0], cleared[stem][0]);
            double[] difference = [.. kept[stem][0].Zip(cleared[stem][0], (a, b) => (double)a - b)];
            double most = difference.Max(Math.Abs), step = difference.Zip(difference.Skip(1), (a, b) => Math.Abs(a - b)).Max();
            Assert.True(most > 1e-6, $"{stem}: {most}");

            // Bin 0 is an offset under the window: nothing of it changes quickly.
            Assert.True(step < 0.05 * most, $"{stem}: {step} of {most}");
        }
    }

    [Fact]
    public async Task A_network_without_the_choice_refuses_it()
    {
        OptionException e = await Assert.ThrowsAsync<OptionException>(() => Separator.OpenAsync(new SeparatorOptions { Model = RepositoryFiles.DemoModel, ZeroDc = false }, Catalog()));
        Assert.Contains("zero_dc means nothing for demo", e.Message, StringComparison.Ordinal);
        Assert.Null((await Resolve(RepositoryFiles.DemoModel)).Members[0].Network.Definition.ZeroDc);
    }

    [Fact]
    public void The_definition_carries_it()
    {
        NetworkDefinition definition = FamilyTable.All.Open(Model).Definition;
        foreach (bool? zeroDc in (bool?[])[true, false, null])
        {
            Assert.Equal(zeroDc, DefinitionJson.FromText(DefinitionJson.ToText(definition with { ZeroDc = zeroDc })).ZeroDc);
        }
    }

    private static async Task<SeparationResult> Separate(bool? zeroDc)
    {
        await using Separator separator = await Separator.OpenAsync(new SeparatorOptions { Model = Model, ZeroDc = zeroDc, Threads = 1 }, Catalog());
        Random random = new(3);
        float[] mix = [.. Enumerable.Range(0, 2 * 20_000).Select(_ => random.NextSingle() - 0.3f)];
        return await separator.SeparateAsync(AudioInput.FromSamples(mix, separator.SampleRate, 2));
    }

    private static Task<ModelSource> Resolve(string path) => Catalog().ResolveAsync(path);

    private static ModelCatalog Catalog() => new(new ModelCatalogOptions { Offline = true });
}
