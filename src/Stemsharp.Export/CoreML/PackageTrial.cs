using Stemsharp.Export.CoreML.Interpretation;
using Stemsharp.Export.Interpretation;
using Stemsharp.Inference;

namespace Stemsharp.Export.CoreML;

/// <summary>What a package is worth when no true stems are at hand; on made-up music.</summary>
/// <param name="Change">
/// SNR in dB of the network's stems at the package's length against those at the trained length, in the part that both
/// hear; infinite where these lengths are the same.
/// </param>
/// <param name="Parity">SNR in dB of the interpreted package's stems against the network's own at the package's length.</param>
internal sealed record PackageTrial(double Change, double Parity)
{
    /// <summary>Runs the network in the managed engine and the package in the interpreter.</summary>
    /// <param name="network">The network.</param>
    /// <param name="path">Its package.</param>
    /// <param name="stems">The stems in the package.</param>
    /// <param name="cancellationToken">Asked between operations.</param>
    public static PackageTrial Run(Network network, string path, IReadOnlyList<string> stems, CancellationToken cancellationToken)
    {
        NetworkDefinition definition = network.Definition;
        ExportRuntime package = PackageRuntime.Open(path, definition, stems);
        using SpectralEngine interpreted = package.Engine();
        using IEngine engine = new SeparatorOptions().Backends[0].Open(network, new EngineSettings { Threads = Environment.ProcessorCount });
        int samples = package.Samples, trained = definition.Cut.Samples;
        float[] mix = StemTrial.Music(1, samples, definition.Channels);
        float[] own = Choose(PieceTrial.Run(engine, definition, mix, cancellationToken), samples);
        float[] written = PieceTrial.Run(interpreted, definition with { Stems = [.. stems] }, mix, cancellationToken);
        double change = samples == trained
            ? double.PositiveInfinity
            : StemTrial.Snr(Choose(PieceTrial.Run(engine, definition, StemTrial.Music(1, trained, definition.Channels), cancellationToken), trained), trained, own, samples);
        return new PackageTrial(change, StemTrial.Snr(own, samples, written, samples));

        float[] Choose(float[] all, int length)
        {
            int size = definition.Channels * length;
            return [.. definition.Stems.Index().Where(s => stems.Contains(s.Item)).SelectMany(s => all.AsSpan(s.Index * size, size).ToArray())];
        }
    }
}
