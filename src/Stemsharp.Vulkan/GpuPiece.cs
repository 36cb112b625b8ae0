using Stemsharp.Vulkan.Device;
using Stemsharp.Vulkan.Planning;

namespace Stemsharp.Vulkan;

/// <summary>A piece's memory that the device copies from and to: what goes in, and after a run what came out, in the same place.</summary>
internal sealed unsafe class GpuPiece(GpuDevice device, GpuPlan plan) : IDisposable
{
    /// <summary>The memory.</summary>
    public GpuBuffer Buffer { get; } = new(device, Bytes(plan), GpuPlace.Host, "a piece of sound");

    /// <summary>What it holds: inputs or outputs one after the other, their channels dense.</summary>
    public Span<float> Floats => new(Buffer.Pointer, (int)(Buffer.Bytes / sizeof(float)));

    /// <summary>Memory of the host that a piece takes.</summary>
    public static long Bytes(GpuPlan plan) => sizeof(float) * (long)Math.Max(plan.InputFloats, plan.OutputFloats);

    public void Dispose() => Buffer.Dispose();
}
