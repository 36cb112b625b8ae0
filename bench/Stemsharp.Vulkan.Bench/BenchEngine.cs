using System.Diagnostics;
using Stemsharp.Inference;
using Stemsharp.Vulkan.Device;

namespace Stemsharp.Vulkan.Bench;

/// <summary>An engine that is ready for a network's pieces.</summary>
internal sealed class BenchEngine : IDisposable
{
    /// <param name="device">Where.</param>
    /// <param name="network">What.</param>
    /// <param name="options">How.</param>
    /// <param name="pieces">How many pieces there will be.</param>
    /// <param name="samples">Samples of a piece; null for the network's own.</param>
    public BenchEngine(BenchDevice device, Network network, VulkanOptions options, long pieces, int? samples = null)
    {
        long began = Stopwatch.GetTimestamp();
        Network = network;
        Engine = new VulkanEngine(device.Instance, device.Info, network, options);
        Samples = samples ?? network.Definition.Cut.NetworkSamples(network.Definition.Cut.Samples);
        Engine.Prepare(Samples, pieces);
        OpenedIn = Stopwatch.GetElapsedTime(began).TotalSeconds;
    }

    public Network Network { get; }

    public VulkanEngine Engine { get; }

    /// <summary>Samples of a piece.</summary>
    public int Samples { get; }

    /// <summary>Seconds.</summary>
    public double OpenedIn { get; }

    /// <summary>All stems.</summary>
    public int[] Stems => [.. Enumerable.Range(0, Network.Definition.Stems.Length)];

    public string Description => $"{Engine.Description}{(Engine.UsesMatrices ? " on matrices" : "")}, {Engine.PiecesPerRun} pieces a run";

    public void Dispose() => Engine.Dispose();
}

/// <summary>The device that is measured.</summary>
internal sealed record BenchDevice(VulkanInstance Instance, GpuInfo Info)
{
    /// <summary>Finds it.</summary>
    /// <param name="wanted">Its number or a part of its name; null for the best one.</param>
    /// <param name="validate">Whether the validation layer listens.</param>
    public static BenchDevice Find(string? wanted, bool validate)
    {
        VulkanInstance instance = VulkanInstance.TryGet(out string? reason, validate ? VulkanChecks.Calls : VulkanChecks.None) ?? throw new VulkanException(EngineFailure.Refused, reason!);
        return new BenchDevice(instance, DeviceChoice.Choose(instance.Devices(), wanted, allowSoftware: true));
    }
}
