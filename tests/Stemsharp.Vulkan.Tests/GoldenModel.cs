using Stemsharp.Evaluation;
using Stemsharp.Inference;
using Stemsharp.Model;
using Stemsharp.Tests;

namespace Stemsharp.Vulkan.Tests;

/// <summary>Golden checkpoints on the GPU engine.</summary>
internal static class GoldenModel
{
    public static VulkanOptions Options { get; } = new() { Pieces = 1 };

    public static string TinyPath => RepositoryFiles.Golden("tiny4", "tiny4-cf67fb40.th");

    public static Network Tiny { get; } = FamilyTable.All.Open(TinyPath);

    public static VulkanEngine Open(Network network, VulkanOptions? options = null) =>
        new(TestDevice.Instance, TestDevice.Device.Info, network, options ?? Options);

    /// <summary>All stems of one piece, [S·2, samples], the piece lengthened with zeros to what the network takes.</summary>
    public static float[] Run(IEngine engine, Network network, ReadOnlySpan<float> mix)
    {
        NetworkDefinition definition = network.Definition;
        int samples = mix.Length / 2, length = definition.Cut.NetworkSamples(samples);
        float[] padded = new float[2 * length];
        for (int c = 0; c < 2; c++)
        {
            mix.Slice(c * samples, samples).CopyTo(padded.AsSpan(c * length));
        }

        float[] found = PieceTrial.Run(engine, definition, padded, default), stems = new float[2 * definition.Stems.Length * samples];
        for (int plane = 0; plane < 2 * definition.Stems.Length; plane++)
        {
            found.AsSpan(plane * length, samples).CopyTo(stems.AsSpan(plane * samples));
        }

        return stems;
    }

    /// <summary>10·log10 of the truth's energy over the error's.</summary>
    public static double Snr(ReadOnlySpan<float> truth, ReadOnlySpan<float> found) => SignalToNoise.Of(truth, found);
}
