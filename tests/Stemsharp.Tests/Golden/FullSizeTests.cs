using System.Globalization;
using Stemsharp.Cpu;
using Stemsharp.Inference;
using Stemsharp.Model;
using Xunit;
using Xunit.Abstractions;

namespace Stemsharp.Tests.Golden;

/// <summary>The official architecture at full size with recreatable weights, one segment.</summary>
public class FullSizeTests(ITestOutputHelper output)
{
    [Fact]
    public void Full_htdemucs_is_as_exact_as_the_original_in_single_precision()
    {
        GoldenTensors golden = GoldenTensors.Open("htdemucs.synthetic.safetensors");
        double original = double.Parse(golden.Metadata["pytorch_fp32_window_snr_db"], CultureInfo.InvariantCulture);
        const int Samples = 343_980;
        CheckpointNetwork network = FamilyTable.All.Open("synthetic:htdemucs");
        using IEngine engine = new CpuBackend().Open(network, new EngineSettings { Threads = 2 });
        float[] stems = PieceTrial.Run(engine, network.Definition, golden["mix"].Values, default);
        double snr = GoldenModel.Snr(
            golden["window"].Values,
            Enumerable.Range(0, 8).Select(row => (ReadOnlyMemory<float>)stems.AsMemory(row * Samples + 100_000, 22_050)));
        output.WriteLine($"{snr:F2} dB, the original {original:F2} dB");
        Assert.True(snr > original - 3, $"{snr:F2} dB, the original {original:F2} dB");

        float[] rms = golden["rms"].Values;
        for (int s = 0; s < rms.Length; s++)
        {
            double energy = 0;
            for (int c = 0; c < 2; c++)
            {
                foreach (float value in stems.AsSpan((2 * s + c) * Samples, Samples))
                {
                    energy += (double)value * value / (2 * Samples);
                }
            }

            Assert.Equal(1, Math.Sqrt(energy) / rms[s], 1e-5);
        }
    }
}
