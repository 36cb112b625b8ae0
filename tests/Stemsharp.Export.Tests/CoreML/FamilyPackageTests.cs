using Stemsharp.Checkpoints;
using Stemsharp.Export.CoreML;
using Stemsharp.Export.CoreML.Interpretation;
using Stemsharp.Export.Interpretation;
using Stemsharp.Inference;
using Stemsharp.Model;
using Stemsharp.Tests;
using Xunit;
using Xunit.Abstractions;

namespace Stemsharp.Export.Tests.CoreML;

/// <summary>
/// Packages of every other network than HTDemucs, read back from disk, held against the table of operations and interpreted, against the
/// network in double precision.
/// </summary>
public sealed class FamilyPackageTests(ITestOutputHelper output) : IDisposable
{
    private static readonly string[] s_models =
    [
        "roformer/bs1.ckpt", "roformer/bs4.ckpt", "roformer/mel1.safetensors", "roformer/mel4.ckpt",
        "mdx23c-scnet/mdxc1.ckpt", "mdx23c-scnet/mdxc4.ckpt", "mdx23c-scnet/mdxcb.ckpt", "mdx23c-scnet/sc1.safetensors", "mdx23c-scnet/sc4.ckpt",
        "demucs3/hd2-0495953f.th", "demucs3/hd4-f3818771.th", "demucs3/hda-7a8b1543.th", "demucs3/hdm-98dff676.th", "demucs3/dm2-4eeda24c.th", "demucs3/dm4-20de21fd.th",
        "mdxnet/mdxnet.onnx#n_fft=4096,primary_stem=Vocals,compensate=1.021",
    ];

    private readonly string _folder = Directory.CreateTempSubdirectory("stemsharp-families-").FullName;

    public static TheoryData<string> Models => [.. s_models];

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [MemberData(nameof(Models))]
    public void Every_precision_keeps_what_it_promises_on_every_target(string model)
    {
        CheckpointNetwork network = Open(model);
        NetworkDefinition definition = network.Definition;
        int samples = definition.Cut.Samples;
        float[] mix = StemTrial.Music(1, samples, definition.Channels), truth;
        using (SpectralEngine engine = InterpretedRuntime.Engine(network))
        {
            truth = PieceTrial.Run(engine, definition, mix, default);
        }

        foreach (CoreMLTarget target in Enum.GetValues<CoreMLTarget>())
        {
            foreach ((CoreMLPrecision precision, double least) in ((CoreMLPrecision, double)[])[(CoreMLPrecision.Float32, 100), (CoreMLPrecision.Mixed, 60), (CoreMLPrecision.Float16, 30)])
            {
                string path = Path.Combine(_folder, $"{target}-{precision}.mlpackage");
                Write(network, path, samples, new CoreMLExportOptions { Target = target, Precision = precision });
                using SpectralEngine package = PackageRuntime.Open(path, definition, definition.Stems).Engine();
                double snr = StemTrial.Snr(truth, samples, PieceTrial.Run(package, definition, mix, default), samples);
                CoreMLReport report = CoreMLReport.Read(path);
                output.WriteLine($"{target} {precision}: {snr:F1} dB, {report.HalfShare:P1} in half, {report.Operations.Sum(o => o.Float16 + o.Float32)} operations");

                // That network's own single precision in its original is at 97 to 105 dB.
                double bound = precision == CoreMLPrecision.Float32 && model.Contains("hdm-", StringComparison.Ordinal) ? 97 : least;
                Assert.True(snr >= bound, $"{target} {precision}: {snr:F1} dB, at least {bound} expected");
                if (target == CoreMLTarget.IOS17 && precision != CoreMLPrecision.Float32)
                {
                    // Nothing overflows, and what sinks below the normal halves costs nothing that is heard in the sum.
                    using SpectralEngine endless = PackageRuntime.Open(path, definition, definition.Stems, Ranges.RoundToElevenBits).Engine();
                    double best = StemTrial.Snr(truth, samples, PieceTrial.Run(endless, definition, mix, default), samples);
                    output.WriteLine($"  with exponents without end {best:F1} dB");
                    Assert.InRange(best, snr - 1, snr + 1);
                }
            }
        }
    }

