using Stemsharp.Checkpoints;
using Stemsharp.Export.Interpretation;
using Stemsharp.Export.Onnx;
using Stemsharp.Export.Onnx.Rules;
using Stemsharp.Export.Onnx.Schema;
using Stemsharp.Export.Tests.CoreML;
using Stemsharp.Model;
using Stemsharp.Tests;
using Xunit;
using Xunit.Abstractions;

namespace Stemsharp.Export.Tests.Onnx;

/// <summary>
/// Graphs in the worst of runtimes: rules that the files keep, and a second interpreter that sums naively and merges what
/// runtimes merge. Each form that was once done badly somewhere is put back, and has to be found by its rule and, where
/// it costs accuracy, heard.
/// </summary>
public class GraphRuleTests(ITestOutputHelper output)
{
    private static readonly string s_tiny = RepositoryFiles.Golden("tiny4", "tiny4-cf67fb40.th");

    public static TheoryData<string, string> Faults => new()
    {
        { nameof(GraphFaults.MergedSquares), "merged-sums" },
        { nameof(GraphFaults.MergedSquares), "rare-operators" },
        { nameof(GraphFaults.WideSums), "long-sums" },
        { nameof(GraphFaults.ScaledMeans), "scaled-sums" },
        { nameof(GraphFaults.LongAddition), "long-additions" },
        { nameof(GraphFaults.ComputedWindow), "computed-kernels" },
    };

    [Theory]
    [InlineData("synthetic:htdemucs")]
    [InlineData("synthetic:htdemucs_6s")]
    [InlineData("tiny4/tiny4-cf67fb40.th")]
    [InlineData("tiny6/tiny6-18285eff.th")]
    [InlineData("mixed-storage/mixed-7b6ab67f.th")]
    public void Every_form_of_graph_keeps_the_rules(string model)
    {
        string path = model.StartsWith(SyntheticCheckpoint.Scheme, StringComparison.Ordinal) ? model : RepositoryFiles.Golden(model.Split('/'));
        OnnxGraphOptions options = new();
        foreach (OnnxGraphOptions form in (OnnxGraphOptions[])
        [
            options, options with { Kind = OnnxGraphKind.Spectrogram, Batch = 2 }, options with { Precision = OnnxPrecision.Mixed, Batch = 4 }, options with { Precision = OnnxPrecision.Fp16 },
            options with { Int8 = true }, options with { Opset = 20, HalfWeights = false }, options with { Fused = false, Precision = OnnxPrecision.Fp16, Stems = ["bass", "vocals"], Kind = OnnxGraphKind.Spectrogram },
            options with { Samples = 50_021, Stems = ["drums"] },
        ])
        {
            Assert.Empty(Problems(Build(path, form)));
        }
    }

    [Theory]
    [MemberData(nameof(Faults))]
    public void A_form_that_some_runtime_does_badly_is_named(string fault, string rule)
    {
        // Long enough for norms over pieces, of which the sample's own length has fewer than matter.
        ModelProto model = Build(s_tiny, new OnnxGraphOptions { Samples = 343_980 });
        Assert.Empty(GraphRules.Check(model.Graph));
        Put(fault, model.Graph);
        Assert.Contains(GraphRules.Check(model.Graph), f => f.Rule.Name == rule);
    }

    [Theory]
    [InlineData("tiny4", "tiny4-cf67fb40.th", "tiny4.io.safetensors", 85995)]
    [InlineData("tiny6", "tiny6-18285eff.th", "tiny6.io.safetensors", 85995)]
    public void Naive_sums_keep_single_precision(string folder, string file, string io, int samples)
    {
        GoldenTensors golden = GoldenTensors.Open(folder, io);
        double snr = Snr.Of(golden[$"stems.{samples}"].Values, GraphRun.First(Build(RepositoryFiles.Golden(folder, file), new OnnxGraphOptions()), golden[$"mix.{samples}"].Values, Summation.Chain));
        output.WriteLine($"{folder}: {snr:F1} dB");
        Assert.InRange(snr, 100, 200);
    }

    [Fact]
    public void So_they_do_at_full_size_and_norms_summed_at_once_do_not()
    {
        GoldenTensors golden = GoldenTensors.Open("htdemucs.synthetic.safetensors");
        float[] mix = golden["mix"].Values, window = golden["window"].Values;
        ModelProto model = Build("synthetic:htdemucs", new OnnxGraphOptions());
        double sound = Naive();
        GraphFaults.WideSums(model.Graph);
        double faulty = Naive();
        output.WriteLine($"{sound:F1} dB, {faulty:F1} dB with norms whose sums go over pieces and channels at once");
        Assert.InRange(sound, 100, 200);
        Assert.InRange(faulty, 0, sound - 3);

        double Naive()
        {
            float[] stems = GraphRun.First(model, mix, Summation.Chain);
            int samples = mix.Length / 2, width = window.Length / 8;
            return Snr.Of(window, [.. Enumerable.Range(0, 8).SelectMany(row => stems.AsSpan(row * samples + 100_000, width).ToArray())]);
        }
    }

    [Theory]
    [InlineData(nameof(GraphFaults.MergedSquares), 1)]
    [InlineData(nameof(GraphFaults.ScaledMeans), 2)]
    public void What_merges_or_sums_badly_is_heard_there(string fault, int batch)
    {
        GoldenTensors golden = GoldenTensors.Open("tiny4", "tiny4.io.safetensors");
        float[] mix = [.. Enumerable.Repeat(golden["mix.85995"].Values, batch).SelectMany(m => m)], truth = [.. Enumerable.Repeat(golden["stems.85995"].Values, batch).SelectMany(s => s)];
        ModelProto model = Build(s_tiny, new OnnxGraphOptions { Batch = batch });
        double sound = Snr.Of(truth, GraphRun.First(model, mix, Summation.Chain));
        Put(fault, model.Graph);
        double careful = Snr.Of(truth, GraphRun.First(model, mix, Summation.Blocks)), naive = Snr.Of(truth, GraphRun.First(model, mix, Summation.Chain));
        output.WriteLine($"{sound:F1} dB; with the fault {naive:F1} dB, and {careful:F1} dB where nothing is merged");
        Assert.InRange(sound, 100, 200);
        Assert.InRange(careful, 100, 200);
        Assert.InRange(naive, 0, 99);
    }

    private static void Put(string fault, GraphProto graph)
    {
        Action<GraphProto> put = fault switch
        {
            nameof(GraphFaults.MergedSquares) => GraphFaults.MergedSquares,
            nameof(GraphFaults.WideSums) => GraphFaults.WideSums,
            nameof(GraphFaults.ScaledMeans) => GraphFaults.ScaledMeans,
            nameof(GraphFaults.LongAddition) => GraphFaults.LongAddition,
            _ => GraphFaults.ComputedWindow,
        };
        put(graph);
    }

    private static string[] Problems(ModelProto model) => [.. GraphRules.Check(model.Graph).Select(f => $"{f.Rule.Name}: {string.Join("; ", f.Places)}")];

    private static ModelProto Build(string model, OnnxGraphOptions options) => OnnxModelBuilder.Build(FamilyTable.All.Open(model), options);
}
