using Xunit;

namespace Stemsharp.Tests;

public sealed class DemoModelTests
{
    [Fact]
    public async Task The_demo_model_separates_without_a_network_or_a_file()
    {
        await using Separator separator = await DemoModel.OpenAsync();
        SeparationResult result = await separator.SeparateAsync(AudioInput.FromFile(RepositoryFiles.Sample("song", "mix.wav")).Part(TimeSpan.Zero, TimeSpan.FromSeconds(1)));
        Assert.Equal(DemoModel.Embedded.Stems, result.StemNames);
        Assert.Equal("demo", separator.Model);
    }

    [Fact]
    public async Task A_catalog_without_it_says_which_package_it_wants()
    {
        ModelException error = await Assert.ThrowsAsync<ModelException>(() => Separator.OpenAsync(new SeparatorOptions { Model = "demo" }));
        Assert.Contains("dotnet add package Stemsharp.DemoModel", error.Message, StringComparison.Ordinal);
        Assert.Equal(ModelFailure.Unknown, error.Failure);
        await using Separator separator = await Separator.OpenAsync(new SeparatorOptions { Model = "demo", Preload = false }, DemoModel.Catalog());
        Assert.Equal(6, separator.Stems.Count);
    }
}
