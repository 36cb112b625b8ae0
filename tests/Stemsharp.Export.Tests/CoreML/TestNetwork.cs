using Stemsharp.Export.CoreML;
using Stemsharp.Export.CoreML.Interpretation;
using Stemsharp.Export.CoreML.Reading;
using Stemsharp.Graph.Interpretation;
using Stemsharp.Inference;
using Stemsharp.Model;
using Xunit;

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
    public static double Of(IReadOnlyList<double> truth, IReadOnlyList<float> ours)
    {
        Assert.Equal(truth.Count, ours.Count);
        double signal = 0, noise = 0;
        for (int i = 0; i < truth.Count; i++)
        {
            signal += truth[i] * truth[i];
            noise += (truth[i] - ours[i]) * (truth[i] - ours[i]);
        }

        return 10 * Math.Log10(signal / noise);
    }

    public static double Of(float[] truth, float[] ours) => Of([.. truth.Select(v => (double)v)], ours);

    /// <summary>Scale-invariant SDR of an estimate.</summary>
    public static double ScaleInvariant(ReadOnlySpan<float> truth, ReadOnlySpan<float> ours)
    {
        double dot = 0, power = 0, residual = 0;
        for (int i = 0; i < truth.Length; i++)
        {
            dot += (double)truth[i] * ours[i];
            power += (double)truth[i] * truth[i];
        }

        double gain = dot / power;
        for (int i = 0; i < truth.Length; i++)
        {
            residual += Math.Pow(gain * truth[i] - ours[i], 2);
        }

        return 10 * Math.Log10(gain * gain * power / residual);
    }
}
