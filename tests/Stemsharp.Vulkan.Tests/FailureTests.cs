using System.Runtime.InteropServices;
using Stemsharp.Graph;
using Stemsharp.Inference;
using Stemsharp.Vulkan.Device;
using Stemsharp.Vulkan.Native;
using Stemsharp.Vulkan.Planning;
using Xunit;

namespace Stemsharp.Vulkan.Tests;

/// <summary>What users are told when something is missing or fails.</summary>
public class FailureTests
{
    [Fact]
    public unsafe void No_loader_is_a_clear_word()
    {
        Assert.False(VulkanLoader.TryGet(VulkanLoader.Find("libnothing-of-this-name.so"), out _, out string? reason));
        Assert.Contains("There is no Vulkan on this system", reason, StringComparison.Ordinal);
        Assert.False(VulkanLoader.TryGet(NativeLibrary.GetMainProgramHandle(), out _, out reason));
        Assert.Contains("no Vulkan loader", reason, StringComparison.Ordinal);
    }

    [Fact]
    public void No_device_is_a_clear_word() =>
        Assert.Contains("Vulkan knows of no device", Assert.Throws<VulkanException>(() => DeviceChoice.Choose([], null, false)).Message, StringComparison.Ordinal);

    [Fact]
    public void The_best_device_is_taken_and_others_by_number_or_name()
    {
        GpuInfo[] devices = [Device(0, "Integrated") with { IsIntegrated = true }, Device(1, "Discrete 5000"), Device(2, "llvmpipe") with { IsSoftware = true }, Device(3, "Old") with { Refusal = "it is too old" }];
        Assert.Equal(1, DeviceChoice.Choose(devices, null, false).Index);
        Assert.Equal(0, DeviceChoice.Choose(devices, "0", false).Index);
        Assert.Equal(2, DeviceChoice.Choose(devices, "LLVM", false).Index);
        VulkanException none = Assert.Throws<VulkanException>(() => DeviceChoice.Choose(devices[2..], null, false));
        Assert.Equal(EngineFailure.Refused, none.Failure);
        Assert.Contains("2: llvmpipe, a processor that plays a GPU", none.Message, StringComparison.Ordinal);
        Assert.Contains("it is too old", none.Message, StringComparison.Ordinal);
        Assert.Contains("no GPU 'x'", Assert.Throws<VulkanException>(() => DeviceChoice.Choose(devices, "x", false)).Message, StringComparison.Ordinal);
    }

    [VulkanFact]
    public unsafe void A_lost_device_is_told_from_other_failures()
    {
        VulkanException e = Failing(vk => vk.QueueSubmit = &LoseOnSubmit);
        Assert.Equal(EngineFailure.DeviceLost, e.Failure);
        Assert.Contains("GPU was lost", e.Message, StringComparison.Ordinal);
    }

    [VulkanFact]
    public unsafe void So_is_one_that_does_not_answer()
    {
        VulkanException e = Failing(vk => vk.WaitSemaphores = &NeverDone);
        Assert.Equal(EngineFailure.DeviceLost, e.Failure);
        Assert.Contains("has not answered", e.Message, StringComparison.Ordinal);
    }

    [VulkanFact]
    public unsafe void So_is_one_without_memory()
    {
        VulkanException e = Failing(vk => vk.AllocateMemory = &NoMemory);
        Assert.Equal(EngineFailure.OutOfMemory, e.Failure);
        Assert.Contains("fewer pieces at a time", e.Message, StringComparison.Ordinal);
    }

