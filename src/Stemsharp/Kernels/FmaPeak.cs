using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Stemsharp.Simd;

namespace Stemsharp.Kernels;

/// <summary>
/// Rates of single-precision multiply-adds in registers, GFLOP/s, a multiply-add counting two. On a quiet machine both are
/// the same; where neighbours take turns on the processor only the mean says what was to be had while something else ran.
/// </summary>
/// <param name="Peak">The best of several rounds: what the hardware can do.</param>
/// <param name="Mean">All rounds together: what it did on average.</param>
internal readonly record struct FmaRate(double Peak, double Mean)
{
    /// <summary>Between two rates, for what ran between them.</summary>
    public static FmaRate Between(FmaRate before, FmaRate after) => new((before.Peak + after.Peak) / 2, (before.Mean + after.Mean) / 2);
}

/// <summary>Measures the machine's rate of single-precision multiply-adds: the yardstick of benchmarks.</summary>
internal static class FmaPeak
{
    /// <summary>
    /// Independent multiply-adds in registers on so many threads at once, in several rounds.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static FmaRate Measure(int threads, double seconds = 0.5)
    {
        Func<long, long> loop = SimdTier.Chosen.Bits switch
        {
            512 => Loop<Simd512, Vector512<float>>,
            256 => Loop<Simd256, Vector256<float>>,
            128 => Loop<Simd128, Vector128<float>>,
            _ => Loop<Simd1, float>,
        };
        loop(1000);
        long iterations = 20_000;
        double best = 0, spent = 0, all = 0;
        while (spent < seconds)
        {
            // Each worker notes its own times: on a full machine this thread may wake up late.
            using Barrier start = new(threads);
            long flops = 0, begin = long.MaxValue, end = 0;
            Lock gate = new();
            Thread[] workers = [.. Enumerable.Range(0, threads).Select(_ => new Thread(() =>
            {
                start.SignalAndWait();
                long before = Stopwatch.GetTimestamp(), done = loop(iterations), after = Stopwatch.GetTimestamp();
                lock (gate)
                {
                    flops += done;
                    begin = Math.Min(begin, before);
                    end = Math.Max(end, after);
                }
            }))];
            foreach (Thread worker in workers)
            {
                worker.Start();
            }

            foreach (Thread worker in workers)
            {
                worker.Join();
            }

            double took = Stopwatch.GetElapsedTime(begin, end).TotalSeconds;
            spent += took;
            all += flops;
            best = Math.Max(best, flops / took * 1e-9);
            if (took < 0.05)
            {
                iterations *= 2;
            }
        }

        return new FmaRate(best, all / spent * 1e-9);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static unsafe long Loop<TIsa, V>(long iterations)
        where TIsa : struct, ISimd<V>
        where V : struct
    {
        V x = TIsa.Broadcast(1.0001f), y = TIsa.Broadcast(-0.0001f);
        V a = x, b = x, c = x, d = x, e = x, f = x, g = x, h = x, i = x, j = x, k = x, l = x;
        for (long n = 0; n < iterations; n++)
        {
            for (int m = 0; m < 16; m++)
            {
                a = TIsa.MultiplyAdd(a, x, y);
                b = TIsa.MultiplyAdd(b, x, y);
                c = TIsa.MultiplyAdd(c, x, y);
                d = TIsa.MultiplyAdd(d, x, y);
                e = TIsa.MultiplyAdd(e, x, y);
                f = TIsa.MultiplyAdd(f, x, y);
                g = TIsa.MultiplyAdd(g, x, y);
                h = TIsa.MultiplyAdd(h, x, y);
                i = TIsa.MultiplyAdd(i, x, y);
                j = TIsa.MultiplyAdd(j, x, y);
                k = TIsa.MultiplyAdd(k, x, y);
                l = TIsa.MultiplyAdd(l, x, y);
            }
        }

        // The sums are used, so that the loop cannot be dropped.
        V sum = TIsa.Add(TIsa.Add(TIsa.Add(a, b), TIsa.Add(c, d)), TIsa.Add(TIsa.Add(e, f), TIsa.Add(g, h)));
        sum = TIsa.Add(sum, TIsa.Add(TIsa.Add(i, j), TIsa.Add(k, l)));
        float* sink = stackalloc float[TIsa.Lanes];
        TIsa.Store(sink, sum);
        return float.IsNaN(sink[0]) ? 0 : iterations * 16 * 12 * 2 * TIsa.Lanes;
    }
}
