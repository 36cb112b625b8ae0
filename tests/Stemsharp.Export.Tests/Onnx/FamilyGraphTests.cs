using System.Text.RegularExpressions;
using Stemsharp.Export.Interpretation;
using Stemsharp.Export.Onnx;
using Stemsharp.Export.Onnx.Rules;
using Stemsharp.Export.Onnx.Schema;
using Stemsharp.Export.Tests.CoreML;
using Stemsharp.Inference;
using Stemsharp.Model;
using Stemsharp.Tests;
using Xunit;
using Xunit.Abstractions;

namespace Stemsharp.Export.Tests.Onnx;

/// <summary>What holds for the graphs of every network of tests/golden, in every form.</summary>
public class FamilyGraphTests(ITestOutputHelper output)
{
    private static readonly string[] s_networks =
    [
        "roformer/bs1.ckpt", "roformer/bs4.ckpt", "roformer/mel1.safetensors", "roformer/mel4.ckpt",
        "mdx23c-scnet/mdxc1.ckpt", "mdx23c-scnet/mdxc4.ckpt", "mdx23c-scnet/mdxcb.ckpt", "mdx23c-scnet/sc1.safetensors", "mdx23c-scnet/sc4.ckpt",
        "mdxnet/mdxnet.onnx#n_fft=4096,primary_stem=Vocals,compensate=1.021",
        "demucs3/hd4-f3818771.th", "demucs3/hd2-0495953f.th", "demucs3/hda-7a8b1543.th", "demucs3/hdm-98dff676.th", "demucs3/dm4-20de21fd.th", "demucs3/dm2-4eeda24c.th",
        "tiny4/tiny4-cf67fb40.th", "tiny6/tiny6-18285eff.th", "mixed-storage/mixed-7b6ab67f.th",
    ];

    public static TheoryData<string> Networks => [.. s_networks];

    [Theory]
    [MemberData(nameof(Networks))]
    public void Every_form_keeps_the_rules_and_reads_well(string name)
    {
        Network network = Open(name);
        OnnxGraphOptions plain = new();
        IEnumerable<OnnxGraphOptions> forms =
        [
            plain with { Int8 = true }, plain with { Opset = 20, HalfWeights = false, Batch = 2 }, plain with { Fused = false, Precision = OnnxPrecision.Fp16, Kind = OnnxGraphKind.Spectrogram, Batch = 4 },
            .. from kind in Enum.GetValues<OnnxGraphKind>() from precision in Enum.GetValues<OnnxPrecision>() select plain with { Kind = kind, Precision = precision },
            .. from form in Enum.GetValues<OnnxForm>() select plain with { Form = form, ScoreLimit = 4 << 20 },
        ];
        foreach (OnnxGraphOptions form in forms)
        {
            ModelProto model;
            try
            {
                model = OnnxModelBuilder.Build(network, form);
            }
            catch (OptionException refusal) when (form.Int8)
            {
                Assert.Contains("int8 would change nothing", refusal.Message, StringComparison.Ordinal);
                continue;
            }

            Assert.Empty(GraphRules.Check(model.Graph).Select(f => $"{form}: {f.Rule.Name}: {string.Join("; ", f.Places)}"));
            ReadsWell(model, name.StartsWith("mdxnet", StringComparison.Ordinal));
        }
    }

    /// <summary>A second evaluator that sums naively, in file order, and merges what runtimes merge.</summary>
    [Theory]
    [InlineData("roformer/bs1.ckpt", 22528)]
    [InlineData("roformer/bs4.ckpt", 8820)]
    [InlineData("roformer/mel1.safetensors", 8820)]
    [InlineData("roformer/mel4.ckpt", 8192)]
    [InlineData("mdx23c-scnet/mdxc1.ckpt", 16128)]
    [InlineData("mdx23c-scnet/mdxc4.ckpt", 9024)]
    [InlineData("mdx23c-scnet/mdxcb.ckpt", 4480)]
    [InlineData("mdx23c-scnet/sc1.safetensors", 13230)]
    [InlineData("mdx23c-scnet/sc4.ckpt", 22050)]
    [InlineData("demucs3/hd4-f3818771.th", 8268)]
    [InlineData("demucs3/hd2-0495953f.th", 6615)]
    [InlineData("demucs3/hda-7a8b1543.th", 3528)]
    [InlineData("demucs3/hdm-98dff676.th", 3528)]
    [InlineData("demucs3/dm4-20de21fd.th", 4778)]
    public void Naive_sums_keep_single_precision(string name, int samples)
    {
        string[] path = name.Split('/');
        GoldenTensors golden = GoldenTensors.Open(path[0], $"{path[1].Split('.', '-')[0]}.io.safetensors");
        float[] mix = golden[$"mix.{samples}"].Values, truth = golden[$"stems.{samples}"].Values;
        ModelProto model = OnnxModelBuilder.Build(Open(name), new OnnxGraphOptions { Samples = samples });
        double careful = Snr.Of(truth, GraphRun.First(model, mix)), naive = Snr.Of(truth, GraphRun.First(model, mix, Summation.Chain));
        output.WriteLine($"{careful:F1} dB, {naive:F1} dB where sums are naive; the original {golden.Metadata[$"pytorch_fp32_snr_db.{samples}"]} dB");
        Assert.InRange(naive, 100, 200);
    }

