using Stemsharp.Export.CoreML;
using Stemsharp.Export.CoreML.Reading;
using Stemsharp.Inference;
using Stemsharp.Model;
using Stemsharp.Tests;
using Xunit;

namespace Stemsharp.Export.Tests.CoreML;

/// <summary>What packages look like: budgets, bytes, stems, lengths.</summary>
public class PackageShapeTests
{
    [Theory]
    [InlineData(CoreMLTarget.IOS16)]
    [InlineData(CoreMLTarget.IOS17)]
    [InlineData(CoreMLTarget.IOS18)]
    public void Official_networks_stay_lean(CoreMLTarget target)
    {
        foreach (string name in (string[])["synthetic:htdemucs", "synthetic:htdemucs_6s"])
        {
            CheckpointNetwork network = FamilyTable.All.Open(name);
            NetworkDefinition definition = network.Definition;
            int samples = definition.Cut.Samples;
            Graph.Graph graph = network.Record(samples);
            foreach (CoreMLPrecision precision in Enum.GetValues<CoreMLPrecision>())
            {
                using TemporaryPackage package = new();
                PackageWriter.Write(package.Path, definition, graph, samples, new Zeros(), new PackageSource(network.Family, "zeros"), new CoreMLExportOptions { Target = target, Precision = precision });
                CoreMLReport report = CoreMLReport.Read(package.Path);
                Assert.InRange(report.Operations.Sum(o => o.Float16 + o.Float32), 1, 1000);
                Assert.InRange(report.Operations.Where(o => o.Operation == "transpose").Sum(o => o.Float16 + o.Float32), 1, 40);
                Assert.InRange(report.HighestRank, 1, 5);
                if (precision == CoreMLPrecision.Mixed)
                {
                    Assert.InRange(report.HalfShare, definition.Stems.Length > 4 ? 0.77 : 0.9, 1);
                }

                Assert.Equal(graph.Flops, 2 * (report.MultiplyAddsFloat16 + report.MultiplyAddsFloat32));
                ConstantsAreLean(package.Path);
            }
        }
    }

    // 441,000 samples make 431 frames and 1,723 tokens: primes, so that tables of positions have no even parts.
    [Theory]
    [InlineData(CoreMLTarget.IOS16)]
    [InlineData(CoreMLTarget.IOS18)]
    public void Ten_seconds_at_once_stay_as_lean(CoreMLTarget target)
    {
        using TemporaryPackage package = new();
        CheckpointNetwork network = FamilyTable.All.Open("synthetic:htdemucs");
        PackageWriter.Write(package.Path, network.Definition, network.Record(441_000), 441_000, new Zeros(), new PackageSource(network.Family, "zeros"), new CoreMLExportOptions { Target = target });
        CoreMLReport report = CoreMLReport.Read(package.Path);

        // Blocks of a prime number of queries are cut one by one.
        Assert.InRange(report.Operations.Sum(o => o.Float16 + o.Float32), 1, target < CoreMLTarget.IOS18 ? 1030 : 1000);
        Assert.InRange(report.Operations.Where(o => o.Operation == "transpose").Sum(o => o.Float16 + o.Float32), 1, 40);
        Assert.InRange(report.HalfShare, 0.9, 1);
        ConstantsAreLean(package.Path);
    }

    [Theory]
    [InlineData(CoreMLTarget.IOS16, CoreMLPrecision.Mixed)]
    [InlineData(CoreMLTarget.IOS17, CoreMLPrecision.Mixed)]
    [InlineData(CoreMLTarget.IOS17, CoreMLPrecision.Float32)]
    public void No_scores_of_attention_take_more_than_64_megabytes(CoreMLTarget target, CoreMLPrecision precision)
    {
        using TemporaryPackage package = new();
        CheckpointNetwork network = FamilyTable.All.Open("synthetic:htdemucs");
        int samples = network.Definition.Cut.Samples;
        PackageWriter.Write(package.Path, network.Definition, network.Record(samples), samples, new Zeros(), new PackageSource(network.Family, "zeros"), new CoreMLExportOptions { Target = target, Precision = precision });
        using Package read = Package.Open(package.Path);
        long[] scores = [.. read.Model.Operations.Where(o => o.Type == "softmax").Select(o => (long)o.Outputs[0].Spec.Elements * o.Outputs[0].Spec.Kind.Bits() / 8)];
        Assert.NotEmpty(scores);
        Assert.All(scores, bytes => Assert.InRange(bytes, 1, 64 << 20));
    }

    /// <summary>No constant is there twice, and none but a layer's weight has more than 0.2 MB: tables broadcast.</summary>
    private static void ConstantsAreLean(string path)
    {
        using Package package = Package.Open(path);
        HashSet<string> seen = [];
        Dictionary<string, long> sizes = [];
        foreach (ProgramOperation constant in package.Model.Operations.Where(o => o.Type == "const"))
        {
            Literal value = constant.Attributes["val"];
            string content = value.File is null ? string.Join(' ', value.Immediate!.Cast<object>()) : $"at {value.Offset}";
            Assert.True(seen.Add($"{value.Spec} {content}"), $"{constant.Name} is there twice");
            sizes.Add(constant.Name, (long)value.Spec.Elements * value.Spec.Kind.Bits() / 8);
        }

        foreach (ProgramOperation operation in package.Model.Operations)
        {
            foreach ((string key, IReadOnlyList<ParameterBinding> bindings) in operation.Inputs.Where(i => i.Key != "weight"))
            {
                Assert.All(bindings, b => Assert.InRange(sizes.GetValueOrDefault(b.Name!), 0, 200_000));
            }
        }
    }