    [Theory]
    [MemberData(nameof(Models))]
    public void Every_palette_passes_the_table_of_operations(string model)
    {
        // Each target with one of them, another one with each network.
        CheckpointNetwork network = Open(model);
        CoreMLTarget[] targets = Enum.GetValues<CoreMLTarget>();
        for (int i = 0; i < targets.Length; i++)
        {
            (CoreMLPrecision precision, int bits, int group) = ((Array.IndexOf(s_models, model) + i) % 3) switch
            {
                0 => (CoreMLPrecision.Float32, 8, 0),
                1 => (CoreMLPrecision.Mixed, 6, targets[i] < CoreMLTarget.IOS18 ? 0 : 4),
                _ => (CoreMLPrecision.Float16, 4, 0),
            };
            string path = Path.Combine(_folder, $"{targets[i]}-{precision}.mlpackage");
            Write(network, path, network.Definition.Cut.Samples, new CoreMLExportOptions { Target = targets[i], Precision = precision, PaletteBits = bits, PaletteGroup = group });
            Assert.InRange(CoreMLReport.Read(path).HighestRank, 1, 5);
            Directory.Delete(path, recursive: true);
        }
    }

    [Theory]
    [InlineData("synthetic:bs-roformer-sw", CoreMLTarget.IOS16, 64)]
    [InlineData("synthetic:mel-band-roformer-kim", CoreMLTarget.IOS18, 83)]
    [InlineData("synthetic:mdx23c-vocals", CoreMLTarget.IOS16, 94)]
    [InlineData("synthetic:scnet-xl", CoreMLTarget.IOS18, 80)]
    [InlineData("synthetic:hdemucs_mmi", CoreMLTarget.IOS17, 79)]
    [InlineData("synthetic:hdemucs-bands", CoreMLTarget.IOS18, 71)]
    [InlineData("synthetic:demucs-mdx", CoreMLTarget.IOS17, 83)]
    [InlineData("synthetic:demucs-repro", CoreMLTarget.IOS16, 71)]
    [InlineData("synthetic:hdemucs-amplitudes", CoreMLTarget.IOS16, 71)]
    public void Full_size_networks_pass_it_too_with_most_of_their_work_in_half_precision(string model, CoreMLTarget target, int least)
    {
        CheckpointNetwork network = FamilyTable.All.Open(model);
        int samples = network.Definition.Cut.Samples;
        string path = Path.Combine(_folder, $"{target}.mlpackage");
        PackageWriter.Write(
            path, network.Definition, network.Record(samples), samples, new Zeros(), new PackageSource(network.Family, "zeros"), new CoreMLExportOptions { Target = target });
        CoreMLReport report = CoreMLReport.Read(path);
        output.WriteLine($"{target}: {report.Operations.Sum(o => o.Float16 + o.Float32)} operations, {report.TotalBytes / 1e6:F1} MB, {report.HalfShare:P1} in half");
        Assert.InRange(report.HighestRank, 1, 5);
        Assert.InRange(100 * report.HalfShare, least, 100);
    }

    private static CheckpointNetwork Open(string model)
    {
        string[] parts = model.Split('#');
        string file = RepositoryFiles.Golden(parts[0].Split('/'));
        return FamilyTable.All.Read(file, () => Checkpoint.Open(file, parts.Length > 1 ? parts[1] : null));
    }

    private static void Write(CheckpointNetwork network, string path, int samples, CoreMLExportOptions options)
    {
        Graph.Graph graph = network.Record(samples);
        using INetworkWeights weights = network.OpenWeights(graph);
        PackageWriter.Write(path, network.Definition, graph, samples, weights, new PackageSource(network.Family, network.Signature, weights.Sha256), options);
    }
}
