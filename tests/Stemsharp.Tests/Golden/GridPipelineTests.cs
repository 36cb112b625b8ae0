using System.Globalization;
using Xunit;
using Xunit.Abstractions;

namespace Stemsharp.Tests.Golden;

/// <summary>Whole tracks through MDX23C and SCNet, as users separate them, against the original's demix at one chunk a batch.</summary>
public sealed class GridPipelineTests(ITestOutputHelper output) : IDisposable
{
    private const string Folder = "mdx23c-scnet";
    private readonly string _folder = Directory.CreateTempSubdirectory("stemsharp-grids-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData("mdxc1.ckpt", "ov4")]
    [InlineData("mdxc1.ckpt", "ov2")]
    [InlineData("mdxc1.ckpt", "ov5")]
    [InlineData("mdxc1.ckpt", "ov4.short23001")]
    [InlineData("mdxc1.ckpt", "ov2.short5001")]
    [InlineData("mdxc4.ckpt", "ov2.normalize")]
    [InlineData("mdxc4.ckpt", "ov4")]
    [InlineData("mdxc4.ckpt", "ov2.normalize.short9100")]
    [InlineData("sc4.ckpt", "ov4.normalize")]
    [InlineData("sc4.ckpt", "ov2")]
    [InlineData("sc4.ckpt", "ov2.normalize.short23001")]
    [InlineData("sc4.ckpt", "ov4.short6001")]
    [InlineData("sc1.safetensors", "ov2")]
    [InlineData("sc1.safetensors", "ov4")]
    public async Task A_track_is_separated_as_exactly_as_by_the_original_in_single_precision(string model, string name)
    {
        GoldenTensors golden = GoldenTensors.Open(Folder, $"{model.Split('.')[0]}.demix.safetensors");
        double original = double.Parse(golden.Metadata[$"pytorch_fp32_snr_db.{name}"], CultureInfo.InvariantCulture);
        string path = Copy(model, name);
        GoldenTensor mix = golden["mix"];
        int length = golden[$"stems.{name}"].Shape[^1];
        GoldenTensor part = new("mix", [2, length], [.. Enumerable.Range(0, 2).SelectMany(c => mix.Values.Skip(c * mix.Shape[1]).Take(length))]);
        await using Separator separator = GoldenModel.Open(path);
        SeparationResult result = await separator.SeparateAsync(GoldenModel.Input(part));
        double snr = GoldenModel.Snr(golden[$"stems.{name}"].Values, GoldenModel.Parts(result, golden.Metadata[$"stems.{name}"].Split(',')));
        output.WriteLine($"{snr:F2} dB, the original {original:F2} dB");
        Assert.True(snr > original - 3, $"{snr:F2} dB, the original {original:F2} dB");
    }

    [Theory]
    [InlineData("mdxc1.ckpt", "Vocals", "Instrumental")]
    [InlineData("sc1.safetensors", "vocals", "other")]
    public async Task One_target_leaves_the_rest_of_the_mix(string model, string target, string rest)
    {
        GoldenTensor mix = GoldenTensors.Open(Folder, $"{model.Split('.')[0]}.demix.safetensors")["mix"];
        await using Separator separator = GoldenModel.Open(RepositoryFiles.Golden(Folder, model));
        Assert.Equal([target, rest], separator.Stems);
        SeparationResult all = await separator.SeparateAsync(GoldenModel.Input(mix));
        for (int c = 0; c < 2; c++)
        {
            for (int i = 0; i < mix.Shape[1]; i++)
            {
                Assert.Equal(mix.Values[c * mix.Shape[1] + i] - all[target][c][i], all[rest][c][i]);
            }
        }
    }

    [Theory]
    [InlineData("mdxc4.ckpt")]
    [InlineData("sc4.ckpt")]
    public async Task A_silent_track_is_silent_stems(string model)
    {
        await using Separator separator = GoldenModel.Open(RepositoryFiles.Golden(Folder, model));
        SeparationResult result = await separator.SeparateAsync(AudioInput.FromSamples(new float[2 * 40_000], 44_100, 2, "silence"));
        Assert.All(result.StemNames, stem => Assert.All(result[stem], channel => Assert.All(channel, value => Assert.Equal(0f, value))));
    }

    // The checkpoint beside its YAML with the case's overlap and normalisation.
    private string Copy(string model, string name)
    {
        string path = Path.Combine(_folder, model), yaml = File.ReadAllText(Path.ChangeExtension(RepositoryFiles.Golden(Folder, model), ".yaml"));
        File.Copy(RepositoryFiles.Golden(Folder, model), path);
        string inference = $"inference:\n  num_overlap: {name[2]}\n  normalize: {(name.Contains("normalize", StringComparison.Ordinal) ? "true" : "false")}\n";
        File.WriteAllText(Path.ChangeExtension(path, ".yaml"), yaml[..yaml.IndexOf("inference:", StringComparison.Ordinal)] + inference);
        return path;
    }
}
