using System.Text.Json;
using Stemsharp.Cpu;
using Stemsharp.Inference;
using Stemsharp.Model;
using Xunit;
using Xunit.Abstractions;

namespace Stemsharp.Tests.Golden;

/// <summary>The official networks of the generation before the transformer at full size with recreatable weights.</summary>
public class DemucsFullSizeTests(ITestOutputHelper output)
{
    [Theory]
    [InlineData("synthetic:hdemucs_mmi", "hdemucs_mmi")]
    [InlineData("synthetic:demucs-mdx", "mdx_time")]
    public void A_full_size_network_is_as_exact_as_the_original_in_single_precision(string model, string name)
    {
        GoldenTensors golden = GoldenTensors.Open(GoldenDemucs.Folder, "full.synthetic.safetensors");
        float[] mix = GoldenTensors.Open("htdemucs.synthetic.safetensors")["mix"].Values;
        int given = mix.Length / 2;
        CheckpointNetwork network = FamilyTable.All.Open(model);
        using IEngine engine = new CpuBackend().Open(network, new EngineSettings { Threads = 2 });
        float[] stems = PieceTrial.Run(engine, network.Definition, mix, default);
        double snr = GoldenDemucs.Snr(golden, name, [.. Enumerable.Range(0, 8).Select(row => (ReadOnlyMemory<float>)stems.AsMemory(row * given, given))]);
        double original = GoldenDemucs.Original(golden, name);
        output.WriteLine($"{snr:F2} dB, the original {original:F2} dB");
        Assert.True(snr > original - 3, $"{snr:F2} dB, the original {original:F2} dB");
        GoldenDemucs.CheckLoudness(golden, $"{name}.rms", stems);
    }

    [Theory]
    [InlineData("synthetic:hdemucs_mmi", "hdemucs_mmi")]
    [InlineData("synthetic:hdemucs-bands", "mdx_multi")]
    [InlineData("synthetic:demucs-mdx", "mdx_time")]
    public void A_network_asks_for_the_originals_parameters(string model, string name)
    {
        using JsonDocument json = JsonDocument.Parse(File.ReadAllText(RepositoryFiles.Golden(GoldenDemucs.Folder, $"{name}.shapes.json")));
        string[] expected = [.. json.RootElement.EnumerateObject().Select(p => $"{p.Name} [{string.Join(", ", p.Value.EnumerateArray())}]").Order(StringComparer.Ordinal)];
        CheckpointNetwork network = FamilyTable.All.Open(model);
        Assert.Equal(expected, network.Record(44_100).Parameters.Select(p => p.ToString()).Order(StringComparer.Ordinal));
    }
}
