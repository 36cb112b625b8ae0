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

/// <summary>RoFormers as ONNX graphs: real arithmetic, no tensor that a browser refuses, as exact as the original in single precision.</summary>
public class RoFormerGraphTests(ITestOutputHelper output)
{
    private const long LargestTensor = 128 << 20;

    [Theory]
    [InlineData("bs4.ckpt", "bs4", 8820, 1 << 20)]
    [InlineData("bs4.ckpt", "bs4", 8820, 128 << 20)]
    [InlineData("bs1.ckpt", "bs1", 22528, 1 << 20)]
    [InlineData("mel1.safetensors", "mel1", 8820, 128 << 20)]
    [InlineData("mel1.safetensors", "mel1", 8820, 1 << 20)]
    [InlineData("mel4.ckpt", "mel4", 8192, 128 << 20)]
    public void Golden_cases_keep_their_precision_in_both_kinds_of_graph(string model, string name, int samples, int limit)
    {
        GoldenTensors golden = GoldenTensors.Open("roformer", $"{name}.io.safetensors");
        double original = double.Parse(golden.Metadata[$"pytorch_fp32_snr_db.{samples}"], CultureInfo.InvariantCulture);
        float[] mix = golden[$"mix.{samples}"].Values, truth = golden[$"stems.{samples}"].Values;
        CheckpointNetwork network = FamilyTable.All.Open(RepositoryFiles.Golden("roformer", model));
        OnnxGraphOptions options = new() { ScoreLimit = limit };
        ModelProto waveform = OnnxModelBuilder.Build(network, options);
        Assert.Empty(GraphRules.Check(waveform.Graph));
        double inside = Snr.Of(truth, GraphRun.First(waveform, mix));

        TransformDefinition transform = network.Definition.Transform!;
        float[] spectrograms = GraphRun.First(OnnxModelBuilder.Build(network, options with { Kind = OnnxGraphKind.Spectrogram }), Spectrograms.Forward(transform, mix, samples));
        double outside = Snr.Of(truth, Spectrograms.Inverse(transform, spectrograms, samples, truth.Length / samples));
        output.WriteLine($"waveform {inside:F2} dB, spectrogram {outside:F2} dB, the original {original:F2} dB");
        Assert.True(inside > original - 6, $"waveform {inside:F2} dB, the original {original:F2} dB");
        Assert.True(outside > Math.Max(original - 6, 100), $"spectrogram {outside:F2} dB, the original {original:F2} dB");
    }

    [Theory]
    [InlineData("synthetic:bs-roformer-sw")]
    [InlineData("synthetic:mel-band-roformer-kim")]
    public void No_tensor_of_a_full_size_network_is_above_128_megabytes_and_none_breaks_a_rule(string name)
    {
        CheckpointNetwork network = FamilyTable.All.Open(name);
        foreach (OnnxGraphKind kind in Enum.GetValues<OnnxGraphKind>())
        {
            GraphProto graph = OnnxModelBuilder.Build(network, new OnnxGraphOptions { Kind = kind, HalfWeights = true }).Graph;
            Assert.Empty(GraphRules.Check(graph).Select(f => $"{f.Rule.Name}: {string.Join("; ", f.Places)}"));
            (string Name, long Bytes) largest = graph.ValueInfo.Concat(graph.Input).Concat(graph.Output)
                .Select(v => (v.Name, v.Type.TensorType.Shape.Dim.Aggregate(4L, (n, d) => n * d.DimValue))).MaxBy(v => v.Item2);
            output.WriteLine($"{kind}: {graph.Node.Count} nodes, the largest tensor {largest.Name} has {largest.Bytes / 1e6:F1} MB");
            Assert.True(largest.Bytes <= LargestTensor, $"{kind}: {largest.Name} has {largest.Bytes:N0} bytes");
        }
    }
}
