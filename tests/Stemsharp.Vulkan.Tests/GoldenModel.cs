using Stemsharp.Checkpoints;
using Stemsharp.Model;
using Stemsharp.Signal;
using Stemsharp.Tests;

namespace Stemsharp.Vulkan.Tests;

/// <summary>Golden checkpoints on the GPU engine.</summary>
internal static class GoldenModel
{
    public static VulkanOptions Options { get; } = new() { AllowSoftware = true, Device = TestDevice.Wanted, Pieces = 1, PieceLimit = TimeSpan.FromMinutes(20) };

    public static VulkanEngine Open(string path, VulkanOptions options)
    {
        using Checkpoint checkpoint = path.StartsWith(SyntheticCheckpoint.Scheme, StringComparison.Ordinal) ? SyntheticCheckpoint.Open(path) : Checkpoint.Open(path);
        return Open(checkpoint, options);
    }

    public static VulkanEngine Open(Checkpoint checkpoint, VulkanOptions options)
    {
        HTDemucsConfig config = HTDemucsConfigReader.Read(checkpoint);
        Graph.Graph graph = HTDemucs.Build(config, config.SegmentSamples);
        return VulkanEngine.Open(graph, new CheckpointWeights(checkpoint, config, graph), Transform(config), options);
    }

    public static TransformDefinition Transform(HTDemucsConfig config) => new()
    {
        Nfft = config.Nfft,
        Hop = config.HopLength,
        Bins = config.Bins,
        Normalized = true,
        PadStart = config.HopLength / 2 * 3,
        PadEnd = PaddingEnd.WholeHops,
        DroppedFrames = 2,
        Envelope = TransformEnvelope.Constant,
        OutputStart = config.HopLength / 2 * 3,
    };

    /// <summary>All stems of one piece: [S·2, samples], the piece lengthened with zeros at its end.</summary>
    public static float[] Run(VulkanEngine engine, ReadOnlySpan<float> mix)
    {
        int length = engine.Shape.Samples, samples = mix.Length / 2;
        GpuBatch batch = engine.Lease();
        batch.Input(0).Clear();
        for (int c = 0; c < 2; c++)
        {
            mix.Slice(c * samples, samples).CopyTo(batch.Input(0)[(c * length)..]);
        }

        engine.Start(batch, 1, [.. Enumerable.Range(0, engine.Shape.Stems)]);
        engine.Finish(batch);
        float[] stems = new float[2 * engine.Shape.Stems * samples];
        for (int plane = 0; plane < 2 * engine.Shape.Stems; plane++)
        {
            batch.Output(0).Slice(plane * length, samples).CopyTo(stems.AsSpan(plane * samples));
        }

        engine.Return(batch);
        return stems;
    }

    /// <summary>10·log10 of the truth's energy over the error's.</summary>
    public static double Snr(ReadOnlySpan<float> truth, ReadOnlySpan<float> found)
    {
        double energy = 0, error = 0;
        for (int i = 0; i < truth.Length; i++)
        {
            energy += (double)truth[i] * truth[i];
            error += ((double)truth[i] - found[i]) * ((double)truth[i] - found[i]);
        }

        return 10 * Math.Log10(energy / error);
    }

    public static string Tiny => RepositoryFiles.Golden("tiny4", "tiny4-cf67fb40.th");
}
