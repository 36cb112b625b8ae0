using System.Collections.Immutable;

namespace Stemsharp.Vulkan.Device;

/// <summary>Number formats of cooperative matrices: how tiles of M×K and K×N halves multiply into M×N singles.</summary>
internal readonly record struct CooperativeShape(int M, int N, int K);

/// <summary>Which extension offers them.</summary>
internal enum CooperativeForm
{
    /// <summary>None.</summary>
    None,

    /// <summary>VK_NV_cooperative_matrix: the modules as they are.</summary>
    Nvidia,

    /// <summary>VK_KHR_cooperative_matrix: the modules rewritten.</summary>
    Khronos,
}

/// <summary>What a device is and can do.</summary>
internal sealed record GpuInfo
{
    public required nint Handle { get; init; }

    public required int Index { get; init; }

    public required string Name { get; init; }

    /// <summary>Driver and version, in the driver's own words.</summary>
    public required string Driver { get; init; }

    /// <summary>Identity of device and driver, for what is cached about them.</summary>
    public required string Identity { get; init; }

    /// <summary>Whether it is a processor that plays a GPU (lavapipe, SwiftShader).</summary>
    public required bool IsSoftware { get; init; }

    public required bool IsIntegrated { get; init; }

    public required uint ApiVersion { get; init; }

    /// <summary>Why it cannot be used; null when it can.</summary>
    public required string? Refusal { get; init; }

    public required int SubgroupSize { get; init; }

    /// <summary>Shared memory of a workgroup, in bytes.</summary>
    public required int SharedMemory { get; init; }

    public required int MaxInvocations { get; init; }

    /// <summary>Whether buffers may hold 16-bit numbers, which mixed precision needs.</summary>
    public required bool HasHalfStorage { get; init; }

    public required bool HasHalfArithmetic { get; init; }

    public required CooperativeForm Cooperative { get; init; }

    /// <summary>Shapes with halves in and singles out, for a subgroup.</summary>
    public required ImmutableArray<CooperativeShape> CooperativeShapes { get; init; }

    /// <summary>Whether a pipeline may demand a subgroup size.</summary>
    public required bool HasSubgroupSizeControl { get; init; }

    /// <summary>The largest single allocation, in bytes.</summary>
    public required long MaxAllocation { get; init; }

    /// <summary>Nanoseconds of a timestamp's tick; 0 where the queue has none.</summary>
    public required double TimestampPeriod { get; init; }

    public required int QueueFamily { get; init; }

    /// <summary>A family that only transfers, or −1.</summary>
    public required int TransferFamily { get; init; }

    public required ImmutableHashSet<string> Extensions { get; init; }

    /// <summary>Whether its memory is the host's.</summary>
    public bool SharesHostMemory => IsSoftware || IsIntegrated;

    /// <summary>Number, name, driver, and what it is good for, in a line for people.</summary>
    public string Describe()
    {
        string use = Refusal is not null ? $"cannot be used: {Refusal}"
            : !HasHalfStorage ? "fp32"
            : CooperativeShapes.IsEmpty ? "fp32, mixed"
            : "fp32, mixed on cooperative matrices";
        string kind = IsSoftware ? ", a processor that plays a GPU, only used when it is named" : IsIntegrated ? ", integrated" : "";
        return $"{Index} {this}{kind}: {use}";
    }

    public override string ToString() => $"{Name} ({Driver})";
}
