using Stemsharp.Vulkan.Kernels;
using Stemsharp.Vulkan.Planning;

namespace Stemsharp.Vulkan;

/// <summary>How a GPU is to be used.</summary>
internal sealed record VulkanOptions
{
    /// <summary>A device by number or by a part of its name; null for the best one.</summary>
    public string? Device { get; init; }

    public GpuPrecision Precision { get; init; }

    /// <summary>Pieces at a time at most; fewer where memory does not allow as many.</summary>
    public int Pieces { get; init; } = 8;

    /// <summary>Device memory at most, in bytes; null for what is free.</summary>
    public long? MaxMemory { get; init; }

    /// <summary>Whether processors that play a GPU count as devices, without being named.</summary>
    public bool AllowSoftware { get; init; }

    /// <summary>Where pipelines are kept; null for nowhere.</summary>
    public string? CacheFolder { get; init; }

    /// <summary>How long to wait for a piece at most.</summary>
    public TimeSpan PieceLimit { get; init; } = TimeSpan.FromSeconds(120);

    /// <summary>Whether cooperative matrices may be used where the device has them.</summary>
    public bool UseMatrices { get; init; } = true;

    /// <summary>What to take the device for; null for what it is. Tests play cooperative matrices by it.</summary>
    public Func<GpuTraits, GpuTraits>? Traits { get; init; }

    /// <summary>Whether to choose tiles by measuring, where it was not done before.</summary>
    public bool Tune { get; init; } = true;

    /// <summary>Told of each measurement of a tile, in seconds.</summary>
    public Action<GpuStep, ProductTile, double>? TuningReport { get; init; }

    /// <summary>Whether to have the Khronos validation layer check every call.</summary>
    public bool Validate { get; init; }

    /// <summary>Whether to time each step.</summary>
    public bool Profile { get; init; }
}
