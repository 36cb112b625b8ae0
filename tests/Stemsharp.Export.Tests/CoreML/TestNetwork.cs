using Stemsharp.Evaluation;
using Stemsharp.Export.CoreML;
using Stemsharp.Export.CoreML.Interpretation;
using Stemsharp.Export.CoreML.Reading;
using Stemsharp.Graph.Interpretation;
using Stemsharp.Inference;
using Stemsharp.Model;

namespace Stemsharp.Export.Tests.CoreML;

/// <summary>A network with its weights, to be exported, interpreted and compared.</summary>
internal sealed class TestNetwork
{
    private TestNetwork(CheckpointNetwork network, int? samples)
    {
        Network = network;
        Samples = samples ?? Definition.Cut.Samples;
        Graph = network.Record(Samples);
        Weights = network.OpenWeights(Graph);
    }

    public CheckpointNetwork Network { get; }

    public NetworkDefinition Definition => Network.Definition;

    /// <summary>The FFT's size.</summary>
    public int Nfft => Definition.Transform!.Nfft;

    public int Samples { get; }

    public Graph.Graph Graph { get; }

    public INetworkWeights Weights { get; }

    /// <summary>A checkpoint file, or synthetic:NAME.</summary>
    public static TestNetwork Open(string model, int? samples = null) => new(FamilyTable.All.Open(model), samples);

    /// <summary>Exports into a folder that is removed by <see cref="TemporaryPackage.Dispose"/>.</summary>
    public TemporaryPackage Export(CoreMLExportOptions options)
    {
        TemporaryPackage package = new();
        PackageWriter.Write(package.Path, Definition, Graph, Samples, Weights, new PackageSource(Network.Family, Network.Signature, Weights.Sha256), options);
        return package;
    }

    /// <summary>Exports, reads back from disk and runs on a mix [2, Samples].</summary>
    public float[][] Run(CoreMLExportOptions options, float[] mix)
    {
        using TemporaryPackage temporary = Export(options);
        using Package package = Package.Open(temporary.Path);
        return new ProgramInterpreter(package).Run([ReferenceStft.Forward(mix, Samples, Nfft), mix]);
    }

    /// <summary>Both branches in double precision.</summary>
    public double[][] Truth(float[] mix) =>
        new Interpreter(Graph, Weights).Run([[.. ReferenceStft.Forward(mix, Samples, Nfft).Select(v => (double)v)], [.. mix.Select(v => (double)v)]]);

    public float[] Stems(float[][] outputs, int count) => ReferenceStft.Stems(outputs[0], outputs[1], count, Samples, Nfft);
}

/// <summary>A package in a folder of its own.</summary>
internal sealed class TemporaryPackage : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("stemsharp-coreml-").FullName;

    public TemporaryPackage() => Path = System.IO.Path.Combine(_folder, "model.mlpackage");

    public string Path { get; }

    public string Model => System.IO.Path.Combine(Path, "Data", "com.apple.CoreML", "model.mlmodel");

    public string WeightFile => System.IO.Path.Combine(Path, "Data", "com.apple.CoreML", "weights", "weight.bin");

    public string Manifest => System.IO.Path.Combine(Path, "Manifest.json");

    public void Dispose() => Directory.Delete(_folder, recursive: true);
}

internal static class Snr
{
    public static double Of(double[] truth, ReadOnlySpan<float> ours) => SignalToNoise.Of(truth, ours);

    public static double Of(float[] truth, ReadOnlySpan<float> ours) => SignalToNoise.Of(truth, ours);

    /// <summary>Scale-invariant SDR of an estimate.</summary>
    public static double ScaleInvariant(ReadOnlySpan<float> truth, ReadOnlySpan<float> ours) => ParityReport.Compare(truth, ours).SiSdr;
}
