using System.Globalization;
using Xunit;
using Xunit.Abstractions;

namespace Stemsharp.Tests.Golden;

/// <summary>Whole tracks through a RoFormer, as users separate them, against the original's demix at one chunk a batch.</summary>
public sealed class RoFormerPipelineTests(ITestOutputHelper output) : IDisposable
{
    private const string Folder = GoldenRoFormers.Folder;
    private readonly string _folder = Directory.CreateTempSubdirectory("stemsharp-roformer-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData("bs4.ckpt", "ov2")]
    [InlineData("bs4.ckpt", "ov4")]
    [InlineData("bs4.ckpt", "ov2.normalize")]
    [InlineData("bs4.ckpt", "short5003")]
    [InlineData("bs4.ckpt", "short4001")]
    [InlineData("mel1.safetensors", "ov2")]
    [InlineData("mel1.safetensors", "ov4")]
    [InlineData("mel1.safetensors", "ov8")]
    [InlineData("mel1.safetensors", "ov2.normalize")]
    [InlineData("mel1.safetensors", "short5003")]
    [InlineData("mel1.safetensors", "short4001")]
    public async Task A_track_is_separated_as_exactly_as_by_the_original_in_single_precision(string model, string name)
    {
        GoldenTensors golden = GoldenTensors.Open(Folder, $"{model.Split('.')[0]}.demix.safetensors");
        double original = double.Parse(golden.Metadata[$"pytorch_fp32_snr_db.{name}"], CultureInfo.InvariantCulture);
        string path = GoldenRoFormers.Copy(_folder, model, yaml => GoldenRoFormers.YamlOf(name, yaml));
        string mix = golden.Contains($"mix.{name}") ? $"mix.{name}" : "mix";
        await using Separator separator = GoldenModel.Open(path, new SeparatorOptions { Defaults = new SeparationOptions { Overlap = GoldenRoFormers.OverlapOf(name) } });
        SeparationResult result = await separator.SeparateAsync(GoldenModel.Input(golden[mix]));
        double snr = GoldenModel.Snr(golden[$"stems.{name}"].Values, GoldenModel.Parts(result, golden.Metadata[$"stems.{name}"].Split(',')));
        output.WriteLine($"{snr:F2} dB, the original {original:F2} dB");
        Assert.True(snr > Math.Max(original - 3, 100), $"{snr:F2} dB, the original {original:F2} dB");
    }

    [Fact]
    public async Task The_configurations_overlap_is_the_default()
    {
        GoldenTensors golden = GoldenTensors.Open(Folder, "mel1.demix.safetensors");
        await using Separator separator = GoldenModel.Open(GoldenRoFormers.Copy(_folder, "mel1.safetensors", yaml => yaml.Replace("num_overlap: 2", "num_overlap: 8", StringComparison.Ordinal)));
        SeparationResult result = await separator.SeparateAsync(GoldenModel.Input(golden["mix"]));
        Assert.True(GoldenModel.Snr(golden["stems.ov8"].Values, GoldenModel.Parts(result, "vocals")) > 110);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("vocals,other")]
    [InlineData("other")]
    [InlineData("vocals")]
    public async Task One_target_leaves_the_rest_of_the_mix(string? wanted)
    {
        GoldenTensor mix = GoldenTensors.Open(Folder, "mel1.demix.safetensors")["mix"];
        await using Separator separator = GoldenModel.Open(RepositoryFiles.Golden(Folder, "mel1.safetensors"));
        Assert.Equal(["vocals", "other"], separator.Stems);
        SeparationResult all = await separator.SeparateAsync(GoldenModel.Input(mix));
        SeparationResult some = await separator.SeparateAsync(GoldenModel.Input(mix), separator.Options.Defaults with { Stems = wanted?.Split(',') });
        Assert.Equal(wanted?.Split(',') ?? ["vocals", "other"], some.StemNames);
        for (int c = 0; c < 2; c++)
        {
            for (int i = 0; i < mix.Shape[1]; i++)
            {
                Assert.Equal(mix.Values[c * mix.Shape[1] + i] - all["vocals"][c][i], all["other"][c][i]);
            }

            Assert.All(some.StemNames, stem => Assert.Equal(all[stem][c], some[stem][c]));
        }
    }

    [Fact]
    public async Task Shifts_are_refused()
    {
        GoldenTensor mix = GoldenTensors.Open(Folder, "mel1.demix.safetensors")["mix"];
        await using Separator separator = GoldenModel.Open(RepositoryFiles.Golden(Folder, "mel1.safetensors"), new SeparatorOptions { Defaults = new SeparationOptions { Shifts = 2 } });
        OptionException e = await Assert.ThrowsAsync<OptionException>(() => separator.SeparateAsync(GoldenModel.Input(mix)));
        Assert.Contains("Leave shifts out", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_silent_track_is_silent_stems()
    {
        await using Separator separator = GoldenModel.Open(RepositoryFiles.Golden(Folder, "bs4.ckpt"));
        SeparationResult result = await separator.SeparateAsync(AudioInput.FromSamples(new float[2 * 20_000], 44_100, 2, "silence"));
        Assert.All(result.StemNames, stem => Assert.All(result[stem], channel => Assert.All(channel, value => Assert.Equal(0f, value))));
    }
}
