using System.Globalization;
using System.Text;
using Stemsharp.Checkpoints;
using Stemsharp.Export.Onnx;
using Stemsharp.Export.Onnx.Schema;
using Stemsharp.Export.Onnx.Targets;
using Stemsharp.Model;
using Stemsharp.Tests;
using Xunit;
using ElementType = Stemsharp.Export.Onnx.ElementType;

namespace Stemsharp.Export.Tests.Onnx;

/// <summary>Exported graphs against the table of targets, and docs/hosts/targets.md against the same.</summary>
public class TargetTests
{
    // What the CoreML provider leaves to the CPU in the graphs as they are exported.
    private static readonly string[] s_elsewhere = ["Pad"];

    public static TheoryData<string, string, int> Graphs
    {
        get
        {
            TheoryData<string, string, int> data = [];
            foreach (string kind in Enum.GetNames<OnnxGraphKind>())
            {
                foreach (string precision in Enum.GetNames<OnnxPrecision>())
                {
                    foreach (int opset in OnnxModelBuilder.Opsets.Keys)
                    {
                        data.Add(kind, precision, opset);
                    }
                }
            }

            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Graphs))]
    public void Every_target_takes_every_exported_graph(string kind, string precision, int opset) => Check(
        RepositoryFiles.Golden("tiny4", "tiny4-cf67fb40.th"),
        new OnnxGraphOptions { Kind = Enum.Parse<OnnxGraphKind>(kind), Precision = Enum.Parse<OnnxPrecision>(precision), Opset = opset });

    [Theory]
    [InlineData("synthetic:htdemucs", OnnxGraphKind.Waveform, OnnxPrecision.Fp32)]
    [InlineData("synthetic:htdemucs", OnnxGraphKind.Waveform, OnnxPrecision.Mixed)]
    [InlineData("synthetic:htdemucs_6s", OnnxGraphKind.Spectrogram, OnnxPrecision.Fp32)]
    public void Full_size_graphs_are_small_enough(string model, OnnxGraphKind kind, OnnxPrecision precision) => Check(model, new OnnxGraphOptions { Kind = kind, Precision = precision });

    [Theory]
    [InlineData("tiny6", "tiny6-18285eff.th", 1)]
    [InlineData("mixed-storage", "mixed-7b6ab67f.th", 4)]
    public void Graphs_of_other_models_batches_lengths_and_stems_are_taken_too(string folder, string file, int batch) =>
        Check(RepositoryFiles.Golden(folder, file), new OnnxGraphOptions { Batch = batch, Samples = 60_000, Stems = ["drums", "vocals"], ScoreLimit = 1 << 20 });

    /// <summary>Networks of every family: the targets that say they take whole files take them, too.</summary>
    [Theory]
    [InlineData("roformer/bs1.ckpt")]
    [InlineData("roformer/mel4.ckpt")]
    [InlineData("mdx23c-scnet/mdxc1.ckpt")]
    [InlineData("mdx23c-scnet/mdxcb.ckpt")]
    [InlineData("mdx23c-scnet/sc4.ckpt")]
    [InlineData("demucs3/hd4-f3818771.th")]
    [InlineData("demucs3/hda-7a8b1543.th")]
    [InlineData("demucs3/hdm-98dff676.th")]
    [InlineData("demucs3/dm4-20de21fd.th")]
    [InlineData("mdxnet/mdxnet.onnx#n_fft=4096,primary_stem=Vocals,compensate=1.021")]
    public void Targets_that_take_whole_files_take_those_of_every_family(string model)
    {
        string[] parts = model.Split('#');
        string path = RepositoryFiles.Golden(parts[0].Split('/'));
        CheckpointNetwork network = FamilyTable.All.Read(path, () => Checkpoint.Open(path, parts.Length > 1 ? parts[1] : null));
        foreach (OnnxGraphKind kind in network.Definition.Transform is null ? [OnnxGraphKind.Waveform] : Enum.GetValues<OnnxGraphKind>())
        {
            IReadOnlyList<TargetVerdict> verdicts = TargetVerdict.All(OnnxModelBuilder.Build(network, new OnnxGraphOptions { Kind = kind }));
            Assert.All(verdicts, verdict => Assert.True(verdict.Runs, $"{kind}, {verdict.Target.Name}: {string.Join("; ", verdict.Obstacles)}"));
        }
    }

    [Fact]
    public void Graphs_with_integers_are_for_the_targets_that_say_so()
    {
        CheckpointNetwork network = FamilyTable.All.Open(RepositoryFiles.Golden("tiny4", "tiny4-cf67fb40.th"));
        IReadOnlyList<TargetVerdict> verdicts = TargetVerdict.All(OnnxModelBuilder.Build(network, new OnnxGraphOptions { Int8 = true }));
        TargetVerdict Of(string name) => verdicts.Single(v => v.Target.Name == name);
        Assert.All((string[])["DynamicQuantizeLinear", "MatMulInteger"], op => Assert.Contains(Of("tensorrt").Obstacles, o => o.StartsWith(op, StringComparison.Ordinal)));
        Assert.True(Of("web-wasm").Runs);
        Assert.True(Of("directml").Runs);
        Assert.Empty(Of("directml").Elsewhere);
        Assert.All((string[])["web-webgpu", "coreml"], name => Assert.Contains(Of(name).Elsewhere, o => o.StartsWith("MatMulInteger", StringComparison.Ordinal)));
    }

    [Fact]
    public void Unknown_operators_other_sets_wrong_types_and_large_tensors_are_found()
    {
        CheckpointNetwork network = FamilyTable.All.Open(RepositoryFiles.Golden("tiny4", "tiny4-cf67fb40.th"));
        ModelProto model = OnnxModelBuilder.Build(network, new OnnxGraphOptions());
        OnnxTarget tensorRT = OnnxTargets.Of("tensorrt"), webGpu = OnnxTargets.Of("web-webgpu");
        Assert.True(TargetVerdict.Of(model, tensorRT).Runs);
        NodeProto node = model.Graph.Node.First(n => n.OpType == "Sigmoid");
        node.OpType = "DFT";
        Assert.Contains("DFT ×1: not taken", TargetVerdict.Of(model, tensorRT).Obstacles);
        Assert.Contains("DFT ×1: not taken", TargetVerdict.Of(model, webGpu).Elsewhere);
        node.OpType = "Sigmoid";
        ValueInfoProto output = model.Graph.ValueInfo.Single(v => v.Name == node.Output[0]);
        output.Type.TensorType.ElemType = (int)ElementType.Int64;
        Assert.Contains("Sigmoid ×1: not taken in Int64", TargetVerdict.Of(model, tensorRT).Obstacles);
        output.Type.TensorType.ElemType = (int)ElementType.Float;
        output.Type.TensorType.Shape.Dim[0].DimValue = 1 << 30;
        Assert.Contains(TargetVerdict.Of(model, tensorRT).Obstacles, o => o.StartsWith("tensors of up to ", StringComparison.Ordinal));
        model.OpsetImport[0].Version = 30;
        Assert.Contains("operator set 30; it takes 9 to 20", TargetVerdict.Of(model, tensorRT).Obstacles);
        Assert.Contains("web-wasm", Assert.Throws<OptionException>(() => OnnxTargets.Of("abacus")).Message, StringComparison.Ordinal);
    }

    /// <summary>What a browser may be unable to bind is refused, and not said to be left to the CPU.</summary>
    [Fact]
    public void A_network_whose_tensors_are_too_large_for_WebGPU_is_refused_there()
    {
        ModelProto model = OnnxModelBuilder.Build(FamilyTable.All.Open("synthetic:mdx23c-vocals"), new OnnxGraphOptions());
        Assert.Contains(TargetVerdict.Of(model, OnnxTargets.Of("web-webgpu")).Obstacles, o => o.StartsWith("tensors of up to 268,435,456 bytes", StringComparison.Ordinal));
        Assert.True(TargetVerdict.Of(model, OnnxTargets.Of("web-wasm")).Runs);
        Assert.True(TargetVerdict.Of(model, OnnxTargets.Of("directml")).Runs);
    }

    /// <summary>STEMSHARP_WRITE_DOCS=1 writes the page anew.</summary>
    [Fact]
    public void The_page_shows_the_table()
    {
        string path = RepositoryFiles.At("docs", "hosts", "targets.md");
        if (Environment.GetEnvironmentVariable("STEMSHARP_WRITE_DOCS") == "1")
        {
            File.WriteAllText(path, Page());
        }

        Assert.Equal(Page(), File.ReadAllText(path));
    }

    private static void Check(string name, OnnxGraphOptions options)
    {
        foreach (TargetVerdict verdict in TargetVerdict.All(OnnxModelBuilder.Build(FamilyTable.All.Open(name), options)))
        {
            Assert.True(verdict.Runs, $"{verdict.Target.Name}: {string.Join("; ", verdict.Obstacles)}");
            Assert.All(verdict.Elsewhere, line => Assert.Contains(line.Split(' ')[0], s_elsewhere));
            if (verdict.Target.Name is "directml")
            {
                Assert.Empty(verdict.Elsewhere);
            }
        }
    }

    private static string Page()
    {
        StringBuilder page = new();
        page.Append(
            """
            # What each target takes

            A table in the exporter's code, written from the targets' own documentation, that the tests hold every kind of exported graph against. Only
            operators that exported graphs use are listed. None of these targets was run here but onnxruntime's CPU provider, and onnxruntime-web on wasm.

            `stemsharp inspect FILE.onnx` says which targets take a file, and what they leave to the CPU; `stemsharp export onnx … --target NAME` writes the
            [form](../onnx.md#forms) that the target likes, and fails when it would refuse the graph.


            """);
        foreach (OnnxTarget target in OnnxTargets.All)
        {
            page.Append(CultureInfo.InvariantCulture, $"## {target.Title}\n\n");
            page.Append(CultureInfo.InvariantCulture, $"`{target.Name}`: operator sets {target.Opsets.Lowest} to {target.Opsets.Highest}; ");
            page.Append(target.HighestRank is { } rank ? $"at most {rank} axes; " : "no limit of axes documented; ");
            page.Append(target.MostElements is { } elements ? string.Create(CultureInfo.InvariantCulture, $"at most {elements:N0} elements a tensor; ") : "");
            page.Append(target.MostBytes is { } bytes ? string.Create(CultureInfo.InvariantCulture, $"at most {bytes:N0} bytes a tensor; ") : "");
            page.Append(CultureInfo.InvariantCulture, $"a file of at most {target.MostFileBytes:N0} bytes. ");
            page.Append(target.Form switch
            {
                OnnxForm.Gpu => $"Exports for it are in the form for GPUs, operator set {target.Opset}. ",
                OnnxForm.Wasm => $"Exports for it are in the form for wasm, with attention in blocks of {target.AttentionLimit} MiB. ",
                _ => "",
            });
            page.Append(target.LeavesRest ? $"Operators and types that it does not take are left to the CPU{(target.MostBytes is null ? "" : "; larger tensors make it refuse the file")}.\n\n" : "What it does not take makes it refuse the file.\n\n");
            foreach (IGrouping<string, string> group in target.Operators.GroupBy(o => string.Join(", ", o.Value), o => o.Key))
            {
                page.Append(CultureInfo.InvariantCulture, $"- {group.Key}: {string.Join(", ", group.Order(StringComparer.Ordinal))}\n");
            }

            page.Append('\n');
            foreach (string note in target.Notes)
            {
                page.Append(CultureInfo.InvariantCulture, $"{note}\n");
            }

            page.Append(CultureInfo.InvariantCulture, $"{(target.Notes.Count > 0 ? "\n" : "")}Sources: {string.Join(", ", target.Sources.Select(s => $"<{s}>"))}\n\n");
        }

        return page.ToString().TrimEnd() + "\n";
    }
}
