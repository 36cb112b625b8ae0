using Stemsharp.Checkpoints;
using Stemsharp.Cpu;
using Stemsharp.Graph;
using Stemsharp.Inference;
using Stemsharp.Separation;

namespace Stemsharp;

/// <summary>One segment of music through an engine, STFT and inverse included: for those who judge engines and exports.</summary>
internal static class SegmentTrial
{
    /// <summary>What the managed engine makes of a mix when the network is built for the mix's own length.</summary>
    /// <param name="member">The network.</param>
    /// <param name="mix">[C, L], of any length L that the network can be built for.</param>
    /// <param name="cancellationToken">Stops within the network.</param>
    /// <returns>All stems, [S, C, L].</returns>
    public static float[] Run(ModelMember member, float[] mix, CancellationToken cancellationToken)
    {
        using Checkpoint checkpoint = member.Open();
        EngineRequest request = new(member.Signature, member, checkpoint, mix.Length / member.Config.AudioChannels, Environment.ProcessorCount);
        (Graph.Graph graph, IWeightSource weights) = request.Bind();
        CpuEngine engine = new(graph, weights, request.Threads);
        using SegmentRunner runner = new(engine, member.Config.Nfft, engine.Workers);
        return Run(runner, mix, cancellationToken);
    }

    /// <summary>What an engine makes of a mix of its length.</summary>
    /// <param name="engine">Disposed afterwards.</param>
    /// <param name="nfft">The network's FFT size.</param>
    /// <param name="mix">[C, L], as the engine's shape says.</param>
    /// <param name="cancellationToken">Stops within the network.</param>
    /// <returns>The engine's stems, [S, C, L].</returns>
    public static float[] Run(ISegmentEngine engine, int nfft, float[] mix, CancellationToken cancellationToken)
    {
        using SegmentRunner runner = new(engine, nfft, new ParallelWorkers(Environment.ProcessorCount));
        return Run(runner, mix, cancellationToken);
    }

    private static float[] Run(SegmentRunner runner, float[] mix, CancellationToken cancellationToken)
    {
        SegmentShape shape = runner.Shape;
        for (int c = 0; c < shape.Channels; c++)
        {
            mix.AsSpan(c * shape.Samples, shape.Samples).CopyTo(runner.Input(c));
        }

        runner.Run([.. Enumerable.Range(0, shape.Stems)], cancellationToken);
        float[] stems = new float[shape.WaveformsLength];
        for (int row = 0; row < shape.Stems * shape.Channels; row++)
        {
            runner.Output(row / shape.Channels, row % shape.Channels).CopyTo(stems.AsSpan(row * shape.Samples));
        }

        return stems;
    }
}
