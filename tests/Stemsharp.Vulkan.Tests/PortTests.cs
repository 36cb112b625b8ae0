using Stemsharp.Graph;
using Stemsharp.Inference;
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
    public void Any_ports_that_a_network_has_are_served(bool spectrogramIn, bool waveformIn, bool spectrogramOut, bool waveformOut) =>
        Served(Define(spectrogramIn, waveformIn, spectrogramOut, waveformOut), 110);

    private void Served(NetworkDefinition definition, double least)
    {
        Network network = new SmallNetwork(definition);
        Random random = new(1);
        float[] mix = [.. Enumerable.Range(0, 2 * Samples).Select(_ => random.NextSingle() - 0.5f)];
        using IEngine reference = InterpretedRuntime.Engine(network);
        using VulkanEngine engine = GoldenModel.Open(network);
        double snr = GoldenModel.Snr(PieceTrial.Run(reference, network.Definition, mix, default), PieceTrial.Run(engine, network.Definition, mix, default));
        output.WriteLine($"{snr:F1} dB");
        Assert.True(snr > least, $"{snr:F1} dB");
    }

    [VulkanTheory]
    [InlineData(240, 60, 121, TransformOutput.Input)]
    [InlineData(240, 77, 121, TransformOutput.WholeHops)]
    [InlineData(250, 250, 126, TransformOutput.Input)]
    [InlineData(162, 40, 50, TransformOutput.WholeHops)]
    [InlineData(64, 24, 33, TransformOutput.WholeHops)]
    public void Transforms_of_any_sizes_with_real_envelopes_are_served(int nfft, int hop, int bins, TransformOutput given)
    {
        TransformDefinition transform = new() { Nfft = nfft, Hop = hop, Bins = bins, Envelope = TransformEnvelope.Real, Output = given };
        Served(Define(true, false, true, false) with { Transform = transform }, 115);
        Served(Define(true, true, true, true) with { Transform = transform with { Window = TransformWindow.Rectangular } }, 115);
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

    [Theory]
    [InlineData("Band")]
    [InlineData("Row")]
    [InlineData("Stack")]
    [InlineData("Rotary")]
    [InlineData("HeadGate")]
    [InlineData("ComplexMask")]
    public void Operations_that_stand_alone_are_refused_by_name(string kind)
    {
        Shape shape = new(4, 3, 5);
        Graph.Graph graph = kind switch
        {
            "Rotary" => Alone(new RotaryOp(new Parameter("freqs", new Shape(2)), 1, SequenceAxis.Last)),
            "HeadGate" => Alone(new HeadGateOp(4)),
            _ => GraphRun.Record(g =>
            {
                Value x = g.Input("x", shape);
                g.Output("y", kind switch
                {
                    "Band" => g.Band("band", x, new BandOp(1, 2)),
                    "Row" => g.Gelu(g.Row("row", x, 1)),
                    "Stack" => g.Stack("stack", g.Input("a", new Shape(4, 5)), g.Input("b", new Shape(4, 5))),
                    _ => g.ComplexMask("mask", x, g.Input("mix", shape), zeroFirst: false),
                });
            }),
        };
        VulkanException error = Assert.Throws<VulkanException>(() => Planning.GpuPlanBuilder.Compile(graph, new MadeWeights(), Planning.GpuTraits.Least, EnginePrecision.Fp32));
        Assert.Equal(EngineFailure.Refused, error.Failure);
        Assert.Matches($"does not know the operation {kind} .* without those that stand around it in the networks it is known from; take another engine", error.Message);

        Graph.Graph Alone(Op op)
        {
            Value x = new(0, shape, "x"), gates = new(1, shape, "gates"), y = new(2, shape, "y");
            return new Graph.Graph([new Node("alone", op, [x, gates], [y])], [("x", x), ("gates", gates)], [("y", y)], [.. op.Parameters]);
        }
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
