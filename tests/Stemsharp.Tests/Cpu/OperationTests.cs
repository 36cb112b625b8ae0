using Stemsharp.Evaluation;
using Stemsharp.Graph;
using Stemsharp.Graph.Interpretation;
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

    private static Graph.Graph Graph(Shape shape, Func<GraphBuilder, Value, Value> record)
    {
        GraphBuilder g = new();
        g.Output("y", record(g, g.Input("x", shape)));
        return g.Build();
    }

    private static void Agrees(Graph.Graph graph, string tier, float factor = 1)
    {
        float[] x = Noise((int)graph.Inputs[0].Value.Shape.Elements);
        double[] expected = new Interpreter(graph, new MadeWeights(factor)).Run([Array.ConvertAll(x, v => (double)v)])[0];
        double snr = SignalToNoise.Of(expected, Run(graph, 2, Tiers.Named(tier), x, factor));
        Assert.True(snr > Decibels, $"{snr:F1} dB: {graph}");
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
