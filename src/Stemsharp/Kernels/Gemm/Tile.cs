namespace Stemsharp.Kernels.Gemm;

/// <summary>The sizes that all packing and every kernel agree on.</summary>
internal static class Tile
{
    /// <summary>Rows (output channels) of a tile and of a packed weight strip.</summary>
    public const int Rows = 8;

    /// <summary>
    /// Columns (positions) of a tile and of a packed panel: three AVX-512 vectors, two register tiles of AVX2,
    /// four of NEON; and a divisor of the 336 frames and 2688 tokens of the official segment.
    /// </summary>
    public const int Columns = 48;

    /// <summary>
    /// Columns that always lie side by side in memory: a panel is three such stretches, one after the other or apart. A multiple of every
    /// tier's lanes.
    /// </summary>
    public const int Stretch = Columns / 3;

    /// <summary>Floats in a tile.</summary>
    public const int Size = Rows * Columns;

    /// <summary>
    /// Longest chain of additions in single precision. Longer sums are cut into equal blocks whose results are
    /// added: one chain over K = 3456 costs about 9 dB against this. A numeric parameter: never derived from
    /// cache sizes or thread counts, or results would depend on the machine.
    /// </summary>
    public const int MaxChain = 512;

    /// <summary>Strips that hold so many rows.</summary>
    public static int Strips(int rows) => (rows + Rows - 1) / Rows;

    /// <summary>Panels that hold so many columns.</summary>
    public static int Panels(int columns) => (columns + Columns - 1) / Columns;

    /// <summary>The block length for a sum over k terms: equal blocks of at most <paramref name="longest"/>.</summary>
    public static int Chain(int k, int longest = MaxChain)
    {
        int blocks = (k + longest - 1) / longest;
        return (k + blocks - 1) / blocks;
    }
}
