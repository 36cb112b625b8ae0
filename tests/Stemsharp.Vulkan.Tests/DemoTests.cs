using Stemsharp.Cpu;
using Stemsharp.Inference;
using Stemsharp.Model;
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
        Network network = FamilyTable.All.Open(RepositoryFiles.DemoModel);
        float[] mix = new float[2 * network.Definition.Cut.Samples];
        Random random = new(3);
        for (int i = 0; i < mix.Length; i++)
        {
            mix[i] = (float)(0.3 * Math.Sin(i * 0.01 * (1 + i % 44_100 / 20_000)) + 0.1 * (random.NextDouble() - 0.5));
        }

        using IEngine cpu = new CpuBackend().Open(network, new EngineSettings { Threads = 2 });
        using VulkanEngine engine = GoldenModel.Open(network);
        double snr = GoldenModel.Snr(GoldenModel.Run(cpu, network, mix), GoldenModel.Run(engine, network, mix));
        output.WriteLine($"{snr:F2} dB");
        Assert.True(snr > 100, $"{snr:F2} dB");
    }
}
