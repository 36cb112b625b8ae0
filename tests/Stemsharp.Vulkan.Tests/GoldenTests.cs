using System.Globalization;
using Stemsharp.Inference;
using Stemsharp.Model;
using Stemsharp.Tests;
using Stemsharp.Vulkan.Device;
using Xunit;
using Xunit.Abstractions;

namespace Stemsharp.Vulkan.Tests;

/// <summary>Whole networks with their transforms against the original's, computed in double precision.</summary>
public class GoldenTests(ITestOutputHelper output)
{
    [VulkanTheory]
    [InlineData("tiny4", "tiny4-cf67fb40.th", "tiny4.io.safetensors", 85_995)]
    [InlineData("tiny6", "tiny6-18285eff.th", "tiny6.io.safetensors", 85_995)]
    [InlineData("mixed-storage", "mixed-7b6ab67f.th", "mixed.io.safetensors", 20_000)]
    public void Single_precision_is_as_exact_as_the_original_in_it(string folder, string model, string file, int samples)
    {
        GoldenTensors golden = GoldenTensors.Open(folder, file);
        double original = double.Parse(golden.Metadata[$"pytorch_fp32_snr_db.{samples}"], CultureInfo.InvariantCulture);
        double snr = Snr(RepositoryFiles.Golden(folder, model), golden, samples, GoldenModel.Options);
        output.WriteLine($"{snr:F2} dB, the original {original:F2} dB");
        Assert.True(snr > original - 3, $"{snr:F2} dB, the original {original:F2} dB");
    }

    [VulkanTheory]
    [InlineData("tiny4", "tiny4-cf67fb40.th", "tiny4.io.safetensors", 85_995)]
    [InlineData("tiny6", "tiny6-18285eff.th", "tiny6.io.safetensors", 85_995)]
    [InlineData("mixed-storage", "mixed-7b6ab67f.th", "mixed.io.safetensors", 20_000)]
    public void Mixed_precision_reaches_60_decibels(string folder, string model, string file, int samples)
    {
        double snr = Snr(RepositoryFiles.Golden(folder, model), GoldenTensors.Open(folder, file), samples, GoldenModel.Options with { Precision = EnginePrecision.Mixed });
        output.WriteLine($"{snr:F2} dB");
        Assert.True(snr > 60, $"{snr:F2} dB");
    }

    [VulkanTheory]
    [InlineData("tiny4", "tiny4-cf67fb40.th", "tiny4.io.safetensors", 85_995)]
    [InlineData("mixed-storage", "mixed-7b6ab67f.th", "mixed.io.safetensors", 20_000)]
    public void So_does_mixed_precision_on_matrices_that_arithmetic_plays(string folder, string model, string file, int samples)
    {
        if (TestDevice.Device.Info.SubgroupSize != 8)
        {
            output.WriteLine("the emulation knows subgroups of eight only");
            return;
        }

        VulkanOptions options = GoldenModel.Options with
        {
            Precision = EnginePrecision.Mixed,
            Traits = traits => traits with { Matrix = new CooperativeShape(16, 16, 16), IsEmulated = true },
        };
        double snr = Snr(RepositoryFiles.Golden(folder, model), GoldenTensors.Open(folder, file), samples, options);
        output.WriteLine($"{snr:F2} dB");
        Assert.True(snr > 62, $"{snr:F2} dB");
    }

    [VulkanTheory]
    [InlineData("Fp32", 112)]
    [InlineData("Mixed", 60)]
    public void A_full_size_segment_is_as_exact_as_it_has_to_be(string precision, double least)
    {
        GoldenTensors golden = GoldenTensors.Open("htdemucs.synthetic.safetensors");
        Network network = FamilyTable.All.Open("synthetic:htdemucs");
        using VulkanEngine engine = GoldenModel.Open(network, GoldenModel.Options with { Precision = Enum.Parse<EnginePrecision>(precision) });
        const int Samples = 343_980;
        float[] stems = GoldenModel.Run(engine, network, golden["mix"].Values);
        float[] window = [.. Enumerable.Range(0, 8).SelectMany(i => stems.AsSpan(i * Samples + 100_000, 22_050).ToArray())];
        double snr = GoldenModel.Snr(golden["window"].Values, window);
        output.WriteLine($"{snr:F2} dB, the original in single precision {golden.Metadata["pytorch_fp32_window_snr_db"]} dB");
        Assert.True(snr > least, $"{snr:F2} dB");
        float[] rms = golden["rms"].Values;
        for (int s = 0; s < rms.Length; s++)
        {
            double energy = stems.AsSpan(2 * s * Samples, 2 * Samples).ToArray().Sum(v => (double)v * v / (2 * Samples));
            Assert.Equal(1, Math.Sqrt(energy) / rms[s], precision == "Fp32" ? 1e-5 : 1e-3);
        }
    }

    private static double Snr(string model, GoldenTensors golden, int samples, VulkanOptions options)
    {
        Network network = FamilyTable.All.Open(model);
        using VulkanEngine engine = GoldenModel.Open(network, options);
        return GoldenModel.Snr(golden[$"stems.{samples}"].Values, GoldenModel.Run(engine, network, golden[$"mix.{samples}"].Values));
    }
}
