using System.Diagnostics;
using Stemsharp.Checkpoints;
using Stemsharp.Cpu;
using Stemsharp.Evaluation;
using Stemsharp.Kernels;
using Stemsharp.Model;
using Stemsharp.Simd;

namespace Stemsharp.Bench;

/// <summary>
/// How long does the network take, as a share of the rate of multiply-adds alone, measured right before and after each
/// segment? On a shared machine that ratio holds where seconds drift.
/// </summary>
internal static unsafe class EngineTime
{
    private const int WarmUps = 2, Runs = 9;
    private const double PeakSeconds = 0.2;

    public static void Print(string[] args)
    {
        string[] words = [.. args.Where(a => !a.StartsWith("--", StringComparison.Ordinal))];
        string name = words.Length > 0 ? words[0] : "synthetic:htdemucs";
        int threads = words.Length > 1 ? int.Parse(words[1]) : Environment.ProcessorCount;
        bool profile = args.Contains("--profile");
        using Checkpoint checkpoint = name.StartsWith(SyntheticCheckpoint.Scheme, StringComparison.Ordinal) ? SyntheticCheckpoint.Open(name) : Checkpoint.Open(name);
        HTDemucsConfig config = HTDemucsConfigReader.Read(checkpoint);
        Graph.Graph graph = HTDemucs.Build(config, config.SegmentSamples);
        using CpuEngine engine = new(graph, new CheckpointWeights(checkpoint, config, graph), threads, SimdTier.Chosen, profile);
        Console.WriteLine($"{name} on {engine.Description}: {graph.Flops * 1e-9:F1} GFLOP, {engine.Plan.ExecutedFlops * 1e-9:F1} executed, arena {engine.Plan.ArenaFloats * 4e-6:F0} MB");
        if (args.Contains("--plan"))
        {
            Console.WriteLine(engine.Plan);
        }

        Random random = new(1);
        for (int run = 0; run < WarmUps; run++)
        {
            Run();
        }

        engine.ResetProfile();
        double[] seconds = new double[Runs], peaks = new double[Runs], shares = new double[Runs], meanShares = new double[Runs];
        for (int run = 0; run < Runs; run++)
        {
            FmaRate before = FmaPeak.Measure(threads, PeakSeconds);
            seconds[run] = Run();
            FmaRate around = FmaRate.Between(before, FmaPeak.Measure(threads, PeakSeconds));
            double rate = graph.Flops * 1e-9 / seconds[run];
            peaks[run] = around.Peak;
            shares[run] = rate / around.Peak;
            meanShares[run] = rate / around.Mean;
        }

        double peak = Statistics.Median(peaks);
        Console.WriteLine($"median {Statistics.Median(seconds):F3} s, least {seconds.Min():F3} s; FMA peak {peak:F0} GFLOP/s; median share {Statistics.Median(shares):P1}, best {shares.Max():P1}; of the mean rate {Statistics.Median(meanShares):P1}");
        foreach ((Step step, TimeSpan time) in engine.Profile)
        {
            double s = time.TotalSeconds / Runs;
            Console.WriteLine($"{s * 1e3,8:F2} ms {step.Flops * 1e-9,7:F2} GFLOP {step.ExecutedFlops * 1e-9 / s,6:F0} GFLOP/s executed, {step.Bytes / s * 1e-9,6:F1} GB/s, {1e3 * (s - step.Flops * 1e-9 / peak),6:F2} ms over peak  {step.Name}: {step.Description}");
        }

        // The inputs' memory serves other things during a run, so they are filled anew each time.
        double Run()
        {
            for (int i = 0; i < engine.Shape.SpectrogramLength; i++)
            {
                engine.Spectrogram[i] = random.NextSingle() - 0.5f;
            }

            for (int i = 0; i < engine.Shape.WaveformLength; i++)
            {
                engine.Waveform[i] = random.NextSingle() - 0.5f;
            }

            long start = Stopwatch.GetTimestamp();
            engine.Run(CancellationToken.None);
            return Stopwatch.GetElapsedTime(start).TotalSeconds;
        }
    }
}
