using Stemsharp.Evaluation;
using Stemsharp.Graph;
using Stemsharp.Graph.Interpretation;
using Stemsharp.Inference;
using Stemsharp.Model;
using Stemsharp.Model.HTDemucs;
using Stemsharp.Simd;
using Xunit;

namespace Stemsharp.Tests.Cpu;

public class EngineTests
{
    [Theory]
    [InlineData("tiny4/tiny4-cf67fb40.th", 20000)]
    [InlineData("tiny4/tiny4-cf67fb40.th", 33333)]
    [InlineData("tiny6/tiny6-18285eff.th", 44100)]
    [InlineData("mixed-storage/mixed-7b6ab67f.th", 21111)]
    public void Engine_agrees_with_the_interpreter(string file, int samples)
    {
        (Graph.Graph graph, INetworkWeights weights) = Load(file, samples);
        using (weights)
        {
            AssertAgrees(graph, weights, SimdTier.Chosen);
        }
    }

    [TierTheory, TierData]
    public void Every_vector_width_agrees_with_the_interpreter(string tier)
    {
        (Graph.Graph graph, INetworkWeights weights) = Load("tiny6/tiny6-18285eff.th", 9000);
        using (weights)
        {
            AssertAgrees(graph, weights, Tiers.Named(tier));
        }
    }

    // Each changes what the plan can fuse, or which operations there are at all.
    public static TheoryData<string> Variants => [.. s_variants.Keys];

    [Theory]
    [MemberData(nameof(Variants))]
    public void Unusual_configurations_agree_with_the_interpreter(string variant)
    {
        Graph.Graph graph = HTDemucsGraph.Build(s_variants[variant], 6000);
        AssertAgrees(graph, new MadeWeights(), SimdTier.Chosen);
    }

    [Fact]
    public void The_bits_do_not_depend_on_the_number_of_threads()
    {
        (Graph.Graph graph, INetworkWeights weights) = Load("tiny4/tiny4-cf67fb40.th", 20000);
        using INetworkWeights owned = weights;
        float[] reference = Run(1);
        foreach (int threads in (int[])[2, 3, 5, 16])
        {
            Assert.Equal(reference, Run(threads));
        }

        float[] Run(int threads)
        {
            using PlanRun engine = new(graph, weights, threads);
            (float[] y, float[] yt) = RunNoise(engine);
            return [.. y, .. yt];
        }
    }

    [Fact]
    public void A_second_run_gives_the_same_and_allocates_nothing()
    {
        (Graph.Graph graph, INetworkWeights weights) = Load("tiny4/tiny4-cf67fb40.th", 20000);
        using INetworkWeights owned = weights;
        // One thread, whose own allocations can be counted beside other tests.
        using PlanRun engine = new(graph, weights, 1);
        (float[] y, float[] yt) = RunNoise(engine);
        (float[] y2, float[] yt2) = RunNoise(engine);
        Assert.Equal(y, y2);
        Assert.Equal(yt, yt2);

        // What a run allocates, every run does; what the runtime allocates when it compiles a method anew, on this thread as well, one does.
        long least = long.MaxValue;
        for (int i = 0; i < 5 && least > 0; i++)
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            engine.Run(CancellationToken.None);
            least = Math.Min(least, GC.GetAllocatedBytesForCurrentThread() - before);
        }

        Assert.Equal(0, least);
    }

    [Fact]
    public void Cancellation_stops_within_the_segment()
    {
        (Graph.Graph graph, INetworkWeights weights) = Load("tiny4/tiny4-cf67fb40.th", 20000);
        using INetworkWeights owned = weights;
        using PlanRun engine = new(graph, weights, 2);
        using CancellationTokenSource source = new();
        source.Cancel();
        Assert.Throws<OperationCanceledException>(() => engine.Run(source.Token));
        RunNoise(engine);
    }

    private static readonly Dictionary<string, HTDemucsConfig> s_variants = new()
    {
        ["plain"] = Tiny(),
        ["group norms in encoders and decoders"] = Tiny() with { NormStarts = 1, NormGroups = 2 },
        ["no rewrite"] = Tiny() with { Rewrite = false },
        ["context in encoders, none in decoders"] = Tiny() with { ContextEnc = 1, Context = 0 },
        ["no DConv"] = Tiny() with { DconvMode = 0 },
        ["DConv without dilation, three layers"] = Tiny() with { DconvDepth = -3 },
        ["DConv in decoders only"] = Tiny() with { DconvMode = 2 },
        ["no frequency embedding"] = Tiny() with { FreqEmb = 0 },
        ["no transformer"] = Tiny() with { TLayers = 0 },
        ["cross layer first"] = Tiny() with { TCrossFirst = true, TLayers = 3 },
        ["norms behind"] = Tiny() with { TNormFirst = false, TNormOut = 0 },
        ["group norms in the transformer, ReLU"] = Tiny() with { TGroupNorm = 2, TNormIn = false, TNormInGroup = 1, TGelu = false },
        ["no LayerScale, no norm out"] = Tiny() with { TLayerScale = false, TNormOut = 0 },
        ["bottom channels, depth 3"] = Tiny() with { BottomChannels = 24, Depth = 3, THeads = 3 },
        ["enough channels for pairs of rows"] = Tiny() with { Channels = 48 },
        ["stride 2, kernel 6"] = Tiny() with { Stride = 2, KernelSize = 6, Depth = 2, Nfft = 256 },
    };

    private static HTDemucsConfig Tiny() => new()
    {
        Sources = ["a", "b"],
        Channels = 8,
        Depth = 2,
        Nfft = 512,
        DconvMode = 3,
        DconvComp = 4,
        TLayers = 2,
        THeads = 4,
        THiddenScale = 2,
    };

    private static (Graph.Graph Graph, INetworkWeights Weights) Load(string file, int samples)
    {
        CheckpointNetwork network = FamilyTable.All.Open(RepositoryFiles.Golden(file.Split('/')));
        Graph.Graph graph = network.Record(samples);
        return (graph, network.OpenWeights(graph));
    }

    private static void AssertAgrees(Graph.Graph graph, IWeightSource weights, SimdTier tier)
    {
        const double Decibels = 105;
        using PlanRun engine = new(graph, weights, 2, tier);
        (float[] y, float[] yt) = RunNoise(engine);
        double[][] expected = new Interpreter(graph, weights).Run([.. graph.Inputs.Select((input, i) => Array.ConvertAll(Noise((int)input.Value.Shape.Elements, i + 1), v => (double)v))]);
        Assert.InRange(SignalToNoise.Of(expected[0], y), Decibels, double.PositiveInfinity);
        Assert.InRange(SignalToNoise.Of(expected[1], yt), Decibels, double.PositiveInfinity);
    }

    private static (float[] Y, float[] Yt) RunNoise(PlanRun engine)
    {
        for (int i = 0; i < 2; i++)
        {
            Span<float> input = engine.Input(i);
            Noise(input.Length, i + 1).CopyTo(input);
        }

        engine.Run(CancellationToken.None);
        return (engine.Output(0).ToArray(), engine.Output(1).ToArray());
    }

    private static float[] Noise(int length, int seed)
    {
        Random random = new(seed);
        float[] x = new float[length];
        for (int i = 0; i < length; i++)
        {
            x[i] = (float)(0.3 * (random.NextDouble() + random.NextDouble() - 1) + 0.01);
        }

        return x;
    }
}
