using Stemsharp.Checkpoints;
using Stemsharp.Cpu;
using Stemsharp.Model;
using Stemsharp.Separation;
using Stemsharp.Tests;
using Xunit;
using Xunit.Abstractions;

namespace Stemsharp.Vulkan.Tests;

/// <summary>The trained demo model beside the CPU engine.</summary>
public class DemoTests(ITestOutputHelper output)
{
    [VulkanFact]
    public void Both_engines_agree_on_a_trained_model()
    {
        using Checkpoint checkpoint = Checkpoint.Open(RepositoryFiles.DemoModel);
        HTDemucsConfig config = HTDemucsConfigReader.Read(checkpoint);
        Graph.Graph graph = HTDemucs.Build(config, config.SegmentSamples);
        float[] mix = new float[2 * config.SegmentSamples];
        Random random = new(3);
        for (int i = 0; i < mix.Length; i++)
        {
            mix[i] = (float)(0.3 * Math.Sin(i * 0.01 * (1 + i % 44_100 / 20_000)) + 0.1 * (random.NextDouble() - 0.5));
        }

        CpuEngine cpu = new(graph, new CheckpointWeights(checkpoint, config, graph), 2);
        using SegmentRunner runner = new(cpu, config.Nfft, cpu.Workers);
        int stems = config.Sources.Length, length = config.SegmentSamples;
        for (int c = 0; c < 2; c++)
        {
            mix.AsSpan(c * length, length).CopyTo(runner.Input(c));
        }

        runner.Run([.. Enumerable.Range(0, stems)], default);
        float[] expected = [.. Enumerable.Range(0, 2 * stems).SelectMany(i => runner.Output(i / 2, i % 2).ToArray())];
        using VulkanEngine engine = GoldenModel.Open(checkpoint, GoldenModel.Options);
        double snr = GoldenModel.Snr(expected, GoldenModel.Run(engine, mix));
        output.WriteLine($"{snr:F2} dB");
        Assert.True(snr > 100, $"{snr:F2} dB");
    }
}
