using System.Globalization;
using System.Text.Json;
using Stemsharp.Cpu;
using Stemsharp.Inference;
using Stemsharp.Model;
using Xunit;
using Xunit.Abstractions;

namespace Stemsharp.Tests.Golden;

/// <summary>Well-known RoFormers at full size with recreatable weights, a second of music or less.</summary>
public class RoFormerFullSizeTests(ITestOutputHelper output)
{
    private const string Folder = "roformer";

    [Theory]
    [InlineData("synthetic:mel-band-roformer-kim", "kim_mel", 44_100, 11_025)]
    [InlineData("synthetic:bs-roformer-viperx", "viperx_bs_317", 22_050, 8_000)]
    [InlineData("synthetic:bs-roformer-sw", "bs_sw6", 22_050, 8_000)]
    public void A_full_size_network_is_as_exact_as_the_original_in_single_precision(string model, string name, int samples, int start)
    {
        GoldenTensors golden = GoldenTensors.Open(Folder, $"full.{name}.safetensors");
        GoldenTensor mix = GoldenTensors.Open(Folder, "full.mix.safetensors")["mix"], window = golden["window"];
        double original = double.Parse(golden.Metadata["pytorch_fp32_snr_db.window"], CultureInfo.InvariantCulture);
        CheckpointNetwork network = FamilyTable.All.Open(model);
        using IEngine engine = new CpuBackend().Open(network, new EngineSettings { Threads = 2 });
        float[] input = [.. Enumerable.Range(0, 2).SelectMany(c => mix.Values.Skip(c * mix.Shape[1]).Take(samples))];
        float[] stems = PieceTrial.Run(engine, network.Definition, input, default);
        double snr = GoldenModel.Snr(window.Values, Enumerable.Range(0, stems.Length / samples).Select(row =>
            (ReadOnlyMemory<float>)stems.AsMemory(row * samples + start, window.Shape[^1])));
        output.WriteLine($"{snr:F2} dB, the original {original:F2} dB");
        Assert.True(snr > original - 3, $"{snr:F2} dB, the original {original:F2} dB");

        float[] rms = golden["rms"].Values;
        int given = network.Definition.Transform!.OutputSamples(samples);
        for (int s = 0; s < rms.Length; s++)
        {
            double energy = Enumerable.Range(0, 2).Sum(c => stems.Skip((2 * s + c) * samples).Take(given).Sum(v => (double)v * v)) / (2 * given);
            Assert.Equal(1, Math.Sqrt(energy) / rms[s], 1e-5);
        }
    }

    [Theory]
    [InlineData("synthetic:mel-band-roformer-kim", "kim_mel")]
    [InlineData("synthetic:bs-roformer-viperx", "viperx_bs_317")]
    [InlineData("synthetic:bs-roformer-sw", "bs_sw6")]
    public void A_network_asks_for_the_originals_parameters(string model, string name)
    {
        using JsonDocument json = JsonDocument.Parse(File.ReadAllText(RepositoryFiles.Golden(Folder, $"full.{name}.json")));
        string[] expected = [.. json.RootElement.GetProperty("shapes").EnumerateObject().Select(p => $"{p.Name} [{string.Join(", ", p.Value.EnumerateArray())}]").Order(StringComparer.Ordinal)];
        CheckpointNetwork network = FamilyTable.All.Open(model);
        Assert.Equal(expected, network.Record(network.Definition.Cut.Samples).Parameters.Select(p => p.ToString()).Order(StringComparer.Ordinal));
        Assert.Equal(json.RootElement.GetProperty("chunk_size").GetInt32(), network.Definition.Cut.Samples);
        Assert.Equal(json.RootElement.GetProperty("num_overlap").GetInt32(), network.Definition.Cut.StepDenominator);
        Assert.Equal(json.RootElement.GetProperty("stems").EnumerateArray().Select(s => s.GetString()!), network.Definition.Stems);
    }
}
