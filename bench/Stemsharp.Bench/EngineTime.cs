using System.Diagnostics;
using Stemsharp.Cpu;
using Stemsharp.Evaluation;
using Stemsharp.Inference;
using Stemsharp.Kernels;
using Stemsharp.Model;
using Stemsharp.Simd;

namespace Stemsharp.Bench;

/// <summary>
/// How long does the network take, as a share of the rate of multiply-adds alone, measured right before and after each
/// segment? On a shared machine that ratio holds where seconds drift.
/// </summary>
internal static class EngineTime
{
    private const int WarmUps = 2, Runs = 9;
    private const double PeakSeconds = 0.2;

    public static void Print(string[] args)
    {
        string[] words = [.. args.Where(a => !a.StartsWith("--", StringComparison.Ordinal))];
        string name = words.Length > 0 ? words[0] : "synthetic:htdemucs";
        int threads = words.Length > 1 ? int.Parse(words[1]) : Environment.ProcessorCount;
        bool profile = args.Contains("--profile");
        CheckpointNetwork network = FamilyTable.All.Open(name);
        int samples = network.Definition.Cut.Samples;
        using CpuRuntime engine = new(network, new EngineSettings { Threads = threads, PiecesAtOnce = 1, Profile = profile }, SimdTier.Chosen);
        INetworkSession session = engine.Arrange(samples, 1)[0];
        Plan plan = engine.Plan!;
        Console.WriteLine($"{name} on {engine.Description}: {plan.Flops * 1e-9:F1} GFLOP, {plan.ExecutedFlops * 1e-9:F1} executed, arena {plan.ArenaFloats * 4e-6:F0} MB");
        if (args.Contains("--plan"))
        {
            Console.WriteLine(plan);
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
            double rate = plan.Flops * 1e-9 / seconds[run];
            peaks[run] = around.Peak;
            shares[run] = rate / around.Peak;
            meanShares[run] = rate / around.Mean;
        }

        double peak = Statistics.Median(peaks);
        Console.WriteLine($"median {Statistics.Median(seconds):F3} s, least {seconds.Min():F3} s; FMA peak {peak:F0} GFLOP/s; median share {Statistics.Median(shares):P1}, best {shares.Max():P1}; of the mean rate {Statistics.Median(meanShares):P1}");
        foreach (EngineStep step in profile ? engine.Profile : [])
        {
            double s = step.Time.TotalSeconds / Runs;
            Console.WriteLine($"{s * 1e3,8:F2} ms {step.Flops * 1e-9,7:F2} GFLOP {step.ExecutedFlops * 1e-9 / s,6:F0} GFLOP/s executed, {step.Bytes / s * 1e-9,6:F1} GB/s, {1e3 * (s - step.Flops * 1e-9 / peak),6:F2} ms over peak  {step.Name}: {step.Description}");
        }

        // The inputs' memory serves other things during a run, so they are filled anew each time.
        double Run()
        {
            NetworkNoise.Fill(session, network.Definition, samples, random);
            long start = Stopwatch.GetTimestamp();
            session.Run(CancellationToken.None);
            return Stopwatch.GetElapsedTime(start).TotalSeconds;
        }
    }
}
