using Stemsharp.Graph.Interpretation;
using Stemsharp.Inference;
using Stemsharp.Model;
using Stemsharp.Signal;
using Stemsharp.Tests.Signal;

namespace Stemsharp.Tests.Golden;

/// <summary>One forward pass of a network of spectrograms in double precision, transforms included.</summary>
internal static class GoldenForward
{
    /// <summary>All stems, [S, C, L]; where whole hops come back, zeros follow them.</summary>
    /// <param name="network">The network.</param>
    /// <param name="mix">[C, L].</param>
    /// <param name="observe">Sees what each node gives; null for none.</param>
    public static float[] Interpret(CheckpointNetwork network, GoldenTensor mix, Action<Graph.Node, double[]>? observe = null)
    {
        TransformDefinition transform = network.Definition.Transform!;
        int samples = mix.Shape[1], given = transform.OutputSamples(samples);
        Graph.Graph graph = network.Record(samples);
        using INetworkWeights weights = network.OpenWeights(graph);
        double[] spectrogram = [.. Enumerable.Range(0, mix.Shape[0]).SelectMany(c => ReferenceTransform.Forward(transform, mix.Values.AsSpan(c * samples, samples)))];
        double[] masked = new Interpreter(graph, weights).Run([spectrogram], observe)[0];
        int rows = network.Definition.Stems.Length * network.Definition.Channels, plane = masked.Length / rows;
        float[] stems = new float[rows * samples];
        for (int row = 0; row < rows; row++)
        {
            float[] own = [.. masked.Skip(row * plane).Take(plane).Select(v => (float)v)];
            ReferenceTransform.Inverse(transform, own, samples).Take(given).Select(v => (float)v).ToArray().CopyTo(stems, row * samples);
        }

        return stems;
    }
}
