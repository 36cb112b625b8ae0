using System.Diagnostics;
using Stemsharp.Checkpoints;

namespace Stemsharp.Vulkan.Bench;

/// <summary>How long a song's segments take, from samples in host memory to stems in host memory.</summary>
internal static class SegmentTime
{
    public static void Run(string model, int segments, int rounds, VulkanOptions options, string? folder)
    {
        using Checkpoint checkpoint = GoldenCase.Open("tests/golden", model);
        long start = Stopwatch.GetTimestamp();
        using VulkanEngine engine = GoldenCase.Engine(checkpoint, options);
        double opened = Stopwatch.GetElapsedTime(start).TotalSeconds;
        Random random = new(1);
        float[] sound = new float[2 * engine.Shape.Samples];
        for (int i = 0; i < sound.Length; i++)
        {
            sound[i] = (float)(random.NextDouble() - 0.5);
        }

        start = Stopwatch.GetTimestamp();
        One(engine, sound, 1);
        double first = Stopwatch.GetElapsedTime(start).TotalSeconds;
        double[] times = [.. Enumerable.Range(0, rounds).Select(_ => One(engine, sound, segments)).Order()];
        double median = times[times.Length / 2];
        Console.WriteLine($"{engine.Description}: {segments} segments in {times[0]:F4} s at best, {median:F4} s median ({string.Join(" ", times.Select(t => $"{t:F3}"))}); {engine.Plan.Flops * (double)segments / median / 1e12:F1} TFLOP/s; opened in {opened:F2} s, first segment {first:F3} s; {engine.DeviceBytes / 1e6:F0} MB on the device");
        if (options.Profile && engine.StepSeconds.Count > 0)
        {
            StepTable.Print(Console.Out, engine, LastPieces(engine, segments), 25);
            if (folder != null)
            {
                using StreamWriter file = new(Path.Combine(folder, $"profile-{engine.Precision}-{engine.MaxPieces}.txt"));
                StepTable.Print(file, engine, LastPieces(engine, segments), int.MaxValue);
            }
        }
    }

    private static int LastPieces(VulkanEngine engine, int segments) => (segments - 1) % engine.MaxPieces + 1;

    private static double One(VulkanEngine engine, float[] sound, int segments)
    {
        int[] stems = [.. Enumerable.Range(0, engine.Shape.Stems)];
        Queue<GpuBatch> running = new();
        long start = Stopwatch.GetTimestamp();
        for (int at = 0; at < segments;)
        {
            if (running.Count == 2)
            {
                Take();
            }

            int pieces = Math.Min(engine.MaxPieces, segments - at);
            GpuBatch batch = engine.Lease();
            for (int i = 0; i < pieces; i++)
            {
                sound.CopyTo(batch.Input(i));
            }

            engine.Start(batch, pieces, stems);
            running.Enqueue(batch);
            at += pieces;
        }

        while (running.Count > 0)
        {
            Take();
        }

        return Stopwatch.GetElapsedTime(start).TotalSeconds;

        void Take()
        {
            GpuBatch batch = running.Dequeue();
            engine.Finish(batch);
            engine.Return(batch);
        }
    }
}
