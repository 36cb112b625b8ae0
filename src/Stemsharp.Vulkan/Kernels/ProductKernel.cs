using Stemsharp.Inference;
using Stemsharp.Vulkan.Device;
using Stemsharp.Vulkan.Planning;

namespace Stemsharp.Vulkan.Kernels;

/// <summary>How a product reads its operand.</summary>
internal enum ProductLoader
{
    /// <summary>Channel k at position n.</summary>
    Point = 0,

    /// <summary>A convolution's window.</summary>
    Window = 1,

    /// <summary>The normed and activated hidden value of DConv.</summary>
    Hidden = 2,

    /// <summary>A convolution's window, where the terms of a tile's block are always channels of one tap.</summary>
    Block = 3,
}

/// <summary>What becomes of a product's numbers, in the order of the names.</summary>
[Flags]
internal enum ProductEpilogue
{
    None = 0,
    Gelu = 1,
    Relu = 2,
    Glu = 4,
    Scale = 8,
    Add = 16,
    Table = 32,
    Restore = 64,
    Transposed = 128,
    AlongRows = 256,
    Moments = 512,
    Norm = 1024,
    ByRow = 2048,

    /// <summary>Several products of as many columns each, side by side.</summary>
    Grouped = 4096,
    Tanh = 8192,

    /// <summary>Neighbouring rows are turned in pairs by their columns' positions.</summary>
    Rotary = 16384,

    /// <summary>Rows are those of the field that a column becomes: its row, the channel, its position.</summary>
    Spread = 32768,
}

/// <summary>A tile of a product: BM × BN numbers a workgroup from BK terms at a time, TM × TN a thread or a subgroup.</summary>
internal readonly record struct ProductTile(int BM, int BN, int BK, int TM, int TN)
{
    public int Threads(int subgroup, bool matrix) => BM / TM * (BN / TN) * (matrix ? subgroup : 1);

    public override string ToString() => $"{BM}×{BN}×{BK}/{TM}×{TN}";
}

/// <summary>The product kernels and their tiles. Tiles change how fast a sum is made, never its order.</summary>
internal static class ProductKernel
{
    /// <summary>Terms that weights are rounded up to: a multiple of every tile's.</summary>
    public const int TermUnit = 32;

    /// <summary>The bit of a product's types that says that its operand is a sum of two halves.</summary>
    public const int SplitType = 8;

    /// <summary>Rows that weights are rounded up to.</summary>
    public const int RowUnit = 16;

    /// <summary>Tiles of the single-precision kernel.</summary>
    public static IReadOnlyList<ProductTile> SingleTiles { get; } =
    [
        new(128, 128, 16, 8, 8),
        new(96, 128, 16, 8, 8),
        new(64, 128, 16, 8, 8),
        new(48, 128, 16, 8, 8),
        new(32, 256, 16, 8, 8),
        new(16, 256, 16, 8, 8),
        new(8, 256, 16, 8, 4),
    ];

    /// <summary>The tile where a processor plays the device: its compiler takes seconds for the large ones.</summary>
    public static IReadOnlyList<ProductTile> SoftwareTiles { get; } = [new(32, 64, 8, 8, 8)];

    /// <summary>Tiles of the kernel on cooperative matrices.</summary>
    public static IReadOnlyList<ProductTile> MatrixTiles { get; } =
    [
        new(256, 128, 32, 64, 64),
        new(128, 256, 32, 64, 64),
        new(128, 128, 32, 64, 32),
        new(192, 128, 32, 48, 64),
        new(96, 256, 32, 48, 64),
        new(96, 128, 32, 48, 32),
        new(96, 128, 16, 48, 32),
        new(64, 128, 32, 32, 32),
        new(64, 128, 16, 32, 32),
        new(48, 128, 32, 48, 32),
        new(48, 128, 16, 48, 32),
        new(32, 128, 32, 32, 32),
        new(16, 256, 32, 16, 64),
        new(16, 256, 16, 16, 64),
        new(16, 64, 32, 16, 32),
    ];

