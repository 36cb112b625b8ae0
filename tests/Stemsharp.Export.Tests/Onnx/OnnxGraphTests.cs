using Google.Protobuf;
using Stemsharp.Export.Onnx;
using Stemsharp.Export.Onnx.Schema;
using Stemsharp.Model;
using Stemsharp.Tests;
using Xunit;
using ElementType = Stemsharp.Export.Onnx.ElementType;

namespace Stemsharp.Export.Tests.Onnx;

public class OnnxGraphTests
{
    private static readonly string[] s_arithmetic =
        ["Add", "Cast", "Concat", "Conv", "ConvTranspose", "Div", "Erf", "Gemm", "LayerNormalization", "MatMul", "Mul", "Pad", "ReduceMean", "ReduceSum", "Reshape", "Sigmoid", "Slice", "Softmax", "Split", "Sqrt", "Sub", "Transpose"];

    [Theory]
    [InlineData("synthetic:htdemucs", OnnxGraphKind.Waveform, "Fp32", 1620, 92)]
    [InlineData("synthetic:htdemucs", OnnxGraphKind.Spectrogram, "Fp32", 1575, 89)]
    [InlineData("synthetic:htdemucs", OnnxGraphKind.Waveform, "Mixed", 1631, 92)]
    [InlineData("synthetic:htdemucs", OnnxGraphKind.Spectrogram, "Mixed", 1609, 89)]
    [InlineData("synthetic:htdemucs", OnnxGraphKind.Waveform, "Fp16", 1640, 90)]
    [InlineData("synthetic:htdemucs", OnnxGraphKind.Spectrogram, "Fp16", 1618, 87)]
    [InlineData("synthetic:htdemucs_6s", OnnxGraphKind.Waveform, "Fp32", 1620, 63)]
    [InlineData("synthetic:htdemucs_6s", OnnxGraphKind.Waveform, "Mixed", 1627, 63)]
    [InlineData("synthetic:htdemucs_6s", OnnxGraphKind.Waveform, "Fp16", 1638, 61)]
    public void Full_size_graphs_are_lean(string model, OnnxGraphKind kind, string precision, int nodes, int megabytes)
    {
        ModelProto exported = Build(model, new OnnxGraphOptions { Kind = kind, Precision = Enum.Parse<OnnxPrecision>(precision) });
        Assert.InRange(exported.Graph.Node.Count, 1, nodes);
        Assert.InRange(exported.CalculateSize() / 1e6, 1, megabytes);
        Assert.Subset(s_arithmetic.ToHashSet(), exported.Graph.Node.Select(n => n.OpType).ToHashSet());
        long largest = exported.Graph.ValueInfo.Max(v => v.Type.TensorType.Shape.Dim.Aggregate(
            v.Type.TensorType.ElemType == (int)ElementType.Half ? 2L : 4L, (n, d) => n * d.DimValue));
        Assert.InRange(largest, 1, 128 << 20);
    }

    [Fact]
    public void Every_node_does_something_and_every_constant_is_used_and_stored_once()
    {
        GraphProto graph = Build(RepositoryFiles.Golden("tiny4", "tiny4-cf67fb40.th"), new OnnxGraphOptions()).Graph;
        HashSet<string> used = [.. graph.Node.SelectMany(n => n.Input), .. graph.Output.Select(o => o.Name)];
        Assert.All(graph.Node, n => Assert.Contains(n.Output, used.Contains));
        Assert.All(graph.Initializer, i => Assert.Contains(i.Name, used));
        Assert.DoesNotContain(graph.Node, n => n.OpType is "Identity" or "Dropout" or "Constant");
        List<string> contents = [.. graph.Initializer.Where(i => i.Name.Split('.')[0] is "integers" or "number" or "half").Select(i => $"{i.DataType} {string.Join(',', i.Dims)} {i.RawData.ToBase64()}")];
        Assert.Equal(contents.Count, contents.Distinct().Count());
        Dictionary<string, string> shapes = graph.ValueInfo.ToDictionary(v => v.Name, v => string.Join(',', v.Type.TensorType.Shape.Dim.Select(d => d.DimValue)));
        Assert.All(graph.Node.Where(n => n.OpType == "Reshape" && shapes.ContainsKey(n.Input[0]) && shapes.ContainsKey(n.Output[0])), n => Assert.NotEqual(shapes[n.Input[0]], shapes[n.Output[0]]));
    }

