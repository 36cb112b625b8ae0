using Stemsharp.Checkpoints;
using Stemsharp.Export.Interpretation;
using Stemsharp.Export.Onnx;
using Stemsharp.Export.Onnx.Rules;
using Stemsharp.Export.Onnx.Schema;
using Stemsharp.Export.Onnx.Targets;
using Stemsharp.Export.Tests.CoreML;
using Stemsharp.Inference;
using Stemsharp.Model;
using Stemsharp.Tests;
using Xunit;
using Xunit.Abstractions;
using ElementType = Stemsharp.Export.Onnx.ElementType;

namespace Stemsharp.Export.Tests.Onnx;

/// <summary>The form of graphs for GPUs: what it promises of its nodes, and that it computes what the portable one does.</summary>
public class GpuFormTests(ITestOutputHelper output)
{
    private static readonly OnnxGraphOptions s_form = new() { Form = OnnxForm.Gpu, Opset = 20, ScoreLimit = long.MaxValue };
    private static readonly string s_tiny = RepositoryFiles.Golden("tiny4", "tiny4-cf67fb40.th");

    public static TheoryData<string> Models =>
    [
        "tiny4/tiny4-cf67fb40.th", "tiny6/tiny6-18285eff.th", "mixed-storage/mixed-7b6ab67f.th", "roformer/bs1.ckpt", "roformer/mel4.ckpt", "mdx23c-scnet/mdxc1.ckpt",
        "mdx23c-scnet/mdxcb.ckpt", "mdx23c-scnet/sc4.ckpt", "demucs3/hd4-f3818771.th", "demucs3/hda-7a8b1543.th", "demucs3/dm4-20de21fd.th",
    ];

    [Theory]
    [MemberData(nameof(Models))]
    public void Convolutions_over_time_have_two_axes_in_every_family(string model)
    {
        foreach (OnnxPrecision precision in Enum.GetValues<OnnxPrecision>())
        {
            GraphProto graph = Build(RepositoryFiles.Golden(model.Split('/')), s_form with { Precision = precision, Batch = 2 }).Graph;
            RuleGraph values = new(graph);
            Assert.Empty(graph.Node.Where(n => n.OpType is "Conv" or "ConvTranspose" && values.Shape(n.Input[0])!.Length != 4).Select(n => n.Name));
            HashSet<string> made = [.. graph.Node.SelectMany(n => n.Output), .. graph.Input.Select(i => i.Name), .. graph.Initializer.Select(i => i.Name)];
            HashSet<string> used = [.. graph.Node.SelectMany(n => n.Input), .. graph.Output.Select(o => o.Name)];
            Assert.Subset(made, used);
            Assert.All(graph.Node, n => Assert.Contains(n.Output, used.Contains));
            Assert.All(graph.Initializer, i => Assert.Contains(i.Name, used));
            Assert.Equal(graph.Initializer.Count, graph.Initializer.Select(i => i.Name).Distinct().Count());
        }
    }

    [Theory]
    [MemberData(nameof(Models))]
    public void It_computes_what_the_portable_form_does(string model)
    {
        Network network = Open(RepositoryFiles.Golden(model.Split('/')));
        OnnxGraphOptions portable = new() { Samples = network.Definition.Cut.NetworkSamples(Math.Min(30_000, network.Definition.Cut.Samples)) };
        float[] mix = StemTrial.Music(1, portable.SamplesOf(network.Definition), network.Definition.Channels);
        float[] truth = GraphRun.First(OnnxModelBuilder.Build(network, portable), mix), stems = GraphRun.First(OnnxModelBuilder.Build(network, s_form with { Samples = portable.Samples }), mix);
        double snr = Snr.Of(truth, stems);
        output.WriteLine($"{snr:F1} dB");
        Assert.InRange(snr, 100, double.PositiveInfinity);
    }

    [Theory]
    [InlineData("Fp32", false, 110)]
    [InlineData("Fp32", true, 100)]
    [InlineData("Mixed", false, 60)]
    [InlineData("Fp16", false, 45)]
    public void It_keeps_the_precision_of_the_portable_form(string precision, bool naive, double least)
    {
        GoldenTensors golden = GoldenTensors.Open("tiny4", "tiny4.io.safetensors");
        double snr = Snr.Of(golden["stems.85995"].Values, GraphRun.First(Build(s_tiny, s_form with { Precision = Enum.Parse<OnnxPrecision>(precision) }), golden["mix.85995"].Values, naive ? Summation.Chain : Summation.Blocks));
        output.WriteLine($"{snr:F1} dB");
        Assert.InRange(snr, least, 200);
    }

