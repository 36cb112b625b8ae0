using System.Runtime.InteropServices;
using Stemsharp.Graph;
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
        Assert.Equal(VulkanFailure.Refused, none.Failure);
        Assert.Contains("2: llvmpipe, a processor that plays a GPU", none.Message, StringComparison.Ordinal);
        Assert.Contains("it is too old", none.Message, StringComparison.Ordinal);
        Assert.Contains("no GPU 'x'", Assert.Throws<VulkanException>(() => DeviceChoice.Choose(devices, "x", false)).Message, StringComparison.Ordinal);
    }

    [VulkanFact]
    public unsafe void A_lost_device_is_told_from_other_failures()
    {
        VulkanException e = Failing(vk => vk.QueueSubmit = &LoseOnSubmit);
        Assert.Equal(VulkanFailure.DeviceLost, e.Failure);
        Assert.Contains("GPU was lost", e.Message, StringComparison.Ordinal);
    }

    [VulkanFact]
    public unsafe void So_is_one_that_does_not_answer()
    {
        VulkanException e = Failing(vk => vk.WaitSemaphores = &NeverDone);
        Assert.Equal(VulkanFailure.DeviceLost, e.Failure);
        Assert.Contains("has not answered", e.Message, StringComparison.Ordinal);
    }

    [VulkanFact]
    public unsafe void So_is_one_without_memory()
    {
        VulkanException e = Failing(vk => vk.AllocateMemory = &NoMemory);
        Assert.Equal(VulkanFailure.OutOfMemory, e.Failure);
        Assert.Contains("fewer pieces at a time", e.Message, StringComparison.Ordinal);
    }

    [VulkanFact]
    public void Fewer_pieces_where_memory_is_short_and_an_error_where_not_even_one_fits()
    {
        using VulkanEngine whole = GoldenModel.Open(GoldenModel.Tiny, GoldenModel.Options with { Pieces = 3 });
        Assert.Equal(3, whole.MaxPieces);
        Assert.Equal(whole.DeviceBytes, GpuSession.Bytes(whole.Plan, 3, 2), (whole, allowed) => Math.Abs(whole - allowed) < 65_536);
        using VulkanEngine two = GoldenModel.Open(GoldenModel.Tiny, GoldenModel.Options with { Pieces = 3, MaxMemory = GpuSession.Bytes(whole.Plan, 2, 2) });
        Assert.Equal(2, two.MaxPieces);
        VulkanException e = Assert.Throws<VulkanException>(() => GoldenModel.Open(GoldenModel.Tiny, GoldenModel.Options with { MaxMemory = 1_000_000 }));
        Assert.Equal(VulkanFailure.OutOfMemory, e.Failure);
        Assert.Contains("--max-memory", e.Message, StringComparison.Ordinal);
    }

    [VulkanFact]
    public void What_is_no_number_is_wrong()
    {
        using VulkanEngine engine = GoldenModel.Open(GoldenModel.Tiny, GoldenModel.Options);
        GpuBatch batch = engine.Lease();
        batch.Input(0).Fill(float.NaN);
        engine.Start(batch, 1, [0]);
        Assert.Equal(VulkanFailure.Wrong, Assert.Throws<VulkanException>(() => engine.Finish(batch)).Failure);

        // The next piece is none the worse for it.
        batch.Input(0).Fill(0.25f);
        engine.Start(batch, 1, [0]);
        engine.Finish(batch);
    }

    [VulkanFact]
    public void What_is_too_large_for_halves_is_said()
    {
        Graph.Graph graph = GraphRun.Record(g => g.Output("y", g.Linear("b", g.Linear("a", g.Input("x", new Shape(16, 40)), 16), 4)));
        float[] large = GraphRun.Input(graph, 0);
        large.AsSpan().Fill(60_000);
        GraphRun runs = new(TestDevice.Device, TestDevice.Pipelines);
        VulkanException e = Assert.Throws<VulkanException>(() => runs.Run(graph, [large], GpuPrecision.Mixed));
        Assert.Equal(VulkanFailure.Wrong, e.Failure);
        Assert.Contains("--precision fp32", e.Message, StringComparison.Ordinal);
        runs.Run(graph, [large], GpuPrecision.Single);
    }

    [VulkanFact]
    public void Waiting_can_be_cancelled_and_the_batch_finished_later()
    {
        using VulkanEngine engine = GoldenModel.Open(GoldenModel.Tiny, GoldenModel.Options);
        GpuBatch batch = engine.Lease();
        batch.Input(0).Fill(0.25f);
        engine.Start(batch, 1, [0]);
        Assert.Throws<OperationCanceledException>(() => engine.Finish(batch, new CancellationToken(canceled: true)));
        engine.Finish(batch);
        engine.Return(batch);
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
        GpuPlan plan = GpuPlanBuilder.Compile(graph, new MadeWeights(), null, GpuTraits.Of(device.Info), GpuPrecision.Single);
        pipelines.Prepare(plan.Kernels);
        exchange(device.Functions);
        return Assert.Throws<VulkanException>(() =>
        {
            using GpuSession session = new(device, pipelines, plan, new MadeWeights(), 1, 1, new VulkanOptions { PieceLimit = TimeSpan.FromMilliseconds(50) });
        });
    }

    [UnmanagedCallersOnly]
    private static unsafe VkResult LoseOnSubmit(nint queue, uint count, VkSubmitInfo* submits, ulong fence) => VkResult.DeviceLost;

    [UnmanagedCallersOnly]
    private static unsafe VkResult NeverDone(nint device, VkSemaphoreWaitInfo* info, ulong limit) => VkResult.Timeout;

    [UnmanagedCallersOnly]
    private static unsafe VkResult NoMemory(nint device, VkMemoryAllocateInfo* info, void* allocator, ulong* memory) => VkResult.OutOfDeviceMemory;
}