    /// <summary>The tile of products whose moments are taken: part of what the numbers are.</summary>
    public static ProductTile MomentsTile(GpuTraits traits, bool matrix) =>
        !matrix ? traits.IsSoftware ? new(32, 64, 8, 8, 8) : new(32, 128, 16, 8, 8) : traits.IsEmulated ? new(16, 64, 16, 16, 32) : traits.SharedMemory >= 32 * 1024 ? new(96, 128, 16, 48, 64) : new(16, 64, 16, 16, 32);

    /// <summary>Shared memory of a tile in bytes.</summary>
    public static int SharedBytes(ProductTile tile, ProductLoader loader, bool moments, GpuTraits traits, bool matrix, bool split = false)
    {
        int columns = loader == ProductLoader.Point ? 16 : 16 * tile.BN, threads = tile.Threads(traits.SubgroupSize, matrix);
        int reduce = moments ? 4 * threads : 4;
        if (!matrix)
        {
            return 4 * tile.BK * (tile.BM + tile.BN) + columns + reduce;
        }

        int stage = threads / traits.SubgroupSize * 16 * 4 * (Math.Min(tile.TN, 32) + 4);
        int operand = tile.BK * (tile.BN + 8) * (split ? 2 : 1);
        return 2 * (tile.BM * (tile.BK + 8) + operand) + stage + columns + reduce;
    }

    /// <summary>Tiles that a device has room for.</summary>
    public static IEnumerable<ProductTile> Fitting(ProductLoader loader, GpuTraits traits, bool matrix, bool split = false) =>
        (traits.IsEmulated && matrix ? MatrixTiles.TakeLast(1) : matrix ? MatrixTiles : traits.IsSoftware ? SoftwareTiles : SingleTiles).Where(tile =>
            SharedBytes(tile, loader, moments: false, traits, matrix, split) <= traits.SharedMemory && tile.Threads(traits.SubgroupSize, matrix) <= traits.MaxInvocations);

    /// <summary>Tiles that the device has room for, the most promising first: those that waste little, large before small.</summary>
    public static IReadOnlyList<ProductTile> Candidates(ProductShape shape, GpuTraits traits, bool matrix) =>
        [.. Fitting(shape.Loader, traits, matrix, (shape.Types & SplitType) != 0).OrderBy(tile =>
        {
            // Reading an operand again for each row of tiles, and weights for each column, is what small tiles cost.
            double rows = Math.Ceiling((double)shape.M / tile.BM) * tile.BM, columns = Math.Ceiling((double)shape.Columns / tile.BN) * tile.BN;
            double taps = shape.Loader == ProductLoader.Window && shape.Channels % tile.BK != 0 ? 1.5 : 1;
            return rows * columns * (1 + 8.0 / tile.BM + 8.0 / tile.BN) * taps;
        })];

    /// <summary>The most promising tile.</summary>
    public static ProductTile Choose(ProductShape shape, GpuTraits traits, bool matrix) =>
        Candidates(shape, traits, matrix) is [{ } best, ..] ? best
            : throw new VulkanException(EngineFailure.Refused, $"The GPU has {traits.SharedMemory / 1024} KB of shared memory for a workgroup; at least 16 are needed.");

    /// <summary>The kernel of a product with a tile.</summary>
    public static KernelKey Key(ProductTile tile, ProductShape shape, GpuTraits traits, bool mixed)
    {
        bool matrix = mixed && traits.Matrix != null;
        ProductLoader loader = shape.Loader == ProductLoader.Window && shape.Channels % tile.BK == 0 ? ProductLoader.Block : shape.Loader;
        int[] constants = [tile.BM, tile.BN, tile.BK, tile.TM, tile.TN, (int)loader, (int)shape.Epilogue, shape.Types];
        int threads = tile.Threads(traits.SubgroupSize, matrix);
        if (!matrix)
        {
            return new KernelKey(mixed ? "gemm.half" : "gemm", [.. constants], threads);
        }

        CooperativeShape form = traits.Matrix!.Value;
        return new KernelKey(traits.IsEmulated ? "matrix.emulated" : "matrix", [.. constants, 0, 0, 0, 0, 0, 0, 0, 0, form.M, form.N, form.K, traits.SubgroupSize], threads, FullSubgroups: true);
    }
}
