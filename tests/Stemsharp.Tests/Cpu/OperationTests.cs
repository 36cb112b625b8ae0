using Stemsharp.Evaluation;
using Stemsharp.Graph;
using Stemsharp.Graph.Interpretation;
using Stemsharp.Model;
using Stemsharp.Simd;
using Xunit;

namespace Stemsharp.Tests.Cpu;

/// <summary>Steps of single operations and of short runs of them against the interpreter, on every instruction set.</summary>
public class OperationTests
{
    private const double Decibels = 115;

    [TierTheory, TierData]
    public void Recurrent_layers_agree_along_either_axis_for_any_number_of_sequences(string tier)
    {
        foreach (int sequences in (int[])[1, 3, 16, 17, 33, 50])
        {
            foreach (SequenceAxis axis in (SequenceAxis[])[SequenceAxis.Rows, SequenceAxis.Last])
            {
                Shape shape = axis == SequenceAxis.Rows ? new(7, 11, sequences) : new(7, sequences, 11);
                Agrees(Graph(shape, (g, x) => g.Lstm("lstm", x, 5, axis)), tier, sequences == 3 ? 1.01f : 1);
            }
        }

        // Sums longer than a chain, and a value without rows.
        Agrees(Graph(new(530, 9), (g, x) => g.Lstm("lstm", x, 520, SequenceAxis.Last, layer: 1)), tier);
    }

    [TierTheory, TierData]
    public void Operations_over_grids_agree(string tier)
    {
        Agrees(Graph(new(5, 6, 50), (g, x) => g.LastAxisLinear("linear", x, 70)), tier);
        Agrees(Graph(new(5, 6, 50), (g, x) => g.Add("sum", g.LastAxisLinear("linear", g.Gelu(g.GroupNorm("norm", x, 5)), 50), x)), tier, 1.01f);
        Agrees(Graph(new(3, 4, 1100), (g, x) => g.LastAxisLinear("linear", g.Silu(g.GroupNorm("norm", x, 1)), 9)), tier);
        Agrees(Graph(new(5, 7, 50), (g, x) => g.Upsample("up", x, 6, 2, 2)), tier);
        Agrees(Graph(new(5, 7, 50), (g, x) => g.Upsample("up", x, 3, 3, 1)), tier);
        Agrees(Graph(new(5, 3, 49), (g, x) => g.DepthwiseConv("conv", x, 5)), tier);
        Agrees(Graph(new(5, 3, 3), (g, x) => g.DepthwiseConv("conv", x, 3)), tier);
        Agrees(Graph(new(4, 5, 34), (g, x) => g.RealFourier("fourier", x, 0.25)), tier);
        Agrees(Graph(new(4, 5, 18), (g, x) => g.InverseRealFourier("inverse", x, 3)), tier);
        Agrees(Graph(new(4, 5, 50), (g, x) => g.Swap("swap", g.Reshape("reshape", x, 20, 1, 50))), tier);
        Agrees(Graph(new(4, 5, 50), (g, x) => g.Concat("channels", 0, g.Concat("rows", 1, g.Crop(x, 1, 2), g.PadRows(x, 1, 3)), g.Relu(g.Concat("rows", 1, x, x, g.Crop(x, 2, 1))))), tier);
        Agrees(Graph(new(4, 5, 50), (g, x) => g.Mul("product", g.BatchNorm("norm", x), g.Elu(x, 0.7))), tier);
    }

