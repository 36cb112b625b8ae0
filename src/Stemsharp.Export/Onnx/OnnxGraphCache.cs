using Stemsharp.Inference;

namespace Stemsharp.Export.Onnx;

/// <summary>Graphs of networks for engines that run them, exported at their first use and kept.</summary>
internal static class OnnxGraphCache
{
    /// <summary>The graph of a network with spectrograms or waveforms as its ports are.</summary>
    /// <param name="folder">Where graphs are kept: a folder that only the user can write.</param>
    /// <param name="network">The network.</param>
    /// <param name="samples">Samples of a piece.</param>
    /// <param name="precision">Of its products.</param>
    /// <param name="pieces">Pieces in a run.</param>
    /// <returns>The .onnx file.</returns>
    public static string Get(string folder, Network network, int samples, EnginePrecision precision, int pieces = 1)
    {
        // Named by everything that its content follows from, so that a kept file is never the wrong one.
        string source = SourceOf(network), version = typeof(OnnxExporter).Assembly.ManifestModule.ModuleVersionId.ToString("N")[..8];
        string kind = (precision == EnginePrecision.Mixed ? "-mixed" : "") + (pieces > 1 ? $"-x{pieces}" : "");
        string path = Path.Combine(folder, $"{source}-{samples}{kind}-{version}.onnx");
        if (!File.Exists(path))
        {
            OnnxGraphOptions options = new()
            {
                Kind = OnnxGraphKind.Spectrogram,
                Samples = samples,
                Batch = pieces,
                Precision = precision == EnginePrecision.Mixed ? OnnxPrecision.Mixed : OnnxPrecision.Fp32,
            };
            OnnxFile.Write(OnnxModelBuilder.Build(network, options), path, externalWeights: false);
        }

        return path;
    }

    private static string SourceOf(Network network)
    {
        using INetworkWeights weights = network.OpenWeights(network.Record(network.Definition.Cut.Samples));
        return weights.Sha256?[..16] ?? network.Signature.Replace(':', '-');
    }
}
