using Stemsharp.Export.CoreML;
using Stemsharp.Tests;
using Xunit;
using Xunit.Abstractions;

namespace Stemsharp.Export.Tests.CoreML;

/// <summary>Packages, read back from disk and interpreted, against the golden stems and the double-precision branches.</summary>
public class GoldenPackageTests(ITestOutputHelper output)
{
    [Theory]
    [InlineData(CoreMLTarget.IOS16, CoreMLPrecision.Float32, 100)]
    [InlineData(CoreMLTarget.IOS18, CoreMLPrecision.Float32, 100)]
    [InlineData(CoreMLTarget.IOS16, CoreMLPrecision.Mixed, 60)]
    [InlineData(CoreMLTarget.IOS17, CoreMLPrecision.Mixed, 60)]
    [InlineData(CoreMLTarget.IOS18, CoreMLPrecision.Mixed, 60)]
    [InlineData(CoreMLTarget.IOS18, CoreMLPrecision.Float16, 35)]
    public void Both_branches_and_the_stems_keep_their_precision(CoreMLTarget target, CoreMLPrecision precision, double least)
    {
        TestNetwork network = TestNetwork.Open(RepositoryFiles.Golden("tiny4", "tiny4-cf67fb40.th"));
        GoldenTensors golden = GoldenTensors.Open("tiny4", "tiny4.io.safetensors");
        float[][] outputs = network.Run(new CoreMLExportOptions { Target = target, Precision = precision }, golden["mix.85995"].Values);
        Check("stems", Snr.Of(golden["stems.85995"].Values, network.Stems(outputs, 4)), least);
        double[][] truth = TinyTruth.Value;
        Check("frequency branch", Snr.Of(truth[0], outputs[0]), least);
        Check("time branch", Snr.Of(truth[1], outputs[1]), least);
    }

    [Theory]
    [InlineData(CoreMLPrecision.Float32, 100)]
    [InlineData(CoreMLPrecision.Mixed, 60)]
    public void Six_stems_without_a_resampling_layer(CoreMLPrecision precision, double least)
    {
        TestNetwork network = TestNetwork.Open(RepositoryFiles.Golden("tiny6", "tiny6-18285eff.th"));
        GoldenTensors golden = GoldenTensors.Open("tiny6", "tiny6.io.safetensors");
        float[][] outputs = network.Run(new CoreMLExportOptions { Target = CoreMLTarget.IOS17, Precision = precision }, golden["mix.85995"].Values);
        Check("stems", Snr.Of(golden["stems.85995"].Values, network.Stems(outputs, 6)), least);
        double[][] truth = network.Truth(golden["mix.85995"].Values);
        Check("frequency branch", Snr.Of(truth[0], outputs[0]), least);
        Check("time branch", Snr.Of(truth[1], outputs[1]), least);
    }

    [Theory]
    [InlineData(CoreMLPrecision.Float32, 100)]
    [InlineData(CoreMLPrecision.Mixed, 60)]
    public void Weights_of_every_storage_type(CoreMLPrecision precision, double least)
    {
        TestNetwork network = TestNetwork.Open(RepositoryFiles.Golden("mixed-storage", "mixed-7b6ab67f.th"));
        GoldenTensors golden = GoldenTensors.Open("mixed-storage", "mixed.io.safetensors");
        // The golden mix is shorter than the segment; the network sees zeros after it.
        float[] mix = Padded(golden["mix.20000"].Values, 20000, network.Samples);
        float[][] outputs = network.Run(new CoreMLExportOptions { Target = CoreMLTarget.IOS17, Precision = precision }, mix);
        float[] stems = network.Stems(outputs, 4);
        float[] start = [.. Enumerable.Range(0, 8).SelectMany(c => stems.AsSpan(c * network.Samples, 20000).ToArray())];
        Check("stems", Snr.Of(golden["stems.20000"].Values, start), least);
        double[][] truth = network.Truth(mix);
        Check("frequency branch", Snr.Of(truth[0], outputs[0]), least);
        Check("time branch", Snr.Of(truth[1], outputs[1]), least);
    }

    private static readonly Lazy<double[][]> TinyTruth = new(() =>
        TestNetwork.Open(RepositoryFiles.Golden("tiny4", "tiny4-cf67fb40.th")).Truth(GoldenTensors.Open("tiny4", "tiny4.io.safetensors")["mix.85995"].Values));

    private static float[] Padded(float[] mix, int length, int samples)
    {
        float[] result = new float[2 * samples];
        for (int c = 0; c < 2; c++)
        {
            mix.AsSpan(c * length, length).CopyTo(result.AsSpan(c * samples));
        }

        return result;
    }

    private void Check(string what, double snr, double least)
    {
        output.WriteLine($"{what}: {snr:F1} dB");
        Assert.True(snr >= least, $"{what}: {snr:F1} dB, at least {least} expected");
    }
}
