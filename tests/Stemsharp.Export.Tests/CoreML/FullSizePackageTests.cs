using Stemsharp.Export.CoreML;
using Stemsharp.Tests;
using Xunit;
using Xunit.Abstractions;

namespace Stemsharp.Export.Tests.CoreML;

/// <summary>The whole htdemucs with synthetic weights against the golden window.</summary>
public class FullSizePackageTests(ITestOutputHelper output)
{
    [LongTheory]
    [InlineData(CoreMLPrecision.Float32, null, 100)]
    [InlineData(CoreMLPrecision.Mixed, null, 60)]
    [InlineData(CoreMLPrecision.Float16, null, 35)]
    [InlineData(CoreMLPrecision.Mixed, 8, 25)]
    [InlineData(CoreMLPrecision.Mixed, 6, 12)]
    public void Stems_keep_their_precision(CoreMLPrecision precision, int? bits, double least)
    {
        TestNetwork network = TestNetwork.Synthetic("synthetic:htdemucs");
        GoldenTensors golden = GoldenTensors.Open("htdemucs.synthetic.safetensors");
        float[][] outputs = network.Run(new CoreMLExportOptions { Target = CoreMLTarget.IOS18, Precision = precision, PaletteBits = bits }, golden["mix"].Values);
        float[] stems = network.Stems(outputs, 4), truth = golden["window"].Values;
        for (int s = 0; s < 4; s++)
        {
            float[] window = [.. Enumerable.Range(2 * s, 2).SelectMany(c => stems.AsSpan(c * network.Samples + 100000, 22050).ToArray())];
            float[] expected = truth[(s * 44100)..((s + 1) * 44100)];
            double snr = Snr.Of(expected, window);
            output.WriteLine($"{network.Config.Sources[s]}: SNR {snr:F1} dB, SI-SDR {Snr.ScaleInvariant(expected, window):F1} dB");
            Assert.True(snr >= least, $"{network.Config.Sources[s]}: {snr:F1} dB, at least {least} expected");
        }
    }
}

/// <summary>A test that takes minutes: it runs where STEMSHARP_LONG_TESTS=1 is set.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class LongTheoryAttribute : TheoryAttribute
{
    public LongTheoryAttribute()
    {
        if (Environment.GetEnvironmentVariable("STEMSHARP_LONG_TESTS") != "1") Skip = "Takes minutes; set STEMSHARP_LONG_TESTS=1.";
    }
}
