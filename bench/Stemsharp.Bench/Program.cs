using System.Diagnostics;
using Stemsharp.Bench.Onnx;
using Stemsharp.Checkpoints;
using Stemsharp.Cpu;
using Stemsharp.Kernels;
using Stemsharp.Model;

if (args is ["accuracy", var golden]) { Stemsharp.Bench.GoldenAccuracy.Print(golden, KernelTier.Best); return; }
if (args is ["resampling"]) { Stemsharp.Bench.ResamplingBenchmark.Run(); return; }
if (args is ["onnxruntime", ..]) { OnnxRuntimePeer.Run(args[1..]); return; }

if (args is ["stft"]) { Stemsharp.Bench.StftTime.Print(); return; }
string name = args.Length > 0 ? args[0] : "synthetic:htdemucs";
int threads = args.Length > 1 ? int.Parse(args[1]) : 2;
bool profile = args.Contains("--profile");
long t0 = Stopwatch.GetTimestamp();
using Checkpoint checkpoint = name.StartsWith("synthetic:", StringComparison.Ordinal) ? SyntheticCheckpoint.Open(name) : Checkpoint.Open(name);
HTDemucsConfig config = HTDemucsConfigReader.Read(checkpoint);
Stemsharp.Graph.Graph graph = HTDemucs.Build(config, config.SegmentSamples);
var weights = new CheckpointWeights(checkpoint, config, graph);
using var engine = new CpuEngine(graph, weights, threads, KernelTier.Best, profile);
Console.WriteLine($"load {Stopwatch.GetElapsedTime(t0).TotalSeconds:F2} s, {graph.Flops * 1e-9:F1} GFLOP, executed {engine.Plan.ExecutedFlops * 1e-9:F1}, arena {engine.Plan.ArenaFloats * 4e-6:F0} MB, scratch {engine.Plan.ScratchFloats * 4e-6:F1} MB");
if (args.Contains("--plan")) Console.WriteLine(engine.Plan);
var random = new Random(1);
unsafe
{
    for (int i = 0; i < engine.Shape.SpectrogramLength; i++) engine.Spectrogram[i] = random.NextSingle() - 0.5f;
    for (int i = 0; i < engine.Shape.WaveformLength; i++) engine.Waveform[i] = random.NextSingle() - 0.5f;
}
double peak = FmaPeak.Measure(threads);
engine.Run(default(CancellationToken));
engine.Run(default(CancellationToken));
engine.ResetProfile();
var times = new List<double>();
var ratios = new List<double>();
var peaks = new List<double>();
int reps = profile ? 5 : 9;
for (int i = 0; i < reps; i++)
{
    double before = FmaPeak.Measure(threads, 0.05);
    long t = Stopwatch.GetTimestamp();
    engine.Run(default(CancellationToken));
    times.Add(Stopwatch.GetElapsedTime(t).TotalSeconds);
    double around = (before + FmaPeak.Measure(threads, 0.05)) / 2;
    peaks.Add(around);
    ratios.Add(graph.Flops * 1e-9 / times[^1] / around);
}
Console.WriteLine(string.Join(" ", peaks.Select((p, i) => $"{p:F0}:{times[i]:F3}:{ratios[i]:P0}")));
times.Sort();
peaks.Sort();
ratios.Sort();
peak = peaks[reps / 2];
Console.WriteLine($"peak {peak:F0} GFLOP/s; median {times[times.Count / 2]:F3} s, min {times[0]:F3}; median ratio {ratios[reps / 2]:P1}, best {ratios[^1]:P1} of peak");
if (profile)
{
    foreach (var (step, time) in engine.Profile)
    {
        double s = time.TotalSeconds / reps;
        Console.WriteLine($"{s * 1e3,8:F2} ms {step.Flops * 1e-9,7:F2} GF {step.ExecutedFlops * 1e-9 / s,6:F0} GF/s {step.ExecutedFlops * 1e-9 / s / peak,6:P0}  lost {1e3 * (s - step.Flops * 1e-9 / peak),6:F2} ms  {step.Name}: {step.Description}");
    }
}
