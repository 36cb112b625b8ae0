using System.Runtime.InteropServices;
using Stemsharp.Checkpoints;
using Stemsharp.Evaluation;
using Stemsharp.Export.CoreML;
using Stemsharp.Export.CoreML.Interpretation;
using Stemsharp.Export.CoreML.Reading;
using Stemsharp.Graph.Interpretation;
using Stemsharp.Inference;
using Stemsharp.Model;

namespace Stemsharp.Bench.CoreML;

/// <summary>
/// A network, a segment of music for it and what the network makes of it in double precision. That takes
/// minutes at full size, so it is kept in the temporary folder.
/// </summary>
internal sealed class PackageNetwork : IDisposable
{
    private readonly CheckpointNetwork _network;
    private readonly INetworkWeights _weights;

    /// <param name="model">A checkpoint file, or synthetic:NAME.</param>
    /// <param name="golden">The folder tests/golden; a full-size network hears its mix, a shorter one the start of it, a longer one the mix again.</param>
    /// <param name="segment">The network's native length in seconds; null for the trained length.</param>
    public PackageNetwork(string model, string golden, double? segment = null)
    {
        Model = model;
        _network = FamilyTable.All.Open(model);
        Samples = segment is { } seconds ? (int)(seconds * Definition.SampleRate) : Definition.Cut.Samples;
        Graph = _network.Record(Samples);
        _weights = _network.OpenWeights(Graph);
        Mix = ReadMix(golden, Samples);
        Spectrogram = SegmentTransform.Forward(Mix, Nfft);
        Truth = ReadTruth();
        Stems = [.. Truth[1]];
        SegmentTransform.Inverse(Truth[0], Stems, Samples, Nfft);
    }

    public string Model { get; }

    public NetworkDefinition Definition => _network.Definition;

    public Graph.Graph Graph { get; }

    /// <summary>Samples of a segment.</summary>
    public int Samples { get; }

    /// <summary>[2, L].</summary>
    public float[] Mix { get; }

    /// <summary>[4, F, T].</summary>
    public float[] Spectrogram { get; }

    /// <summary>Spectrograms [S, 4, F, T] and waveforms [S, 2, L], computed in double precision.</summary>
    public float[][] Truth { get; }

    /// <summary>[S, 2, L], of <see cref="Truth"/>.</summary>
    public float[] Stems { get; }

    /// <summary>Exports, reads the package back, and runs it.</summary>
    public (float[][] Outputs, CoreMLReport Report) Run(CoreMLExportOptions options)
    {
        string folder = Directory.CreateTempSubdirectory("stemsharp-bench-").FullName;
        try
        {
            string path = Path.Combine(folder, "model.mlpackage");
            PackageWriter.Write(path, Definition, Graph, Samples, _weights, new PackageSource(_network.Family, _network.Signature), options);
            using Package package = Package.Open(path);
            return (new ProgramInterpreter(package).Run([Spectrogram, Mix]), CoreMLReport.Read(path));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    /// <summary>All stems of a package's outputs together, whose waveforms become the stems, against the truth.</summary>
    public ParityReport CompareAll(float[][] outputs)
    {
        SegmentTransform.Inverse(outputs[0], outputs[1], Samples, Nfft);
        return ParityReport.Compare(Stems, outputs[1]);
    }

    /// <summary>Each stem of a package's outputs, whose waveforms become the stems, against the truth.</summary>
    public IReadOnlyList<(string Stem, ParityReport Parity)> CompareStems(float[][] outputs)
    {
        SegmentTransform.Inverse(outputs[0], outputs[1], Samples, Nfft);
        int size = 2 * Samples;
        return [.. Definition.Stems.Select((name, i) => (name, ParityReport.Compare(Stems.AsSpan(i * size, size), outputs[1].AsSpan(i * size, size))))];
    }

    public void Dispose() => _weights.Dispose();

    private int Nfft => Definition.Transform!.Nfft;

    private static float[] ReadMix(string golden, int samples)
    {
        using Checkpoint data = Checkpoint.Open(Path.Combine(golden, "htdemucs.synthetic.safetensors"));
        StoredTensor tensor = data.Tensors.First(t => t.Name == "mix");
        float[] all = new float[2 * tensor.Shape[1]];
        tensor.CopyTo(all);
        float[] mix = new float[2 * samples];
        for (int i = 0; i < mix.Length; i++)
        {
            mix[i] = all[i / samples * tensor.Shape[1] + i % samples % tensor.Shape[1]];
        }

        return mix;
    }

    private float[][] ReadTruth()
    {
        string file = Path.Combine(Path.GetTempPath(), $"stemsharp-truth-{_network.Signature}-{Samples}.bin");
        int length = Definition.Stems.Length * Spectrogram.Length;
        if (!File.Exists(file))
        {
            double[][] truth = new Interpreter(Graph, _weights).Run([[.. Spectrogram.Select(v => (double)v)], [.. Mix.Select(v => (double)v)]]);
            float[] all = [.. truth.SelectMany(t => t).Select(v => (float)v)];
            File.WriteAllBytes($"{file}.tmp", MemoryMarshal.AsBytes(all.AsSpan()));
            File.Move($"{file}.tmp", file, overwrite: true);
        }

        ReadOnlySpan<float> values = MemoryMarshal.Cast<byte, float>(File.ReadAllBytes(file));
        return [values[..length].ToArray(), values[length..].ToArray()];
    }
}
