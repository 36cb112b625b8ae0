using Stemsharp.Inference;
using Stemsharp.Vulkan.Kernels;
using Stemsharp.Vulkan.Planning;

namespace Stemsharp.Vulkan;

/// <summary>How a GPU is to be used.</summary>
internal sealed record VulkanOptions
{
    /// <summary>Pieces of a run where nobody asks for another number: enough for a large GPU to be busy.</summary>
    public const int UsualPieces = 8;

    /// <summary>What eight pieces of the hybrid network take.</summary>
    public const long UsualFlops = 3_000_000_000_000;

    public EnginePrecision Precision { get; init; }

    /// <summary>Pieces of a run at most; fewer where memory does not allow as many.</summary>
    public int Pieces { get; init; } = UsualPieces;

    /// <summary>
    /// Operations of a run beyond which further pieces keep a device no busier and only take memory; for those who ask for no number of
    /// pieces.
    /// </summary>
    public long RunFlops { get; init; } = long.MaxValue;

    /// <summary>Device memory at most, in bytes; null for what is free.</summary>
    public long? MaxMemory { get; init; }

    /// <summary>Threads of the processor that read and pack weights.</summary>
    public int Threads { get; init; } = Environment.ProcessorCount;

    /// <summary>Where pipelines and choices are kept; null for nowhere.</summary>
    public string? CacheFolder { get; init; }

    /// <summary>How long to wait for a part of a run at most: it is at work for a second or less even on slow devices.</summary>
    public TimeSpan PartLimit { get; init; } = TimeSpan.FromSeconds(120);

    /// <summary>Whether cooperative matrices may be used where the device has them.</summary>
    public bool UseMatrices { get; init; } = true;

    /// <summary>What to take the device for; null for what it is. Tests play cooperative matrices by it.</summary>
    public Func<GpuTraits, GpuTraits>? Traits { get; init; }

    /// <summary>Whether to choose tiles by measuring, where it was not done before.</summary>
    public bool Tune { get; init; } = true;

    /// <summary>Told of each measurement of a tile, in seconds.</summary>
    public Action<GpuStep, ProductTile, double>? TuningReport { get; init; }

    /// <summary>Whether to time each step.</summary>
    public bool Profile { get; init; }

    /// <summary>Told what takes long; null for nobody.</summary>
    public Action<string>? Say { get; init; }
}
