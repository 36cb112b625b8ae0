using Stemsharp.Files;
using Xunit;

namespace Stemsharp.Tests.Separation;

/// <summary>Files are called as audio-separator calls them.</summary>
public sealed class AudioSeparatorNamesTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("stemsharp-layout-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData("song", "Vocals", "model_bs_roformer_ep_317_sdr_12.9755.ckpt", "song_(Vocals)_model_bs_roformer_ep_317_sdr_12.wav")]
    [InlineData("a: b? <c>", "No Drum-Bass", "x.ckpt", "a_ b_ _c_(No Drum-Bass)_x.wav")]
    [InlineData("__song__. ", "male", "a__b.ckpt", "song_(male)_a_b.wav")]
    [InlineData("Ünïcode|*", "vocals", "MelBandRoformerSYHFTV2.5.ckpt", "Ünïcode_(vocals)_MelBandRoformerSYHFTV2.wav")]
    public void Song_stem_and_model_lose_what_they_lose_there(string track, string stem, string model, string expected)
    {
        FileNameFields fields = new() { Path = "folder/" + track + ".mp3", Model = "another", Extension = "wav", Names = new AudioSeparatorNames(model, Capitals: false) };
        Assert.Equal(expected, FileNamePattern.Parse(AudioSeparatorNames.Pattern).Render(fields.Of(stem)));
    }

    [Theory]
    [InlineData(true, "vocals", "Vocals")]
    [InlineData(true, "no_vocals", "No Vocals")]
    [InlineData(false, "vocals", "vocals")]
    [InlineData(false, "Vocals", "Vocals")]
    [InlineData(false, "no_dry", "No dry")]
    public void Stems_are_the_trainers_or_begin_with_a_capital(bool capitals, string stem, string expected) =>
        Assert.Equal(expected, new AudioSeparatorNames("x", capitals).Stem(stem));

    [Fact]
    public async Task The_library_writes_such_files_into_one_folder()
    {
        string model = Path.Combine(_folder, "My_model.v2.ckpt");
        File.Copy(RepositoryFiles.Golden("roformer", "bs1.ckpt"), model);
        File.Copy(RepositoryFiles.Golden("roformer", "bs1.yaml"), Path.Combine(_folder, "My_model.v2.yaml"));
        foreach ((string name, string[] expected) in ((string, string[])[])
        [
            (model, ["samples_(other)_My_model.wav", "samples_(vocals)_My_model.wav"]),
            (RepositoryFiles.DemoModel, [.. new[] { "Bass", "Drums", "Guitar", "Other", "Piano", "Vocals" }.Select(s => $"samples_({s})_demo.wav")]),
        ])
        {
            string made = Path.Combine(_folder, Path.GetFileName(name) + "-made");
            await using Separator separator = await Separator.OpenAsync(new SeparatorOptions { Model = name }, new ModelCatalog(new ModelCatalogOptions { Offline = true }));
            await separator.SeparateToFilesAsync(Noise(), made, new StemFileOptions { Layout = StemFileLayout.AudioSeparator });
            Assert.Equal(expected, Directory.GetFileSystemEntries(made).Select(Path.GetFileName).Order(StringComparer.Ordinal));
        }
    }

    [Fact]
    public async Task Another_way_to_name_files_excludes_it()
    {
        await using Separator separator = FakeModel.Open();
        foreach (StemFileOptions options in (StemFileOptions[])[new() { FileNamePattern = "{stem}.{ext}" }, new() { FileName = (_, _, stem) => stem }])
        {
            OptionException e = await Assert.ThrowsAsync<OptionException>(() => separator.SeparateToFilesAsync(Noise(), _folder, options with { Layout = StemFileLayout.AudioSeparator }));
            Assert.Contains("Layout AudioSeparator names the files", e.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Stems_are_wanted_in_any_case()
    {
        await using Separator separator = await Separator.OpenAsync(
            new SeparatorOptions { Model = RepositoryFiles.DemoModel, Stems = ["VOCALS", "Bass"] }, new ModelCatalog(new ModelCatalogOptions { Offline = true }));
        Assert.Equal(["bass", "vocals"], (await separator.SeparateAsync(Noise())).StemNames);
    }

    private static AudioInput Noise()
    {
        Random random = new(5);
        return AudioInput.FromSamples((float[])[.. Enumerable.Range(0, 20_000).Select(_ => random.NextSingle() - 0.5f)], 44_100, 2);
    }
}
