using Stemsharp.Inference;
using Stemsharp.Vulkan.Device;
using Stemsharp.Vulkan.Kernels;
using Xunit;

namespace Stemsharp.Vulkan.Tests;

/// <summary>What is kept about a device between runs.</summary>
public sealed class CacheTests : IDisposable
{
    private readonly string _folder = Path.Combine(Path.GetTempPath(), $"stemsharp-cache-{Guid.NewGuid():N}");

    public void Dispose()
    {
        if (Directory.Exists(_folder))
        {
            Directory.Delete(_folder, recursive: true);
        }
    }

    [VulkanFact]
    public void Pipelines_come_back_and_damaged_ones_do_not()
    {
        using PipelineSet pipelines = new(TestDevice.Device, []);
        pipelines.Prepare([new KernelKey("merge", [0], 64)]);
        new DeviceCache(_folder, TestDevice.Device.Info).WritePipelines(pipelines);
        string file = Assert.Single(Directory.GetFiles(_folder, "*.pipelines"));
        byte[] kept = new DeviceCache(_folder, TestDevice.Device.Info).ReadPipelines();
        Assert.NotEmpty(kept);
        using (PipelineSet again = new(TestDevice.Device, kept))
        {
            again.Prepare([new KernelKey("merge", [0], 64)]);
        }

        byte[] bytes = File.ReadAllBytes(file);
        foreach (int at in (ReadOnlySpan<int>)[0, 31, 32, bytes.Length / 2, bytes.Length - 1])
        {
            byte[] flipped = [.. bytes];
            flipped[at] ^= 1;
            File.WriteAllBytes(file, flipped);
            Assert.Empty(new DeviceCache(_folder, TestDevice.Device.Info).ReadPipelines());
            Assert.False(File.Exists(file));
        }

        File.WriteAllBytes(file, bytes[..40]);
        Assert.Empty(new DeviceCache(_folder, TestDevice.Device.Info).ReadPipelines());
        Assert.Empty(new DeviceCache(_folder, TestDevice.Device.Info with { Identity = "another" }).ReadPipelines());
    }

    [VulkanFact]
    public void The_folder_is_the_users_alone()
    {
        Directory.CreateDirectory(_folder);
        new DeviceCache(_folder, TestDevice.Device.Info).WriteTiles(new Dictionary<string, ProductTile> { ["a"] = new(1, 2, 3, 4, 5) });
        if (!OperatingSystem.IsWindows())
        {
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, File.GetUnixFileMode(_folder));
        }
    }

    [VulkanFact]
    public void Tiles_of_several_networks_are_kept_together()
    {
        DeviceCache cache = new(_folder, TestDevice.Device.Info);
        cache.WriteTiles(new Dictionary<string, ProductTile> { ["a"] = new(1, 2, 3, 4, 5) });
        cache.WriteTiles(new Dictionary<string, ProductTile> { ["b"] = new(6, 7, 8, 9, 10) });
        Dictionary<string, ProductTile> tiles = cache.ReadTiles();
        Assert.Equal(new ProductTile(1, 2, 3, 4, 5), tiles["a"]);
        Assert.Equal(new ProductTile(6, 7, 8, 9, 10), tiles["b"]);
    }

    [VulkanFact]
    public void An_engine_opens_with_what_was_kept()
    {
        using (VulkanEngine engine = GoldenModel.Open(GoldenModel.Tiny, GoldenModel.Options with { CacheFolder = _folder }))
        {
            engine.Prepare(GoldenModel.Tiny.Definition.Cut.Samples, 1);
            Assert.NotEmpty(Directory.GetFiles(_folder, "*.pipelines"));
        }

        using VulkanEngine again = GoldenModel.Open(GoldenModel.Tiny, GoldenModel.Options with { CacheFolder = _folder });
        again.Prepare(GoldenModel.Tiny.Definition.Cut.Samples, 1);
    }

    [VulkanFact]
    public void Matrices_are_tried_once_and_not_used_where_they_failed()
    {
        if (TestDevice.Device.Info.SubgroupSize != 8)
        {
            return;
        }

        Assert.True(MatrixTrial.Passes(TestDevice.Device, TestDevice.Pipelines, TestDevice.Emulated));
        DeviceCache cache = new(_folder, TestDevice.Device.Info);
        Assert.Null(cache.ReadMatrices());
        cache.WriteMatrices(false);
        Assert.False(cache.ReadMatrices());
        VulkanOptions options = GoldenModel.Options with { CacheFolder = _folder, Precision = EnginePrecision.Mixed, Traits = _ => TestDevice.Emulated };
        using (VulkanEngine engine = GoldenModel.Open(GoldenModel.Tiny, options))
        {
            Assert.False(engine.UsesMatrices);
        }

        cache.WriteMatrices(true);
        using VulkanEngine again = GoldenModel.Open(GoldenModel.Tiny, options);
        Assert.True(again.UsesMatrices);
    }
}
