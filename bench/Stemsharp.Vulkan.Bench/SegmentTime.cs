using System.Diagnostics;
using Stemsharp.Inference;

namespace Stemsharp.Vulkan.Bench;

/// <summary>How long a song's segments take, from samples in host memory to stems in host memory.</summary>
internal static class SegmentTime
{
    public static void Run(BenchDevice device, string model, int segments, int rounds, VulkanOptions options, string? folder)
    {
        using BenchEngine bench = new(device, GoldenCase.Open("tests/golden", model), options, segments);
        VulkanEngine engine = bench.Engine;
        Random random = new(1);
        float[] sound = new float[2 * bench.Samples];
        for (int i = 0; i < sound.Length; i++)
        {
            sound[i] = (float)(random.NextDouble() - 0.5);
        }

        double first = One(bench, sound, 1);
        double[] times = [.. Enumerable.Range(0, rounds).Select(_ => One(bench, sound, segments)).Order()];
        double median = times[times.Length / 2];
        Console.WriteLine($"{bench.Description}: {segments} segments in {times[0]:F4} s at best, {median:F4} s median ({string.Join(" ", times.Select(t => $"{t:F3}"))}); {engine.Plan!.Flops * (double)segments / median / 1e12:F1} TFLOP/s; opened in {bench.OpenedIn:F2} s, first segment {first:F3} s; {engine.DeviceBytes / 1e6:F0} MB on the device, {engine.HostBytes / 1e6:F0} MB of the host");
        if (options.Profile)
        {
            engine.ResetProfile();
            One(bench, sound, segments);
            StepTable.Print(Console.Out, engine, segments, 25);
            if (folder != null)
            {
                using StreamWriter file = new(Path.Combine(folder, $"profile-{engine.Identity.Precision}-{engine.PiecesPerRun}.txt"));
                StepTable.Print(file, engine, segments, int.MaxValue);
            }
        }
    }

    private static double One(BenchEngine bench, float[] sound, int segments)
    {
        VulkanEngine engine = bench.Engine;
        Queue<(Task Done, IPieceBuffer[] Pieces)> running = new();
        long start = Stopwatch.GetTimestamp();
        for (int at = 0; at < segments;)
        {
            IPieceBuffer[] pieces = new IPieceBuffer[Math.Min(engine.PiecesPerRun, segments - at)];
            for (int i = 0; i < pieces.Length; i++)
            {
                IPieceBuffer? piece;
                while ((piece = engine.Lease()) is null)
                {
                    Take();
                }

                pieces[i] = piece;
                sound.AsSpan(0, bench.Samples).CopyTo(pieces[i].Input(0));
                sound.AsSpan(bench.Samples).CopyTo(pieces[i].Input(1));
            }

            while (running.Count >= engine.RunsAtOnce)
            {
                Take();
            }

            running.Enqueue((engine.RunAsync(pieces, bench.Stems, default), pieces));
            at += pieces.Length;
        }

        while (running.Count > 0)
        {
            Take();
        }

        return Stopwatch.GetElapsedTime(start).TotalSeconds;

        void Take()
        {
            (Task done, IPieceBuffer[] pieces) = running.Dequeue();
            done.GetAwaiter().GetResult();
            Array.ForEach(pieces, p => p.Dispose());
        }
    }
}