    [TierTheory, TierData]
    public void Convolutions_of_large_grids_agree_with_all_that_follows_them(string tier)
    {
        Shape shape = new(6, 66, 70);
        Agrees(Graph(shape, (g, x) => Conv(g, x, 8)), tier);
        Agrees(Graph(shape, (g, x) => g.Gelu(Conv(g, x, 8))), tier);
        Agrees(Graph(shape, (g, x) => g.Relu(Conv(g, x, 8))), tier);
        Agrees(Graph(shape, (g, x) => g.Add("residual", Conv(g, x, 6), g.Tanh(x))), tier);
        Agrees(Graph(shape, (g, x) => g.Glu(Conv(g, Doubled(g, x), 12))), tier);
        Agrees(Graph(new(6, 5, 70), (g, x) => Conv(g, Doubled(g, x), 9)), tier);

        static Value Conv(GraphBuilder g, Value x, int channels) => g.Conv("conv", x, channels, [3, 3], [1, 1], [1, 1], [1, 1]);

        static Value Doubled(GraphBuilder g, Value x)
        {
            Value sum = g.Add("sum", x, g.Tanh(x));
            return g.Concat("doubled", 0, sum, sum);
        }
    }

    [TierTheory, TierData]
    public void Whole_networks_over_grids_agree(string tier)
    {
        Agrees(FamilyTable.All.Open("synthetic:mdx23c-tiny").Record(16_128), tier, decibels: 105);
        Agrees(FamilyTable.All.Open("synthetic:scnet-tiny").Record(5_000), tier, decibels: 100);
    }

    [Fact]
    public void A_sequences_bits_depend_neither_on_threads_nor_on_its_neighbours()
    {
        Graph.Graph wide = Graph(new(6, 50, 9), (g, x) => g.Lstm("lstm", x, 8, SequenceAxis.Last)), narrow = Graph(new(6, 2, 9), (g, x) => g.Lstm("lstm", x, 8, SequenceAxis.Last));
        float[] all = Noise(6 * 50 * 9), some = [.. Enumerable.Range(0, 6).SelectMany(c => all.AsSpan((c * 50 + 40) * 9, 18).ToArray())];
        float[] reference = Run(wide, 1, SimdTier.Chosen, all);
        foreach (int threads in (int[])[2, 5, 16])
        {
            Assert.Equal(reference, Run(wide, threads, SimdTier.Chosen, all));
        }

        float[] few = Run(narrow, 1, SimdTier.Chosen, some);
        for (int c = 0; c < 16; c++)
        {
            Assert.Equal(reference.AsSpan((c * 50 + 40) * 9, 18), few.AsSpan(c * 18, 18));
        }
    }

    [TierTheory, TierData]
    public void Local_attention_agrees_for_any_number_of_steps(string tier)
    {
        foreach (int steps in (int[])[1, 7, 48, 49, 130, 600])
        {
            Agrees(Graph(new(8, steps), (g, x) => g.LocalAttention(x, 4, 4)), tier);
            Agrees(Graph(new(36, 3, steps), (g, x) => g.LocalAttention(x, 4, 3)), tier);
        }
    }

    [TierTheory, TierData]
    public void Frames_are_cut_and_joined_as_the_interpreter_does_it(string tier)
    {
        foreach (int steps in (int[])[21, 25, 26, 30, 40, 41, 99])
        {
            Agrees(Graph(new(3, steps), (g, x) => g.JoinFrames("joined", g.Relu(g.Frames("frames", x, 20, 10)), x.Shape, 10)), tier);
            Agrees(Graph(new(3, 4, steps), (g, x) => g.JoinFrames("joined", g.Lstm("lstm", g.Frames("frames", x, 20, 10), 5, SequenceAxis.Last), x.Shape, 10)), tier);
        }
    }

    [TierTheory, TierData]
    public void Filters_with_phases_repeat_the_edges(string tier)
    {
        double[] taps = [.. Enumerable.Range(0, 30).Select(i => Math.Sin(i))];
        foreach (int steps in (int[])[2, 9, 100, 2048, 5000])
        {
            Agrees(Graph(new(2, steps), (g, x) => g.Resample("up", x, new Table("up", new Shape(2, 15), taps), 1, 7)), tier);
            Agrees(Graph(new(2, steps), (g, x) => g.Resample("down", x, new Table("down", new Shape(1, 30), taps), 2, 14)), tier);
        }
    }

