using System.Diagnostics;
using Google.Protobuf;
using Stemsharp.Checkpoints;
using Stemsharp.Export.Onnx;
using Stemsharp.Export.Onnx.Schema;
using Stemsharp.OnnxRuntime;

namespace Stemsharp.Bench.Onnx;

/// <summary>
/// The question: how long does onnxruntime take for one segment, and how much memory, with the graphs that
/// Stemsharp exports and with graphs built as others publish them?
/// <c>onnxruntime [MODEL] [--threads N] [--graph waveform|spectrogram|published-waveform|published-spectrogram] [--runs N] [--no-arena]</c>
/// One graph a process, so that peak memory is that graph's.
/// </summary>
internal static class OnnxRuntimePeer
{
    public static void Run(string[] args)
    {
        string model = args.Length > 0 && !args[0].StartsWith('-') ? args[0] : "synthetic:htdemucs";
        string graph = Value("--graph", "spectrogram");
        int threads = int.Parse(Value("--threads", "2")), runs = int.Parse(Value("--runs", "7"));
        bool published = graph.StartsWith("published-", StringComparison.Ordinal), arena = !args.Contains("--no-arena");
        var kind = Enum.Parse<OnnxGraphKind>(graph.Replace("published-", "", StringComparison.Ordinal), ignoreCase: true);
        string path = Path.Combine(Path.GetTempPath(), $"stemsharp-bench-{Guid.NewGuid():N}.onnx");
        try
        {
            Write(model, kind, published, path);
            using var session = new OnnxSession(OnnxRuntimeLibrary.Load(), path, new OnnxSessionOptions { Threads = threads, Arena = arena });
            var random = new Random(1);
            ReadOnlyMemory<float>[] inputs = [.. session.Inputs.Select(t => (ReadOnlyMemory<float>)Noise(random, t.Elements))];
            Memory<float>[] outputs = [.. session.Outputs.Select(t => (Memory<float>)new float[t.Elements])];
            var times = new List<double>();
            for (int i = 0; i < runs + 1; i++)
            {
                long start = Stopwatch.GetTimestamp();
                session.Run(inputs, outputs, default);
                if (i > 0) times.Add(Stopwatch.GetElapsedTime(start).TotalSeconds);
            }

            times.Sort();
            using Process process = Process.GetCurrentProcess();
            Console.WriteLine($"onnxruntime {session.Library.Version}, {model}, {graph}, {threads} threads, arena {(arena ? "on" : "off")}: median {times[times.Count / 2]:F3} s, min {times[0]:F3} s, file {new FileInfo(path).Length / 1e6:F1} MB, peak {process.PeakWorkingSet64 / 1e6:F0} MB");
        }
        finally
        {
            File.Delete(path);
        }

        string Value(string name, string fallback) => Array.IndexOf(args, name) is >= 0 and int i && i + 1 < args.Length ? args[i + 1] : fallback;
    }

    private static void Write(string model, OnnxGraphKind kind, bool published, string path)
    {
        using Checkpoint checkpoint = model.StartsWith(SyntheticCheckpoint.Scheme, StringComparison.Ordinal) ? SyntheticCheckpoint.Open(model) : Checkpoint.Open(model);
        var options = new OnnxGraphOptions { Kind = kind };

        // Operator set 20 has GELU as one node: what onnxruntime makes of the published spelling.
        ModelProto proto = OnnxModelBuilder.Build(checkpoint, published ? options with { HalfWeights = false, ScoreLimit = long.MaxValue, Opset = 20 } : options);
        if (published) PublishedStyle.Rewrite(proto);
        using FileStream file = File.Create(path);
        proto.WriteTo(file);
    }

    private static float[] Noise(Random random, long count)
    {
        var noise = new float[count];
        for (int i = 0; i < noise.Length; i++) noise[i] = random.NextSingle() - 0.5f;
        return noise;
    }
}
