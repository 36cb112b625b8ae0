using Google.Protobuf;
using Stemsharp.Checkpoints;
using Stemsharp.Evaluation;
using Stemsharp.Export.Onnx;
using Stemsharp.Export.Onnx.Schema;
using Stemsharp.Export.Tests.Onnx;
using Stemsharp.Model;
using Stemsharp.OnnxRuntime;
using Stemsharp.OnnxRuntime.Binding;

namespace Stemsharp.Bench.Onnx;

/// <summary>
/// The question: what did the rules of exported graphs cost, and what do they hold in onnxruntime?
/// <c>onnx-forms GOLDEN-FOLDER [RUNS]</c>: htdemucs with recreatable weights, each form beside the one from before the rules (the
/// forms that some runtime does badly put back): nodes, bytes, SNR of the lowest stem against a window of the original's stems in double precision, that of
/// one of a batch of four, and processor time in turns.
/// </summary>
internal static class FormComparison
{
    private const int Start = 100_000;

    public static void Print(string golden, int runs)
    {
        using Checkpoint data = Checkpoint.Open(Path.Combine(golden, "htdemucs.synthetic.safetensors"));
        float[] mix = OnnxAccuracy.Read(data, "mix"), truth = OnnxAccuracy.Read(data, "window");
        OnnxGraphOptions plain = new();
        foreach ((string name, OnnxGraphOptions options) in (ReadOnlySpan<(string, OnnxGraphOptions)>)
        [
            ("waveform, halves inline", plain), ("waveform, singles", plain with { HalfWeights = false }), ("waveform, mixed", plain with { Precision = OnnxPrecision.Mixed }),
            ("waveform, fp16", plain with { Precision = OnnxPrecision.Fp16 }), ("spectrogram", plain with { Kind = OnnxGraphKind.Spectrogram }),
        ])
        {
            ModelProto now = Build(options), before = Before(options);

            // The inverse transform's window was made of the forward one's, and not stored.
            string? window = before.Graph.Node.FirstOrDefault(n => n.Name == "istft/inner")?.Input[1];
            int bytes = before.CalculateSize() - (before.Graph.Initializer.FirstOrDefault(i => i.Name == window)?.RawData.Length ?? 0);
            Console.WriteLine(string.Create(null, $"{name}: {now.Graph.Node.Count} nodes, {now.Graph.Node.Count - before.Graph.Node.Count:+0;-0;0}; {now.CalculateSize() / 1e6:F1} MB, {(now.CalculateSize() - bytes) / 1e6:+0.0;-0.0;0}"));
        }

        using Candidate rules = new(Build(plain), mix), old = new(Before(plain), mix);
        Console.WriteLine($"onnxruntime {rules.Version}: {rules.Lowest(truth):F1} dB, {old.Lowest(truth):F1} dB before");
        using (Candidate batch = new(Build(plain with { Batch = 4 }), [.. Enumerable.Repeat(mix, 4).SelectMany(m => m)]))
        {
            Console.WriteLine($"batch of 4: {batch.Lowest(truth):F1} dB");
        }

        List<double> times = [], timesBefore = [];
        for (int i = 0; i < runs; i++)
        {
            times.Add(rules.Run());
            timesBefore.Add(old.Run());
        }

        Console.WriteLine(string.Create(null, $"processor time of a run, {runs} in turns: {Statistics.Median(times):F2} s, {Statistics.Median(timesBefore):F2} s before; median of the turns' ratios {Statistics.Median([.. times.Zip(timesBefore, (a, b) => a / b)]):F3}"));
    }

    private static ModelProto Build(OnnxGraphOptions options) => OnnxModelBuilder.Build(FamilyTable.All.Open("synthetic:htdemucs"), options);

    private static ModelProto Before(OnnxGraphOptions options)
    {
        ModelProto model = Build(options);
        GraphFaults.MergedSquares(model.Graph);
        GraphFaults.WideSums(model.Graph);
        GraphFaults.ScaledMeans(model.Graph);
        if (options.Kind == OnnxGraphKind.Waveform)
        {
            GraphFaults.LongAddition(model.Graph);
        }

        return model;
    }

    /// <summary>A graph in a session of its own.</summary>
    private sealed unsafe class Candidate : IDisposable
    {
        private readonly string _path = Path.Combine(Path.GetTempPath(), $"stemsharp-bench-{Guid.NewGuid():N}.onnx");
        private readonly OnnxSession _session;
        private readonly IBoundRun _bound;

        public Candidate(ModelProto model, float[] mix)
        {
            using (FileStream file = File.Create(_path))
            {
                model.WriteTo(file);
            }

            _session = new OnnxSession(OnnxRuntimeLibrary.Load(), _path, new OnnxSessionOptions { Threads = 2 });
            _bound = _session.Bind();
            mix.CopyTo(new Span<float>(_bound.Input(0), mix.Length));
            Run();
        }

        public string Version => _session.Library.Version;

        /// <summary>Processor seconds.</summary>
        public double Run()
        {
            TimeSpan before = Environment.CpuUsage.TotalTime;
            _session.Run(_bound, default);
            return (Environment.CpuUsage.TotalTime - before).TotalSeconds;
        }

        /// <summary>SNR of the lowest stem of the last run, in every segment of the batch.</summary>
        public double Lowest(float[] window)
        {
            int[] dims = [.. _session.Outputs[0].Shape(1).Select(d => (int)d)];
            int stems = dims[1], samples = dims[3], width = window.Length / stems / 2;
            double lowest = double.PositiveInfinity;
            for (int stem = 0; stem < dims[0] * stems; stem++)
            {
                SignalToNoise sums = new();
                for (int channel = 0; channel < 2; channel++)
                {
                    sums.Add(window.AsSpan((stem % stems * 2 + channel) * width, width), new ReadOnlySpan<float>(_bound.Output(0) + (stem * 2L + channel) * samples + Start, width));
                }

                lowest = Math.Min(lowest, sums.Ratio);
            }

            return lowest;
        }

        public void Dispose()
        {
            _session.Dispose();
            File.Delete(_path);
        }
    }
}
