using System.Globalization;
using Stemsharp.Inference;
using Stemsharp.Model;
using Stemsharp.Tests;
using Stemsharp.Tests.Golden;
using Stemsharp.Vulkan.Device;
using Xunit;
using Xunit.Abstractions;

namespace Stemsharp.Vulkan.Tests;

/// <summary>MDX23C, SCNet and MDX-Net on the GPU engine: forward passes and whole tracks against the originals', computed in double precision.</summary>
public sealed class GridTests(ITestOutputHelper output) : IDisposable
{
    private const string Folder = "mdx23c-scnet";
    private readonly string _folder = Directory.CreateTempSubdirectory("stemsharp-grids-").FullName;

    public static TheoryData<string, int[]> Models => new()
    {
        { "mdxc1.ckpt", [16128, 8059] },
        { "mdxc4.ckpt", [9024, 4501] },
        { "mdxcb.ckpt", [4480, 3371] },
        { "sc4.ckpt", [22050, 7001] },
        { "sc1.safetensors", [13230, 5003] },
    };

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [VulkanTheory]
    [MemberData(nameof(Models))]
    public void Single_precision_is_as_exact_as_the_original_in_it(string model, int[] lengths) => Check(model, lengths, GoldenModel.Options, original => original - 3);

    [VulkanTheory]
    [InlineData("mdxc1.ckpt", new[] { 16128, 8059 })]
    [InlineData("mdxc4.ckpt", new[] { 9024, 4501 })]
    [InlineData("sc4.ckpt", new[] { 22050, 7001 })]
    [InlineData("sc1.safetensors", new[] { 13230, 5003 })]
    public void Mixed_precision_reaches_50_decibels(string model, int[] lengths) =>
        Check(model, lengths, GoldenModel.Options with { Precision = EnginePrecision.Mixed }, _ => 50);

    [VulkanTheory]
    [InlineData("mdxc4.ckpt", new[] { 4501 })]
    [InlineData("sc1.safetensors", new[] { 5003 })]
    public void So_does_mixed_precision_on_matrices_that_arithmetic_plays(string model, int[] lengths)
    {
        if (TestDevice.Device.Info.SubgroupSize != 8)
        {
            output.WriteLine("the emulation knows subgroups of eight only");
            return;
        }

        Check(model, lengths, GoldenModel.Options with
        {
            Precision = EnginePrecision.Mixed,
            Traits = traits => traits with { Matrix = new CooperativeShape(16, 16, 16), IsEmulated = true },
        }, _ => 50);
    }

    // A network without norms over the piece, whose product with its input reaches 68,000.
    [VulkanFact]
    public void What_halves_cannot_hold_is_said()
    {
        VulkanException error = Assert.Throws<VulkanException>(() => Check("mdxcb.ckpt", [4480], GoldenModel.Options with { Precision = EnginePrecision.Mixed }, _ => 0));
        Assert.Equal("A value of this model is too large for 16 bits; run it with --precision fp32.", error.Message);
    }

    [VulkanTheory]
    [InlineData("synthetic:scnet-small", "scnet_small", 30_000, "Fp32")]
    [InlineData("synthetic:scnet-small", "scnet_small", 30_000, "Mixed")]
    public void A_full_size_network_is_as_exact_as_it_has_to_be(string model, string name, int start, string precision)
    {
        GoldenTensors golden = GoldenTensors.Open(Folder, $"full.{name}.safetensors");
        GoldenTensor mix = golden["mix"], window = golden["window"];
        int samples = mix.Shape[1];
        double original = double.Parse(golden.Metadata["pytorch_fp32_snr_db"], CultureInfo.InvariantCulture);
        CheckpointNetwork network = FamilyTable.All.Open(model);
        using VulkanEngine engine = GoldenModel.Open(network, GoldenModel.Options with { Precision = Enum.Parse<EnginePrecision>(precision) });
        float[] stems = PieceTrial.Run(engine, network.Definition, mix.Values, default);
        double snr = GoldenModel.Snr(window.Values, [.. Enumerable.Range(0, stems.Length / samples).SelectMany(row => stems.AsSpan(row * samples + start, window.Shape[^1]).ToArray())]);
        output.WriteLine($"{snr:F2} dB, the original {original:F2} dB");
        Assert.True(snr > (precision == "Mixed" ? 50 : original - 3), $"{snr:F2} dB, the original {original:F2} dB");
    }

    [VulkanTheory]
    [InlineData("mdxc1.ckpt", "Fp32", new[] { "ov2", "ov2.short5001" })]
    [InlineData("mdxc4.ckpt", "Fp32", new[] { "ov2.normalize" })]
    [InlineData("sc4.ckpt", "Fp32", new[] { "ov4.normalize", "ov2.normalize.short23001", "ov4.short6001" })]
    [InlineData("sc1.safetensors", "Fp32", new[] { "ov2" })]
    [InlineData("mdxc1.ckpt", "Mixed", new[] { "ov2" })]
    [InlineData("sc4.ckpt", "Mixed", new[] { "ov2" })]
    public async Task A_track_is_separated_as_by_the_original(string model, string precision, string[] cases)
    {
        GoldenTensors golden = GoldenTensors.Open(Folder, $"{model.Split('.')[0]}.demix.safetensors");
        List<string> wrong = [];
        foreach (string name in cases)
        {
            string path = Copy(model, name);
            GoldenTensor mix = golden["mix"], truth = golden[$"stems.{name}"];
            SeparationResult result = await Separate(path, Enum.Parse<EnginePrecision>(precision), mix, truth.Shape[^1], null);
            Judge(wrong, name, golden.Metadata[$"pytorch_fp32_snr_db.{name}"], precision, truth.Values, result, golden.Metadata[$"stems.{name}"].Split(','));
        }

        Assert.Empty(wrong);
    }

