using Stemsharp.Vulkan.Device;

namespace Stemsharp.Vulkan.Planning;

/// <summary>What a plan needs to know of a device. The null device of tests is a value of this.</summary>
/// <param name="SharedMemory">Bytes of shared memory of a workgroup.</param>
/// <param name="MaxInvocations">Threads of a workgroup.</param>
/// <param name="SubgroupSize">Threads of a subgroup.</param>
/// <param name="Matrix">The shape of cooperative matrices to use; null for none.</param>
/// <param name="IsSoftware">Whether a processor plays the device: small tiles compile faster there.</param>
/// <param name="IsEmulated">Whether the matrices are played by ordinary arithmetic, on subgroups of eight: for tests.</param>
internal sealed record GpuTraits(int SharedMemory, int MaxInvocations, int SubgroupSize, CooperativeShape? Matrix, bool IsSoftware, bool IsEmulated = false)
{
    /// <summary>What every device that is used has at least.</summary>
    public static GpuTraits Least { get; } = new(16 * 1024, 256, 8, null, IsSoftware: false);

    public static GpuTraits Of(GpuInfo info) => new(
        info.SharedMemory,
        info.MaxInvocations,
        info.SubgroupSize,
        info.CooperativeShapes.Contains(new CooperativeShape(16, 16, 16)) && info.SubgroupSize >= 16 ? new CooperativeShape(16, 16, 16) : null,
        info.IsSoftware);
}
