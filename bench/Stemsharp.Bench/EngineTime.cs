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
/// segment? On a shared machine that ratio holds where seconds drift. With <c>--mixed</c>: how long in mixed precision by each kind
/// of instructions, in turns with single precision.
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
        PairKernels?[] kinds = !args.Contains("--mixed") ? [null]
            : PairKernels.All.Count == 0 ? throw new NotSupportedException($"No mixed precision: {PairKernels.Refusal}.")
            : [.. PairKernels.All, null];
        CpuRuntime[] engines = [.. kinds.Select(pairs => new CpuRuntime(network, settings, SimdTier.Chosen, pairs))];
        INetworkSession[] sessions = [.. engines.Select(e => e.Arrange(samples, 1)[0])];
        CpuRuntime engine = engines[0];
        Plan plan = engine.Plan!;
        Console.WriteLine($"{name} on {engine.Description}: {plan.Flops * 1e-9:F1} GFLOP, {plan.ExecutedFlops * 1e-9:F1} executed, arena {plan.ArenaFloats * 4e-6:F0} MB");
        if (args.Contains("--plan"))
        {
            Console.WriteLine(plan);
        }

        Random random = new(1);
        for (int run = 0; run < Math.Min(WarmUps, runs); run++)
        {
            Array.ForEach(sessions, s => Run(s));
        }

        engine.ResetProfile();
        double[][] peers = [.. sessions.Select(_ => new double[runs])];
        double[] seconds = peers[0], peaks = new double[runs], shares = new double[runs], meanShares = new double[runs];
        for (int run = 0; run < runs; run++)
        {
            for (int i = sessions.Length - 1; i > 0; i--)
            {
                peers[i][run] = Run(sessions[i]);
            }

            FmaRate before = FmaPeak.Measure(threads, PeakSeconds);
            seconds[run] = Run(sessions[0]);
            FmaRate around = FmaRate.Between(before, FmaPeak.Measure(threads, PeakSeconds));
            double rate = plan.Flops * 1e-9 / seconds[run];
            peaks[run] = around.Peak;
            shares[run] = rate / around.Peak;
            meanShares[run] = rate / around.Mean;
        }

        double peak = Statistics.Median(peaks);
        Console.WriteLine($"median {Statistics.Median(seconds):F3} s, least {seconds.Min():F3} s; FMA peak {peak:F0} GFLOP/s; median share {Statistics.Median(shares):P1}, best {shares.Max():P1}; of the mean rate {Statistics.Median(meanShares):P1}");
        for (int i = 1; i < peers.Length; i++)
        {
            double[] peer = peers[i];
            Console.WriteLine($"in turns with {engines[i].Description}: median {Statistics.Median(peer):F3} s, least {peer.Min():F3} s; {Statistics.Median([.. seconds.Zip(peer, (own, other) => own / other)]):F3} of its time");
        }

        foreach (EngineStep step in profile ? engine.Profile : [])
        {
            double s = step.Time.TotalSeconds / runs;
            Console.WriteLine($"{s * 1e3,8:F2} ms {step.Flops * 1e-9,7:F2} GFLOP {step.ExecutedFlops * 1e-9 / s,6:F0} GFLOP/s executed, {step.Bytes / s * 1e-9,6:F1} GB/s, {1e3 * (s - step.Flops * 1e-9 / peak),6:F2} ms over peak  {step.Name}: {step.Description}");
        }

        Array.ForEach(engines, e => e.Dispose());

        // The inputs' memory serves other things during a run, so they are filled anew each time.
        double Run(INetworkSession one)
        {
            NetworkNoise.Fill(one, network.Definition, samples, random);
            long start = Stopwatch.GetTimestamp();
            one.Run(CancellationToken.None);
            return Stopwatch.GetElapsedTime(start).TotalSeconds;
        }
    }
}
