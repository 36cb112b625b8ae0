using System.Diagnostics;
using Stemsharp.Cpu;
using Stemsharp.Evaluation;
using Stemsharp.Inference;
using Stemsharp.Kernels;
using Stemsharp.Kernels.Paired;
using Stemsharp.Model;
using Stemsharp.Simd;

namespace Stemsharp.Bench;

/// <summary>
/// How long does the network take, as a share of the rate of multiply-adds alone, measured right before and after each
/// segment? On a shared machine that ratio holds where seconds drift. With <c>--mixed</c>: how long in mixed precision, in turns with
/// single precision.
/// </summary>
internal static class EngineTime
{
    private const int WarmUps = 2, DefaultRuns = 9;
    private const double PeakSeconds = 0.2;

    public static void Print(string[] args)
    {
        string[] words = [.. args.Where(a => !a.StartsWith("--", StringComparison.Ordinal))];
        string name = words.Length > 0 ? words[0] : "synthetic:htdemucs";
        int threads = words.Length > 1 ? int.Parse(words[1]) : Environment.ProcessorCount;
        int runs = words.Length > 2 ? int.Parse(words[2]) : DefaultRuns;
        bool profile = args.Contains("--profile");
        CheckpointNetwork network = FamilyTable.All.Open(name);
        int samples = network.Definition.Cut.Samples;
        EngineSettings settings = new() { Threads = threads, PiecesAtOnce = 1, Profile = profile };
        PairKernels? pairs = args.Contains("--mixed") ? PairKernels.Native ?? throw new NotSupportedException($"No mixed precision: {PairKernels.Refusal}.") : null;
        using CpuRuntime? peer = pairs is null ? null : new(network, settings, SimdTier.Chosen, null);
        INetworkSession? peerSession = peer?.Arrange(samples, 1)[0];
        using CpuRuntime engine = new(network, settings, SimdTier.Chosen, pairs);
        INetworkSession session = engine.Arrange(samples, 1)[0];
        Plan plan = engine.Plan!;
        Console.WriteLine($"{name} on {engine.Description}: {plan.Flops * 1e-9:F1} GFLOP, {plan.ExecutedFlops * 1e-9:F1} executed, arena {plan.ArenaFloats * 4e-6:F0} MB");
        if (args.Contains("--plan"))
        {
            Console.WriteLine(plan);
        }

        Random random = new(1);
        for (int run = 0; run < Math.Min(WarmUps, runs); run++)
        {
            Run(peerSession);
            Run(session);
        }

        engine.ResetProfile();
        double[] seconds = new double[runs], single = new double[runs], peaks = new double[runs], shares = new double[runs], meanShares = new double[runs];
        for (int run = 0; run < runs; run++)
        {
            single[run] = Run(peerSession);
            FmaRate before = FmaPeak.Measure(threads, PeakSeconds);
            seconds[run] = Run(session);
            FmaRate around = FmaRate.Between(before, FmaPeak.Measure(threads, PeakSeconds));
            double rate = plan.Flops * 1e-9 / seconds[run];
            peaks[run] = around.Peak;
            shares[run] = rate / around.Peak;
            meanShares[run] = rate / around.Mean;
        }

        double peak = Statistics.Median(peaks);
        Console.WriteLine($"median {Statistics.Median(seconds):F3} s, least {seconds.Min():F3} s; FMA peak {peak:F0} GFLOP/s; median share {Statistics.Median(shares):P1}, best {shares.Max():P1}; of the mean rate {Statistics.Median(meanShares):P1}");
        if (peer is not null)
        {
            Console.WriteLine($"in turns with fp32: median {Statistics.Median(single):F3} s, least {single.Min():F3} s; {Statistics.Median([.. seconds.Zip(single, (mixed, fp32) => mixed / fp32)]):F3} of its time");
        }

        foreach (EngineStep step in profile ? engine.Profile : [])
        {
            double s = step.Time.TotalSeconds / runs;
            Console.WriteLine($"{s * 1e3,8:F2} ms {step.Flops * 1e-9,7:F2} GFLOP {step.ExecutedFlops * 1e-9 / s,6:F0} GFLOP/s executed, {step.Bytes / s * 1e-9,6:F1} GB/s, {1e3 * (s - step.Flops * 1e-9 / peak),6:F2} ms over peak  {step.Name}: {step.Description}");
        }

        // The inputs' memory serves other things during a run, so they are filled anew each time.
        double Run(INetworkSession? one)
        {
            if (one is null)
            {
                return 0;
            }

            NetworkNoise.Fill(one, network.Definition, samples, random);
            long start = Stopwatch.GetTimestamp();
            one.Run(CancellationToken.None);
            return Stopwatch.GetElapsedTime(start).TotalSeconds;
        }
    }
}
