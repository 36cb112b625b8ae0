using System.Globalization;
using Microsoft.Extensions.Logging.Abstractions;
using Stemsharp.Cpu;
using Stemsharp.Inference;
using Stemsharp.Model;
using Stemsharp.Separation;
using Stemsharp.Tests;
using Xunit;
using Xunit.Abstractions;

namespace Stemsharp.Vulkan.Tests;

/// <summary>Whole separations on the GPU engine, several pieces in a run, against the original's.</summary>
public class PipelineTests(ITestOutputHelper output)
{
    private static readonly GoldenTensors s_golden = GoldenTensors.Open("tiny4", "tiny4.apply.safetensors");

    [VulkanTheory]
    [InlineData("Fp32")]
    [InlineData("Mixed")]
    public void Songs_are_separated_as_by_the_original(string precision)
    {
        SeparationSettings plain = new() { Normalization = TrackNormalization.None };
        using SeparatorEngines engines = new(Source((GoldenModel.Tiny, [1, 1, 1, 1])), Options(precision), NullLogger.Instance);
        foreach ((string name, SeparationSettings settings) in new (string, SeparationSettings)[]
        {
            ("stems.overlap0.25", plain),
            ("stems.overlap0.5.power2", plain with { Overlap = 0.5, TransitionPower = 2 }),
            ("stems.segment1.0", plain with { SegmentSamples = 44_100 }),
            ("stems.shifts2", plain with { Offsets = (_, _) => [1234, 20_000] }),
            ("separator", new SeparationSettings()),
        })
        {
            double snr = Separate(engines, name, settings), least = precision == "Mixed" ? 60 : 110;
            output.WriteLine($"{name}: {snr:F2} dB");
            Assert.True(snr >= least, $"{name}: {snr:F2} dB");
        }
    }

    [VulkanFact]
    public async Task Each_stem_of_a_bag_comes_from_its_specialist()
    {
        Network second = FamilyTable.All.Open(RepositoryFiles.Golden("mixed-storage", "mixed-7b6ab67f.th"));
        AudioInput input = Noise(100_000);
        SeparatorOptions options = Options("Fp32");
        await using Separator one = Separator.Open(Source((GoldenModel.Tiny, [1, 1, 1, 1])), options), two = Separator.Open(Source((second, [1, 1, 1, 1])), options);
        await using Separator bag = Separator.Open(Source((GoldenModel.Tiny, [1, 0, 0, 0]), (second, [0, 1, 1, 1])), options);
        SeparationResult a = await one.SeparateAsync(input), b = await two.SeparateAsync(input), both = await bag.SeparateAsync(input);
        Assert.Equal(a["drums"][0], both["drums"][0]);
        Assert.Equal(b["vocals"][1], both["vocals"][1]);
        EngineShare share = Assert.Single(both.Summary.Engines);
        Assert.Equal(new EngineIdentity("vulkan", $"{TestDevice.Device.Info.Index} {TestDevice.Device.Info.Name}", EnginePrecision.Fp32), share.Engine);
    }

    [VulkanFact]
    public async Task The_processor_goes_on_where_the_GPU_has_too_little_memory()
    {
        List<string> said = [];
        SeparatorOptions options = Options("Fp32") with
        {
            Backends = [new VulkanBackend { MaxMemory = 1_000_000 }, new CpuBackend()],
            Notices = new Told(said),
        };
        await using (Separator alone = Separator.Open(Source((GoldenModel.Tiny, [1, 1, 1, 1])), options))
        {
            EngineException error = await Assert.ThrowsAnyAsync<EngineException>(() => alone.SeparateAsync(Noise(10_000)));
            Assert.Equal(EngineFailure.OutOfMemory, error.Failure);
        }

        await using Separator separator = Separator.Open(Source((GoldenModel.Tiny, [1, 1, 1, 1])), options with { Fallback = true });
        SeparationResult result = await separator.SeparateAsync(Noise(10_000));
        Assert.Equal("cpu", Assert.Single(result.Summary.Engines).Engine.Backend);
        Assert.EndsWith("Going on with cpu.", Assert.Single(said), StringComparison.Ordinal);
    }

    private static SeparatorOptions Options(string precision) => new()
    {
        Threads = 2,
        Backends = [new VulkanBackend()],
        Engine = VulkanBackend.BackendName,
        Device = TestDevice.Device.Info.Index.ToString(CultureInfo.InvariantCulture),
        Precision = Enum.Parse<EnginePrecision>(precision),
        ParallelSegments = 2,
    };

    private static ModelSource Source(params (Network Network, double[] Weights)[] members) =>
        new("golden", members[0].Network.Definition.Stems, 44_100, [.. members.Select(m => new ModelMember(m.Network, m.Weights))]);

    private static AudioInput Noise(int frames)
    {
        Random random = new(1);
        return AudioInput.FromSamples(Enumerable.Range(0, 2 * frames).Select(_ => random.NextSingle() - 0.5f).ToArray(), 44_100, 2);
    }

    private static double Separate(SeparatorEngines engines, string name, SeparationSettings settings)
    {
        GoldenTensor mix = s_golden["mix"];
        int length = mix.Shape[1];
        float[] interleaved = [.. Enumerable.Range(0, 2 * length).Select(i => mix.Values[i % 2 * length + i / 2])];
        Track track = new(name, _ => new MemoryReader(interleaved, 44_100, 2));
        float[] stems = new float[4 * length];
        TrackStatistics statistics = TrackStatistics.Measure(track.Open(default), default);
        new TrackSeparator(track, statistics, new Bag(engines.Members, [0, 3]), settings).Run(
            block =>
            {
                for (int i = 0; i < 4; i++)
                {
                    block.Stems[i / 2][i % 2].AsSpan(0, block.Length).CopyTo(stems.AsSpan(i * length + (int)block.Start));
                }
            },
            _ => { },
            default);
        return GoldenModel.Snr(s_golden[name].Values, stems);
    }

    private sealed class Told(List<string> said) : IProgress<string>
    {
        public void Report(string value) => said.Add(value);
    }
}
