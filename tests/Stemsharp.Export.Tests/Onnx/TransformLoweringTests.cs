using FsCheck;
using FsCheck.Fluent;
using Stemsharp.Evaluation;
using Stemsharp.Export.Onnx;
using Stemsharp.Export.Onnx.Lowering;
using Stemsharp.Export.Onnx.Schema;
using Stemsharp.Signal;
using Stemsharp.Tests.Signal;
using Xunit;

namespace Stemsharp.Export.Tests.Onnx;

/// <summary>Transforms inside graphs against the same transforms outside of them, which have tests of their own.</summary>
public class TransformLoweringTests
{
    [Theory]
    [InlineData("torch", 2048, 441, 20_000)]
    [InlineData("torch", 2048, 512, 20_000)]
    [InlineData("torch", 2048, 2048, 20_000)]
    [InlineData("mdx", 5120, 1024, 20_480)]
    [InlineData("mdx", 768, 192, 9024)]
    [InlineData("scnet", 1024, 256, 7168)]
    [InlineData("old", 1024, 256, 6615)]
    [InlineData("demucs", 1024, 256, 6615)]
    public void Networks_transforms(string kind, int nfft, int hop, int samples) => AssertAgrees(
        kind switch
        {
            "torch" => Definitions.Torch(nfft, hop),
            "mdx" => Definitions.Mdx(nfft, hop, nfft * 3 / 8),
            "scnet" => Definitions.ScNet(nfft, hop),
            "old" => Definitions.HybridOld(nfft),
            _ => Definitions.Demucs(nfft),
        },
        samples);

    [Fact]
    public void Any_definition() =>
        Prop.ForAll(Definitions.Any, x => AssertAgrees(x.Definition, x.Samples)).Check(Config.QuickThrowOnFailure.WithMaxTest(200));

    [Fact]
    public void Too_short_a_segment_is_refused() =>
        Assert.Contains("more than 1024 samples", Assert.Throws<ModelException>(() => AssertAgrees(Definitions.Torch(2048, 512), 1024, refused: true)).Message, StringComparison.Ordinal);

    private static void AssertAgrees(TransformDefinition definition, int samples, bool refused = false)
    {
        int end = definition.PaddedSamples(samples) - definition.PadStart - samples;
        int mirrored = Math.Max(definition.Nfft / 2, definition.PadMode == PaddingMode.Reflect ? Math.Max(definition.PadStart, end) : 0);
        if (mirrored >= samples && !refused)
        {
            return; // another test's
        }

        float[] mix = StftRun.Noise(2 * samples, 1);
        using Stft stft = Stft.Create(definition, samples);
        float[] truth = [.. StftRun.Forward(stft, mix.AsSpan(0, samples)), .. StftRun.Forward(stft, mix.AsSpan(samples))];
        float[] forward = Run([1, 2, samples], mix, (graph, x) => TransformLowering.Create(graph, definition, samples, fused: true).Forward(x));
        AssertSame(truth, forward);

        float[] spectrogram = StftRun.Noise(truth.Length, 2);
        int half = truth.Length / 2, given = Math.Min(definition.OutputSamples(samples), samples);
        float[] back = new float[2 * samples];
        StftRun.Inverse(stft, spectrogram.AsSpan(0, half)).AsSpan(0, given).CopyTo(back);
        StftRun.Inverse(stft, spectrogram.AsSpan(half)).AsSpan(0, given).CopyTo(back.AsSpan(samples));
        try
        {
            float[] inverse = Run([1, 1, 4, definition.Bins, stft.Frames], spectrogram, (graph, x) =>
            {
                TransformLowering transform = TransformLowering.Create(graph, definition, samples, fused: true);
                return transform.Inverse(graph.Mul("gains", x, transform.Gains()));
            });
            AssertSame(back, inverse);
        }
        catch (ModelException e) when (e.Message.Contains("no frame reaches", StringComparison.Ordinal))
        {
            Assert.All(back, sample => Assert.Equal(0, sample));
        }
    }

    // Sums of a few dozen floats; where everything is zero, zeros.
    private static void AssertSame(float[] truth, float[] found)
    {
        Assert.Equal(truth.Length, found.Length);
        Assert.True(SignalToNoise.Of(truth, found) is > 120 or double.NaN, $"{SignalToNoise.Of(truth, found)} dB");
    }

    private static float[] Run(int[] shape, float[] input, Func<OnnxGraph, Tensor, Tensor> build)
    {
        OnnxGraph graph = new(17);
        graph.Output("result", build(graph, graph.Input("x", ElementType.Float, shape)));
        ModelProto model = new() { IrVersion = 8, Graph = graph.Proto };
        model.OpsetImport.Add(new OperatorSetIdProto { Domain = "", Version = 17 });
        return GraphRun.First(model, input);
    }
}
