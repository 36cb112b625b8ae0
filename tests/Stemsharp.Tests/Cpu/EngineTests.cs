using Stemsharp.Checkpoints;
using Stemsharp.Cpu;
using Stemsharp.Graph;
using Stemsharp.Graph.Interpretation;
using Stemsharp.Kernels;
using Stemsharp.Model;
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
        using Checkpoint checkpoint = Checkpoint.Open(RepositoryFiles.Golden(file.Split('/')));
        HTDemucsConfig config = HTDemucsConfigReader.Read(checkpoint);
        Graph.Graph graph = HTDemucs.Build(config, samples);
        var weights = new CheckpointWeights(checkpoint, config, graph);
        AssertAgrees(graph, weights, KernelTier.Best, 105);
    }

    internal static void AssertAgrees(Graph.Graph graph, IWeightSource weights, KernelTier tier, double decibels)
    {
        float[] x = Noise((int)graph.Inputs[0].Value.Shape.Elements, 1), xt = Noise((int)graph.Inputs[1].Value.Shape.Elements, 2);
        double[][] expected = new Interpreter(graph, weights).Run([Array.ConvertAll(x, v => (double)v), Array.ConvertAll(xt, v => (double)v)]);
        using var engine = new CpuEngine(graph, weights, 2, tier);
        float[] y = new float[engine.Shape.SpectrogramsLength], yt = new float[engine.Shape.WaveformsLength];
        engine.Run(x, xt, y, yt, CancellationToken.None);
        Assert.InRange(Snr(expected[0], y), decibels, double.PositiveInfinity);
        Assert.InRange(Snr(expected[1], yt), decibels, double.PositiveInfinity);
    }

    internal static float[] Noise(int length, int seed)
    {
        var random = new Random(seed);
        var x = new float[length];
        for (int i = 0; i < length; i++) x[i] = (float)(0.3 * (random.NextDouble() + random.NextDouble() - 1) + 0.01);
        return x;
    }

    internal static double Snr(double[] truth, float[] ours)
    {
        double signal = 0, error = 0;
        for (int i = 0; i < truth.Length; i++)
        {
            signal += truth[i] * truth[i];
            error += (truth[i] - ours[i]) * (truth[i] - ours[i]);
        }

        return 10 * Math.Log10(signal / error);
    }
}