    /// <summary>Statistics of a piece whose length cannot be folded into short rows, against plain loops in double precision.</summary>
    [Fact]
    public void Naive_sums_keep_it_at_a_length_with_a_large_prime_factor()
    {
        Network network = Open("demucs3/dm4-20de21fd.th");
        int samples = Enumerable.Range(9000, 100_000).First(n => network.Definition.Cut.Lengths.Takes(n) && !Enumerable.Range(2, (int)Math.Sqrt(n) - 1).Any(d => n % d == 0 && n / d <= 4096));
        Random random = new(1);
        float[] mix = [.. Enumerable.Range(0, 2 * samples).Select(_ => 0.5f + random.NextSingle())];
        using IEngine reference = InterpretedRuntime.Engine(network);
        float[] truth = PieceTrial.Run(reference, network.Definition.At(samples), mix, default);
        ModelProto model = OnnxModelBuilder.Build(network, new OnnxGraphOptions { Samples = samples });
        Assert.DoesNotContain(model.Graph.Node, n => n.Name == "standardize/folded");
        double naive = Snr.Of(truth, GraphRun.First(model, mix, Summation.Chain));
        output.WriteLine($"{samples} samples: {naive:F1} dB");
        Assert.InRange(naive, 100, 200);
    }

    /// <summary>Sums grow with networks and pieces: as large as they are used.</summary>
    [Theory]
    [InlineData("synthetic:hdemucs_mmi")]
    [InlineData("synthetic:demucs-mdx")]
    [InlineData("synthetic:mdx23c-vocals")]
    [InlineData("synthetic:scnet-xl-ihf")]
    public void Networks_of_full_size_keep_the_rules(string name)
    {
        GraphProto graph = OnnxModelBuilder.Build(FamilyTable.All.Open(name), new OnnxGraphOptions { HalfWeights = true }).Graph;
        Assert.Empty(GraphRules.Check(graph).Select(f => $"{f.Rule.Name}: {string.Join("; ", f.Places)}"));
    }

    // Nodes of MDX-Net keep the names that their operators have in its own file.
    private static void ReadsWell(ModelProto model, bool namesOperators)
    {
        GraphProto graph = model.Graph;
        Assert.Matches(@"^\d+\.\d+\.\d+$", model.ProducerVersion);
        Assert.NotEmpty(graph.DocString);
        Assert.All(graph.Input.Concat(graph.Output), v => Assert.NotEmpty(v.DocString));
        Assert.Equal(graph.Node.Count, graph.Node.Select(n => n.Name).Distinct().Count());
        Assert.Equal(graph.Initializer.Count, graph.Initializer.Select(i => i.Name).Distinct().Count());
        foreach (NodeProto node in graph.Node)
        {
            Assert.Matches(@"^[A-Za-z]", node.Name);
            Assert.True(namesOperators || !Regex.IsMatch(node.Name, $@"(^|[./]){node.OpType}[._]?\d*$"), node.Name);
        }

        // What packs several layers' weights says which; everything else is called after its layer.
        foreach (TensorProto stored in graph.Initializer.Where(i => Regex.IsMatch(i.Name, @"^[a-z]+\.\d+$") && !Regex.IsMatch(i.Name, @"^(integers|number|half)\.")))
        {
            Assert.True(stored.DocString.Contains(".weight", StringComparison.Ordinal), stored.Name);
        }

        // A layer's weight is called after it, whatever it was made of; a piece of packed ones is made by a node.
        HashSet<string> initializers = [.. graph.Initializer.Select(i => i.Name)];
        foreach (NodeProto node in graph.Node.Where(n => n.OpType is "Conv" or "ConvTranspose" && !n.Name.Contains('/', StringComparison.Ordinal) && initializers.Contains(n.Input[1])))
        {
            Assert.StartsWith(LayerOf(node.Name), node.Input[1], StringComparison.Ordinal);
        }
    }

    // Layers that share a weight have it under the first one's name, which differs in numbers only.
    private static string LayerOf(string node) => node.Split('.')[0];

    // With what stands behind a file's name.
    private static Network Open(string name) =>
        new ModelCatalog().ResolveAsync(RepositoryFiles.Golden(name.Split('/'))).GetAwaiter().GetResult().Members[0].Network;
}