    [VulkanTheory]
    [InlineData("Fp32", "default", -1, 60_001)]
    [InlineData("Fp32", "ov0.5.denoise", 0.5, 60_001)]
    [InlineData("Fp32", "short5001", -1, 5001)]
    [InlineData("Mixed", "default", -1, 60_001)]
    public async Task A_published_graph_separates_a_track_as_its_publishers_pipeline_does(string precision, string name, double overlap, int samples)
    {
        GoldenTensors golden = GoldenTensors.Open("mdxnet", "mdxnet.pipeline.safetensors");
        string denoise = name.EndsWith("denoise", StringComparison.Ordinal) ? ",denoise=true" : "";
        string path = $"{RepositoryFiles.Golden("mdxnet", "mdxnet.onnx")}#n_fft=4096,primary_stem=Vocals,compensate=1.021{denoise}";
        SeparationResult result = await Separate(path, Enum.Parse<EnginePrecision>(precision), golden["mix"], samples, overlap < 0 ? null : overlap);
        double compensate = double.Parse(golden.Metadata["compensate"], CultureInfo.InvariantCulture);
        float[] truth = [.. golden[$"raw.{name}"].Values.Select(v => (float)(v * compensate))];
        List<string> wrong = [];
        Judge(wrong, name, golden.Metadata[$"pytorch_fp32_snr_db.raw.{name}"], precision, truth, result, ["vocals"]);
        Assert.Empty(wrong);
    }

    private static async Task<SeparationResult> Separate(string path, EnginePrecision precision, GoldenTensor mix, int length, double? overlap)
    {
        await using Separator separator = Separator.Open(await new ModelCatalog().ResolveAsync(path), new SeparatorOptions
        {
            Threads = 2,
            Backends = [new VulkanBackend()],
            Engine = VulkanBackend.BackendName,
            Device = TestDevice.Device.Info.Index.ToString(CultureInfo.InvariantCulture),
            Precision = precision,
            ParallelSegments = 2,
            Defaults = new SeparationOptions { Overlap = overlap },
        });
        int all = mix.Shape[1];
        float[] interleaved = [.. Enumerable.Range(0, 2 * length).Select(i => mix.Values[i % 2 * all + i / 2])];
        return await separator.SeparateAsync(AudioInput.FromSamples(interleaved, 44_100, 2));
    }

    private void Judge(List<string> wrong, string name, string recorded, string precision, float[] truth, SeparationResult result, string[] stems)
    {
        double original = double.Parse(recorded, CultureInfo.InvariantCulture);
        double snr = GoldenModel.Snr(truth, [.. stems.SelectMany(stem => result[stem]).SelectMany(channel => channel)]);
        string line = $"{name}: {snr:F2} dB, the original {original:F2} dB";
        output.WriteLine(line);
        if (!(snr > (precision == "Mixed" ? 50 : original - 3)))
        {
            wrong.Add(line);
        }
    }

    private void Check(string model, int[] lengths, VulkanOptions options, Func<double, double> least)
    {
        CheckpointNetwork network = FamilyTable.All.Open(RepositoryFiles.Golden(Folder, model));
        using VulkanEngine engine = GoldenModel.Open(network, options);
        GoldenTensors golden = GoldenTensors.Open(Folder, $"{model.Split('.')[0]}.io.safetensors");
        List<string> wrong = [];
        foreach (int samples in lengths)
        {
            double original = double.Parse(golden.Metadata[$"pytorch_fp32_snr_db.{samples}"], CultureInfo.InvariantCulture);
            float[] stems = PieceTrial.Run(engine, network.Definition, golden[$"mix.{samples}"].Values, default);
            double snr = GoldenModel.Snr(golden[$"stems.{samples}"].Values, [.. GoldenRoFormers.Parts(network, golden, $"{samples}", stems).SelectMany(p => p.ToArray())]);
            string line = $"{samples}: {snr:F2} dB, the original {original:F2} dB";
            output.WriteLine(line);
            if (!(snr > least(original)))
            {
                wrong.Add(line);
            }
        }

        Assert.Empty(wrong);
    }

    // The checkpoint beside its YAML with the case's overlap and normalisation.
    private string Copy(string model, string name)
    {
        string path = Path.Combine(Directory.CreateDirectory(Path.Combine(_folder, name)).FullName, model);
        string yaml = File.ReadAllText(Path.ChangeExtension(RepositoryFiles.Golden(Folder, model), ".yaml"));
        File.Copy(RepositoryFiles.Golden(Folder, model), path);
        string inference = $"inference:\n  num_overlap: {name[2]}\n  normalize: {(name.Contains("normalize", StringComparison.Ordinal) ? "true" : "false")}\n";
        File.WriteAllText(Path.ChangeExtension(path, ".yaml"), yaml[..yaml.IndexOf("inference:", StringComparison.Ordinal)] + inference);
        return path;
    }
}
