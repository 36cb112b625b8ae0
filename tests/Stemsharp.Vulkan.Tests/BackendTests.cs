using System.Globalization;
using Stemsharp.Cpu;
using Stemsharp.Inference;
using Stemsharp.Model;
using Stemsharp.Simd;
using Stemsharp.Vulkan.Device;
using Stemsharp.Vulkan.Planning;
using Xunit;

namespace Stemsharp.Vulkan.Tests;

/// <summary>What the backend says of itself, before anything runs.</summary>
public sealed class BackendTests : IDisposable
{
    private static readonly int s_samples = GoldenModel.Tiny.Definition.Cut.Samples;
    private readonly string _folder = Path.Combine(Path.GetTempPath(), $"stemsharp-cache-{Guid.NewGuid():N}");

    private static EngineSettings Settings => new() { Threads = 2, Device = TestDevice.Device.Info.Index.ToString(CultureInfo.InvariantCulture) };

    public void Dispose()
    {
        if (Directory.Exists(_folder))
        {
            Directory.Delete(_folder, recursive: true);
        }
    }

    [VulkanFact]
    public void A_processor_that_plays_a_GPU_is_there_and_only_taken_by_name()
    {
        VulkanBackend backend = new();
        Assert.Null(backend.WhyAbsent);
        Assert.Null(backend.WhyRefused(GoldenModel.Tiny, Settings));
        Assert.Null(backend.WhyRefused(GoldenModel.Tiny, Settings with { Device = TestDevice.Device.Info.Name }));
        Assert.Contains("There is no GPU 'nothing'", backend.WhyRefused(GoldenModel.Tiny, Settings with { Device = "nothing" }), StringComparison.Ordinal);
        if (TestDevice.Device.Info.IsSoftware)
        {
            Assert.False(backend.IsAutomatic);
            Assert.Contains("only used when it is named", backend.WhyRefused(GoldenModel.Tiny, Settings with { Device = null }), StringComparison.Ordinal);
            Assert.Equal("vulkan (no GPU)", backend.Describe(Settings with { Device = null }));
            Assert.Contains(VulkanBackend.Devices, line => line.Contains("a processor that plays a GPU", StringComparison.Ordinal));
            SeparatorOptions auto = new() { Backends = [backend, new CpuBackend()], Engine = Engines.Auto };
            Assert.Equal("cpu", Assert.Single(BackendChoice.Of(auto, GoldenModel.Tiny, Settings with { Device = null }, out string reason)).Backend.Name);
            Assert.Equal("", reason);
        }
    }

    [VulkanTheory]
    [InlineData("Fp32")]
    [InlineData("Mixed")]
    public void The_estimate_is_what_an_engine_takes(string precision)
    {
        VulkanBackend backend = new();
        EngineSettings settings = Settings with { Precision = Enum.Parse<EnginePrecision>(precision), PiecesAtOnce = 2 };
        EngineMemory estimate = backend.Estimate(GoldenModel.Tiny, settings, s_samples);
        using IEngine engine = backend.Open(GoldenModel.Tiny, settings);
        engine.Prepare(s_samples, 100);
        Assert.Equal(backend.PiecesAtOnce(GoldenModel.Tiny, settings, s_samples), engine.PiecesPerRun);
        Assert.Equal(backend.Describe(settings), engine.Description);
        Assert.Equal(settings.Precision, engine.Identity.Precision);
        Assert.InRange((estimate.Device + estimate.DevicePerPiece) / (double)((VulkanEngine)engine).DeviceBytes, 0.98, 1.02);
        Assert.Equal(TestDevice.Device.Info.SharesHostMemory, estimate.Host > estimate.Device);
    }

