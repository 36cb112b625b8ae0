using Stemsharp.Checkpoints;
using Stemsharp.Export.CoreML;
using Stemsharp.Export.CoreML.Interpretation;
using Stemsharp.Export.CoreML.Reading;
using Stemsharp.Export.Interpretation;
using Stemsharp.Inference;
using Stemsharp.Model;

namespace Stemsharp.Bench.CoreML;

/// <summary>Any network with what the managed engine makes of made-up music, for packages to be judged by.</summary>
internal sealed class PackageTruth
{
    private readonly float[] _mix, _stems;

    /// <param name="model">A checkpoint file, with <c>#SETTINGS</c> for one without a configuration, or synthetic:NAME.</param>
    /// <param name="gain">What the music is multiplied by.</param>
    public PackageTruth(string model, float gain = 1)
    {
        string[] parts = model.Split('#');
        Network = parts[0].StartsWith("synthetic:", StringComparison.Ordinal)
            ? FamilyTable.All.Open(parts[0])
            : FamilyTable.All.Read(parts[0], () => Checkpoint.Open(parts[0], parts.Length > 1 ? parts[1] : null));
        _mix = [.. StemTrial.Music(1, Samples, Definition.Channels).Select(v => gain * v)];
        using IEngine engine = new SeparatorOptions().Backends[0].Open(Network, new EngineSettings { Threads = Environment.ProcessorCount });
        _stems = PieceTrial.Run(engine, Definition, _mix, default);
    }

    public CheckpointNetwork Network { get; }

    public int Samples => Definition.Cut.Samples;

    private NetworkDefinition Definition => Network.Definition;

    /// <summary>A package of this network, interpreted.</summary>
    public SpectralEngine Open(string path, Action<float[], int>? round = null, Action<ProgramOperation, Tensor>? observe = null) =>
        PackageRuntime.Open(path, Definition, Definition.Stems, round, observe).Engine();

    /// <summary>Writes a package, runs what <paramref name="open"/> makes of it, and gives the worst stem's SNR in dB.</summary>
    public double Judge(CoreMLExportOptions options, Func<string, SpectralEngine> open)
    {
        string folder = Directory.CreateTempSubdirectory("stemsharp-judged-").FullName;
        try
        {
            string path = Path.Combine(folder, "x.mlpackage");
            Graph.Graph graph = Network.Record(Samples);
            using (INetworkWeights weights = Network.OpenWeights(graph))
            {
                PackageWriter.Write(path, Definition, graph, Samples, weights, new PackageSource(Network.Family, Network.Signature, weights.Sha256), options);
            }

            using SpectralEngine package = open(path);
            float[] stems = PieceTrial.Run(package, Definition, _mix, default);
            int size = Definition.Channels * Samples;
            return Enumerable.Range(0, Definition.Stems.Length)
                .Min(s => StemTrial.Snr(_stems[(s * size)..((s + 1) * size)], Samples, stems[(s * size)..((s + 1) * size)], Samples));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }
}