    [Fact]
    public void The_same_input_gives_the_same_bytes()
    {
        TestNetwork network = Tiny();
        CoreMLExportOptions options = new() { Target = CoreMLTarget.IOS18, PaletteBits = 4, PaletteGroup = 8 };
        using TemporaryPackage a = network.Export(options), b = network.Export(options);
        Assert.Equal(File.ReadAllBytes(a.Manifest), File.ReadAllBytes(b.Manifest));
        Assert.Equal(File.ReadAllBytes(a.Model), File.ReadAllBytes(b.Model));
        Assert.Equal(File.ReadAllBytes(a.WeightFile), File.ReadAllBytes(b.WeightFile));
    }

    [Fact]
    public void Chosen_stems_are_the_same_as_in_the_whole_package()
    {
        TestNetwork network = Tiny();
        float[] mix = GoldenTensors.Open("tiny4", "tiny4.io.safetensors")["mix.85995"].Values;
        CoreMLExportOptions options = new() { Precision = CoreMLPrecision.Float32 };
        float[][] all = network.Run(options, mix), some = network.Run(options with { Stems = ["vocals", "bass"] }, mix);
        for (int i = 0; i < 2; i++)
        {
            int stem = all[i].Length / 4;
            Assert.Equal(2 * stem, some[i].Length);
            Assert.Equal(all[i].AsSpan(stem, stem), some[i].AsSpan(0, stem));
            Assert.Equal(all[i].AsSpan(3 * stem, stem), some[i].AsSpan(stem, stem));
        }
    }

    [Theory]
    [InlineData(50021)]
    [InlineData(137_000)]
    public void Another_native_length_is_the_network_at_that_length(int samples)
    {
        TestNetwork network = TestNetwork.Open(RepositoryFiles.Golden("tiny4", "tiny4-cf67fb40.th"), samples);
        float[] whole = GoldenTensors.Open("tiny4", "tiny4.io.safetensors")["mix.85995"].Values;
        float[] mix = [.. Enumerable.Range(0, 2 * samples).Select(i => whole[i / samples * 85995 + i % samples % 85995])];
        double[][] truth = network.Truth(mix);
        float[][] outputs = network.Run(new CoreMLExportOptions { Precision = CoreMLPrecision.Float32 }, mix);
        Assert.InRange(Snr.Of(truth[0], outputs[0]), 100, 200);
        Assert.InRange(Snr.Of(truth[1], outputs[1]), 100, 200);
    }

    [Fact]
    public void Single_precision_weights_that_are_halves_are_stored_as_halves()
    {
        TestNetwork network = Tiny();
        float[] mix = GoldenTensors.Open("tiny4", "tiny4.io.safetensors")["mix.85995"].Values;
        CoreMLExportOptions options = new() { Target = CoreMLTarget.IOS16, Precision = CoreMLPrecision.Float32 };
        using TemporaryPackage package = network.Export(options);
        CoreMLReport report = CoreMLReport.Read(package.Path);
        long halves = report.Weights.Single(w => w.Encoding == "Float16").Elements, all = report.Weights.Sum(w => w.Elements);
        // The rest are queries with attention's scale in them, and tensors too small to matter.
        Assert.InRange(halves, 0.85 * all, all);
        float[][] widened = network.Run(options, mix), mixed = network.Run(options with { Target = CoreMLTarget.IOS17 }, mix);
        Assert.Equal(mixed[0], widened[0]);
        Assert.Equal(mixed[1], widened[1]);
    }

    [Fact]
    public void A_six_stem_package_stays_below_sixty_megabytes_on_the_oldest_target()
    {
        using TemporaryPackage package = TestNetwork.Open("synthetic:htdemucs_6s").Export(new CoreMLExportOptions { Target = CoreMLTarget.IOS16 });
        Assert.InRange(CoreMLReport.Read(package.Path).TotalBytes, 50_000_000, 60_000_000);
    }

    [Fact]
    public void Six_stems_in_palettes_of_six_bits_stay_below_21_6_megabytes()
    {
        using TemporaryPackage package = TestNetwork.Open("synthetic:htdemucs_6s").Export(new CoreMLExportOptions { PaletteBits = 6 });
        Assert.InRange(CoreMLReport.Read(package.Path).TotalBytes, 20_000_000, 21_600_000);
    }

    [Theory]
    [InlineData(CoreMLTarget.IOS16, 0)]
    [InlineData(CoreMLTarget.IOS18, 16)]
    public void Palettes_cost_what_their_width_says(CoreMLTarget target, int group)
    {
        TestNetwork network = Tiny();
        float[] mix = GoldenTensors.Open("tiny4", "tiny4.io.safetensors")["mix.85995"].Values;
        CoreMLExportOptions options = new() { Target = target, PaletteGroup = group };
        double[] snr = [.. new[] { 8, 6, 4 }.Select(bits =>
        {
            float[][] outputs = network.Run(options with { PaletteBits = bits }, mix);
            return Snr.Of(GoldenTensors.Open("tiny4", "tiny4.io.safetensors")["stems.85995"].Values, network.Stems(outputs, 4));
        })];
        Assert.True(snr[0] > 35 && snr[1] > 22 && snr[2] > 8 && snr[0] > snr[1] && snr[1] > snr[2], $"8, 6, 4 bits: {string.Join(", ", snr.Select(s => $"{s:F1}"))} dB");
    }

    private static TestNetwork Tiny() => TestNetwork.Open(RepositoryFiles.Golden("tiny4", "tiny4-cf67fb40.th"));
}
