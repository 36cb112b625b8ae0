using System.Globalization;
using Xunit;
using Xunit.Abstractions;

namespace Stemsharp.Tests.Golden;

/// <summary>Whole tracks through an MDX-Net file, against its publisher's pipeline in double precision.</summary>
public class MDXNetPipelineTests(ITestOutputHelper output)
{
    private const string Folder = "mdxnet";
    private const string Parameters = "#n_fft=4096,primary_stem=Vocals,compensate=1.021";

    private static string ModelPath => RepositoryFiles.Golden(Folder, "mdxnet.onnx");

    /// <summary>Case, overlap, samples of the mix.</summary>
    public static TheoryData<string, double, int> Cases => new()
    {
        { "default", -1, 60_001 },
        { "ov0.25", 0.25, 60_001 },
        { "ov0", 0, 60_001 },
        { "ov0.5.denoise", 0.5, 60_001 },
        { "short5001", -1, 5001 },
    };

    [Theory]
    [MemberData(nameof(Cases))]
    public async Task A_track_is_separated_as_exactly_as_by_the_original_in_single_precision(string name, double overlap, int samples)
    {
        (double snr, double original) = await SnrOf(name, overlap, samples, null);
        Assert.True(snr > Math.Max(original - 3, 100), $"{snr:F2} dB, the original {original:F2} dB");
    }

    [Fact]
    public async Task The_interpreter_agrees_beyond_130_decibels()
    {
        (double snr, _) = await SnrOf("default", -1, 60_001, GoldenModel.Interpreter());
        Assert.True(snr > 130, $"{snr:F2} dB");
    }

    [Fact]
    public async Task What_is_left_of_the_mix_is_the_other_stem()
    {
        GoldenTensors golden = GoldenTensors.Open(Folder, "mdxnet.pipeline.safetensors");
        await using Separator separator = GoldenModel.Open(ModelPath + Parameters);
        Assert.Equal(["vocals", "instrumental"], separator.Stems);
        SeparationResult result = await separator.SeparateAsync(GoldenModel.Input(golden["mix"]));
        double snr = GoldenModel.Snr(golden["secondary.default"].Values, GoldenModel.Parts(result, "instrumental"));
        output.WriteLine($"{snr:F2} dB");
        Assert.True(snr > double.Parse(golden.Metadata["pytorch_fp32_snr_db.secondary.default"], CultureInfo.InvariantCulture) - 3, $"{snr:F2} dB");
    }

    [Fact]
    public async Task Silence_gives_what_the_networks_biases_give_and_nothing_more()
    {
        // Zeros are no zeros behind biases; the stems add up to the mix all the same.
        await using Separator separator = GoldenModel.Open(ModelPath + Parameters);
        SeparationResult result = await separator.SeparateAsync(AudioInput.FromSamples(new float[2 * 40_000], 44_100, 2, "silence"));
        for (int c = 0; c < 2; c++)
        {
            Assert.Equal(result["vocals"][c], result["instrumental"][c].Select(v => -v));
        }
    }

    private async Task<(double Snr, double Original)> SnrOf(string name, double overlap, int samples, SeparatorOptions? options)
    {
        GoldenTensors golden = GoldenTensors.Open(Folder, "mdxnet.pipeline.safetensors");
        double original = double.Parse(golden.Metadata[$"pytorch_fp32_snr_db.raw.{name}"], CultureInfo.InvariantCulture);
        string settings = Parameters + (name.EndsWith("denoise", StringComparison.Ordinal) ? ",denoise=true" : "");
        await using Separator separator = GoldenModel.Open(ModelPath + settings, (options ?? new()) with { Defaults = new SeparationOptions { Overlap = overlap < 0 ? null : overlap } });
        GoldenTensor mix = golden["mix"];
        float[] part = [.. mix.Values[..samples], .. mix.Values[mix.Shape[1]..(mix.Shape[1] + samples)]];
        SeparationResult result = await separator.SeparateAsync(GoldenModel.Input(new GoldenTensor("mix", [2, samples], part)));
        double compensate = double.Parse(golden.Metadata["compensate"], CultureInfo.InvariantCulture);
        float[] truth = [.. golden[$"raw.{name}"].Values.Select(v => (float)(v * compensate))];
        double snr = GoldenModel.Snr(truth, GoldenModel.Parts(result, "vocals"));
        output.WriteLine($"{snr:F2} dB, the original {original:F2} dB");
        return (snr, original);
    }
}