    [TierTheory, TierData]
    public void Rows_lie_under_each_other_and_bias_counts_once_where_they_overlap(string tier)
    {
        foreach (int steps in (int[])[1, 5, 40])
        {
            Agrees(Graph(new(6, 9, steps), (g, x) => g.JoinRows("rows", [g.Crop(x, 3, 6), g.Crop(x, 0, 1), x])), tier);
            Agrees(Graph(new(6, 9, steps), (g, x) => g.JoinRows("rows", [.. Enumerable.Range(0, 3).Select(b => g.ConvTranspose($"b.{b}", g.Crop(x, 3 * b, 3), 5, 8, 4, 0, 16))], 4, ["b.1.bias", "b.2.bias"])), tier);
        }
    }

    [TierTheory, TierData]
    public void Single_rows_come_and_go_whoever_else_reads_them(string tier)
    {
        Agrees(Graph(new(6, 70), (g, x) => g.DropRow("drop", g.Gelu(g.AsRow("row", x)))), tier);
        Agrees(
            Graph(new(6, 8, 70), (g, x) =>
            {
                Value row = g.Conv("conv", x, 6, [8, 1], [4, 1], [0, 0], [1, 1]), line = g.Gelu(g.DropRow("drop", row));
                Value deep = g.Add("skip", g.AsRow("row", g.Pointwise("deep", line, 6)), row);
                return g.ConvTranspose("back", g.Glu(g.Conv("rewrite", deep, 12, [3, 3], [1, 1], [1, 1], [1, 1])), 3, 8, 4, 0, 8);
            }),
            tier);
    }

    [TierTheory, TierData]
    public void Phases_are_those_of_the_spectrogram_and_one_where_it_is_silent(string tier)
    {
        foreach (int steps in (int[])[3, 64, 900])
        {
            Agrees(Graph(new(4, 5, steps), (g, x) => g.Phase("phase", g.Pointwise("m", g.Amplitude("amplitude", x), 6), x, 0)), tier);
            Agrees(Graph(new(4, 5, steps), (g, x) => g.Phase("phase", g.Pointwise("m", x, 6), g.Relu(x), 0)), tier);
            Agrees(Graph(new(4, 5, steps), (g, x) => g.Phase("phase", g.Pointwise("m", x, 6), g.Relu(x), 0.1)), tier);
        }
    }

    [TierTheory, TierData]
    public void Zeros_come_in_front_too_and_inputs_are_standardised_by_their_channels_mean(string tier)
    {
        Agrees(Graph(new(2, 40_000), (g, x) => g.Conv("conv", g.Pad(g.Standardize("s", x, ofMean: true).Result, 40_031, 14), 3, [8], [4], [0], [1])), tier);
    }

    private static Graph.Graph Graph(Shape shape, Func<GraphBuilder, Value, Value> record)
    {
        GraphBuilder g = new();
        g.Output("y", record(g, g.Input("x", shape)));
        return g.Build();
    }

    private static void Agrees(Graph.Graph graph, string tier, float factor = 1, double decibels = Decibels)
    {
        float[] x = Noise((int)graph.Inputs[0].Value.Shape.Elements);
        double[] expected = new Interpreter(graph, new MadeWeights(factor)).Run([Array.ConvertAll(x, v => (double)v)])[0];
        double snr = SignalToNoise.Of(expected, Run(graph, 2, Tiers.Named(tier), x, factor));
        Assert.True(snr > decibels, $"{snr:F1} dB: {graph}");
    }

    private static float[] Run(Graph.Graph graph, int threads, SimdTier tier, float[] x, float factor = 1)
    {
        using PlanRun run = new(graph, new MadeWeights(factor), threads, tier);
        x.CopyTo(run.Input(0));
        run.Run(CancellationToken.None);
        return run.Output(0).ToArray();
    }

    private static float[] Noise(int length)
    {
        Random random = new(1);
        return [.. Enumerable.Range(0, length).Select(_ => (float)(2 * random.NextDouble() - 1))];
    }
}
