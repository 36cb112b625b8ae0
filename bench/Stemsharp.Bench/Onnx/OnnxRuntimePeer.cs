using System.Diagnostics;
using Google.Protobuf;
using Stemsharp.Evaluation;
using Stemsharp.Export.Onnx;
using Stemsharp.Export.Onnx.Schema;
using Stemsharp.Model;
using Stemsharp.OnnxRuntime;
using Stemsharp.OnnxRuntime.Binding;

namespace Stemsharp.Bench.Onnx;

/// <summary>
/// The question: how long does onnxruntime take for one segment, and how much memory, with the graphs that
/// Stemsharp exports and with graphs built as others publish them?
/// <c>onnxruntime [MODEL] [--graph GRAPH[,GRAPH…]] [--threads N] [--runs N] [--no-arena] [--write FILE]</c>
/// where GRAPH is waveform, spectrogram, published-waveform or published-spectrogram. Several graphs take turns
/// in one process, so that the machine's drift meets all of them; one graph alone gives its peak of memory.
/// <c>--write</c> keeps the graph instead of running it.
/// </summary>
internal static class OnnxRuntimePeer
{
    public static void Run(string[] args)
    {
        string model = args.Length > 0 && !args[0].StartsWith('-') ? args[0] : "synthetic:htdemucs";
        string[] graphs = Value("--graph", "spectrogram").Split(',');
        int runs = int.Parse(Value("--runs", "7"));
        if (Value("--write", "") is { Length: > 0 } target)
        {
            Write(model, graphs[0], target);
            return;
        }

        OnnxSessionOptions options = new() { Threads = int.Parse(Value("--threads", "2")), Arena = !args.Contains("--no-arena") };
        List<Candidate> candidates = [];
        try
        {
            foreach (string graph in graphs)
            {
                candidates.Add(new Candidate(model, graph, options));
            }

            for (int i = 0; i < runs + 1; i++)
            {
                foreach (Candidate candidate in candidates)
                {
                    candidate.Run(count: i > 0);
                }
            }

            Console.WriteLine($"onnxruntime {candidates[0].Version}, {model}, {options.Threads} threads, arena {(options.Arena ? "on" : "off")}");
            foreach (Candidate candidate in candidates)
            {
                Console.WriteLine($"{candidate.Graph}: median {candidate.Median:F3} s, {candidate.Median / candidates[0].Median:F2} times {graphs[0]}, min {candidate.Times.Min():F3} s, file {candidate.FileBytes / 1e6:F1} MB");
            }

            using Process process = Process.GetCurrentProcess();
            if (candidates.Count == 1)
            {
                Console.WriteLine($"peak {process.PeakWorkingSet64 / 1e6:F0} MB");
            }
        }
        finally
        {
            candidates.ForEach(c => c.Dispose());
        }

        string Value(string name, string fallback) => Array.IndexOf(args, name) is >= 0 and int i && i + 1 < args.Length ? args[i + 1] : fallback;
    }

    private static void Write(string model, string graph, string path)
    {
        bool published = graph.StartsWith("published-", StringComparison.Ordinal);
        Write(model, Enum.Parse<OnnxGraphKind>(graph.Replace("published-", "", StringComparison.Ordinal), ignoreCase: true), published, path);
    }

    /// <summary>Writes a model's graph, ours or in the published form.</summary>
    public static void Write(string model, OnnxGraphKind kind, bool published, string path)
    {
        CheckpointNetwork network = FamilyTable.All.Open(model);
        OnnxGraphOptions options = new() { Kind = kind };

        // Operator set 20 has GELU as one node: what onnxruntime makes of the published spelling.
        ModelProto proto = OnnxModelBuilder.Build(network, published ? options with { Fused = false, HalfWeights = false, ScoreLimit = long.MaxValue, Opset = 20 } : options);
        if (published)
        {
            PublishedStyle.Rewrite(proto);
        }

        using FileStream file = File.Create(path);
        proto.WriteTo(file);
    }

    /// <summary>One graph in a session of its own, with noise as its input.</summary>
    private sealed class Candidate : IDisposable
    {
        private readonly string _path = Path.Combine(Path.GetTempPath(), $"stemsharp-bench-{Guid.NewGuid():N}.onnx");
        private readonly OnnxSession _session;
        private readonly IBoundRun _bound;

        public Candidate(string model, string graph, OnnxSessionOptions options)
        {
            Graph = graph;
            Write(model, graph, _path);

            // What building the graph left behind is not the session's memory.
            GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive);
            FileBytes = new FileInfo(_path).Length;
            _session = new OnnxSession(OnnxRuntimeLibrary.Load(), _path, options);
            Random random = new(1);
            _bound = _session.Bind();
            for (int i = 0; i < _session.Inputs.Count; i++)
            {
                Fill(random, i);
            }
        }

        public string Graph { get; }

        public long FileBytes { get; }

        public List<double> Times { get; } = [];

        public string Version => _session.Library.Version;

        public double Median => Statistics.Median(Times);

        public void Run(bool count)
        {
            long start = Stopwatch.GetTimestamp();
            _session.Run(_bound, default);
            if (count)
            {
                Times.Add(Stopwatch.GetElapsedTime(start).TotalSeconds);
            }
        }

        public void Dispose()
        {
            _session.Dispose();
            File.Delete(_path);
        }

        private unsafe void Fill(Random random, int input)
        {
            foreach (ref float sample in new Span<float>(_bound.Input(input), (int)_session.Inputs[input].Shape(1).Aggregate(1L, (n, d) => n * d)))
            {
                sample = random.NextSingle() - 0.5f;
            }
        }
    }
}
