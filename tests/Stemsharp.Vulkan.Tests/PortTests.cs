using Stemsharp.Graph;
using Stemsharp.Inference;
using Stemsharp.Model;
using Stemsharp.Signal;
using Xunit;
using Xunit.Abstractions;

namespace Stemsharp.Vulkan.Tests;

/// <summary>Networks of other kinds than the hybrid one: which ports they have, which transform, and what is refused.</summary>
public class PortTests(ITestOutputHelper output)
{
    private const int Samples = 4000;

    [VulkanTheory]
    [InlineData(true, false, true, false)]
    [InlineData(true, true, true, false)]
    [InlineData(true, true, false, true)]
    [InlineData(false, true, false, true)]
    public void Any_ports_that_a_network_has_are_served(bool spectrogramIn, bool waveformIn, bool spectrogramOut, bool waveformOut)
    {
        Network network = new SmallNetwork(Define(spectrogramIn, waveformIn, spectrogramOut, waveformOut));
        Random random = new(1);
        float[] mix = [.. Enumerable.Range(0, 2 * Samples).Select(_ => random.NextSingle() - 0.5f)];
        using IEngine reference = InterpretedRuntime.Engine(network);
        using VulkanEngine engine = GoldenModel.Open(network);
        double snr = GoldenModel.Snr(PieceTrial.Run(reference, network.Definition, mix, default), PieceTrial.Run(engine, network.Definition, mix, default));
        output.WriteLine($"{snr:F1} dB");
        Assert.True(snr > 110, $"{snr:F1} dB");
    }

    [Fact]
    public void A_transform_whose_envelope_is_no_number_is_refused()
    {
        NetworkDefinition definition = Define(true, true, true, true);
        Refused(definition with { Transform = definition.Transform! with { Envelope = TransformEnvelope.Real } }, "envelope real");
        Refused(definition with { Transform = definition.Transform! with { Output = TransformOutput.WholeHops } }, "output wholehops");
    }

    [Fact]
    public void More_stems_than_kernels_count_are_refused()
    {
        NetworkDefinition definition = Define(false, true, false, true);
        Refused(definition with { Stems = [.. Enumerable.Range(0, 16).Select(i => $"stem {i}")] }, "32 channels in all stems");
    }

    [Fact]
    public void Attention_over_anything_but_one_layers_rows_is_refused()
    {
        Graph.Graph graph = GraphRun.Record(g =>
        {
            Value x = g.MultiheadAttention("attention", g.Linear("in", g.Input("x", new Shape(32, 8)), 32), g.Input("y", new Shape(32, 8)), 2);
            g.Output("z", x);
        });
        Node attention = graph.Nodes.First(n => n.Op is AttentionOp);
        List<Node> nodes = [.. graph.Nodes.TakeWhile(n => n != attention)];

        // Queries that something else reads as well are no rows of a packed product.
        nodes.Add(attention);
        nodes.Add(new Node("twice", new GeluOp(), [attention.Inputs[0]], [new Value(1000, attention.Inputs[0].Shape, "twice")]));
        Graph.Graph changed = new(nodes, [.. graph.Inputs], [("z", attention.Output), ("twice", nodes[^1].Output)], [.. graph.Parameters]);
        VulkanException error = Assert.Throws<VulkanException>(() => Planning.GpuPlanBuilder.Compile(changed, new MadeWeights(), Planning.GpuTraits.Least, EnginePrecision.Fp32));
        Assert.Equal(EngineFailure.Refused, error.Failure);
        Assert.Contains("attention whose queries, keys and values are not one layer's", error.Message, StringComparison.Ordinal);
    }

    // Before any weight is read: what has no kernel is named.
    [Fact]
    public void Operations_without_a_kernel_are_refused_by_name()
    {
        Network network = FamilyTable.All.Open("synthetic:bs-roformer-tiny");
        Graph.Graph graph = network.Record(network.Definition.Cut.Samples);
        VulkanException error = Assert.Throws<VulkanException>(() => Planning.GpuPlanBuilder.Compile(graph, new MadeWeights(), Planning.GpuTraits.Least, EnginePrecision.Fp32));
        Assert.Equal(EngineFailure.Refused, error.Failure);
        Assert.Matches("does not know the operation [A-Za-z]+ .*; take another engine", error.Message);
    }

