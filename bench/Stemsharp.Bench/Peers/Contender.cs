using Stemsharp.Checkpoints;
using Stemsharp.Cpu;
using Stemsharp.Export.Onnx;
using Stemsharp.Inference;
using Stemsharp.Model;
using Stemsharp.OnnxRuntime;
using Stemsharp.Simd;

namespace Stemsharp.Bench.Peers;

/// <summary>Somebody who runs the network: ours, or onnxruntime with one of two graphs.</summary>
/// <param name="Key">What its process is started with, and what its graph's file is called.</param>
/// <param name="Name">As in the table.</param>
internal sealed record Contender(string Key, string Name)
{
    public static IReadOnlyList<Contender> All { get; } =
    [
        new("ours", "Stemsharp"),
        new("best", "onnxruntime, this project's graph"),
        new("published", "onnxruntime, graph in the published form"),
    ];

    public bool IsOurs => this == All[0];

    /// <summary>The network ready to run, with its transforms, from the files that <see cref="Prepare"/> wrote.</summary>
    public LoadedContender Load(string folder, int threads)
    {
        CheckpointNetwork network = FamilyTable.All.Open(CheckpointIn(folder));
        return new LoadedContender(network.Definition, IsOurs ? Ours(network, threads) : OnnxRuntime(network, Path.Combine(folder, $"{Key}.onnx"), threads), threads);
    }

    /// <summary>Writes the checkpoint and the graphs. In a process of its own, so that it counts for nobody.</summary>
    public static void Prepare(string model, string folder)
    {
        string path = Path.Combine(folder, "model.th");
        if (model.StartsWith(SyntheticCheckpoint.Scheme, StringComparison.Ordinal))
        {
            using Checkpoint synthetic = FamilyTable.All.OpenCheckpoint(model);
            CheckpointConversion.Save(synthetic, path);
        }
        else
        {
            File.Copy(model, Path.ChangeExtension(path, Path.GetExtension(model)));
        }

        foreach (Contender contender in All.Where(c => !c.IsOurs))
        {
            Onnx.OnnxRuntimePeer.Write(CheckpointIn(folder), OnnxGraphKind.Spectrogram, contender.Key == "published", Path.Combine(folder, $"{contender.Key}.onnx"));
        }
    }

    /// <summary>The checkpoint that <see cref="Prepare"/> wrote.</summary>
    public static string CheckpointIn(string folder) => Directory.GetFiles(folder, "model.*").Single();

    private static CpuRuntime Ours(Network network, int threads) => new(network, new EngineSettings { Threads = threads, PiecesAtOnce = 1 }, SimdTier.Chosen);

    private static OnnxNetworkRuntime OnnxRuntime(Network network, string path, int threads) => new(
        network.Definition,
        new EngineIdentity(OnnxRuntimeBackend.BackendName, "cpu", EnginePrecision.Fp32),
        _ => 1, (_, _) => new OnnxNetworkSession(OnnxRuntimeLibrary.Load(), path, new OnnxSessionOptions { Threads = threads }));
}