    /// <summary>Norms, statistics and transforms in single precision, whatever the rest is in; softmax and sums too in a mixed graph.</summary>
    [Theory]
    [InlineData("Mixed")]
    [InlineData("Fp16")]
    public void What_must_not_lose_accuracy_is_in_single_precision(string precision)
    {
        GraphProto graph = Build(RepositoryFiles.Golden("tiny4", "tiny4-cf67fb40.th"), new OnnxGraphOptions { Precision = Enum.Parse<OnnxPrecision>(precision) }).Graph;
        Dictionary<string, int> types = graph.ValueInfo.Concat(graph.Input).Concat(graph.Output).ToDictionary(v => v.Name, v => v.Type.TensorType.ElemType);
        foreach (TensorProto stored in graph.Initializer)
        {
            types.TryAdd(stored.Name, stored.DataType);
        }

        string[] single = precision == "Mixed"
            ? ["LayerNormalization", "ReduceMean", "ReduceSum", "Sqrt", "Erf", "Sigmoid"]
            : ["LayerNormalization", "ReduceMean", "ReduceSum", "Sqrt"];
        NodeProto[] kept = [.. graph.Node.Where(n => single.Contains(n.OpType) || n.Name.StartsWith("stft/", StringComparison.Ordinal) || n.Name.StartsWith("istft/", StringComparison.Ordinal))];
        Assert.Superset(single.ToHashSet(), kept.Select(n => n.OpType).ToHashSet());
        Assert.All(kept, n => Assert.Equal((n.Name, (int)ElementType.Float), (n.Name, types[n.Output[0]])));
        Assert.Contains(graph.Node, n => n.OpType is "Gemm" && types[n.Output[0]] == (int)ElementType.Half);

        // A strongly typed engine converts nothing by itself: what meets in a node has one type.
        Assert.All(graph.Node.Where(n => n.OpType is "Add" or "Sub" or "Mul" or "Div" or "MatMul" or "Gemm" or "Conv" or "ConvTranspose" or "LayerNormalization"), n => Assert.Single(n.Input.Select(i => types[i]).Append(types[n.Output[0]]).Distinct()));
    }

    [Fact]
    public void Equal_exports_have_equal_bytes()
    {
        string model = RepositoryFiles.Golden("tiny4", "tiny4-cf67fb40.th");
        Assert.Equal(Build(model, new OnnxGraphOptions()).ToByteArray(), Build(model, new OnnxGraphOptions()).ToByteArray());
    }

    [Fact]
    public void Nodes_carry_the_scopes_of_the_model_and_the_file_says_what_it_is()
    {
        ModelProto exported = Build(RepositoryFiles.Golden("tiny4", "tiny4-cf67fb40.th"), new OnnxGraphOptions());
        HashSet<string> names = [.. exported.Graph.Node.Select(n => n.Name)];
        Assert.Superset(new HashSet<string> { "encoder.0.conv", "decoder.3.conv_tr", "tencoder.1.dconv.layers.0.3", "crosstransformer.layers.1.linear2" }, names);
        Dictionary<string, string> metadata = exported.MetadataProps.ToDictionary(p => p.Key, p => p.Value);
        Assert.Equal("drums,bass,other,vocals", metadata["stemsharp.stems"]);
        Assert.Equal("44100", metadata["stemsharp.sample_rate"]);
        Assert.Equal("85995", metadata["stemsharp.segment_samples"]);
        Assert.Equal("1024", metadata["stemsharp.hop_length"]);
        Assert.StartsWith("cf67fb40", metadata["stemsharp.source_sha256"]);
    }

    [Theory]
    [InlineData(OnnxGraphKind.Waveform, OnnxPrecision.Fp32)]
    [InlineData(OnnxGraphKind.Spectrogram, OnnxPrecision.Fp16)]
    public void Graphs_read_well(OnnxGraphKind kind, OnnxPrecision precision)
    {
        ModelProto exported = Build(RepositoryFiles.Golden("tiny4", "tiny4-cf67fb40.th"), new OnnxGraphOptions { Kind = kind, Precision = precision });
        GraphProto graph = exported.Graph;
        Assert.Matches(@"^\d+\.\d+\.\d+$", exported.ProducerVersion);
        Assert.Contains("85995 samples in stereo at 44100 Hz into drums, bass, other, vocals", graph.DocString, StringComparison.Ordinal);
        Assert.All(graph.Input.Concat(graph.Output), v => Assert.NotEmpty(v.DocString));
        Assert.DoesNotContain(graph.Initializer, i => i.Name.StartsWith("constant.", StringComparison.Ordinal));

        // A convolution's weight is called after its layer, whatever it was made of.
        Assert.All(
            graph.Node.Where(n => n.OpType is "Conv" or "ConvTranspose" && !n.Name.Contains('/', StringComparison.Ordinal)),
            n => Assert.StartsWith(n.Name, n.Input[1], StringComparison.Ordinal));
        Assert.All(graph.Initializer.Where(i => i.Name.StartsWith("weights.", StringComparison.Ordinal) && i.DataType == (int)ElementType.Half), i => Assert.Contains(".weight", i.DocString, StringComparison.Ordinal));
        Assert.Equal(graph.Initializer.Count, graph.Initializer.Select(i => i.Name).Distinct().Count());
    }

    private static ModelProto Build(string model, OnnxGraphOptions options) => OnnxModelBuilder.Build(FamilyTable.All.Open(model), options);
}