    [VulkanFact]
    public void As_many_pieces_run_together_as_are_asked_for_and_allowed()
    {
        VulkanBackend backend = new();
        VulkanOptions Of(EngineSettings settings, GpuInfo info) => backend.Options(settings, info);
        GpuInfo software = TestDevice.Device.Info with { IsSoftware = true }, integrated = software with { IsSoftware = false, IsIntegrated = true }, discrete = software with { IsSoftware = false };
        Assert.Equal((1, 2, 8), (Of(Settings, software).Pieces, Of(Settings, integrated).Pieces, Of(Settings, discrete).Pieces));
        Assert.Equal(5, Of(Settings with { PiecesAtOnce = 5 }, software).Pieces);
        Assert.Equal(3, Of(Settings with { MostPiecesAtOnce = 3 }, discrete).Pieces);
    }

    [VulkanFact]
    public void Where_nobody_asks_a_run_has_as_many_pieces_as_keep_a_device_busy()
    {
        GpuInfo large = TestDevice.Device.Info with { MaxAllocation = long.MaxValue };
        VulkanOptions usual = new VulkanBackend().Options(Settings, large with { IsSoftware = false }), asked = usual with { RunFlops = long.MaxValue, Pieces = 3 };
        Assert.Equal(VulkanOptions.UsualFlops, usual.RunFlops);
        foreach ((string name, int pieces) in new[] { ("synthetic:htdemucs", 8), ("synthetic:mel-band-roformer-kim", 1), ("synthetic:bs-roformer-tiny", 8) })
        {
            Network network = FamilyTable.All.Open(name);
            Graph.Graph graph = network.Record(network.Definition.Cut.Samples);
            using INetworkWeights weights = network.OpenWeights(graph);
            GpuPlan plan = GpuPlanBuilder.Compile(network.Definition, network.Definition.Cut.Samples, graph, weights, GpuTraits.Least, EnginePrecision.Mixed, new WeightStore());
            Assert.Equal(pieces, VulkanEngine.FittingPieces(plan, large, usual, plan.WeightBytes, long.MaxValue));
            Assert.Equal(3, VulkanEngine.FittingPieces(plan, large, asked, plan.WeightBytes, long.MaxValue));
        }
    }

    [VulkanFact]
    public void A_trial_is_taken_once_and_decides()
    {
        VulkanOptions options = new() { CacheFolder = _folder, Threads = 2 };
        SpeedTrial trial = SpeedTrial.Take(TestDevice.Instance, TestDevice.Device.Info, options);
        Assert.True(trial.Device > 0 && trial.Processor > 0);
        if (TestDevice.Device.Info.IsSoftware)
        {
            Assert.False(trial.Advice(TestDevice.Device.Info).IsWorthwhile);
        }

        // From what was kept; another precision or number of threads is another trial.
        Assert.Equal(trial, SpeedTrial.Take(TestDevice.Instance, TestDevice.Device.Info, options));
        DeviceCache cache = new(_folder, TestDevice.Device.Info);
        Assert.Equal($"Fp32 {SimdTier.Chosen.Name} 2", Assert.Single(cache.ReadTrials()).Key);
        cache.WriteTrial($"Mixed {SimdTier.Chosen.Name} 2", new SpeedTrial(0.001, 0.1));
        EngineAdvice advice = SpeedTrial.Take(TestDevice.Instance, TestDevice.Device.Info, options with { Precision = EnginePrecision.Mixed }).Advice(TestDevice.Device.Info);
        Assert.True(advice.IsWorthwhile);
        Assert.Equal($"a trial took 1.0 ms on {TestDevice.Device.Info.Name} and 100.0 ms on the processor.", advice.Reason);
        Assert.False(new SpeedTrial(1, 1.2).Advice(TestDevice.Device.Info).IsWorthwhile);
    }

    [VulkanFact]
    public void What_a_device_lacks_is_not_used()
    {
        Assert.Equal(EnginePrecision.Fp32, VulkanEngine.PrecisionOn(TestDevice.Device.Info with { HasHalfStorage = false }, EnginePrecision.Mixed));
        Assert.Null(VulkanEngine.TraitsOf(TestDevice.Device.Info, new VulkanOptions { UseMatrices = false }).Matrix);
        Assert.NotNull(GpuTraits.Of(TestDevice.Device.Info with { SubgroupSize = 32, CooperativeShapes = [new CooperativeShape(16, 16, 16)] }).Matrix);
    }
}
