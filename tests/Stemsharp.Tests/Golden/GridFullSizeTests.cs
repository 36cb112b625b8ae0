using System.Globalization;
using System.Text.Json;
using Stemsharp.Cpu;
using Stemsharp.Inference;
using Stemsharp.Model;
using Xunit;
using Xunit.Abstractions;

namespace Stemsharp.Tests.Golden;

/// <summary>MDX23C and SCNet at full size with recreatable weights, a second and a half of music.</summary>
public class GridFullSizeTests(ITestOutputHelper output)
{
    private const string Folder = "mdx23c-scnet";

    [Theory]
    [InlineData("synthetic:mdx23c-vocals", "mdx23c_vocals", 20_000)]
    [InlineData("synthetic:scnet-small", "scnet_small", 30_000)]
    public void A_full_size_network_is_as_exact_as_the_original_in_single_precision(string model, string name, int start)
    {
        GoldenTensors golden = GoldenTensors.Open(Folder, $"full.{name}.safetensors");
        GoldenTensor mix = golden["mix"], window = golden["window"];
        int samples = mix.Shape[1];
        double original = double.Parse(golden.Metadata["pytorch_fp32_snr_db"], CultureInfo.InvariantCulture);
        CheckpointNetwork network = FamilyTable.All.Open(model);
        using IEngine engine = new CpuBackend().Open(network, new EngineSettings { Threads = 2 });
        float[] stems = PieceTrial.Run(engine, network.Definition, mix.Values, default);
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
    [InlineData("synthetic:mdx23c-vocals", "mdx23c_vocals")]
    [InlineData("synthetic:scnet-small", "scnet_small")]
    public void A_network_asks_for_the_originals_parameters(string model, string name)
    {
        using JsonDocument json = JsonDocument.Parse(File.ReadAllText(RepositoryFiles.Golden(Folder, $"full.{name}.json")));
        JsonElement root = json.RootElement;
        string[] expected = [.. root.GetProperty("shapes").EnumerateObject().Select(p => $"{p.Name} [{string.Join(", ", p.Value.EnumerateArray())}]").Order(StringComparer.Ordinal)];
        CheckpointNetwork network = FamilyTable.All.Open(model);
        Graph.Graph graph = network.Record(network.Definition.Cut.Samples);
        Assert.Equal(expected, graph.Parameters.Select(p => p.ToString()).Order(StringComparer.Ordinal));
        Assert.Equal(root.GetProperty("chunk_size").GetInt32(), network.Definition.Cut.Samples);
        Assert.Equal(root.GetProperty("num_overlap").GetInt32(), network.Definition.Cut.StepDenominator);
        Assert.Equal(root.GetProperty("stems").EnumerateArray().Select(s => s.GetString()!), network.Definition.Stems);
        Assert.Equal(root.GetProperty("tflop_per_chunk").GetDouble(), graph.Flops / 1e12, 0.001);
    }

    /// <summary>Sizes that are published of networks nobody stores here.</summary>
    [Theory]
    [InlineData("synthetic:scnet-large", 42_181_232, 372, 2.352)]
    [InlineData("synthetic:scnet-xl", 54_006_896, 420, 3.024)]
    [InlineData("synthetic:scnet-xl-ihf", 53_466_800, 510, 5.221)]
    [InlineData("synthetic:mdx23c-d1581", 45_809_792, 319, 0.834)]
    [InlineData("synthetic:mdx23c-drumsep", 109_378_624, 319, 0.576)]
    public void A_network_has_the_originals_size(string model, long parameters, int tensors, double teraflops)
    {
        CheckpointNetwork network = FamilyTable.All.Open(model);
        Graph.Graph graph = network.Record(network.Definition.Cut.Samples);
        Assert.Equal((parameters, tensors), (graph.Parameters.Sum(p => p.Shape.Elements), graph.Parameters.Count));
        Assert.Equal(teraflops, graph.Flops / 1e12, 0.001);
    }
}
