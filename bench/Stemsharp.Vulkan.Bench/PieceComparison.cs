using System.Diagnostics;
using Stemsharp.Cpu;
using Stemsharp.Evaluation;
using Stemsharp.Inference;

namespace Stemsharp.Vulkan.Bench;

/// <summary>One piece of a network's own length on the device and on the processor, in both precisions: how far apart they are.</summary>
internal static class PieceComparison
{
    public static void Run(BenchDevice device, string model, VulkanOptions options)
    {
        Network network = GoldenCase.Open("tests/golden", model);
        NetworkDefinition definition = network.Definition;
        int samples = definition.Cut.NetworkSamples(definition.Cut.Samples);
        Random random = new(1);
        float[] mix = new float[definition.Channels * samples];
        for (int i = 0; i < mix.Length; i++)
        {
            // Tones that come and go over quiet noise.
            int t = i % samples;
            mix[i] = (float)(0.2 * Math.Sin(0.01 * (1 + t / 20_000 % 9) * t + i / samples) + 0.02 * (random.NextDouble() - 0.5));
        }

        long start = Stopwatch.GetTimestamp();
        using IEngine processor = new CpuBackend().Open(network, new EngineSettings { Threads = options.Threads });
        float[] expected = PieceTrial.Run(processor, definition, mix, default);
        Console.WriteLine($"{processor.Description}: {Stopwatch.GetElapsedTime(start).TotalSeconds:F2} s with opening");
        foreach (EnginePrecision precision in Enum.GetValues<EnginePrecision>())
        {
            using BenchEngine bench = new(device, network, options with { Precision = precision }, 1);
            start = Stopwatch.GetTimestamp();
            float[] found = PieceTrial.Run(bench.Engine, definition, mix, default);
            double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
            Console.WriteLine($"{model}: {SignalToNoise.Of(expected, found):F2} dB beside the processor, opened in {bench.OpenedIn:F2} s, ran in {seconds:F3} s, {bench.Engine.Plan!.Flops / seconds / 1e12:F2} TFLOP/s; {bench.Engine.DeviceBytes / 1e6:F0} MB on the device, {bench.Description}");
        }
    }
}
