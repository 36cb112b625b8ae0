using System.Globalization;
using Microsoft.Extensions.Logging.Abstractions;
using Stemsharp.Separation;
using Xunit;
using Xunit.Abstractions;

namespace Stemsharp.Tests.Golden;

/// <summary>The official architecture at full size with recreatable weights, one segment.</summary>
public class FullSizeTests(ITestOutputHelper output)
{
    [Fact]
    public async Task Full_htdemucs_is_as_exact_as_the_original_in_single_precision()
    {
        GoldenTensors golden = GoldenTensors.Open("htdemucs.synthetic.safetensors");
        double original = double.Parse(golden.Metadata["pytorch_fp32_window_snr_db"], CultureInfo.InvariantCulture);
        ModelSource source = await new ModelCatalog().ResolveAsync("synthetic:htdemucs");
        using SeparatorEngines engines = new(source, new SeparatorOptions { Threads = 2 }, NullLogger.Instance);
        const int Samples = 343_980;
        SegmentRunner runner = engines.Members[0].Runners(Samples, 1)[0];
        for (int c = 0; c < 2; c++)
        {
            golden["mix"].Values.AsSpan(c * Samples, Samples).CopyTo(runner.Input(c));
        }

        runner.Run([0, 1, 2, 3], default);
        double snr = GoldenModel.Snr(
            golden["window"].Values,
            Enumerable.Range(0, 8).Select(i => (ReadOnlyMemory<float>)runner.Output(i / 2, i % 2).Slice(100_000, 22_050).ToArray()));
        output.WriteLine($"{snr:F2} dB, the original {original:F2} dB");
        Assert.True(snr > original - 3, $"{snr:F2} dB, the original {original:F2} dB");

        float[] rms = golden["rms"].Values;
        for (int s = 0; s < rms.Length; s++)
        {
            double energy = 0;
            for (int c = 0; c < 2; c++)
            {
                foreach (float value in runner.Output(s, c))
                {
                    energy += (double)value * value / (2 * Samples);
                }
            }

            Assert.Equal(1, Math.Sqrt(energy) / rms[s], 1e-5);
        }
    }
}