    [VulkanTheory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_device_that_is_lost_in_the_middle_fails_what_is_under_way_and_what_comes(bool hangs)
    {
        using GpuDevice device = new(TestDevice.Instance, TestDevice.Device.Info);
        using PipelineSet pipelines = new(device, []);
        Graph.Graph graph = GraphRun.Record(g => g.Output("y", g.Gelu(g.Input("x", new Shape(1, 10)))));
        GpuPlan plan = GpuPlanBuilder.Compile(graph, new MadeWeights(), GpuTraits.Of(device.Info), EnginePrecision.Fp32);
        pipelines.Prepare(plan.Kernels);
        using GpuWeights weights = GraphRun.Weights(device, plan);
        using GpuPiece piece = new(device, plan);
        using GpuSession session = new(device, pipelines, plan, weights.Buffer, 1, new VulkanOptions { PartLimit = TimeSpan.FromMilliseconds(50) });
        using RunQueue queue = new(session, TimeSpan.FromMilliseconds(50));
        await queue.Add([piece], 1, default);
        Exchange(device.Functions, hangs);
        Task[] runs = [queue.Add([piece], 1, default), queue.Add([piece], 1, default), queue.Add([piece], 1, default)];
        foreach (Task run in runs)
        {
            VulkanException failure = await Assert.ThrowsAsync<VulkanException>(() => run);
            Assert.Equal(EngineFailure.DeviceLost, failure.Failure);
            Assert.Contains(hangs ? "has not answered" : "GPU was lost", failure.Message, StringComparison.Ordinal);
        }

        static unsafe void Exchange(DeviceFunctions functions, bool hangs)
        {
            if (hangs)
            {
                functions.WaitSemaphores = &NeverDone;
            }
            else
            {
                functions.QueueSubmit = &LoseOnSubmit;
            }
        }
    }

    [VulkanFact]
    public void Fewer_pieces_where_memory_is_short_and_an_error_where_not_even_one_fits()
    {
        int samples = GoldenModel.Tiny.Definition.Cut.Samples;
        using VulkanEngine whole = GoldenModel.Open(GoldenModel.Tiny, GoldenModel.Options with { Pieces = 3 });
        whole.Prepare(samples, 100);
        Assert.Equal(3, whole.PiecesPerRun);
        GpuPlan plan = whole.Plan!;
        Assert.Equal(plan.WeightBytes + GpuSession.Bytes(plan, 3), whole.DeviceBytes);
        using VulkanEngine two = GoldenModel.Open(GoldenModel.Tiny, GoldenModel.Options with { Pieces = 3, MaxMemory = plan.WeightBytes + GpuSession.Bytes(plan, 2) });
        two.Prepare(samples, 100);
        Assert.Equal(2, two.PiecesPerRun);
        using VulkanEngine none = GoldenModel.Open(GoldenModel.Tiny, GoldenModel.Options with { MaxMemory = 1_000_000 });
        VulkanException e = Assert.Throws<VulkanException>(() => none.Prepare(samples, 1));
        Assert.Equal(EngineFailure.OutOfMemory, e.Failure);
        Assert.Contains("--max-memory", e.Message, StringComparison.Ordinal);
    }

    [VulkanFact]
    public async Task What_is_no_number_is_wrong()
    {
        using VulkanEngine engine = GoldenModel.Open(GoldenModel.Tiny);
        engine.Prepare(GoldenModel.Tiny.Definition.Cut.Samples, 2);
        using IPieceBuffer bad = engine.Lease()!, good = engine.Lease()!;
        bad.Input(0).Fill(float.NaN);
        bad.Input(1).Clear();
        good.Input(0).Fill(0.25f);
        good.Input(1).Clear();
        Task first = engine.RunAsync([bad], [0], default), second = engine.RunAsync([good], [0], default);

        // The next piece is none the worse for it.
        Assert.Equal(EngineFailure.Wrong, (await Assert.ThrowsAsync<VulkanException>(() => first)).Failure);
        await second;
        bad.Input(0).Fill(0.25f);
        bad.Input(1).Clear();
        good.Input(0).Fill(0.25f);
        good.Input(1).Clear();
        await Task.WhenAll(engine.RunAsync([bad], [0], default), engine.RunAsync([good], [0], default));
        Assert.Equal(good.Output(0, 0), bad.Output(0, 0));
    }

    [VulkanFact]
    public void What_is_too_large_for_halves_is_said()
    {
        Graph.Graph graph = GraphRun.Record(g => g.Output("y", g.Linear("b", g.Linear("a", g.Input("x", new Shape(16, 40)), 16), 4)));
        float[] large = GraphRun.Input(graph, 0);
        large.AsSpan().Fill(60_000);
        GraphRun runs = new(TestDevice.Device, TestDevice.Pipelines);
        VulkanException e = Assert.Throws<VulkanException>(() => runs.Run(graph, [large], EnginePrecision.Mixed));
        Assert.Equal(EngineFailure.Wrong, e.Failure);
        Assert.Contains("--precision fp32", e.Message, StringComparison.Ordinal);
        runs.Run(graph, [large], EnginePrecision.Fp32);
    }

    private static GpuInfo Device(int index, string name) => new()
    {
        Handle = 0,
        Index = index,
        Name = name,
        Driver = "driver",
        Identity = "identity",
        IsSoftware = false,
        IsIntegrated = false,
        ApiVersion = 0,
        Refusal = null,
        SubgroupSize = 32,
        SharedMemory = 32_768,
        MaxInvocations = 1024,
        HasHalfStorage = true,
        HasHalfArithmetic = true,
        Cooperative = CooperativeForm.None,
        CooperativeShapes = [],
        HasSubgroupSizeControl = true,
        MaxAllocation = long.MaxValue,
        TimestampPeriod = 1,
        QueueFamily = 0,
        TransferFamily = -1,
        Extensions = [],
    };

    // Runs a graph on a device of its own of which a function was exchanged, and returns what was thrown.
    private static VulkanException Failing(Action<DeviceFunctions> exchange)
    {
        using GpuDevice device = new(VulkanInstance.TryGet(out _)!, TestDevice.Device.Info);
        using PipelineSet pipelines = new(device, []);
        Graph.Graph graph = GraphRun.Record(g => g.Output("y", g.Gelu(g.Input("x", new Shape(1, 10)))));
        GpuPlan plan = GpuPlanBuilder.Compile(graph, new MadeWeights(), GpuTraits.Of(device.Info), EnginePrecision.Fp32);
        pipelines.Prepare(plan.Kernels);
        exchange(device.Functions);
        VulkanOptions options = new() { PartLimit = TimeSpan.FromMilliseconds(50) };
        return Assert.Throws<VulkanException>(() =>
        {
            using GpuWeights weights = new(device, plan.Weights, options.PartLimit);
            weights.Load(new MadeWeights(), 1);
            using GpuSession session = new(device, pipelines, plan, weights.Buffer, 1, options);
        });
    }

    [UnmanagedCallersOnly]
    private static unsafe VkResult LoseOnSubmit(nint queue, uint count, VkSubmitInfo* submits, ulong fence) => VkResult.DeviceLost;

    [UnmanagedCallersOnly]
    private static unsafe VkResult NeverDone(nint device, VkSemaphoreWaitInfo* info, ulong limit) => VkResult.Timeout;

    [UnmanagedCallersOnly]
    private static unsafe VkResult NoMemory(nint device, VkMemoryAllocateInfo* info, void* allocator, ulong* memory) => VkResult.OutOfDeviceMemory;
}