    private static void Refused(NetworkDefinition definition, string reason)
    {
        Graph.Graph graph = new SmallNetwork(definition).Record(Samples);
        VulkanException error = Assert.Throws<VulkanException>(() => Planning.GpuPlanBuilder.Compile(
            definition, Samples, graph, new MadeWeights(), Planning.GpuTraits.Least, EnginePrecision.Fp32, new Planning.WeightStore()));
        Assert.Equal(EngineFailure.Refused, error.Failure);
        Assert.Contains(reason, error.Message, StringComparison.Ordinal);
        Assert.Contains("take another engine", error.Message, StringComparison.Ordinal);
    }

    private static NetworkDefinition Define(bool spectrogramIn, bool waveformIn, bool spectrogramOut, bool waveformOut) => new()
    {
        Stems = ["a", "b"],
        SampleRate = 8000,
        Channels = 2,
        Cut = new PieceCut { Samples = Samples, Lengths = NetworkLengths.Any, StepNumerator = 1, StepDenominator = 2 },
        Transform = new TransformDefinition
        {
            Nfft = 240,
            Hop = 60,
            Bins = 120,
            Normalized = true,
            PadStart = 90,
            PadEnd = PaddingEnd.WholeHops,
            DroppedFrames = 2,
            Envelope = TransformEnvelope.Constant,
            OutputStart = 90,
        },
        Inputs = [.. Ports("in", spectrogramIn, waveformIn)],
        Outputs = [.. Ports("out", spectrogramOut, waveformOut)],
    };

    private static IEnumerable<NetworkPort> Ports(string prefix, bool spectrogram, bool waveform)
    {
        if (waveform)
        {
            yield return new NetworkPort($"{prefix}.waveform", PortRole.Waveform);
        }

        if (spectrogram)
        {
            yield return new NetworkPort($"{prefix}.spectrogram", PortRole.Spectrogram);
        }
    }

    /// <summary>A convolution from each kind of input to the same kind of output.</summary>
    private sealed class SmallNetwork(NetworkDefinition definition) : Network(definition, "small", "small", null)
    {
        internal override bool HasGraph => true;

        internal override Graph.Graph Record(int samples)
        {
            GraphBuilder g = new();
            Value? waveform = Input(PortRole.Waveform), spectrogram = Input(PortRole.Spectrogram);
            int planes = 2 * Definition.Stems.Length;
            if (NetworkDefinition.Find(Definition.Outputs, PortRole.Spectrogram) is { } spectra)
            {
                g.Output(spectra.Name, g.Conv("spectra", g.Gelu(spectrogram!), 2 * planes, [3, 3], [1, 1], [1, 1], [1, 1]));
            }

            if (NetworkDefinition.Find(Definition.Outputs, PortRole.Waveform) is { } wave)
            {
                g.Output(wave.Name, g.Conv("waves", waveform!, planes, [5], [1], [2], [1]));
            }

            return g.Build();

            Value? Input(PortRole role) => NetworkDefinition.Find(Definition.Inputs, role) is { } port ? g.Input(port.Name, new Shape(Definition.ShapeOf(port, samples))) : null;
        }

        internal override INetworkWeights OpenWeights(Graph.Graph graph) => new Weights();

        internal override string ComputeFingerprint() => "small";

        private sealed class Weights : INetworkWeights
        {
            private readonly MadeWeights _made = new();

            public string Name => "small";

            public string? Sha256 => null;

            public bool IsHalf(Parameter parameter) => false;

            public void Read(Parameter parameter, Span<float> destination) => _made.Read(parameter, destination);

            public bool TryReadHalf(Parameter parameter, Span<Half> destination) => false;

            public void Dispose()
            {
            }
        }
    }
}