    /// <summary>Between two products of halves nothing is widened and narrowed again.</summary>
    [Theory]
    [InlineData("Mixed")]
    [InlineData("Fp16")]
    public void No_casts_stand_between_products_of_halves(string precision)
    {
        OnnxGraphOptions options = s_form with { Precision = Enum.Parse<OnnxPrecision>(precision) };
        Assert.Empty(Detours(Build("synthetic:htdemucs", options).Graph));

        // The portable form of a mixed graph has them, so that they would be found.
        Assert.Equal(precision == "Mixed", Detours(Build("synthetic:htdemucs", options with { Form = OnnxForm.Portable }).Graph).Count > 0);
    }

    [Fact]
    public void It_has_fewer_nodes_and_casts()
    {
        GraphProto portable = Build("synthetic:htdemucs", new OnnxGraphOptions { Precision = OnnxPrecision.Mixed }).Graph, gpu = Build("synthetic:htdemucs", s_form with { Precision = OnnxPrecision.Mixed }).Graph;
        Assert.InRange(gpu.Node.Count, 1, portable.Node.Count - 150);
        Assert.InRange(gpu.Node.Count(n => n.OpType == "Cast"), 1, portable.Node.Count(n => n.OpType == "Cast") - 15);
    }

    [Theory]
    [InlineData("synthetic:htdemucs")]
    [InlineData("synthetic:htdemucs_6s")]
    public void It_keeps_the_rules_and_its_targets_take_it(string model)
    {
        foreach (OnnxPrecision precision in Enum.GetValues<OnnxPrecision>())
        {
            ModelProto built = Build(model, s_form with { Precision = precision, Kind = OnnxGraphKind.Spectrogram, Batch = 4 });
            Assert.Empty(GraphRules.Check(built.Graph).Select(f => $"{f.Rule.Name}: {string.Join("; ", f.Places)}"));
            foreach (OnnxTarget target in OnnxTargets.All.Where(t => t.Form == OnnxForm.Gpu))
            {
                Assert.Equal(20, target.Opset);
                TargetVerdict verdict = TargetVerdict.Of(built, target);
                Assert.Empty(verdict.Obstacles.Concat(verdict.Elsewhere));
            }

            Assert.Equal("gpu", built.MetadataProps.Single(p => p.Key == "stemsharp.form").Value);
        }

        Assert.Equal(["cuda", "tensorrt"], OnnxTargets.All.Where(t => t.Form == OnnxForm.Gpu).Select(t => t.Name));
    }

    // Widened products that come, by element-wise operations that nobody else reads, to a cast back.
    private static List<string> Detours(GraphProto graph)
    {
        RuleGraph values = new(graph);
        Dictionary<string, int> types = graph.ValueInfo.ToDictionary(v => v.Name, v => v.Type.TensorType.ElemType);
        return
        [
            .. from narrowed in graph.Node
               where narrowed.OpType == "Cast" && types.GetValueOrDefault(narrowed.Output[0]) == (int)ElementType.Half && From(narrowed.Input[0])
               select narrowed.Name,
        ];

        bool From(string value)
        {
            if (values.Producer(value) is not { } node)
            {
                return false;
            }

            return node.OpType switch
            {
                "Cast" => types.GetValueOrDefault(node.Input[0]) == (int)ElementType.Half && values.Producer(node.Input[0])?.OpType is "Conv" or "ConvTranspose" or "Gemm" or "MatMul",
                "Gelu" or "Sigmoid" or "Erf" => From(node.Input[0]),
                "Split" => From(node.Input[0]),
                "Mul" or "Add" or "Div" => node.Input.All(i => From(i) || values.Stored(i) is not null),
                _ => false,
            };
        }
    }

    private static Network Open(string path) => path.StartsWith(SyntheticCheckpoint.Scheme, StringComparison.Ordinal) ? FamilyTable.All.Open(path) : FamilyTable.All.Read(path, () => Checkpoint.Open(path, null));

    private static ModelProto Build(string path, OnnxGraphOptions options) => OnnxModelBuilder.Build(Open(path), options);
}
