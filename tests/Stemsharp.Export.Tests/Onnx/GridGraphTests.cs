using System.Globalization;
using Stemsharp.Export.Onnx;
using Stemsharp.Export.Onnx.Rules;
using Stemsharp.Export.Onnx.Schema;
using Stemsharp.Export.Tests.CoreML;
using Stemsharp.Model;
using Stemsharp.Signal;
using Stemsharp.Tests;
using Xunit;
using Xunit.Abstractions;

namespace Stemsharp.Export.Tests.Onnx;

/// <summary>MDX23C and SCNet as ONNX graphs, as exact as the original in single precision.</summary>
public class GridGraphTests(ITestOutputHelper output)
{
    [Theory]
    [InlineData("mdxc1.ckpt", 16128)]
    [InlineData("mdxc4.ckpt", 9024)]
    [InlineData("mdxcb.ckpt", 4480)]
    [InlineData("sc4.ckpt", 7001)]
    [InlineData("sc1.safetensors", 5003)]
    public void Golden_cases_keep_their_precision_in_both_kinds_of_graph(string model, int samples)
    {
        GoldenTensors golden = GoldenTensors.Open("mdx23c-scnet", $"{model.Split('.')[0]}.io.safetensors");
        double original = double.Parse(golden.Metadata[$"pytorch_fp32_snr_db.{samples}"], CultureInfo.InvariantCulture);
        float[] mix = golden[$"mix.{samples}"].Values, truth = golden[$"stems.{samples}"].Values;
        CheckpointNetwork network = FamilyTable.All.Open(RepositoryFiles.Golden("mdx23c-scnet", model));
        OnnxGraphOptions options = new() { Samples = samples };
        ModelProto waveform = OnnxModelBuilder.Build(network, options);
        Assert.Empty(GraphRules.Check(waveform.Graph));
        double inside = Snr.Of(truth, GraphRun.First(waveform, mix));

        TransformDefinition transform = network.Definition.Transform!;
        float[] spectrograms = GraphRun.First(OnnxModelBuilder.Build(network, options with { Kind = OnnxGraphKind.Spectrogram }), Spectrograms.Forward(transform, mix, samples));
        double outside = Snr.Of(truth, Spectrograms.Inverse(transform, spectrograms, samples, truth.Length / samples));
        output.WriteLine($"waveform {inside:F2} dB, spectrogram {outside:F2} dB, the original {original:F2} dB");
        Assert.True(inside > original - 6, $"waveform {inside:F2} dB, the original {original:F2} dB");
        Assert.True(outside > original - 6, $"spectrogram {outside:F2} dB, the original {original:F2} dB");
    }

    [Fact]
    public void Integers_are_refused_where_nothing_would_become_one()
    {
        CheckpointNetwork network = FamilyTable.All.Open(RepositoryFiles.Golden("mdx23c-scnet", "mdxc1.ckpt"));
        OptionException e = Assert.Throws<OptionException>(() => OnnxModelBuilder.Build(network, new OnnxGraphOptions { Int8 = true }));
        Assert.Contains("int8 would change nothing", e.Message, StringComparison.Ordinal);
    }
}
